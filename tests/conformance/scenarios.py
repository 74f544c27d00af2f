"""What the protocol can do, one scenario for each capability."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from tests.chatting import message, texts_of
from tests.conformance import agent
from tests.conformance.client import Client
from tests.conformance.thread_view import JSON
from tests.conversation import shown
from tests.provider.server import TRANSCRIPT, ScriptedProvider
from tests.provider.steps import Failure, Hang, Messages, Reasoning, Refusal, Text, ToolCalls

Scenario = Callable[[Client, ScriptedProvider], Awaitable[None]]

SCENARIOS: dict[str, Scenario] = {}

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

# A third of a second of silence in WebM, as Chrome records it.
RECORDING = (
    "GkXfo0AIQoJABHdlYm0YU4BnAf////////8VSalmQAkq17FABAAPQkAWVK5rQCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAH0O2dQH/////////50AEAAAAAKNAB4EAAAID4//6jQAeBADyA+P/+o0AHgQB4gP"
    "j//qNAB4EAtID4//6jQAeBAPCA+P/+o0AHgQEsgPj//g=="
)


def scenario(of: Scenario) -> Scenario:
    """Makes a function a scenario."""
    SCENARIOS[of.__name__] = of
    return of


def script(provider: ScriptedProvider, *tools: str) -> None:
    """The model calls the tools, one after the other, and then says that it is done."""
    provider.script(*(ToolCalls([(tool, "{}")]) for tool in tools), Text("Done."))


def kinds(events: list[JSON]) -> list[str]:
    """The types of the events, without what the answer's words add to them."""
    return [event["type"] for event in events]


# Threads


@scenario
async def a_message_creates_a_thread(client: Client, provider: ScriptedProvider) -> None:
    events = await client.say("Hello")
    assert kinds(events)[:4] == [
        "thread.created",
        "thread.item.done",
        "stream_options",
        "thread.item.added",
    ]
    assert kinds(events)[-1] == "thread.item.done"
    assert events[2]["stream_options"] == {"allow_cancel": True}
    # A second one goes into the same thread.
    provider.script(Text("Hello again."))
    assert kinds(await client.say("Still there?"))[:2] == ["thread.item.done", "stream_options"]
    assert texts_of(list(client.view.items.values()))[1:] == ["Hello again."]


@scenario
async def threads_are_listed_renamed_and_deleted(
    client: Client, provider: ScriptedProvider
) -> None:
    await client.say("Hello")
    renamed = await client.ask("threads.update", thread_id=client.view.id, title="Greetings")
    assert renamed.pop("items")["data"] == []
    client.view.thread = renamed
    assert renamed["title"] == "Greetings"
    other = Client(client.chat, client.seen)
    await other.say("Hello")
    newest = await client.ask("threads.list", limit=1, order="desc")
    assert [thread["id"] for thread in newest["data"]] == [other.view.id]
    rest = await client.ask("threads.list", limit=1, order="desc", after=newest["after"])
    assert [thread["id"] for thread in rest["data"]] == [client.view.id]
    assert not rest["has_more"]
    await other.check()
    await client.ask("threads.delete", thread_id=other.view.id)
    gone = await client.chat.post("threads.get_by_id", thread_id=other.view.id)
    assert gone.status_code == 404


@scenario
async def a_long_thread_is_read_page_by_page(client: Client, provider: ScriptedProvider) -> None:
    await client.say("Hello")
    for _ in range(2):
        script(provider, "task", "remember", "task")
        await client.say("More")
    items, after = [], None
    for _ in range(20):
        place: JSON = {} if after is None else {"after": after}
        page = await client.ask("items.list", thread_id=client.view.id, limit=3, **place)
        items += page["data"]
        after = page.get("after")
        if not page["has_more"]:
            break
    assert items[::-1] == list(client.view.items.values())


@scenario
async def a_tool_names_the_thread(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "rename")
    events = await client.say("Foxes, please")
    [updated] = [event["thread"] for event in events if event["type"] == "thread.updated"]
    assert (updated["title"], updated["allowed_image_domains"]) == ("Foxes", ["example.com"])
    assert agent.SECRET not in str(events)


