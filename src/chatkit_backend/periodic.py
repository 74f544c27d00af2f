"""Work in the background, again and again, as long as the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from chatkit_backend.errors import DatabaseUnavailable, FilesUnavailable

_log = structlog.get_logger(__name__)

# What is done so has days of time; an hour more or less says nothing.
_PAUSE_SECONDS: Final = 3_600.0


class Periodic:
    """Does something at once, and again an hour after it has ended or failed.

    Args:
        name: What the log calls it.
        work: One round of it; may be cut off anywhere.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """End, in the middle of a round if need be."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self._work()
            except (DatabaseUnavailable, FilesUnavailable) as error:
                _log.warning(f"{self._name} failed", reason=str(error))
            except Exception:  # noqa: BLE001 - whatever it is, the next round may go well
                _log.exception(f"{self._name} failed")
            await asyncio.sleep(_PAUSE_SECONDS)
