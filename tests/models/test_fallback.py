"""A chain of models: the next one before the first token, an error after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import openai
import pytest
from agents import Model, ModelResponse, ModelSettings, ModelTracing
from agents.items import TResponseStreamEvent
from structlog.testing import capture_logs

from chatkit_backend.models.credentials import CallLimits
from chatkit_backend.models.demo import DemoModel
from chatkit_backend.models.fallback import FallbackModel
from tests.models.asking import OpenModel, ask
from tests.provider import (
    CutAfter,
    EndsWithoutFinish,
    ErrorEvent,
    Failure,
    Hang,
    ScriptedProvider,
    SlowFirstByte,
    Step,
    Text,
)
from tests.provider.steps import Answer, Call, Message, Thought

LIMITS = CallLimits(connect_timeout_seconds=2, read_timeout_seconds=1, retries=0)


@pytest.fixture
def chain(opened: OpenModel, flavour: str) -> Model:
    """Two models of the same API; the second is called `second`."""
    return opened(flavour, f"{flavour.partition('/')[0]}/second", limits=LIMITS)


@dataclass(frozen=True)
class CutInside:
    """The connection goes away after the first piece of an item."""

    item: Message | Call | Thought

    def answer(self) -> Answer:
        return Answer((self.item,), ending="cut", stop_after=1)


@pytest.mark.parametrize(
    "step",
    [
        Failure(401, "invalid_api_key"),
        Failure(429, "rate_limit_exceeded"),
        Failure(500),
        CutAfter(0),
        ErrorEvent(),
        ErrorEvent(form="failed"),
        ErrorEvent(form="object"),
        Text("", finish="length"),
        SlowFirstByte(5),
        Hang(0),
    ],
    ids=repr,
)
async def test_the_next_model_answers_when_one_fails_before_its_first_token(
    chain: Model, provider: ScriptedProvider, step: Step
) -> None:
    provider.script(step, Text("From the second."))
    asked = await ask(chain)
    assert asked.error is None
    assert asked.text == "From the second."
    assert [request.body["model"] for request in provider.requests] == ["scripted", "second"]
    assert asked.types.count("response.created") == 1, "the failed attempt shows"
    assert asked.types[0] == "response.created"


async def test_a_stream_that_ends_without_a_word_or_a_finish_counts_as_failed(
    opened: OpenModel, provider: ScriptedProvider
) -> None:
    provider.script(EndsWithoutFinish(""), Text("From the second."))
    asked = await ask(opened("openai/scripted", "openai/second"))
    assert asked.text == "From the second."


async def test_an_empty_answer_that_completes_is_an_answer(
    opened: OpenModel, provider: ScriptedProvider
) -> None:
    provider.script(Text(""))
    asked = await ask(opened("openai/scripted", "openai/second"))
    assert asked.error is None
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "step",
    [
        CutAfter(1),
        ErrorEvent(text_before="Some words"),
        CutInside(Call("search", '{"query": "pears"}')),
        CutInside(Thought("Let me think about pears.")),
        CutInside(Message("I would rather not.", refusal=True)),
    ],
    ids=["text", "error event", "tool call", "reasoning", "refusal"],
)
async def test_a_failure_after_the_first_token_is_raised(
    chain: Model, provider: ScriptedProvider, step: Step
) -> None:
    provider.script(step)
    asked = await ask(chain)
    assert asked.error is not None
    assert len(provider.requests) == 1


async def test_the_last_error_is_raised_when_all_fail(
    chain: Model, provider: ScriptedProvider
) -> None:
    provider.script(Failure(500), Failure(401, "invalid_api_key"))
    asked = await ask(chain)
    assert isinstance(asked.error, openai.AuthenticationError)
    assert len(provider.requests) == 2


async def test_tokens_are_passed_on_as_they_come(chain: Model, provider: ScriptedProvider) -> None:
    provider.script(Text("one two three", delay=0.1))
    async for event in _stream(chain):
        if event.type == "response.output_text.delta":
            assert provider.requests[0].sent_deltas < 3
            break


async def test_a_cancelled_run_does_not_try_the_next_model(
    opened: OpenModel, flavour: str, provider: ScriptedProvider
) -> None:
    provider.script(Hang(0))
    task = asyncio.create_task(ask(opened(flavour, flavour)))
    assert await provider.until_called(1)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await provider.requests[0].until_closed_early()
    assert len(provider.requests) == 1


async def test_a_consumer_that_leaves_stops_the_provider(
    opened: OpenModel, flavour: str, provider: ScriptedProvider
) -> None:
    provider.script(Hang(2))
    stream = _stream(opened(flavour, flavour))
    async for event in stream:
        if event.type == "response.output_text.delta":
            break
    await stream.aclose()
    assert await provider.requests[0].until_closed_early()


async def test_an_answer_that_is_not_streamed_falls_back_too(
    chain: Model, provider: ScriptedProvider
) -> None:
    provider.script(Failure(500), Text("From the second."))
    response = await _whole(chain)
    assert "From the second." in str(response.output)


async def test_the_last_error_of_answers_that_are_not_streamed_is_raised(
    chain: Model, provider: ScriptedProvider
) -> None:
    provider.script(Failure(500), Failure(401))
    with pytest.raises(openai.AuthenticationError):
        await _whole(chain)


async def test_the_log_names_the_models_and_the_error_and_no_secret(
    chain: Model, flavour: str, provider: ScriptedProvider
) -> None:
    provider.script(Failure(401, "invalid_api_key", "Wrong key: sk-proj-abcdef0123456789"))
    with capture_logs() as logs:
        await ask(chain)
    failed, answered = logs
    assert failed["log_level"] == "warning"
    assert failed["model"] == flavour
    assert failed["next_model"].endswith("/second")
    assert failed["error"] == "AuthenticationError"
    assert answered["model"].endswith("/second")
    assert "abcdef" not in str(logs)


async def test_the_demo_model_may_end_a_chain(
    opened: OpenModel, flavour: str, provider: ScriptedProvider
) -> None:
    provider.script(Failure(500))
    assert "demo model" in (await ask(opened(flavour, "demo"))).text


async def test_closing_a_chain_closes_every_model(opened: OpenModel) -> None:
    chain = opened("openai/a", "ollama/b")
    await chain.close()
    assert isinstance(chain, FallbackModel)
    assert all(model._client.is_closed() for _, model in chain._choices)  # type: ignore[attr-defined]


def test_a_chain_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one model"):
        FallbackModel([])


class _Cancelled(asyncio.CancelledError, Exception):
    """As the SDK's own cancellation: an Exception, and still no failure."""