@scenario
async def a_tool_locks_the_thread(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "lock")
    await client.say("Lock it")
    assert client.view.thread["status"] == {"type": "locked", "reason": "Somebody reads it."}


@scenario
async def a_tool_closes_the_thread(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "close")
    await client.say("Close it")
    assert client.view.thread["status"] == {"type": "closed", "reason": "Solved."}


# What a user says


@scenario
async def a_message_keeps_its_quote_tags_and_options(
    client: Client, provider: ScriptedProvider
) -> None:
    tag = {
        "type": "input_tag",
        "id": "fox_1",
        "text": "Reynard",
        "data": {"age": 3},
        "group": "Foxes",
        "interactive": True,
    }
    content = [{"type": "input_text", "text": "How is "}, tag]
    wanted = message(
        "",
        content=content,
        quoted_text="the fox in the hen-house",
        inference_options={"tool_choice": {"id": "task"}},
    )
    await client.send(wanted)
    [kept] = client.view.of_type("user_message")
    assert {name: kept[name] for name in wanted} == wanted
    # The model reads each of them once, and still when the next message has come.
    await client.say("And now?")
    for request in provider.requests:
        told = "\n".join(part for role, part in shown(request) if role == "user")
        assert told.count("the fox in the hen-house") == 1
        assert told.count("How is @Reynard") == 1
        assert told.count('{"age": 3}') == 1


@scenario
async def attachments_are_registered_uploaded_sent_and_deleted(
    client: Client, provider: ScriptedProvider
) -> None:
    picture = await _uploaded(client, "fox.png", "image/png", PNG)
    assert picture["type"] == "image"
    seen = await client.chat.http.get(picture["preview_url"])
    assert seen.status_code == 200
    notes = await _uploaded(client, "notes.txt", "text/plain", b"Foxes bark.")
    assert notes["type"] == "file"
    await client.say("Look", attachments=[picture["id"], notes["id"]])
    [said] = client.view.of_type("user_message")
    assert [each["name"] for each in said["attachments"]] == ["fox.png", "notes.txt"]
    unsent = await _uploaded(client, "unsent.txt", "text/plain", b"Never mind.")
    await client.ask("attachments.delete", attachment_id=unsent["id"])
    refused = await client.chat.post(
        "threads.create", input=message("Look", attachments=[unsent["id"]])
    )
    assert refused.status_code == 404


async def _uploaded(client: Client, name: str, mime_type: str, content: bytes) -> JSON:
    """The attachment, once its bytes are where the server wants them."""
    made = await client.ask("attachments.create", name=name, size=len(content), mime_type=mime_type)
    where = made["upload_descriptor"]
    async with httpx2.AsyncClient() as anybody:  # the address is all that it needs
        sent = await anybody.request(
            where["method"], where["url"], headers=where.get("headers"), content=content
        )
    assert sent.status_code in {200, 201, 204}, sent.text
    return made


@scenario
async def speech_is_written_down(client: Client, provider: ScriptedProvider) -> None:
    heard = await client.ask(
        "input.transcribe", audio_base64=RECORDING, mime_type="audio/webm;codecs=opus"
    )
    assert heard["text"] == TRANSCRIPT
    await client.say(heard["text"])


# What an agent shows


@scenario
async def a_model_writes_several_messages(client: Client, provider: ScriptedProvider) -> None:
    provider.script(Messages(["One.", "Two."]))
    await client.say("Count")
    assert " ".join(texts_of(list(client.view.items.values()))).split() == ["One.", "Two."]


@scenario
async def a_model_thinks_before_it_answers(client: Client, provider: ScriptedProvider) -> None:
    provider.script(Reasoning("They are red.", "Red."))
    await client.say("Which colour?")
    assert texts_of(list(client.view.items.values())) == ["Red."]
    thoughts = client.view.of_type("workflow")
    assert all(item["workflow"]["type"] == "reasoning" for item in thoughts)


@scenario
async def a_model_refuses(client: Client, provider: ScriptedProvider) -> None:
    provider.script(Refusal("I would rather not."))
    events = await client.say("Bark!")
    assert events[-1]["type"] == "error"
    assert not events[-1]["allow_retry"]
    assert len(client.view.items) == 1


