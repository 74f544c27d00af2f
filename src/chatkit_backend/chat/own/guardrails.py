"""What happens when a guardrail of an agent trips: a sentence, and nothing older is lost."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from typing import Final

import structlog
from agents import (
    InputGuardrailTripwireTriggered,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
)
from chatkit.errors import CustomStreamError
from chatkit.types import (
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadStreamEvent,
)

from chatkit_backend.store.moments import Moment

_log = structlog.get_logger(__name__)

INPUT: Final = "This message cannot be answered here. Please ask for something else."
OUTPUT: Final = "The answer was withheld. Please put your message differently."
TOOL: Final = "The assistant may not do what this needs. Please ask for something else."

# Of a guardrail's `output_info`: the sentence for the person who chats.
MESSAGE_KEY: Final = "message"
_MAX_MESSAGE: Final = 1_000

_Tripped = (
    InputGuardrailTripwireTriggered
    | OutputGuardrailTripwireTriggered
    | ToolInputGuardrailTripwireTriggered
    | ToolOutputGuardrailTripwireTriggered
)


def refusal(error: Exception) -> CustomStreamError | None:
    """What the user is told of a guardrail that has tripped; None for any other error.

    The guardrail's own sentence, where its `output_info` has one under `message`, as a mapping or
    as an attribute. Sending the same again would trip it again, so there is nothing to retry.
    """
    if not isinstance(error, _Tripped):
        return None
    name, info, sentence = _described(error)
    _log.info("guardrail tripped", guardrail=name)
    return CustomStreamError(_own_sentence(info) or sentence, allow_retry=False)


async def keeping_what_is_older(
    events: AsyncIterator[ThreadStreamEvent],
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """The events of a run, without the removal of items that were there before it.

    When a guardrail trips, the SDK removes every item that passed by, even an older workflow that
    this run has only finished. `events` is closed when this ends.
    """
    began = datetime.now(UTC)
    older: set[str] = set()
    try:
        async for event in events:
            match event:
                case ThreadItemAddedEvent() | ThreadItemDoneEvent():
                    if Moment.of(event.item.created_at) < began:
                        older.add(event.item.id)
                case ThreadItemRemovedEvent() if event.item_id in older:
                    continue
                case _:
                    pass
            yield event
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()


def _described(error: _Tripped) -> tuple[str, object, str]:
    """The guardrail's name, what it says, and our sentence."""
    match error:
        case InputGuardrailTripwireTriggered(guardrail_result=result):
            return result.guardrail.get_name(), result.output.output_info, INPUT
        case OutputGuardrailTripwireTriggered(guardrail_result=result):
            return result.guardrail.get_name(), result.output.output_info, OUTPUT
        case _:
            return error.guardrail.get_name(), error.output.output_info, TOOL


def _own_sentence(info: object) -> str | None:
    said = info.get(MESSAGE_KEY) if isinstance(info, dict) else getattr(info, MESSAGE_KEY, None)
    return said.strip()[:_MAX_MESSAGE] or None if isinstance(said, str) else None
