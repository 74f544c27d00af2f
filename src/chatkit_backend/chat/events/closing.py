"""Generators that are closed with the one that reads them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

_Event = TypeVar("_Event")


@asynccontextmanager
async def closing(events: AsyncIterator[_Event]) -> AsyncGenerator[AsyncIterator[_Event], None]:
    """The events, closed at the end of the block.

    A turn that is stopped while something is stored leaves its generators where they are: the
    model would write on, and tools work on, until somebody collects the garbage.

    Args:
        events: A generator. What is none has nothing to close.
    """
    try:
        yield events
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