@scenario
async def progress_notices_and_effects_pass_and_leave_nothing(
    client: Client, provider: ScriptedProvider
) -> None:
    script(provider, "progress", "notices", "effect")
    events = await client.say("Go")
    passing = [kind for kind in kinds(events) if not kind.startswith(("thread", "stream"))]
    assert passing == ["progress_update"] * 2 + ["notice"] * 3 + ["client_effect"]
    [effect] = [event for event in events if event["type"] == "client_effect"]
    assert effect["data"] == {"pieces": 3, "color": None}
    assert len(client.view.items) == 2


@scenario
async def widgets_are_shown_and_grow(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "widget", "streaming_widget", "widget_component")
    events = await client.say("Show me")
    ticket, tale, badge = client.view.of_type("widget")
    assert ticket["copy_text"] == "Ticket 7"
    assert ticket["widget"]["status"] == {"text": "Open", "icon": "bolt"}
    assert ticket["widget"]["children"][1]["onClickAction"]["payload"] == 7
    assert [child["value"] for child in tale["widget"]["children"]] == ["The end", "Fin"]
    assert badge["widget"]["children"][0]["label"] == "Ready"
    updates = {e["update"]["type"] for e in events if e["type"] == "thread.item.updated"}
    assert {each for each in updates if each.startswith("widget.")} == {
        "widget.streaming_text.value_delta",
        "widget.root.updated",
        "widget.component.updated",
    }


@scenario
async def items_that_overlap_keep_their_order(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "two_widgets")
    await client.say("Both")
    first, second = client.view.of_type("widget")
    assert first["widget"]["children"][0]["value"] == "First"
    assert second["widget"]["children"][0]["value"] == "Second"


@scenario
async def workflows_show_every_kind_of_task(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "workflow", "summarised_workflow", "task")
    await client.say("Work")
    worked, thought = client.view.of_type("workflow")
    tasks = [task["type"] for task in worked["workflow"]["tasks"]]
    assert tasks == ["custom", "web_search", "thought", "file", "image"]
    assert worked["workflow"]["summary"].keys() == {"duration"}
    assert thought["workflow"]["summary"] == {"title": "Thought", "icon": "sparkle"}
    assert thought["workflow"]["expanded"]
    [alone] = client.view.of_type("task")
    assert alone["task"]["title"] == "Counted"


@scenario
async def an_image_gets_clearer(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "image")
    events = await client.say("Paint a fox")
    progress = [e["update"]["progress"] for e in events if "progress" in e.get("update", {})]
    assert progress == [0.5, 1.0]
    [painted] = client.view.of_type("generated_image")
    assert painted["image"] == {"id": "fox", "url": agent.PICTURE}


@scenario
async def an_answer_names_its_sources(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "cite")
    await client.say("Do foxes bark?")
    cited = client.view.of_type("assistant_message")[0]["content"][0]
    assert [each["source"]["type"] for each in cited["annotations"]] == ["url", "file", "entity"]
    assert cited["annotations"][2]["source"]["data"] == {"age": 3}


@scenario
async def an_agent_changes_its_mind(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "change_of_mind")
    events = await client.say("Well?")
    assert {"thread.item.replaced", "thread.item.removed"} <= set(kinds(events))
    [left] = client.view.of_type("widget")
    assert left["widget"]["children"][0]["value"] == "Right"


@scenario
async def an_agent_ends_its_turn(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "end_turn")
    await client.say("Your turn")
    assert len(client.view.of_type("end_of_turn")) == 1


@scenario
async def what_is_hidden_reaches_the_model_only(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "remember")
    events = await client.say("Who am I?")
    await client.say("Who?")
    assert agent.SECRET in str(shown(provider.requests[-1]))
    assert agent.SECRET not in str(events)
    assert agent.SECRET not in str(await client.stored())


# What a user or the page answers


@scenario
async def a_client_tool_waits_for_its_output(client: Client, provider: ScriptedProvider) -> None:
    provider.script(ToolCalls([("locate", "{}")]), Text("You are in Oslo."))
    events = await client.say("Where am I?")
    call = events[-1]["item"]
    assert (call["type"], call["status"]) == ("client_tool_call", "pending")
    assert (call["name"], call["arguments"]) == ("locate", {"exact": True})
    await client.check()
    await client.answer_tool({"city": "Oslo"})
    assert texts_of(list(client.view.items.values())) == ["You are in Oslo."]
    assert ("result", '{"city": "Oslo"}') in shown(provider.requests[-1])
    # The workflow that was open when the page was asked is finished, in its place and whole.
    [located] = client.view.of_type("workflow")
    assert len(located["workflow"]["tasks"]) == 2
    assert [item["type"] for item in client.view.items.values()] == [
        "user_message",
        "workflow",
        "client_tool_call",
        "assistant_message",
    ]


