"""The events that an agent's tools send by themselves, in step with the tools."""

from __future__ import annotations

import asyncio
from typing import Any


class OwnEvents(asyncio.Queue[Any]):
    """The agent's own events: each is dealt with before its tool goes on.

    The SDK only queues them. A tool that goes on changes what the waiting events refer to: a
    workflow would be sent with the tasks that come after it, and again with each of them, or be
    finished before it was begun.

    Attributes:
        reader: The task that waits for the next event.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reader: asyncio.Task[Any] | None = None
        self._unread = False
        self._closed = False

    async def put(self, item: Any) -> None:
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
        while not self.empty():
            self.get_nowait()
        self._settle()

    def _settle(self) -> None:
        # Whoever asks for the next event has dealt with the one before.
        if self._unread:
            self._unread = False
            self.task_done()
