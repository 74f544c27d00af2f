"""What tools change in their thread is kept, and undoes nothing of what others change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from agents import RunContextWrapper, function_tool
from chatkit.types import (
    ActiveStatus,
    AssistantMessageItem,
    ClosedStatus,
    LockedStatus,
    ThreadItemAddedEvent,
    ThreadMetadata,
)

from chatkit_backend.chat.own.action_turns import ActionTurn
from chatkit_backend.chat.own.actions import Actions
from chatkit_backend.chat.thread_changes import ThreadChanges
from chatkit_backend.chat.titles import Titles, TurnTitle
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.errors import Conflict
from tests.chat.conftest import LocalChat, MakeChat
from tests.chatting import Event, message, thread_of
from tests.provider.server import ScriptedProvider
from tests.provider.steps import SlowFirstByte, Text, ToolCalls


@function_tool
async def lock(run: RunContextWrapper[TurnContext]) -> str:
    """Locks the thread."""
    run.context.thread.status = LockedStatus(reason="A colleague takes over.")
    run.context.thread.metadata["ticket"] = 7
    return "locked"


@function_tool
async def call_it(run: RunContextWrapper[TurnContext]) -> str:
    """Names the thread."""
    run.context.thread.title = "Called by the agent"
    return "named"


@function_tool(failure_error_function=None)
async def lock_and_fail(run: RunContextWrapper[TurnContext]) -> str:
    """Locks the thread, and fails before anything is streamed."""
    run.context.thread.status = LockedStatus(reason="A colleague takes over.")
    raise RuntimeError("the ticket system is away")


@function_tool
async def lock_and_hang(run: RunContextWrapper[TurnContext]) -> str:
    """Locks the thread, and never comes back."""
    run.context.thread.status = LockedStatus(reason="A colleague takes over.")
    await asyncio.sleep(3_600)
    return "too late"


@pytest.fixture
def chat(make_chat: MakeChat) -> LocalChat:
    return make_chat(tools=[lock, call_it, lock_and_fail, lock_and_hang])


def updates(events: list[Event]) -> list[dict[str, Any]]:
    return [event["thread"] for event in events if event["type"] == "thread.updated"]


async def test_what_a_tool_changes_is_stored_and_told_once(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("lock", "{}")]), Text("Somebody will write to you."))
    events = await chat.say("I want a human")
    [told] = updates(events)
    assert told["status"] == {"type": "locked", "reason": "A colleague takes over."}
    stored = await chat.store.load_thread(thread_of(events), chat.context)
    assert stored.status == LockedStatus(reason="A colleague takes over.")
    assert stored.metadata == {"ticket": 7}


async def test_a_change_undoes_no_rename_that_came_meanwhile(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    # The SDK saves the thread as it was when the turn began.
    provider.script(SlowFirstByte(0.2, ToolCalls([("lock", "{}")])), Text("Done."))
    events = []
    async for event in chat.events("threads.create", input=message("I want a human")):
        events.append(event)
        if event["type"] == "stream_options":
            renamed = thread_of(events)
            await chat.ask("threads.update", thread_id=renamed, title="Mine")
    [told] = updates(events)
    assert (told["title"], told["status"]["type"]) == ("Mine", "locked")
    stored = await chat.store.load_thread(thread_of(events), chat.context)
    assert (stored.title, stored.status.type) == ("Mine", "locked")


async def test_a_change_before_an_error_is_kept(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("lock_and_fail", "{}")]))
    events = await chat.say("I want a human")
    assert {"thread.updated", "error"} <= {event["type"] for event in events}
    stored = await chat.store.load_thread(thread_of(events), chat.context)
    assert stored.status.type == "locked"


async def test_a_change_of_a_turn_that_is_stopped_is_kept(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("lock_and_hang", "{}")]))
    turn = chat.start("threads.create", input=message("I want a human"))
    assert await provider.until_called(1)
    await asyncio.sleep(0.2)  # until the tool hangs
    await turn.stop()
    [thread] = (await chat.store.load_threads(9, None, "desc", chat.context)).data
    assert thread.status.type == "locked"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "sync"])
async def test_an_action_can_open_a_closed_thread_again(make_chat: MakeChat, stream: bool) -> None:
    actions = Actions()

    @actions.on("reopen")
    async def reopen(turn: ActionTurn) -> None:
        await turn.store.change_thread(turn.thread.id, rename, turn.context)
        turn.thread.status = ActiveStatus()

    def close(stored: ThreadMetadata) -> None:
        stored.status = ClosedStatus()

    def rename(stored: ThreadMetadata) -> None:
        stored.title = "Mine"

    chat = make_chat(actions=actions)
    thread = thread_of(await chat.say("Hello"))
    await chat.store.change_thread(thread, close, chat.context)
    params: dict[str, Any] = {"thread_id": thread, "action": {"type": "reopen", "payload": None}}
    if stream:
        assert updates(await chat.stream("threads.custom_action", **params))
    else:
        await chat.ask("threads.sync_custom_action", **params)
    stored = await chat.store.load_thread(thread, chat.context)
    assert (stored.status, stored.title) == (ActiveStatus(), "Mine")
    await chat.say("Hello again", thread)


async def test_an_agent_may_name_the_thread(chat: LocalChat, provider: ScriptedProvider) -> None:
    provider.script(ToolCalls([("call_it", "{}")]), Text("Done."))
    assert [told["title"] for told in updates(await chat.say("Hello"))] == ["Called by the agent"]


async def test_a_rename_undoes_no_status_that_comes_meanwhile(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    thread = thread_of(await chat.say("Hello"))
    provider.script(ToolCalls([("lock", "{}")]), Text("Done."))
    renames = [
        asyncio.create_task(chat.ask("threads.update", thread_id=thread, title=f"Title {n}"))
        for n in range(20)
    ]
    await chat.say("I want a human", thread)
    await asyncio.gather(*renames)
    stored = await chat.store.load_thread(thread, chat.context)
    assert stored.status.type == "locked"
    assert str(stored.title).startswith("Title")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (LockedStatus(reason="In review."), "This thread is locked and takes no input: In review."),
        (ClosedStatus(), "This thread is closed and takes no input."),
    ],
    ids=["locked", "closed"],
)
async def test_a_thread_that_takes_no_input_refuses_all_of_it(
    chat: LocalChat, provider: ScriptedProvider, status: LockedStatus | ClosedStatus, told: str
) -> None:
    events = await chat.say("Hello")
    thread = thread_of(events)

    def close(stored: Any) -> None:
        stored.status = status

    await chat.store.change_thread(thread, close, chat.context)
    before = await chat.items(thread)
    asked_for = len(provider.requests)
    inputs: list[tuple[str, dict[str, Any]]] = [
        ("threads.add_user_message", {"input": message("Still there?")}),
        ("threads.add_structured_input", {"item_id": "msg_1", "input": {"answers": {}}}),
    ]
    for operation, params in inputs:
        with pytest.raises(Conflict) as refused:
            await chat.stream(operation, thread_id=thread, **params)
        assert (refused.value.message, refused.value.field) == (told, "params.thread_id")
    assert await chat.items(thread) == before
    assert len(provider.requests) == asked_for


@pytest.mark.parametrize("status", [LockedStatus(), ClosedStatus()], ids=["locked", "closed"])
async def test_an_answer_of_a_thread_that_takes_no_input_can_be_retried(
    chat: LocalChat, provider: ScriptedProvider, status: LockedStatus | ClosedStatus
) -> None:
    events = await chat.say("Hello")
    thread = thread_of(events)

    def close(stored: Any) -> None:
        stored.status = status

    await chat.store.change_thread(thread, close, chat.context)
    provider.script(Text("Once more."))
    await chat.stream("threads.retry_after_item", thread_id=thread, item_id=events[1]["item"]["id"])
    assert "Once more." in str((await chat.items(thread))[-1])


async def test_what_a_tool_changes_while_a_change_is_stored_is_kept(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread_id = thread_of(await chat.say("Hello"))
    thread = await chat.store.load_thread(thread_id, chat.context)
    changes = ThreadChanges(thread, chat.store, chat.context)
    store = chat.store.change_thread

    async def slow(*arguments: Any) -> ThreadMetadata:
        stored = await store(*arguments)
        thread.metadata["second"] = {"of": 2}
        return stored

    monkeypatch.setattr(chat.store, "change_thread", slow)
    thread.metadata["first"] = 1
    await changes.keep()
    await changes.keep()
    kept = await chat.store.load_thread(thread_id, chat.context)
    assert kept.metadata == {"first": 1, "second": {"of": 2}}


async def test_a_late_title_takes_nothing_back(chat: LocalChat) -> None:
    thread_id = thread_of(await chat.say("Hello"))
    thread = await chat.store.load_thread(thread_id, chat.context)
    title = TurnTitle(Titles(chat.store, None), thread_id, chat.context)
    changes = ThreadChanges(thread, chat.store, chat.context, title)
    answer = AssistantMessageItem(
        id="msg_1", thread_id=thread_id, created_at=datetime.now(UTC), content=[]
    )
    title.follow(ThreadItemAddedEvent(item=answer))
    await title.wait()  # the thread as it is now comes with it
    thread.status = LockedStatus(reason="A colleague takes over.")
    stored = await chat.store.change_thread(thread_id, _locked, chat.context)
    changes._known = stored.model_copy(update={"title": None})  # as after keeping it
    assert await changes.keep()
    assert (thread.title, thread.status.type) == ("Hello", "locked")


def _locked(stored: ThreadMetadata) -> None:
    stored.status = LockedStatus(reason="A colleague takes over.")
