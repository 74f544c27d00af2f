"""What an agent's tools put into the answer through their `AgentContext`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from agents import RunContextWrapper, function_tool
from chatkit.types import (
    ClientEffectEvent,
    CustomTask,
    HiddenContextItem,
    NoticeEvent,
    ProgressUpdateEvent,
    TaskItem,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    Workflow,
)

from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.context import RequestContext
from tests.chat.conftest import MakeChat
from tests.chatting import message, thread_of
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls

Run = RunContextWrapper[TurnContext]


async def test_progress_notices_and_client_effects_reach_the_page(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    @function_tool
    async def look(run: Run) -> str:
        """Looks."""
        await run.context.stream(ProgressUpdateEvent(icon="search", text="Looking"))
        await run.context.stream(NoticeEvent(level="info", title="Slow", message="It takes long."))
        await run.context.stream(ClientEffectEvent(name="highlight", data={"row": 7}))
        return "Found."

    provider.script(ToolCalls([("look", "{}")]), Text("Here."))
    events = await make_chat(tools=[look]).say("Look")
    shown = [event for event in events if event["type"] in {"progress_update", "notice"}]
    assert [event.get("text") or event["message"] for event in shown] == [
        "Looking",
        "It takes long.",
    ]
    (effect,) = [event for event in events if event["type"] == "client_effect"]
    assert (effect["name"], effect["data"]) == ("highlight", {"row": 7})


async def test_workflows_grow_and_are_kept(make_chat: MakeChat, provider: ScriptedProvider) -> None:
    @function_tool
    async def work(run: Run) -> str:
        """Works."""
        await run.context.start_workflow(Workflow(type="custom", tasks=[]))
        await run.context.add_workflow_task(CustomTask(title="First"))
        await run.context.add_workflow_task(CustomTask(title="Second"))
        await run.context.update_workflow_task(CustomTask(title="Second, done"), 1)
        await run.context.end_workflow()
        return "Worked."

    provider.script(ToolCalls([("work", "{}")]), Text("Done."))
    chat = make_chat(tools=[work])
    events = await chat.say("Work")
    updates = [e["update"]["type"] for e in events if e["type"] == "thread.item.updated"]
    assert updates[:2] == ["workflow.task.added", "workflow.task.updated"]
    items = await chat.items(thread_of(events))
    (workflow,) = [item for item in items if item.type == "workflow"]
    tasks = workflow.workflow.tasks
    assert [getattr(task, "title", None) for task in tasks] == ["First", "Second, done"]


async def test_a_task_is_an_item_of_the_thread_and_the_model_hears_of_it(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    @function_tool
    async def note(run: Run) -> str:
        """Notes something."""
        turn = run.context
        item = TaskItem(
            id=turn.generate_id("task"),
            thread_id=turn.thread.id,
            created_at=datetime.now(UTC),
            task=CustomTask(title="Noted for later"),
        )
        await turn.stream(ThreadItemDoneEvent(item=item))
        return "Noted."

    provider.script(ToolCalls([("note", "{}")]), Text("Done."), Text("Yes."))
    chat = make_chat(tools=[note])
    thread = thread_of(await chat.say("Note it"))
    assert "task" in [item.type for item in await chat.items(thread)]
    await chat.say("Did you?", thread)
    assert "Noted for later" in str(provider.requests[-1].body)


async def test_tools_that_show_things_at_once_keep_what_they_show_together(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    @function_tool
    async def work(run: Run) -> str:
        """Works."""
        await run.context.start_workflow(Workflow(type="custom", tasks=[CustomTask(title="a")]))
        await run.context.add_workflow_task(CustomTask(title="b"))
        return "Worked."

    @function_tool
    async def note(run: Run) -> str:
        """Notes something."""
        await run.context.stream(ThreadItemDoneEvent(item=_task(run.context)))
        return "Noted."

    for order in (["work", "note"], ["note", "work"]):
        provider.script(ToolCalls([(tool, "{}") for tool in order]), Text("Done."))
        told: dict[str, int] = {}
        for event in await make_chat(tools=[work, note]).say("Work"):
            item = event.get("item", {})
            tasks = len(item.get("workflow", {}).get("tasks", []))
            if event["type"] == "thread.item.added":
                told[item["id"]] = tasks
            elif event.get("update", {}).get("type") == "workflow.task.added":
                told[event["item_id"]] += 1
            elif item.get("type") == "workflow":
                assert tasks == told[item["id"]]


async def test_alike_tasks_have_places_of_their_own(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    @function_tool
    async def work(run: Run) -> str:
        """Works."""
        for _ in range(3):
            await run.context.add_workflow_task(CustomTask(title="Again"))
        return "Worked."

    provider.script(ToolCalls([("work", "{}")]), Text("Done."))
    events = await make_chat(tools=[work]).say("Work")
    places = [e["update"].get("task_index") for e in events if e["type"] == "thread.item.updated"]
    assert places[:2] == [1, 2]


async def test_a_hidden_note_of_an_older_turn_is_removed_out_of_sight(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    @function_tool
    async def forget(run: Run, note: str) -> str:
        """Forgets a note."""
        await run.context.stream(ThreadItemRemovedEvent(item_id=note))
        return "Forgotten."

    chat = make_chat(tools=[forget])
    thread = thread_of(await chat.say("Hello"))
    note = HiddenContextItem(
        id="msg_note", thread_id=thread, created_at=datetime.now(UTC), content="a note"
    )
    await chat.store.add_thread_item(thread, note, chat.context)
    provider.script(ToolCalls([("forget", '{"note": "msg_note"}')]), Text("Done."))
    events = await chat.say("Forget it", thread)
    assert "thread.item.removed" not in {event["type"] for event in events}
    assert "msg_note" not in {item.id for item in await chat.items(thread)}


async def test_a_turn_that_is_stopped_while_it_stores_leaves_no_tool_at_work(
    make_chat: MakeChat, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, ended = asyncio.Event(), asyncio.Event()
    ended_before_the_note: list[bool] = []

    @function_tool
    async def work(run: Run) -> str:
        """Works for long."""
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.set()
        return "Worked."

    @function_tool
    async def note(run: Run) -> str:
        """Notes something."""
        await run.context.stream(ThreadItemDoneEvent(item=_task(run.context)))
        return "Noted."

    chat = make_chat(tools=[work, note])
    add = chat.store.add_thread_item

    async def slow(thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        if item.type == "task":
            storing.set()
            await asyncio.sleep(3_600)
        if item.type == "sdk_hidden_context":
            ended_before_the_note.append(ended.is_set())
        await add(thread_id, item, context)

    monkeypatch.setattr(chat.store, "add_thread_item", slow)
    provider.script(ToolCalls([("work", "{}"), ("note", "{}")]))
    turn = chat.start("threads.create", input=message("Work"))
    async with asyncio.timeout(20):
        await storing.wait()
        await turn.stop()
    assert ended_before_the_note == [True]


def _task(turn: TurnContext) -> TaskItem:
    return TaskItem(
        id=turn.generate_id("task"),
        thread_id=turn.thread.id,
        created_at=datetime.now(UTC),
        task=CustomTask(title="Noted"),
    )
