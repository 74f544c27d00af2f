"""What an agent's tools put into the answer through their `AgentContext`."""

from __future__ import annotations

from datetime import UTC, datetime

from agents import RunContextWrapper, function_tool
from chatkit.types import (
    ClientEffectEvent,
    CustomTask,
    NoticeEvent,
    ProgressUpdateEvent,
    TaskItem,
    ThreadItemDoneEvent,
    Workflow,
)

from chatkit_backend.chat.agents import TurnContext
from tests.chat.conftest import MakeChat
from tests.chatting import thread_of
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
