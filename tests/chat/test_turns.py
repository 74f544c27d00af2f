"""A turn outlives its reader, and is stopped once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatkit_backend.chat.turns import RunningTurns


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_turn_gives_its_chunks_in_order() -> None:
    turn = RunningTurns().start(chunks(b"1", b"2"))
    assert [chunk async for chunk in turn] == [b"1", b"2"]


async def test_a_turn_that_fails_gives_what_it_had_and_then_raises() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"1"
        raise ValueError("broken")

    turn = RunningTurns().start(failing())
    assert await anext(turn) == b"1"
    with pytest.raises(ValueError, match="broken"):
        await anext(turn)


async def test_a_turn_goes_on_when_a_reader_stops_waiting() -> None:
    go = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await go.wait()
        yield b"late"

    turn = RunningTurns().start(slow())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(turn)
    go.set()
    assert await anext(turn) == b"late"


async def test_stopping_twice_interrupts_no_keeping() -> None:
    kept = asyncio.Event()

    async def keeping() -> AsyncIterator[bytes]:
        try:
            yield b"1"
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            kept.set()
            raise

    turns = RunningTurns()
    turn = turns.start(keeping())
    assert await anext(turn) == b"1"
    await asyncio.gather(turn.stop(), turn.stop(), turns.stop_all())
    assert kept.is_set()
    assert [chunk async for chunk in turn] == []


async def test_a_turn_is_forgotten_when_it_ends() -> None:
    turns = RunningTurns()
    turn = turns.start(chunks(b"1"))
    assert len(turns) == 1
    assert [chunk async for chunk in turn] == [b"1"]
    await asyncio.sleep(0)
    assert len(turns) == 0


async def test_a_turn_that_is_stopped_before_it_began_ends_for_its_reader() -> None:
    turn = RunningTurns().start(chunks(b"1"))
    await turn.stop()
    assert [chunk async for chunk in turn] == []
