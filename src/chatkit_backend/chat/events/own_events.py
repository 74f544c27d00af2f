"""The events that an agent's tools send by themselves, in step with the tools."""

from __future__ import annotations

import asyncio
from typing import Any


class OwnEvents(asyncio.Queue[Any]):
    """The agent's own events: each is dealt with before its tool goes on.

    The SDK only queues them. A tool that goes on changes what the waiting events refer to: a
    workflow would be sent with the tasks that come after it, and again with each of them, or be
    finished before it was begun. Nor do they overtake what the model said before it called the
    tool: a fast model's words may still wait when its tool runs.

    Attributes:
        reader: The task that waits for the next event.
        behind: What the run has sent and nobody has read yet; None where nothing goes first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reader: asyncio.Task[Any] | None = None
        self.behind: asyncio.Queue[Any] | None = None
        self._run_shown = asyncio.Event()
        self._run_shown.set()
        self._unread = False
        self._closed = False

    def run_is_shown(self) -> None:
        """The reader asks for the run's next event: it has dealt with the one before."""
        self._run_shown.set()

    def run_goes_on(self) -> None:
        """The reader has got an event of the run's."""
        self._run_shown.clear()

    async def put(self, item: Any) -> None:
        while not self._closed and self._is_behind():
            self._run_shown.clear()
            await self._run_shown.wait()
        await self.put_at_once(item)

    def _is_behind(self) -> bool:
        waiting = self.behind is not None and not self.behind.empty()
        return waiting or not self._run_shown.is_set()

    async def put_at_once(self, item: Any) -> None:
        """As `put`, for the reader of the run, who would wait for itself."""
        await super().put(item)
        if not self._closed:
            await self.join()

    async def get(self) -> Any:
        self.reader = asyncio.current_task()
        self._settle()
        return await super().get()

    def get_nowait(self) -> Any:
        self._settle()
        event = super().get_nowait()
        self._unread = True
        return event

    def close(self) -> None:
        """Nobody reads any more, so nobody may wait for that."""
        self._closed = True
        self._run_shown.set()
        while not self.empty():
            self.get_nowait()
        self._settle()

    def _settle(self) -> None:
        # Whoever asks for the next event has dealt with the one before.
        if self._unread:
            self._unread = False
            self.task_done()
