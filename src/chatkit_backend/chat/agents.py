"""Runs the agent on a model, and gives the run back as ChatKit events.

The conversion itself is the SDK's `stream_agent_response`. Around it stand the three things that
it leaves out: ids that do not collide, the results of server-side tools, and an end that leaves
nothing running when a turn is cut short.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from agents import (
    Agent,
    Model,
    ModelRefusalError,
    ModelSettings,
    RunConfig,
    RunContextWrapper,
    Runner,
    RunResultStreaming,
    StreamEvent,
    Tool,
    TResponseInputItem,
)
from agents.items import RunItem, ToolCallItem, ToolCallOutputItem, TResponseStreamEvent
from chatkit.agents import stream_agent_response
from chatkit.types import (
    ClientToolCallItem,
    HiddenContextItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WorkflowItem,
)

from chatkit_backend.chat.events.item_ids import FreshItemIds
from chatkit_backend.chat.events.own_events import OwnEvents
from chatkit_backend.chat.instructions import instructions_for
from chatkit_backend.chat.own.guardrails import keeping_what_is_older
from chatkit_backend.chat.turn_context import TellsCalls, TurnContext
from chatkit_backend.context import RequestContext, clean_text
from chatkit_backend.errors import ModelError
from chatkit_backend.store.ids import new_id
from chatkit_backend.store.threads import ThreadStore

# Marks the hidden items that hold what a server-side tool was asked and what it said.
TOOL_RESULT_PREFIX = "run"

# A name in a sentence for the user.
MAX_TOOL_NAME = 64


def default_agent(job: str) -> Agent[TurnContext]:
    """The assistant that answers when the team brings no agent of its own.

    Args:
        job: What the assistant is told about its job (its system prompt).
    """

    def instructions(run: RunContextWrapper[TurnContext], _: Agent[TurnContext]) -> str:
        return instructions_for(job, run.context.request_context)

    return Agent[TurnContext](name="assistant", instructions=instructions)


class ChoosesAgent(Protocol):
    """Knows which agent answers."""

    async def agent(self, context: RequestContext) -> Agent[TurnContext]:
        """The agent that answers in this context."""
        ...


@dataclass(frozen=True, slots=True)
class AgentRunner:
    """Which agent answers, on which model.

    Attributes:
        workflows: Chooses the agent.
        model: Used for every agent of the run, handoffs included, unless the agent that begins
            has a `Model` of its own. A mere name in an agent is not used: it has no key.
        tracing_key: OpenAI key to send traces of the run with, messages included; None sends
            nothing.
    """

    workflows: ChoosesAgent
    model: Model
    tracing_key: str | None = field(default=None, repr=False)

    async def answer(
        self,
        conversation: list[TResponseInputItem],
        thread: ThreadMetadata,
        store: ThreadStore,
        context: RequestContext,
        *,
        tools: Sequence[Tool] = (),
        workflow: WorkflowItem | None = None,
        model: Model | None = None,
        first_tool: str | None = None,
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Runs the agent on the conversation, oldest item first.

        Args:
            conversation: What the model is shown.
            thread: Where the answer goes.
            store: Keeps the thread.
            context: Who asks.
            tools: What the agent can use in this turn besides its own. What they say is forgotten
                after it.
            workflow: One that was opened before the answer; closed when the answer begins.
            model: Used instead of the usual one.
            first_tool: Name of the tool that the agent has to use before it answers.

        Raises:
            ModelError: The agent has no such tool.
            Exception: Whatever the Agents SDK or the provider's client raises.
        """
        turn = TurnContext(
            thread=thread, store=store, request_context=context, workflow_item=workflow
        )
        agent = _with_tools(await self.workflows.agent(context), tools)
        if first_tool is not None:
            agent = await _using_first(agent, first_tool, turn)
        result = Runner.run_streamed(
            agent,
            conversation,
            context=turn,
            hooks=TellsCalls(),
            run_config=self._run_config(context, model or _own_model(agent)),
        )
        run = _Run(result, turn, frozenset(tool.name for tool in tools))
        try:
            # Only `stream_events()` of the result is read there.
            events = stream_agent_response(turn, cast("RunResultStreaming", run))
            async with aclosing(keeping_what_is_older(run.corrected(events))) as kept:
                async for event in kept:
                    yield event
        finally:
            await run.close()

    def _run_config(self, context: RequestContext, model: Model | None = None) -> RunConfig:
        model = model or self.model
        wanted = context.session is None or context.session.workflow.tracing
        if self.tracing_key is None or not wanted:
            return RunConfig(model=model, tracing_disabled=True)
        return RunConfig(model=model, tracing={"api_key": self.tracing_key})


