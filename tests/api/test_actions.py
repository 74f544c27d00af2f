"""What users do in widgets, over HTTP: `tests/api/tickets.py` answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatkit_backend.chat.events.endings import INTERRUPTED
from chatkit_backend.chat.own.actions import FAILED
from tests.chatting import Chat, Event, texts_of, thread_of
from tests.conftest import Serve
from tests.conversation import shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Failure, Text

ACTIONS = "tests.api.tickets:actions"


@pytest.fixture
async def desk(serve: Serve) -> AsyncIterator[Chat]:
    async with Chat(serve(actions=ACTIONS, debug=True).url) as chat:
        yield chat


@pytest.fixture
async def thread(desk: Chat) -> str:
    return thread_of(await desk.say("Hello"))


def action(name: str, payload: Any = None) -> dict[str, Any]:
    return {"type": name, "payload": payload}


async def act(desk: Chat, thread: str, name: str, payload: Any = None, **extra: Any) -> list[Event]:
    events = await desk.stream(
        "threads.custom_action", thread_id=thread, action=action(name, payload), **extra
    )
    assert events[0]["type"] == "stream_options"
    return events[1:]


async def opened(desk: Chat, thread: str, ticket: int = 7) -> str:
    """The id of a ticket's widget."""
    (event,) = await act(desk, thread, "ticket.open", {"ticket": ticket})
    return str(event["item"]["id"])


async def sync(desk: Chat, thread: str, name: str, payload: Any = None, **extra: Any) -> Any:
    response = await desk.post(
        "threads.sync_custom_action", thread_id=thread, action=action(name, payload), **extra
    )
    return response.status_code, response.json()


async def items(desk: Chat, thread: str) -> list[dict[str, Any]]:
    """The last items of a thread, without the first message and its answer."""
    return (await desk.items(thread))[2:]


async def hidden(desk: Chat, thread: str) -> list[str]:
    debug = (await desk.http.get("/debug/threads")).json()["threads"]
    stored = next(t["items"] for t in debug if t["id"] == thread)
    return [item["text"] for item in stored if "hidden" in item["type"]]


async def test_a_template_is_shown_whole_and_stored(desk: Chat, thread: str) -> None:
    (event,) = await act(desk, thread, "ticket.open", {"ticket": 7})
    assert event["type"] == "thread.item.done"
    widget = event["item"]["widget"]
    assert widget["accent"] == "blue"
    assert widget["children"][0] == {"type": "Title", "value": "#7"}
    assert event["item"]["copy_text"] == "Ticket 7"
    assert await items(desk, thread) == [event["item"]]


async def test_an_action_changes_its_widget_in_place(desk: Chat, thread: str) -> None:
    sender = await opened(desk, thread)
    payload = {"ticket": 7, "due": "2026-12-24"}
    (event,) = await act(desk, thread, "ticket.close", payload, item_id=sender)
    assert event["type"] == "thread.item.replaced"
    assert event["item"]["id"] == sender
    assert event["item"]["widget"]["children"][1]["value"] == "closed, due 2026-12-24"
    assert await items(desk, thread) == [event["item"]]


async def test_a_sync_action_answers_with_the_changed_widget_and_stores_it(
    desk: Chat, thread: str, provider: ScriptedProvider
) -> None:
    sender = await opened(desk, thread)
    status, body = await sync(desk, thread, "ticket.close", {"ticket": 7}, item_id=sender)
    assert status == 200
    assert body["updated_item"]["id"] == sender
    assert len(body["updated_item"]["widget"]["children"]) == 2  # the button is gone
    # The SDK only answers with it: the old widget would be back after a reload.
    assert await items(desk, thread) == [body["updated_item"]]
    provider.script(Text("Yes."))
    await desk.say("Is it closed?", thread)
    assert "The user closed ticket 7." in str(shown(provider.requests[-1]))


async def test_a_sync_action_that_changes_nothing_answers_so(desk: Chat, thread: str) -> None:
    assert await sync(desk, thread, "ticket.forget", {"anything": 1}) == (200, {})


async def test_a_sync_action_can_rename_the_thread(desk: Chat, thread: str) -> None:
    assert await sync(desk, thread, "ticket.rename", {"title": "Bike"}) == (200, {})
    assert (await desk.ask("threads.get_by_id", thread_id=thread))["title"] == "Bike"


