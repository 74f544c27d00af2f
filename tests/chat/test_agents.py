"""Running the agent: what leaves the machine, and what the agent's tools are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from agents import ModelRefusalError, RunContextWrapper, function_tool
from agents.tracing import get_trace_provider, set_trace_processors
from agents.tracing.processors import default_processor
from chatkit.types import CustomTask, TaskItem, ThreadItemDoneEvent
from openai.types.responses import (
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
)

from chatkit_backend.chat.agents import _raise_refusal
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.models.demo import DemoModel
from tests.chat.conftest import LocalChat, MakeChat
from tests.chatting import streamed_text
from tests.conversation import shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls
from tests.traces import SeenTraces


@pytest.fixture
def recorder() -> Iterator[SeenTraces]:
    recorder = SeenTraces()
    set_trace_processors([recorder])
    yield recorder
    get_trace_provider().shutdown()
    set_trace_processors([default_processor()])


async def test_no_trace_is_made_unless_it_was_asked_for(
    make_chat: MakeChat, recorder: SeenTraces
) -> None:
    await make_chat().say("Hello")
    assert recorder.traces == []


async def test_traces_carry_the_key_when_they_were_asked_for(
    make_chat: MakeChat, recorder: SeenTraces
) -> None:
    chat = make_chat()
    chat.server.runner = replace(chat.server.runner, tracing_key="tracing-key")
    await chat.say("Hello")
    assert [trace.tracing_api_key for trace in recorder.traces] == ["tracing-key"]
    assert "tracing-key" not in repr(chat.server.runner)


async def test_a_tool_can_ask_who_is_chatting(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    @function_tool
    def whoami(run: RunContextWrapper[TurnContext]) -> str:
        """Tells the user's id."""
        return run.context.request_context.user.id

    provider.script(ToolCalls([("whoami", "{}")]), Text("You are ada."))
    chat: LocalChat = make_chat(tools=[whoami])
    assert streamed_text(await chat.say("Who am I?")) == "You are ada."
    assert shown(provider.requests[1])[-1] == ("result", "ada")


async def test_an_agent_keeps_a_model_of_its_own(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(model=DemoModel(delay_seconds=0))
    assert "demo model" in streamed_text(await chat.say("Hello"))
    assert provider.requests == []


async def test_the_name_of_a_model_in_an_agent_is_not_used(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    await make_chat(model="gpt-of-somebody").say("Hello")
    assert provider.requests[0].body["model"] == "scripted"


async def test_a_tool_waits_until_what_it_shows_is_dealt_with(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    stored: list[int] = []

    @function_tool
    async def show(run: RunContextWrapper[TurnContext]) -> str:
        """Shows a task, and looks what the thread has then."""
        turn = run.context
        item = TaskItem(
            id=turn.generate_id("task"),
            thread_id=turn.thread.id,
            created_at=datetime.now(UTC),
            task=CustomTask(title="Counting"),
        )
        await turn.stream(ThreadItemDoneEvent(item=item))
        page = await turn.store.load_thread_items(
            turn.thread.id, None, 10, "asc", turn.request_context
        )
        stored.append(len(page.data))
        return "done"

    provider.script(ToolCalls([("show", "{}")]), Text("Done."))
    await make_chat(tools=[show]).say("Count")
    assert stored == [2]


REFUSED = ResponseOutputRefusal(type="refusal", refusal="I would rather not.")
SAID = ResponseOutputText(type="output_text", text="Woof", annotations=[])


def end_of_message(*content: ResponseOutputRefusal | ResponseOutputText) -> Any:
    message = ResponseOutputMessage(
        id="msg_1", type="message", role="assistant", status="completed", content=list(content)
    )
    return ResponseOutputItemDoneEvent(
        type="response.output_item.done", item=message, output_index=0, sequence_number=1
    )


def test_the_end_of_a_message_that_only_refuses_ends_the_run() -> None:
    with pytest.raises(ModelRefusalError) as raised:
        _raise_refusal(end_of_message(REFUSED))
    assert raised.value.refusal == "I would rather not."


@pytest.mark.parametrize("content", [(), (SAID,), (SAID, REFUSED)])
def test_the_end_of_any_other_message_does_not(
    content: tuple[ResponseOutputRefusal | ResponseOutputText, ...],
) -> None:
    _raise_refusal(end_of_message(*content))