def _own_model(agent: Agent[TurnContext]) -> Model | None:
    return agent.model if isinstance(agent.model, Model) else None


def _with_tools(agent: Agent[TurnContext], tools: Sequence[Tool]) -> Agent[TurnContext]:
    """The agent with more tools; where it has one of that name, its own is kept."""
    own = {tool.name for tool in agent.tools}
    more = [tool for tool in tools if tool.name not in own]
    return agent.clone(tools=[*agent.tools, *more]) if more else agent


async def _using_first(
    agent: Agent[TurnContext], tool: str, turn: TurnContext
) -> Agent[TurnContext]:
    """The agent, made to use one of its tools before it answers.

    Raises:
        ModelError: It has no such tool.
    """
    names = {known.name for known in await agent.get_all_tools(RunContextWrapper(turn))}
    if tool not in names:
        raise ModelError(
            f"The tool “{clean_text(tool, MAX_TOOL_NAME)}” cannot be used for this answer. "
            "Send the message without it.",
            allow_retry=False,
        )
    return agent.clone(
        model_settings=agent.model_settings.resolve(ModelSettings(tool_choice=tool)),
        reset_tool_choice=True,  # else it would be called again for ever
    )


def _raise_refusal(event: TResponseStreamEvent) -> None:
    """Ends the run at a refusal, as the SDK does, before it passes for an answer.

    The SDK does so beside the stream: the end of the message is told before, or not at all.

    Raises:
        ModelRefusalError: A message of the model ends that only refuses.
    """
    if event.type == "response.output_item.done" and event.item.type == "message":
        refused = [part.refusal for part in event.item.content if part.type == "refusal"]
        if refused and len(refused) == len(event.item.content):
            raise ModelRefusalError("".join(refused))