async def test_a_sync_action_cannot_stream(desk: Chat, thread: str) -> None:
    payload = {"ticket": 1, "text": "Hi"}
    for name in ("ticket.read", "ticket.open", "ticket.rate", "ticket.print"):
        status, body = await sync(desk, thread, name, payload)
        assert status == 400, name
        assert body["error"]["field"] == "type"
        assert f"'{name}'" in body["error"]["message"]
        assert "threads.custom_action" in body["error"]["message"]
    assert await items(desk, thread) == []


MISFITS = [
    (action("ticket.close", {}), "payload.ticket", "Field required (action 'ticket.close')."),
    (action("ticket.close", {"ticket": "7"}), "payload.ticket", "valid integer"),
    (action("ticket.close", {"ticket": 0}), "payload.ticket", "greater than 0"),
    (action("ticket.close", {"ticket": 7, "due": "soon"}), "payload.due", "valid date"),
    (action("ticket.close"), "payload", "(action 'ticket.close')"),
    (action("ticket.read", {"text": 3}), "payload.text", "valid string"),
    (action("ticket.clsoe"), "type", "no action 'ticket.clsoe'"),
]


@pytest.mark.parametrize("operation", ["threads.custom_action", "threads.sync_custom_action"])
async def test_what_does_not_fit_is_answered_before_the_first_byte(
    desk: Chat, thread: str, operation: str
) -> None:
    for sent, field, says in MISFITS:
        response = await desk.post(operation, thread_id=thread, action=sent)
        assert response.status_code == 400, sent
        error = response.json()["error"]
        assert error["code"] == "invalid_request"
        assert error["field"] == f"params.action.{field}"
        assert says in error["message"]
    assert await items(desk, thread) == []


@pytest.mark.parametrize("operation", ["threads.custom_action", "threads.sync_custom_action"])
async def test_only_a_widget_sends_an_action(desk: Chat, thread: str, operation: str) -> None:
    message = (await desk.items(thread))[0]["id"]
    response = await desk.post(
        operation, thread_id=thread, item_id=message, action=action("ticket.forget")
    )
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "params.item_id"


async def test_a_change_of_the_sender_needs_a_sender(desk: Chat, thread: str) -> None:
    status, body = await sync(desk, thread, "ticket.close", {"ticket": 7})
    assert (status, body["error"]["field"]) == (400, "params.item_id")
    (event,) = await act(desk, thread, "ticket.close", {"ticket": 7})
    assert event["type"] == "error"
    assert event["message"] == body["error"]["message"]


async def test_a_refusal_has_its_status_or_is_told_in_the_stream(desk: Chat, thread: str) -> None:
    sender = await opened(desk, thread)
    status, body = await sync(desk, thread, "ticket.close", {"ticket": 404}, item_id=sender)
    assert (status, body["error"]["message"]) == (404, "There is no ticket 404.")
    status, body = await sync(desk, thread, "ticket.close", {"ticket": 13}, item_id=sender)
    assert (status, body["error"]["message"]) == (409, "Ticket 13 cannot be closed today.")
    for ticket, message in ((404, "There is no ticket 404."), (13, body["error"]["message"])):
        (event,) = await act(desk, thread, "ticket.close", {"ticket": ticket}, item_id=sender)
        assert (event["type"], event["message"]) == ("error", message)


async def test_a_failure_of_the_function_tells_nothing_of_itself(desk: Chat, thread: str) -> None:
    sender = await opened(desk, thread)
    status, body = await sync(desk, thread, "ticket.close", {"ticket": 500}, item_id=sender)
    assert status == 500
    assert "sk-secret" not in str(body)
    (event,) = await act(desk, thread, "ticket.close", {"ticket": 500}, item_id=sender)
    assert event == {"type": "error", "code": "custom", "message": FAILED, "allow_retry": False}
    assert (await act(desk, thread, "ticket.wrong"))[-1]["message"] == FAILED


async def test_a_widget_grows(desk: Chat, thread: str) -> None:
    events = await act(desk, thread, "ticket.read", {"text": "Hi"})
    assert [event["type"] for event in events] == [
        "thread.item.added",
        "thread.item.updated",
        "thread.item.updated",
        "thread.item.done",
    ]
    assert [event["update"]["delta"] for event in events[1:3]] == ["H", "i"]
    assert events[-1]["item"]["widget"]["children"][1]["value"] == "Hi"
    assert await items(desk, thread) == [events[-1]["item"]]


