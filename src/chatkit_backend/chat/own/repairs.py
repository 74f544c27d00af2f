"""Puts right what code of the team's calls in the SDK by itself.

Ours goes around these; a server of theirs, a `respond` or an action calls `simple_to_agent_input`
and `stream_agent_response`, and so keeps what is wrong with them. The SDK offers no other way in
than its own private names; they are replaced once, when the server is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any, Final, Generic, TypeVar

import chatkit.agents
from agents import (
    TResponseInputItem,
    set_tracing_disabled,
    set_tracing_export_api_key,
)
from chatkit.agents import ThreadItemConverter

from chatkit_backend.chat.converter import HistoryConverter

_Event = TypeVar("_Event")

_sdks_merge: Final = chatkit.agents._merge_generators  # noqa: SLF001 - as said above
_converter_of_turn: Final[ContextVar[ThreadItemConverter | None]] = ContextVar(
    "converter of turn", default=None
)


def repair_sdk() -> None:
    """Lets the SDK's own functions work as ours do. Doing it again changes nothing.

    - `simple_to_agent_input` converts as the turn does. With its own conversion the second
      message of a thread is refused by every chat-completions model, and a message with an
      attachment or a tag by all of them.
    - `stream_agent_response` ends the run when it is left early. By itself it leaves the model
      writing, and tasks that wait for ever.
    """
    chatkit.agents._DEFAULT_CONVERTER = _OfTurn()  # noqa: SLF001 - as said above
    chatkit.agents._merge_generators = _merged  # noqa: SLF001 - as said above


def convert_with(converter: ThreadItemConverter) -> None:
    """Lets `simple_to_agent_input` use this converter in the turn that calls this.

    A turn is a task of its own, so no other sees it.
    """
    _converter_of_turn.set(converter)


def trace_with(key: str | None) -> None:
    """Sends traces of every run of this process with the key; None sends nothing.

    The SDK's own way is to send them, messages included, wherever OPENAI_API_KEY is set.
    """
    set_tracing_disabled(key is None)
    if key is not None:
        set_tracing_export_api_key(key)


class _OfTurn(HistoryConverter):
    """Converts as the turn that it runs in does."""

    async def to_agent_input(self, thread_items: Any) -> list[TResponseInputItem]:
        converter = _converter_of_turn.get()
        if converter is None:
            return await super().to_agent_input(thread_items)
        return await converter.to_agent_input(thread_items)


class _Watched(Generic[_Event]):
    """An iterator that knows which task waits for it."""

    def __init__(self, events: AsyncIterator[_Event]) -> None:
        self._events = events
        self.reader: asyncio.Task[Any] | None = None

    def __aiter__(self) -> _Watched[_Event]:
        return self

    async def __anext__(self) -> _Event:
        self.reader = asyncio.current_task()
        return await anext(self._events)


async def _merged(a: AsyncIterator[Any], b: AsyncIterator[Any]) -> AsyncIterator[Any]:
    both = _Watched(a), _Watched(b)
    try:
        async for event in _sdks_merge(*both):
            yield event
    finally:
        # A run whose reader is cancelled is cancelled, too.
        readers = [task for task in (one.reader for one in both) if task and not task.done()]
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