@dataclass(slots=True)
class _Run:
    """A run as `stream_agent_response` reads it.

    That function reads the run and the agent's own events in tasks which it abandons when it is
    left early: they would wait for ever, and the model would go on writing. So this remembers
    them, and `close` ends them.

    Attributes:
        result: The run.
        turn: What its tools work with.
        forgotten: Names of tools whose calls the next turn need not know.
    """

    result: RunResultStreaming
    turn: TurnContext
    forgotten: frozenset[str] = frozenset()
    _ids: FreshItemIds = field(default_factory=lambda: FreshItemIds(new_id))
    # All calls by the id that the SDK knows them under, and those without output by `call_id`.
    _calls: dict[str, ToolCallItem] = field(default_factory=dict)
    _waiting: dict[str, ToolCallItem] = field(default_factory=dict)
    _own_events: OwnEvents = field(default_factory=OwnEvents)
    _reader: asyncio.Task[Any] | None = None

    def __post_init__(self) -> None:
        self.turn._events = self._own_events  # noqa: SLF001 - the SDK offers no other way in
        # What the model has said and nobody has read yet; the SDK tells it in no other way.
        self._own_events.behind = self.result._event_queue  # noqa: SLF001

    async def stream_events(self) -> AsyncIterator[StreamEvent]:
        events = self.result.stream_events()
        while True:
            # Each event is asked for in a new task.
            self._reader = asyncio.current_task()
            self._own_events.run_is_shown()
            try:
                event = await anext(events)
            except StopAsyncIteration:
                return
            self._own_events.run_goes_on()
            if event.type == "run_item_stream_event":
                await self._keep_tool_result(event.item)
            elif event.type == "raw_response_event":
                _raise_refusal(event.data)
            event = self._ids.rewrite(event)
            if event.type == "run_item_stream_event" and isinstance(event.item, ToolCallItem):
                self._calls[_id_of(event.item)] = event.item
            yield event

    async def corrected(
        self, events: AsyncIterator[ThreadStreamEvent]
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """The events, without what the SDK says wrongly of the calls of tools."""
        async for event in events:
            match event:
                case ThreadItemRemovedEvent() if event.item_id in self._calls:
                    # A guardrail that trips takes back what was shown, and in the SDK each call
                    # as well, which is no item.
                    continue
                case ThreadItemDoneEvent(item=ClientToolCallItem() as waiting):
                    self._name_its_own_call(waiting)
                case _:
                    pass
            yield event

    def _name_its_own_call(self, waiting: ClientToolCallItem) -> None:
        """Gives a client tool call the id of its own call.

        The SDK gives it that of the last call, which is another one if the model called several
        tools at once: the page's output would then count as that tool's.
        """
        if self.turn.client_call_id is not None:
            waiting.call_id = self.turn.client_call_id

    async def close(self) -> None:
        """Ends the run, and returns when the model's stream is closed and no task is left."""
        self._own_events.close()
        own = asyncio.current_task()
        readers = {self._reader, self._own_events.reader} - {own, None}
        self.result.cancel()
        tasks = [task for task in (*readers, self.result.run_loop_task) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_tool_result(self, item: RunItem) -> None:
        """Puts a finished tool call into the thread, out of sight.

        The protocol has no item for tools that run on the server, so without this the model
        would forget in the next turn what its tools have said.
        """
        if isinstance(item, ToolCallItem) and item.tool_name in self.forgotten:
            return
        if isinstance(item, ToolCallItem) and item.call_id:
            self._waiting[item.call_id] = item
        elif isinstance(item, ToolCallOutputItem):
            output = item.to_input_item()
            call = self._waiting.pop(str(output.get("call_id")), None)
            if call:
                # Not through the turn: a tool that is showing something may wait for this reader.
                done = ThreadItemDoneEvent(item=self._hidden_item(call, output))
                await self._own_events.put_at_once(done)

    def _hidden_item(self, call: ToolCallItem, output: TResponseInputItem) -> HiddenContextItem:
        result = _without_media(_without_provider_ids(output))
        pair = [_without_provider_ids(call.to_input_item()), result]
        return HiddenContextItem(
            id=f"{TOOL_RESULT_PREFIX}_{secrets.token_hex(16)}",
            thread_id=self.turn.thread.id,
            created_at=datetime.now(UTC),
            content=json.dumps(pair, ensure_ascii=False, default=str),
        )


def _id_of(call: ToolCallItem) -> str:
    raw = call.raw_item
    return str(raw.get("id") if isinstance(raw, dict) else getattr(raw, "id", None))


def _without_provider_ids(item: TResponseInputItem) -> dict[str, Any]:
    # A provider accepts its own item ids only, and only while it remembers them; `call_id` is
    # what ties a result to its call.
    return {key: value for key, value in dict(item).items() if key not in {"id", "status"}}


def _without_media(output: dict[str, Any]) -> dict[str, Any]:
    """The output of a tool without the pictures and files in it: a thread holds no megabytes."""
    parts = output.get("output")
    if not isinstance(parts, list):
        return output
    texts = [part for part in parts if part.get("type") == "input_text"]
    gone = {"type": "input_text", "text": "[Pictures and files that the tool gave are not kept.]"}
    return output if len(texts) == len(parts) else {**output, "output": [*texts, gone]}
