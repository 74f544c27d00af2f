"""Work in the background goes on, whatever happens in one of its rounds."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from chatkit_backend import periodic
from chatkit_backend.errors import DatabaseUnavailable, FilesUnavailable
from chatkit_backend.periodic import Periodic


async def test_it_is_done_at_once_and_then_after_a_pause() -> None:
    rounds: list[float] = []

    async def work() -> None:
        rounds.append(asyncio.get_running_loop().time())

    running = Periodic("the work", work)
    running.start()
    await asyncio.sleep(0.1)
    await running.stop()
    assert len(rounds) == 1


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (DatabaseUnavailable("gone"), "warning"),
        (FilesUnavailable("gone"), "warning"),
        (RuntimeError("nobody thought of it"), "error"),
    ],
)
async def test_what_fails_is_told_and_tried_again_later(
    monkeypatch: pytest.MonkeyPatch, error: Exception, level: str
) -> None:
    done = asyncio.Event()
    errors = [error]

    async def work() -> None:
        if errors:
            raise errors.pop()
        done.set()

    monkeypatch.setattr(periodic, "_PAUSE_SECONDS", 0.01)
    running = Periodic("the work", work)
    with structlog.testing.capture_logs() as logs:
        running.start()
        async with asyncio.timeout(5):
            await done.wait()
        await running.stop()
    assert [(line["event"], line["log_level"]) for line in logs] == [("the work failed", level)]


async def test_it_is_stopped_in_the_middle_of_a_round() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    running = Periodic("the work", work)
    running.start()
    await begun.wait()
    await running.stop()
    assert ended.is_set()


async def test_what_was_never_started_can_be_stopped() -> None:
    await Periodic("the work", asyncio.Event().wait).stop()  # type: ignore[arg-type]