async def test_a_widget_that_breaks_off_is_kept_as_far_as_it_came(desk: Chat, thread: str) -> None:
    events = await act(desk, thread, "ticket.read", {"text": "Hi!"})
    assert [event["type"] for event in events[-2:]] == ["thread.item.done", "error"]
    (kept,) = await items(desk, thread)
    assert kept["widget"]["children"][1]["value"] == "Hi!"


async def test_a_widget_is_kept_as_far_as_it_came_when_the_client_leaves(
    desk: Chat, thread: str
) -> None:
    async with desk.streaming(
        "threads.custom_action", thread_id=thread, action=action("ticket.read", {"text": "Hi?"})
    ) as events:
        async for event in events:
            if event["type"] == "thread.item.updated" and event["update"]["delta"] == "?":
                break
    for _ in range(200):
        if INTERRUPTED in await hidden(desk, thread):
            break
        await asyncio.sleep(0.02)
    (kept,) = await items(desk, thread)
    assert kept["widget"]["children"][1]["value"] == "Hi?"


async def test_a_function_says_something_and_lets_the_agent_answer(
    desk: Chat, thread: str, provider: ScriptedProvider
) -> None:
    provider.script(Text("It is about a bike."))
    events = await act(desk, thread, "ticket.discuss")
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["progress_update", "thread.updated", "thread.item.done"]
    assert kinds[-2:] == ["notice", "client_effect"]
    assert texts_of(await items(desk, thread)) == ["Let me see.", "It is about a bike."]
    conversation = shown(provider.requests[-1])
    assert conversation[-2] == ("assistant", "Let me see.")
    assert conversation[-1][0] == "user"
    assert "The user wants to know more." in conversation[-1][1]
    assert (await desk.ask("threads.get_by_id", thread_id=thread))["title"] == "A ticket"


async def test_a_failure_of_the_model_in_an_action_is_told_as_one(
    desk: Chat, thread: str, provider: ScriptedProvider
) -> None:
    provider.script(Failure(401, "invalid_api_key"))
    events = await act(desk, thread, "ticket.discuss")
    assert events[-1]["type"] == "error"
    assert "credentials" in events[-1]["message"]


async def test_a_function_asks_questions_and_the_agent_gets_the_answers(
    desk: Chat, thread: str, provider: ScriptedProvider
) -> None:
    (event,) = await act(desk, thread, "ticket.rate")
    provider.script(Text("Thank you."))
    answers = {"stars": {"values": ["good"]}}
    events = await desk.stream(
        "threads.add_structured_input",
        thread_id=thread,
        item_id=event["item"]["id"],
        input={"answers": answers},
    )
    assert texts_of([events[-1]["item"]]) == ["Thank you."]
    assert "How was it?: good" in shown(provider.requests[-1])[-1][1]


async def test_a_function_calls_a_tool_of_the_page_and_the_agent_gets_its_output(
    desk: Chat, thread: str, provider: ScriptedProvider, flavour: str
) -> None:
    (event,) = await act(desk, thread, "ticket.print")
    assert event["item"]["status"] == "pending"
    provider.script(Text("Printed."))
    output = {"printed": True}
    events = await desk.stream("threads.add_client_tool_output", thread_id=thread, result=output)
    assert texts_of([events[-1]["item"]]) == ["Printed."]
    assert shown(provider.requests[-1])[-2:] == [
        ("call", 'print{"copies": 2}'),
        ("result", '{"printed": true}'),
    ]


async def test_the_model_is_told_what_a_widget_says(
    desk: Chat, thread: str, provider: ScriptedProvider
) -> None:
    await opened(desk, thread)
    await desk.say("What is that?", thread)
    assert any(text.endswith("\nTicket 7") for _, text in shown(provider.requests[-1]))


async def test_somebody_elses_thread_and_widget_are_not_found(serve: Serve) -> None:
    url = serve(actions=ACTIONS).url
    async with Chat(url, user="ada") as ada, Chat(url, user="bob") as bob:
        thread = thread_of(await ada.say("Hello"))
        sender = await opened(ada, thread)
        bobs = thread_of(await bob.say("Hello"))
        for operation in ("threads.custom_action", "threads.sync_custom_action"):
            for place in (thread, bobs):
                # A wrong payload must not tell that the thread is there, either.
                for payload in ({"ticket": 7}, {}):
                    response = await bob.post(
                        operation,
                        thread_id=place,
                        item_id=sender,
                        action=action("ticket.close", payload),
                    )
                    assert response.status_code == 404
        assert len(await items(ada, thread)) == 1
