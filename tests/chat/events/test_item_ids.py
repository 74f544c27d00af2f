"""Ids never collide, although the scripted provider repeats its own on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from agents import GuardrailFunctionOutput, OutputGuardrail, function_tool
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    Workflow,
    WorkflowItem,
)

from chatkit_backend.chat.events.item_ids import PLACEHOLDER, UnusedItemIds
from tests.chat.conftest import MakeChat
from tests.chatting import Event, thread_of
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Messages, Reasoning, Text, ToolCalls


@function_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"It rains in {city}."


def answers(items: list[ThreadItem]) -> list[str]:
    return [item.content[0].text for item in items if item.type == "assistant_message"]


def ids_by_item(events: list[Event]) -> dict[str, list[str]]:
    """The kinds of event for each item, in order."""
    found: dict[str, list[str]] = {}
    for event in events:
        item_id = event.get("item_id") or event.get("item", {}).get("id")
        if item_id:
            found.setdefault(item_id, []).append(event["type"].rpartition(".")[2])
    return found


async def test_the_answers_of_several_turns_do_not_overwrite_each_other(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat()
    provider.script(Text("one"), Text("two"), Text("three"))
    thread = thread_of(await chat.say("1"))
    await chat.say("2", thread)
    await chat.say("3", thread)
    assert answers(await chat.items(thread)) == ["one", "two", "three"]


async def test_the_answers_of_two_threads_have_ids_of_their_own(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat()
    provider.script(Text("one"), Text("two"))
    first = await chat.items(thread_of(await chat.say("1")))
    second = await chat.items(thread_of(await chat.say("2")))
    assert {item.id for item in first}.isdisjoint(item.id for item in second)


async def test_text_before_and_after_a_tool_call_are_two_messages(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # One mapping from old ids to new ones for the whole run would merge them.
    chat = make_chat(tools=[weather])
    provider.script(
        ToolCalls([("weather", '{"city": "Oslo"}')], text_before="Let me look."), Text("It rains.")
    )
    events = await chat.say("How is Oslo?")
    assert answers(await chat.items(thread_of(events))) == ["Let me look.", "It rains."]
    streamed = [kinds for kinds in ids_by_item(events).values() if kinds[0] == "added"]
    assert [(kinds[0], kinds[-1]) for kinds in streamed] == [("added", "done"), ("added", "done")]


async def test_several_tool_calls_in_one_run_have_ids_of_their_own(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(tools=[weather])
    both = [("weather", '{"city": "Oslo"}'), ("weather", '{"city": "Rome"}')]
    provider.script(ToolCalls(both), ToolCalls([both[0]], text_before="Again."), Text("Done."))
    thread = thread_of(await chat.say("Oslo and Rome?"))
    items = await chat.items(thread)
    assert len({item.id for item in items}) == len(items)
    assert [item.type for item in items] == [
        "user_message",
        "hidden_context_item",
        "hidden_context_item",
        "assistant_message",
        "hidden_context_item",
        "assistant_message",
    ]


async def test_every_update_names_an_item_that_was_added(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(tools=[weather])
    provider.script(
        ToolCalls([("weather", '{"city": "Oslo"}')], text_before="Let me look."),
        Reasoning("Rain means umbrella.", "Take an umbrella."),
    )
    for kinds in ids_by_item(await chat.say("How is Oslo?")).values():
        assert kinds[0] in {"added", "done"}
        assert kinds.count("done") == 1


async def test_the_placeholder_id_is_never_stored(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(tools=[weather])
    provider.script(ToolCalls([("weather", '{"city": "Oslo"}')], text_before="Look."), Text("Rain"))
    thread = thread_of(await chat.say("How is Oslo?"))
    stored = "".join(item.model_dump_json() for item in await chat.items(thread))
    assert "__fake_id__" not in stored
    assert "msg_same" not in stored


async def test_several_messages_of_one_response_stay_apart(
    make_chat: MakeChat, provider: ScriptedProvider, flavour: str
) -> None:
    provider.script(Messages(["First part.", "Second part."]))
    chat = make_chat()
    stored = answers(await chat.items(thread_of(await chat.say("Go"))))
    one_message_an_answer = flavour.startswith("openai-compatible/")
    assert len(stored) == (1 if one_message_an_answer else 2)


async def test_a_tripped_guardrail_removes_nothing_of_earlier_turns(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # With the placeholder id, "remove" would name the earlier message.
    def refuses_secrets(_: object, __: object, output: str) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(None, tripwire_triggered="secret" in output)

    chat = make_chat(output_guardrails=[OutputGuardrail(refuses_secrets)])
    provider.script(Text("harmless"), Text("the secret"))
    thread = thread_of(await chat.say("1"))
    events = await chat.say("2", thread)
    removed = [event["item_id"] for event in events if event["type"] == "thread.item.removed"]
    assert removed
    assert answers(await chat.items(thread)) == ["harmless"]
    assert events[-1]["type"] == "error"


def answer(item_id: str, text: str = "") -> AssistantMessageItem:
    return AssistantMessageItem(
        id=item_id,
        thread_id="thr_1",
        created_at=datetime.now(UTC),
        content=[AssistantMessageContent(text=text)],
    )


def whole(item_id: str) -> list[ThreadStreamEvent]:
    """A message from its start to its end."""
    delta = AssistantMessageContentPartTextDelta(content_index=0, delta="x")
    return [
        ThreadItemAddedEvent(item=answer(item_id)),
        ThreadItemUpdatedEvent(item_id=item_id, update=delta),
        ThreadItemDoneEvent(item=answer(item_id, "x")),
    ]


async def safe_ids(events: list[ThreadStreamEvent], *stored: ThreadItem) -> list[str]:
    """The id of each event, in a thread that has the stored items."""
    by_id = {item.id: item for item in stored}

    async def find(item_id: str) -> ThreadItem | None:
        return by_id.get(item_id)

    async def stream() -> AsyncIterator[ThreadStreamEvent]:
        for event in events:
            yield event

    safe = [event async for event in UnusedItemIds(find).rewritten(stream())]
    return [getattr(e, "item_id", None) or e.item.id for e in safe]  # type: ignore[union-attr] # one of the two


async def test_an_id_that_is_free_stays() -> None:
    assert await safe_ids(whole("msg_1")) == ["msg_1"] * 3


async def test_an_id_that_the_thread_has_is_replaced_from_start_to_end() -> None:
    ids = await safe_ids(whole("msg_1"), answer("msg_1"))
    assert len(set(ids)) == 1
    assert ids[0] != "msg_1"


async def test_two_messages_under_one_id_are_two_items() -> None:
    for item_id in (PLACEHOLDER, "msg_same"):
        ids = await safe_ids([*whole(item_id), *whole(item_id)])
        assert ids[0] == ids[1] == ids[2] != ids[3] == ids[4] == ids[5]
        assert PLACEHOLDER not in ids


async def test_taking_back_names_what_the_stream_has_made_and_nothing_older() -> None:
    events = [*whole(PLACEHOLDER), *whole(PLACEHOLDER), ThreadItemRemovedEvent(item_id=PLACEHOLDER)]
    ids = await safe_ids(events)
    assert ids[6:] == [ids[0], ids[3]]
    assert await safe_ids([ThreadItemRemovedEvent(item_id=PLACEHOLDER)]) == []
    taken = await safe_ids(
        [*whole("msg_1"), ThreadItemRemovedEvent(item_id="msg_1")], answer("msg_1")
    )
    assert taken[-1] == taken[0] != "msg_1"


async def test_what_is_meant_for_an_older_item_reaches_it() -> None:
    workflow = WorkflowItem(
        id="wf_1",
        thread_id="thr_1",
        created_at=datetime.now(UTC),
        workflow=Workflow(type="custom", tasks=[]),
    )
    events: list[ThreadStreamEvent] = [
        ThreadItemDoneEvent(item=workflow),
        ThreadItemReplacedEvent(item=answer("msg_1", "better")),
        ThreadItemRemovedEvent(item_id="msg_2"),
    ]
    stored = (workflow, answer("msg_1"), answer("msg_2"))
    assert await safe_ids(events, *stored) == ["wf_1", "msg_1", "msg_2"]
