"""Streaming operations as tasks of their own, so that a lost connection loses no text.

A web server ends a request whose client is gone by cancelling it again and again, or by dropping
it; either way nothing awaited in there would finish. A turn is therefore not run by the request
but beside it: the request reads from it, and stops it when the client leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog

_log = structlog.get_logger(__name__)

_END = None


class Turn:
    """One running operation. Iterating over it gives its chunks, then raises what it raised.

    Chunks wait in a queue without a limit: a slow reader must not hold up the saving of what is
    finished, and an answer is a few hundred kilobytes at the most.

    Attributes:
        task: What runs the operation.
        thread_id: The thread that it writes to, once that is known.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._stopping = False
        self.thread_id: str | None = None
        self.task = asyncio.create_task(self._run(chunks), name="chatkit turn")
        self.task.add_done_callback(lambda _: self._waiting.put_nowait(_END))

    async def _run(self, chunks: AsyncIterator[bytes]) -> None:
        # Between two chunks nothing is awaited here, so a cancellation always arrives inside the
        # operation, which can then keep what it has.
        async for chunk in chunks:
            self._waiting.put_nowait(chunk)

    def __aiter__(self) -> Turn:
        return self

    async def __anext__(self) -> bytes:
        """The next chunk. Cancelling this wait leaves the turn running."""
        chunk = await self._waiting.get()
        if chunk is not _END:
            return chunk
        self._waiting.put_nowait(_END)
        if not self.task.cancelled():
            self.task.result()
        raise StopAsyncIteration

    async def stop(self) -> None:
        """Ends the operation and returns when it has kept what it had."""
        if not self._stopping:
            # A second cancellation would interrupt the keeping.
            self._stopping = True
            self.task.cancel()
        await asyncio.wait([self.task])


class RunningTurns:
    """Every turn of this process that is not finished yet."""

    def __init__(self) -> None:
        self._turns: set[Turn] = set()

    def __len__(self) -> int:
        return len(self._turns)

    def start(self, chunks: AsyncIterator[bytes]) -> Turn:
        """Runs an operation until it ends or is stopped."""
        turn = Turn(chunks)
        self._turns.add(turn)
        turn.task.add_done_callback(lambda task: self._forget(turn, task))
        return turn

    def writes_to(self, thread_id: str) -> None:
        """Notes which thread the turn that calls this writes to."""
        task = asyncio.current_task()
        for turn in self._turns:
            if turn.task is task:
                turn.thread_id = thread_id

    async def stop_in(self, thread_id: str) -> None:
        """Stops the other turns of a thread, and returns when they have kept what they had."""
        own = asyncio.current_task()
        others = [t for t in self._turns if t.thread_id == thread_id and t.task is not own]
        await asyncio.gather(*(turn.stop() for turn in others))

    async def stop_all(self) -> None:
        """Stops what still runs, and returns when all of it has kept what it had."""
        await asyncio.gather(*(turn.stop() for turn in list(self._turns)))

    def _forget(self, turn: Turn, task: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        if not task.cancelled() and (error := task.exception()):
            # Its reader is told as well; this line is for when there is none any more.
            _log.debug("turn failed", error=type(error).__name__)