@dataclass
class _CancelledModel(Model):
    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        raise _Cancelled

    async def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[TResponseStreamEvent]:
        await self.get_response()
        async for event in _stream(DemoModel(0)):
            yield event


async def test_a_cancellation_that_is_an_exception_is_no_failure_either() -> None:
    chain = FallbackModel([("cancelled", _CancelledModel()), ("demo", DemoModel(0))])
    with pytest.raises(_Cancelled):
        await _whole(chain)
    with pytest.raises(_Cancelled):
        await anext(_stream(chain))


@dataclass
class _WatchedModel(DemoModel):
    """Knows whether its stream was closed."""

    closed: bool = False

    async def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[TResponseStreamEvent]:
        try:
            async for event in _stream(DemoModel(0)):
                yield event
        finally:
            self.closed = True


async def test_the_stream_is_closed_by_the_time_the_consumer_has_left() -> None:
    watched = _WatchedModel()
    stream = _stream(FallbackModel([("watched", watched)]))
    await anext(stream)
    assert not watched.closed
    await stream.aclose()
    assert watched.closed


def _stream(model: Model) -> AsyncGenerator[TResponseStreamEvent, None]:
    stream = model.stream_response(
        None,
        "Hello",
        ModelSettings(),
        [],
        None,
        [],
        ModelTracing.DISABLED,
        previous_response_id=None,
        conversation_id=None,
        prompt=None,
    )
    return cast("AsyncGenerator[TResponseStreamEvent, None]", stream)


async def _whole(model: Model) -> ModelResponse:
    return await model.get_response(
        None,
        "Hello",
        ModelSettings(),
        [],
        None,
        [],
        ModelTracing.DISABLED,
        previous_response_id=None,
        conversation_id=None,
        prompt=None,
    )
