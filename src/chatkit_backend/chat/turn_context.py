"""What an agent's tools, hooks and instructions work with in one turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import asynccontextmanager
from typing import Any

from agents import Agent, RunContextWrapper, RunHooks, Span, Tool, get_current_span
from agents.tool_context import ToolContext
from chatkit.agents import AgentContext
from chatkit.types import (
    Task,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    Workflow,
    WorkflowSummary,
    WorkflowTaskAdded,
)
from chatkit.widgets import WidgetRoot
from pydantic import PrivateAttr
from typing_extensions import override

from chatkit_backend.chat.events.widgets import show_widget
from chatkit_backend.context import RequestContext


class TurnContext(AgentContext[RequestContext]):
    """What tools, hooks and instructions get as `run.context`.

    `request_context` says who asks; `stream` and the SDK's other methods put events into the
    answer. Tools that run at once take turns: what one of them changes, and the event that tells
    of it, belong together.
    """

    _showing: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)
    _shower: asyncio.Task[Any] | None = PrivateAttr(default=None)
    # Ids of the calls whose tools have run, by what the SDK traces each of them with.
    _running: dict[Span[Any], str] = PrivateAttr(default_factory=dict)
    _client_call_id: str | None = PrivateAttr(default=None)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "client_tool_call":
            span = get_current_span()
            self._client_call_id = self._running.get(span) if span else None

    @property
    def client_call_id(self) -> str | None:
        """The model's id of the call whose tool has set `client_tool_call`.

        None where none of the run's own tools has set it itself: an agent that is a tool of
        another's, say, has calls of its own.
        """
        return self._client_call_id

    def tool_starts(self, call_id: str) -> None:
        """Tells whose call runs in the current span."""
        if span := get_current_span():
            self._running[span] = call_id

    @override
    async def stream(self, event: ThreadStreamEvent) -> None:
        async with self._alone():
            await super().stream(event)

    @override
    async def start_workflow(self, workflow: Workflow) -> None:
        async with self._alone():
            await super().start_workflow(workflow)

    @override
    async def add_workflow_task(self, task: Task) -> None:
        async with self._alone():
            tasks = self.workflow_item.workflow.tasks if self.workflow_item else []
            if self.workflow_item is None or task not in tasks:
                await super().add_workflow_task(task)
                return
            # The SDK would give the place of the one that is like it.
            tasks.append(task)
            added = WorkflowTaskAdded(task=task, task_index=len(tasks) - 1)
            await self.stream(ThreadItemUpdatedEvent(item_id=self.workflow_item.id, update=added))

    @override
    async def update_workflow_task(self, task: Task, task_index: int) -> None:
        async with self._alone():
            await super().update_workflow_task(task, task_index)

    @override
    async def end_workflow(
        self, summary: WorkflowSummary | None = None, expanded: bool = False
    ) -> None:
        async with self._alone():
            await super().end_workflow(summary, expanded)

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None, None]:
        """No other task shows anything inside of the block; the SDK's methods call `stream`."""
        own = asyncio.current_task()
        if self._shower is own:
            yield
            return
        async with self._showing:
            self._shower = own
            try:
                yield
            finally:
                self._shower = None

    @override
    async def stream_widget(
        self,
        widget: WidgetRoot | AsyncIterable[WidgetRoot],
        copy_text: str | None = None,
    ) -> None:
        """Shows a widget, or one that grows, in the thread.

        Args:
            widget: The widget, or its states one after the other.
            copy_text: What it says in words, for the clipboard and the model.

        Raises:
            Exception: Whatever making the states raises.
        """
        async for event in show_widget(self.thread, widget, copy_text):
            await self.stream(event)


class TellsCalls(RunHooks[TurnContext]):
    """Tells the turn which call each of its tools runs for.

    A tool sees the turn and not its call, but what asks the page for something waits for that
    call's output. Every tool runs in a span of its own, with or without tracing.
    """

    @override
    async def on_tool_start(
        self, context: RunContextWrapper[TurnContext], agent: Agent[TurnContext], tool: Tool
    ) -> None:
        if isinstance(context, ToolContext):
            context.context.tool_starts(context.tool_call_id)
