"""A guardrail that trips: a sentence is shown, its output goes, and nothing older does."""

from __future__ import annotations

from typing import Any

import pytest
from agents import (
    GuardrailFunctionOutput,
    InputGuardrail,
    OutputGuardrail,
    RunContextWrapper,
    StopAtTools,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    function_tool,
)
from chatkit.agents import ClientToolCall
from chatkit.types import Workflow
from pydantic import BaseModel

from chatkit_backend.chat.own import guardrails
from chatkit_backend.chat.turn_context import TurnContext
from tests.chat.conftest import MakeChat
from tests.chatting import Event, thread_of
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls


class Reason(BaseModel):
    message: str


def output(info: object) -> OutputGuardrail[Any]:
    """Refuses answers with a secret."""

    def no_secrets(_: object, __: object, said: str) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(info, tripwire_triggered="secret" in said)

    return OutputGuardrail(no_secrets)


def error_of(events: list[Event]) -> dict[str, Any]:
    error = events[-1]
    assert error["type"] == "error"
    return {name: error.get(name) for name in ("code", "message", "allow_retry")}


def told(sentence: str) -> dict[str, Any]:
    return {"code": "custom", "message": sentence, "allow_retry": False}


@pytest.mark.parametrize(
    ("info", "sentence"),
    [
        (None, guardrails.OUTPUT),
        ({"why": "secret"}, guardrails.OUTPUT),
        ({"message": "  "}, guardrails.OUTPUT),
        ({"message": 7}, guardrails.OUTPUT),
        ({"message": "That stays between us."}, "That stays between us."),
        (Reason(message="That stays between us."), "That stays between us."),
    ],
)
async def test_a_refused_answer_is_a_sentence_and_is_gone(
    make_chat: MakeChat, provider: ScriptedProvider, info: object, sentence: str
) -> None:
    chat = make_chat(output_guardrails=[output(info)])
    provider.script(Text("the secret"))
    events = await chat.say("Tell me")
    assert error_of(events) == told(sentence)
    added = [event["item"]["id"] for event in events if event["type"] == "thread.item.added"]
    removed = [event["item_id"] for event in events if event["type"] == "thread.item.removed"]
    assert added == removed
    kinds = [item.type for item in await chat.items(thread_of(events))]
    assert kinds == ["user_message"]


async def test_a_refused_message_is_a_sentence(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    def on_topic(_: object, __: object, said: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(None, tripwire_triggered="homework" in str(said))

    chat = make_chat(input_guardrails=[InputGuardrail(on_topic)])
    provider.script(Text("one two three four five six", delay=0.05))
    events = await chat.say("Do my homework")
    assert error_of(events) == told(guardrails.INPUT)
    assert [item.type for item in await chat.items(thread_of(events))] == ["user_message"]


async def test_a_refused_tool_call_is_a_sentence(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    def never(_: object) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.raise_exception({"message": "No orders today."})

    @function_tool(tool_input_guardrails=[ToolInputGuardrail(never)])
    def order() -> str:
        """Orders something."""
        return "Ordered."

    provider.script(ToolCalls([("order", "{}")]))
    events = await make_chat(tools=[order]).say("Order it")
    assert error_of(events) == told("No orders today.")


async def test_a_workflow_of_an_earlier_answer_stays(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    @function_tool
    async def begin(run: RunContextWrapper[TurnContext]) -> str:
        """Begins, and lets the page do the rest."""
        await run.context.start_workflow(Workflow(type="reasoning", tasks=[]))
        run.context.client_tool_call = ClientToolCall(name="begin", arguments={})
        return "Begun."

    @function_tool
    async def end(run: RunContextWrapper[TurnContext]) -> str:
        """Ends."""
        await run.context.end_workflow()
        return "Ended."

    chat = make_chat(
        tools=[begin, end],
        output_guardrails=[output(None)],
        tool_use_behavior=StopAtTools(stop_at_tool_names=["begin"]),
    )
    provider.script(ToolCalls([("begin", "{}")]), ToolCalls([("end", "{}")]), Text("the secret"))
    thread = thread_of(await chat.say("Begin"))
    events = await chat.stream("threads.add_client_tool_output", thread_id=thread, result={})
    assert error_of(events) == told(guardrails.OUTPUT)
    workflows = [item for item in await chat.items(thread) if item.type == "workflow"]
    assert [workflow.workflow.summary is not None for workflow in workflows] == [True]
