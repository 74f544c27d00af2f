"""Asking a model through the real Agents SDK, as the chat room does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents import Agent, FunctionTool, Model, RunConfig, Runner
from agents.items import TResponseInputItem, TResponseStreamEvent

from chatkit_backend.models.credentials import CallLimits, Credentials
from tests.provider import ScriptedProvider

QUICK = CallLimits(connect_timeout_seconds=2, read_timeout_seconds=2, retries=0)
NO_TRACING = RunConfig(tracing_disabled=True)
OpenModel = Callable[..., Model]


@dataclass(slots=True)
class Asked:
    """What came of asking.

    Attributes:
        text: The deltas of the answer, joined.
        events: The raw events, in order.
        error: What the run raised, if anything.
    """

    events: list[TResponseStreamEvent] = field(default_factory=list)
    error: Exception | None = None

    @property
    def text(self) -> str:
        deltas = (event for event in self.events if event.type == "response.output_text.delta")
        return "".join(event.delta for event in deltas)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


async def ask(
    model: Model,
    given: str | list[TResponseInputItem] = "Hello",
    tools: Sequence[FunctionTool] = (),
    **options: Any,
) -> Asked:
    """Runs an agent on `model`, streamed, and keeps what it raises."""
    agent = Agent(name="assistant", instructions="Be brief.", model=model, tools=list(tools))
    asked = Asked()
    run = Runner.run_streamed(agent, given, run_config=NO_TRACING, **options)
    try:
        async for event in run.stream_events():
            if event.type == "raw_response_event":
                asked.events.append(event.data)
    except Exception as error:  # noqa: BLE001 - the test says which error it expects
        asked.error = error
    return asked


def credentials(provider: ScriptedProvider) -> Credentials:
    """Credentials with which every provider is the scripted one."""
    return Credentials(
        openai_api_key="openai-key",
        openai_base_url=provider.base_url,
        gemini_api_key="gemini-key",
        gemini_base_url=provider.base_url,
        anthropic_api_key="anthropic-key",
        anthropic_base_url=provider.base_url,
        ollama_base_url=provider.base_url,
        openai_compatible_base_url=provider.base_url,
        openai_compatible_api_key="compatible-key",
    )