@scenario
async def a_client_tool_is_called_beside_another(
    client: Client, provider: ScriptedProvider
) -> None:
    calls = ToolCalls([("locate", "{}"), ("task", "{}")], ids=["call_locate", "call_task"])
    provider.script(calls, Text("You are in Oslo."))
    await client.say("Where am I, and how many foxes are there?")
    await client.answer_tool({"city": "Oslo"})
    told = shown(provider.requests[-1])
    assert sorted(entry for entry in told if entry[0] in {"call", "result"}) == [
        ("call", "locate{}"),  # as the model made it; the page was asked with more
        ("call", "task{}"),
        ("result", "task: done"),
        ("result", '{"city": "Oslo"}'),
    ]


@scenario
async def what_tools_show_at_once_stays_in_order(
    client: Client, provider: ScriptedProvider
) -> None:
    # The client checks that each item ends as its events have told.
    provider.script(ToolCalls([("task", "{}"), ("locate", "{}")]), Text("You are in Oslo."))
    await client.say("Where am I, and how many foxes are there?")
    await client.check()
    await client.answer_tool({"city": "Oslo"})


@scenario
async def a_tool_does_not_overtake_the_words_before_it(
    client: Client, provider: ScriptedProvider
) -> None:
    words = "One moment, please: I look for it right now."
    provider.script(ToolCalls([("workflow", "{}")], text_before=words), Text("Done."))
    await client.say("Work")
    assert [item["type"] for item in client.view.items.values()] == [
        "user_message",
        "assistant_message",
        "workflow",
        "assistant_message",
    ]


@scenario
async def questions_are_answered(client: Client, provider: ScriptedProvider) -> None:
    provider.script(ToolCalls([("ask", "{}")]), Text("A large one."))
    await client.say("A fox, please")
    [asked] = client.view.of_type("structured_input")
    assert asked["status"] == "pending"
    await client.check()
    answers = {"size": {"values": ["large", "small"]}, "why": {"skipped": True}}
    events = await client.stream(
        "threads.add_structured_input",
        thread_id=client.view.id,
        item_id=asked["id"],
        input={"status": "answered", "answers": answers},
    )
    assert kinds(events)[:2] == ["stream_options", "thread.item.replaced"]
    [answered] = client.view.of_type("structured_input")
    assert answered["status"] == "answered"
    assert [question["answer"] for question in answered["inputs"]] == [
        {"values": ["large"], "skipped": False},
        {"values": [], "skipped": True},
    ]
    # The answer is what the model reads last.
    assert "How big?: large" in shown(provider.requests[-1])[-1][1]


@scenario
async def questions_are_skipped(client: Client, provider: ScriptedProvider) -> None:
    provider.script(ToolCalls([("ask", "{}")]), Text("Any one."))
    await client.say("A fox, please")
    [asked] = client.view.of_type("structured_input")
    await client.stream(
        "threads.add_structured_input",
        thread_id=client.view.id,
        item_id=asked["id"],
        input={"status": "skipped"},
    )
    [skipped] = client.view.of_type("structured_input")
    assert skipped["status"] == "skipped"
    assert all(question["answer"]["skipped"] for question in skipped["inputs"])


@scenario
async def an_answer_is_tried_again(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "widget", "remember", "workflow")
    await client.say("First")
    provider.script(Text("Second thoughts."))
    [first] = client.view.of_type("user_message")
    await client.retry(first["id"])
    assert texts_of(list(client.view.items.values())) == ["Second thoughts."]
    assert shown(provider.requests[-1]) == [("user", "First")]


