"""Several models as one: the next is tried when one fails before its first token.

What a user has seen is never taken back: after the first token a failure is raised, and no other
model continues the sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing

import structlog
from agents import (
    AgentOutputSchemaBase,
    Handoff,
    Model,
    ModelBehaviorError,
    ModelResponse,
    ModelSettings,
    ModelTracing,
    Tool,
    TResponseInputItem,
)
from agents.items import TResponseStreamEvent
from openai.types.responses.response_prompt_param import ResponsePromptParam
from typing_extensions import override

from chatkit_backend.models.failures import detail

log = structlog.get_logger(__name__)

# Events that frame output without being any. They are held back until a delta with something in
# it, the completion, or an event not listed here (a hosted tool at work, say) commits.
_FRAMES = frozenset(
    {
        "response.queued",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.added",
        "response.content_part.done",
        "response.output_text.done",
        "response.function_call_arguments.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.done",
        "response.failed",
        "response.incomplete",
        "response.error",
        "error",
    }
)


class FallbackModel(Model):
    """Tries models in order.

    Args:
        choices: Names, for the log only, and models. The chain owns the models and closes them.
    """

    def __init__(self, choices: Sequence[tuple[str, Model]]) -> None:
        if not choices:
            raise ValueError("A fallback chain needs at least one model.")
        self._choices = tuple(choices)

    @override
    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> ModelResponse:
        """The answer of the first model that gives one.

        Raises:
            Exception: What the last model raised, when all failed.
        """

        def ask(model: Model) -> Awaitable[ModelResponse]:
            return model.get_response(
                system_instructions,
                input,
                model_settings,
                tools,
                output_schema,
                handoffs,
                tracing,
                previous_response_id=previous_response_id,
                conversation_id=conversation_id,
                prompt=prompt,
            )

        return await self._first_answer(ask)

    @override
    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """The events of the first model that gets to its first token.

        Raises:
            Exception: What a model raised after its first token, or what the last one raised.
        """

        def start(model: Model) -> AsyncIterator[TResponseStreamEvent]:
            return model.stream_response(
                system_instructions,
                input,
                model_settings,
                tools,
                output_schema,
                handoffs,
                tracing,
                previous_response_id=previous_response_id,
                conversation_id=conversation_id,
                prompt=prompt,
            )

        # The consumer may leave at any yield; the provider must not go on writing then.
        async with aclosing(self._first_stream(start)) as events:
            async for event in events:
                yield event

    @override
    async def close(self) -> None:
        """Closes every model of the chain.

        Raises:
            ExceptionGroup: Some could not be closed; the others are.
        """
        outcomes = await asyncio.gather(
            *(model.close() for _, model in self._choices), return_exceptions=True
        )
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if failures:
            raise ExceptionGroup("Models could not be closed.", failures)

    async def _first_answer(
        self, ask: Callable[[Model], Awaitable[ModelResponse]]
    ) -> ModelResponse:
        for place, (name, model) in enumerate(self._choices):
            try:
                response = await ask(model)
            except asyncio.CancelledError:
                raise  # see _reaches_first_token
            except Exception as error:
                self._note_failure(place, error)
                if self._is_last(place):
                    raise
            else:
                log.info("model_answers", model=name)
                return response
        raise AssertionError("The last model answers or raises.")

    async def _first_stream(
        self, start: Callable[[Model], AsyncIterator[TResponseStreamEvent]]
    ) -> AsyncGenerator[TResponseStreamEvent, None]:
        for place, (name, model) in enumerate(self._choices):
            async with aclosing(_Attempt(start(model))) as attempt:
                if await self._reaches_first_token(place, attempt):
                    log.info("model_answers", model=name)
                    for event in attempt.held:
                        yield event
                    async for event in attempt.stream:
                        yield event
                    return

    async def _reaches_first_token(self, place: int, attempt: _Attempt) -> bool:
        try:
            await attempt.reach_first_token()
        except asyncio.CancelledError:
            raise  # the SDK has a cancellation that is an Exception as well
        except Exception as error:
            self._note_failure(place, error)
            if self._is_last(place):
                raise
            return False
        return True

    def _is_last(self, place: int) -> bool:
        return place == len(self._choices) - 1

    def _note_failure(self, place: int, error: Exception) -> None:
        following = self._choices[place + 1 : place + 2]
        log.warning(
            "model_failed",
            model=self._choices[place][0],
            next_model=following[0][0] if following else None,
            **detail(error),
        )


class _Attempt:
    """One model's stream, and what it said up to its first token."""

    def __init__(self, stream: AsyncIterator[TResponseStreamEvent]) -> None:
        self.stream = stream
        self.held: list[TResponseStreamEvent] = []

    async def reach_first_token(self) -> None:
        """Reads up to and including the first token, or the completion of an empty answer.

        Raises:
            ModelBehaviorError: The stream ended before either; the SDK would only notice later,
                when it is too late for another model.
        """
        async for event in self.stream:
            self.held.append(event)
            if _carries_output(event):
                return
        raise ModelBehaviorError("Model did not produce a final response!")

    async def aclose(self) -> None:
        close = getattr(self.stream, "aclose", None)
        if close is not None:
            await close()


def _carries_output(event: TResponseStreamEvent) -> bool:
    if event.type in _FRAMES:
        return False
    # Servers open a message with an empty delta before they have a word.
    return not event.type.endswith(".delta") or bool(getattr(event, "delta", ""))
