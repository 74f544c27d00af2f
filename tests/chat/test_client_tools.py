"""Tools that run in the page: the call waits in the thread for its output."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from agents import RunContextWrapper, StopAtTools, function_tool
from chatkit.agents import ClientToolCall
from chatkit.types import (
    CustomTask,
    HiddenContextItem,
    StructuredInputFreeform,
    StructuredInputItem,
    Workflow,
)

from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.errors import Conflict
from chatkit_backend.store.ids import new_id
from tests.chat.conftest import LocalChat, MakeChat
from tests.chatting import thread_of
from tests.conversation import shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls


@function_tool
async def locate(run: RunContextWrapper[TurnContext]) -> str:
    """Asks the page where the user is."""
    run.context.client_tool_call = ClientToolCall(name="locate", arguments={})
    return "waiting for the page"


@function_tool
async def locate_with_progress(run: RunContextWrapper[TurnContext]) -> str:
    """Asks the page where the user is, and shows that it does."""
    await run.context.start_workflow(Workflow(type="custom", tasks=[CustomTask(title="Locating")]))
    run.context.client_tool_call = ClientToolCall(name="locate_with_progress", arguments={})
    return "waiting for the page"


@function_tool(name_override="get_position")
async def ask_for_position(run: RunContextWrapper[TurnContext]) -> str:
    """Asks the page where the user is, which has its own name for that."""
    run.context.client_tool_call = ClientToolCall(name="locate", arguments={"precise": True})
    return "waiting for the page"


@function_tool
def ask_for_place(run: RunContextWrapper[TurnContext], seconds: float) -> str:
    """Asks the page, from a thread, after some seconds."""
    time.sleep(seconds)
    run.context.client_tool_call = ClientToolCall(name="locate", arguments={})
    return "waiting for the page"


@function_tool
async def look_up() -> str:
    """Runs on the server."""
    return "sunny"


CLIENT_TOOLS: dict[str, Any] = {
    "tools": [locate, locate_with_progress],
    "tool_use_behavior": StopAtTools(stop_at_tool_names=["locate", "locate_with_progress"]),
}


@pytest.fixture
def chat(make_chat: MakeChat) -> LocalChat:
    return make_chat(**CLIENT_TOOLS)


async def test_the_output_of_a_client_tool_continues_the_answer(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("locate", "{}")]), Text("You are in Oslo."))
    events = await chat.say("Where am I?")
    call = events[-1]["item"]
    assert (call["type"], call["status"], call["name"]) == ("client_tool_call", "pending", "locate")
    thread = thread_of(events)
    await chat.stream("threads.add_client_tool_output", thread_id=thread, result={"city": "Oslo"})
    assert shown(provider.requests[1]) == [
        ("user", "Where am I?"),
        ("call", "locate{}"),
        ("result", '{"city": "Oslo"}'),
    ]
    assert (await chat.items(thread))[-1].type == "assistant_message"


@pytest.mark.parametrize("first", ["get_position", "look_up"])
async def test_a_tool_that_the_page_knows_by_another_name_keeps_the_call_of_the_model(
    make_chat: MakeChat, provider: ScriptedProvider, first: str
) -> None:
    # The SDK gives it the id of the model's last call, whatever that was for.
    chat = make_chat(
        tools=[ask_for_position, look_up],
        tool_use_behavior=StopAtTools(stop_at_tool_names=["get_position"]),
    )
    both = sorted(["get_position", "look_up"], key=lambda name: name != first)
    ids = [f"call_{name}" for name in both]
    provider.script(ToolCalls([(name, "{}") for name in both], ids=ids), Text("Oslo, sunny."))
    events = await chat.say("Where am I?")
    call = events[-1]["item"]
    assert (call["name"], call["arguments"]) == ("locate", {"precise": True})
    assert call["call_id"] == "call_get_position"
    await chat.stream("threads.add_client_tool_output", thread_id=thread_of(events), result="Oslo")
    assert shown(provider.requests[1]) == [
        ("user", "Where am I?"),
        ("call", "look_up{}"),
        ("result", "sunny"),
        ("call", "get_position{}"),
        ("result", '"Oslo"'),
    ]


async def test_a_call_of_an_earlier_turn_hides_no_call_of_the_same_id(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # Some servers of models count calls anew in each response.
    chat = make_chat(
        tools=[locate, look_up], tool_use_behavior=StopAtTools(stop_at_tool_names=["locate"])
    )
    provider.script(ToolCalls([("locate", "{}")], ids=["call_0"]), Text("You are in Oslo."))
    thread = thread_of(await chat.say("Where am I?"))
    await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    provider.script(ToolCalls([("look_up", "{}")], ids=["call_0"]), Text("It is sunny."))
    await chat.say("How is it?", thread)
    await chat.say("Thanks", thread)
    assert shown(provider.requests[-1])[1:] == [
        ("call", "locate{}"),
        ("result", '"Oslo"'),
        ("assistant", "You are in Oslo."),
        ("user", "How is it?"),
        ("call", "look_up{}"),
        ("result", "sunny"),
        ("assistant", "It is sunny."),
        ("user", "Thanks"),
    ]


async def test_of_two_calls_of_one_tool_the_one_that_asked_last_waits_for_the_page(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(
        tools=[ask_for_place],
        tool_use_behavior=StopAtTools(stop_at_tool_names=["ask_for_place"]),
    )
    calls = [("ask_for_place", '{"seconds": 0.5}'), ("ask_for_place", '{"seconds": 0}')]
    provider.script(ToolCalls(calls, ids=["call_late", "call_early"]))
    call = (await chat.say("Where am I?"))[-1]["item"]
    assert call["call_id"] == "call_late"


async def test_two_client_tool_calls_do_not_overwrite_each_other(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    # They arrive finished without having been started, all under the same placeholder id.
    provider.script(ToolCalls([("locate", "{}")]), Text("Oslo."), ToolCalls([("locate", "{}")]))
    thread = thread_of(await chat.say("Where am I?"))
    await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    await chat.say("And now?", thread)
    calls = [i for i in await chat.items(thread) if i.type == "client_tool_call"]
    assert [call.status for call in calls] == ["completed", "pending"]


async def test_a_hidden_item_on_top_of_the_call_does_not_hide_it(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    # The SDK looks at the thread's last item only, and fails.
    provider.script(ToolCalls([("locate", "{}")]), Text("Oslo."))
    thread = thread_of(await chat.say("Where am I?"))
    note = HiddenContextItem(
        id=new_id("message"), thread_id=thread, created_at=datetime.now(UTC), content="a note"
    )
    await chat.store.add_thread_item(thread, note, chat.context)
    events = await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    assert events[-1]["type"] == "thread.item.done"


async def test_a_second_output_of_the_same_call_changes_nothing(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("locate", "{}")]), Text("Oslo."))
    thread = thread_of(await chat.say("Where am I?"))
    await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    before = await chat.items(thread)
    again = await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Rome")
    assert [event["type"] for event in again] == ["stream_options"]
    assert await chat.items(thread) == before
    assert len(provider.requests) == 2


async def test_a_second_output_is_not_taken_for_that_of_a_call_that_was_left_behind(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("locate", "{}")]))
    thread = thread_of(await chat.say("Where am I?"))
    # So far back that no answer clears it away.
    for number in range(10):
        await chat.say(f"{number}", thread)
    provider.script(ToolCalls([("locate", "{}")]), Text("Oslo."))
    await chat.say("And now?", thread)
    await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    again = await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    assert [event["type"] for event in again] == ["stream_options"]
    calls = [i for i in await chat.items(thread) if i.type == "client_tool_call"]
    assert [call.status for call in calls] == ["pending", "completed"]


async def test_output_that_nobody_asked_for_is_refused(chat: LocalChat) -> None:
    thread = thread_of(await chat.say("Hello"))
    with pytest.raises(Conflict):
        await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")


async def test_a_call_that_was_never_answered_does_not_break_the_thread(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    # After a reload the page no longer knows the call; a provider would refuse the dangling one.
    provider.script(ToolCalls([("locate", "{}")]), Text("Hello again."))
    thread = thread_of(await chat.say("Where am I?"))
    events = await chat.say("Never mind", thread)
    assert events[-1]["type"] == "thread.item.done"
    assert shown(provider.requests[1]) == [("user", "Where am I?"), ("user", "Never mind")]


async def test_a_stored_workflow_is_continued_and_finished(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    # The SDK subtracts the stored time from a naive one, and adds the workflow a second time.
    provider.script(ToolCalls([("locate_with_progress", "{}")]), Text("Oslo."))
    thread = thread_of(await chat.say("Where am I?"))
    events = await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    assert "error" not in {event["type"] for event in events}
    workflows = [item for item in await chat.items(thread) if item.type == "workflow"]
    assert len(workflows) == 1
    assert workflows[0].workflow.summary is not None


async def test_two_outputs_at_once_are_answered_once(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("locate", "{}")]), Text("Oslo."))
    thread = thread_of(await chat.say("Where am I?"))
    both = await asyncio.gather(
        *(
            chat.stream("threads.add_client_tool_output", thread_id=thread, result=city)
            for city in ("Oslo", "Oslo")
        )
    )
    assert min(len(events) for events in both) == 1  # its stream options
    assert len(provider.requests) == 2


async def test_two_answers_to_a_question_at_once_are_answered_once(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    thread = thread_of(await chat.say("Hello"))
    asked = StructuredInputItem(
        id=new_id("message"),
        thread_id=thread,
        created_at=datetime.now(UTC),
        inputs=[StructuredInputFreeform(id="why", question="Why?")],
    )
    await chat.store.add_thread_item(thread, asked, chat.context)
    answer = {"status": "answered", "answers": {"why": {"values": ["So."]}}}
    both = await asyncio.gather(
        *(
            chat.stream(
                "threads.add_structured_input", thread_id=thread, item_id=asked.id, input=answer
            )
            for _ in range(2)
        ),
        return_exceptions=True,
    )
    assert [type(given) for given in both if isinstance(given, Exception)] == [Conflict]
    assert len(provider.requests) == 2