@scenario
async def an_action_streams_what_it_changes(client: Client, provider: ScriptedProvider) -> None:
    script(provider, "widget")
    await client.say("Show me")
    [ticket] = client.view.of_type("widget")
    events = await client.stream(
        "threads.custom_action",
        thread_id=client.view.id,
        item_id=ticket["id"],
        action={"type": "close", "payload": 7},
    )
    assert "thread.item.replaced" in kinds(events)
    [closed] = client.view.of_type("widget")
    assert closed["widget"]["status"]["text"] == "Closed"


@scenario
async def a_sync_action_answers_with_the_changed_item(
    client: Client, provider: ScriptedProvider
) -> None:
    script(provider, "widget")
    await client.say("Show me")
    [ticket] = client.view.of_type("widget")
    answer = await client.ask(
        "threads.sync_custom_action",
        thread_id=client.view.id,
        item_id=ticket["id"],
        action={"type": "close", "payload": 7},
    )
    changed = answer["updated_item"]
    assert changed["id"] == ticket["id"]
    assert changed["widget"]["status"]["text"] == "Closed"
    client.view.items[ticket["id"]] = changed


@scenario
async def feedback_is_taken(client: Client, provider: ScriptedProvider) -> None:
    await client.say("Hello")
    [answer] = client.view.of_type("assistant_message")
    for kind in ("positive", "negative"):
        await client.ask(
            "items.feedback", thread_id=client.view.id, item_ids=[answer["id"]], kind=kind
        )


# What goes wrong


@scenario
async def a_provider_that_fails_is_told_of(client: Client, provider: ScriptedProvider) -> None:
    provider.script(Failure(500))
    events = await client.say("Hello")
    assert events[-1]["type"] == "error"
    assert events[-1]["allow_retry"]
    provider.script(Text("Better."))
    [said] = client.view.of_type("user_message")
    await client.retry(said["id"])
    assert texts_of(list(client.view.items.values())) == ["Better."]


@scenario
async def a_tool_that_fails_says_so_in_its_own_words(
    client: Client, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("task", "{}")]), ToolCalls([("fail", "{}")]))
    events = await client.say("Pay")
    assert events[-1] == {
        "type": "error",
        "code": "custom",
        "message": "The till is closed.",
        "allow_retry": True,
    }
    assert len(client.view.of_type("task")) == 1


@scenario
async def a_guardrail_stops_a_question(client: Client, provider: ScriptedProvider) -> None:
    await _trips(client, f"A {agent.FORBIDDEN_QUESTION}")


@scenario
async def a_guardrail_takes_an_answer_back(client: Client, provider: ScriptedProvider) -> None:
    provider.script(ToolCalls([("widget", "{}")]), Text(f"A {agent.FORBIDDEN_ANSWER}"))
    await _trips(client, "Well?")


async def _trips(client: Client, text: str) -> None:
    events = await client.say(text)
    assert [event["type"] for event in events].count("error") == 1
    assert [item["type"] for item in client.view.items.values()] == ["user_message"]


@scenario
async def an_interrupted_answer_is_kept(client: Client, provider: ScriptedProvider) -> None:
    provider.script(Hang(2, "Half an answer"))
    await _leave_at(client, "Write", lambda e: e.get("update", {}).get("delta") == " an")
    kept = await client.until_stored(2)
    assert kept == list(client.view.items.values())
    assert texts_of(kept) == ["Half an"]
    await _goes_on(client, provider)


@scenario
async def interrupted_items_are_kept_as_far_as_they_came(
    client: Client, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("unfinished", "{}")]))
    await _leave_at(client, "Show me", lambda event: event.get("text") == "stuck")
    # An image of which nothing was seen is nothing to keep.
    [empty] = [i["id"] for i in client.view.of_type("generated_image") if "image" not in i]
    del client.view.items[empty]
    kept = await client.until_stored(5)
    assert kept == list(client.view.items.values())
    await _goes_on(client, provider)


async def _leave_at(client: Client, text: str, reached: Callable[[JSON], Any]) -> None:
    async with client.streaming("threads.create", input=message(text)) as events:
        async for event in events:
            if reached(event):
                return
    raise AssertionError("The stream ended before anybody left.")


async def _goes_on(client: Client, provider: ScriptedProvider) -> None:
    client.view.open.clear()
    provider.script(Text("Here I am again."))
    events = await client.say("Go on")
    assert events[-1]["type"] == "thread.item.done"
