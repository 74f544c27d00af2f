"""`serve --workers`: several processes on one port and one database."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import psutil
import pytest

from tests.chatting import Chat, message, read_until, streamed_text, texts_of, thread_of
from tests.cli.conftest import PROGRAM, Program, Run, Start
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Hang, Text

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def program() -> list[str]:
    """The program itself, so that the workers are its children."""
    return PROGRAM


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of a database that processes can share."""
    if request.param == "sqlite":
        return {}
    return {"CHATKIT_DATABASE_URL": request.getfixturevalue("postgres_url")}


def workers(program: Program) -> set[int]:
    """The processes that serve."""
    children = psutil.Process(program.process.pid).children()
    alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    # The other child keeps track of what the processes share.
    return {child.pid for child in alive if "spawn_main" in " ".join(child.cmdline())}


async def test_all_workers_serve_one_database(start: Start, database: dict[str, str]) -> None:
    program = start("--workers", "2", **database)
    url = program.url
    assert len(workers(program)) == 2
    assert "Workers    2" in "".join(program.out)

    async def use(number: int) -> None:
        async with Chat(url, user=f"user {number}") as chat:
            thread = thread_of(await chat.say("0"))
            for turn in range(1, 4):
                # A connection of its own for each message, so that both workers see the thread.
                async with Chat(url, user=f"user {number}") as again:
                    await again.say(f"{turn}", thread)
            assert texts_of(await chat.items(thread), "user_message") == ["0", "1", "2", "3"]

    await asyncio.gather(*(use(number) for number in range(10)))
    program.stop()
    assert "Traceback" not in program.output
    assert "locked" not in program.output


async def test_running_answers_may_finish_when_it_stops(
    start: Start, provider: ScriptedProvider
) -> None:
    provider.script(Text("one two three four five six", delay=0.1))
    program = start("--workers", "2", CHATKIT_SHUTDOWN_SECONDS="10")
    async with (
        Chat(program.url) as chat,
        chat.streaming("threads.create", input=message("Count")) as events,
    ):
        seen = [await anext(events)]
        assert await provider.until_called(1)
        program.process.send_signal(signal.SIGTERM)
        seen += [event async for event in events]
    assert streamed_text(seen) == "one two three four five six"
    assert seen[-1]["type"] == "thread.item.done"
    await asyncio.to_thread(program.wait)
    assert "Traceback" not in program.output


async def test_answers_that_take_too_long_keep_their_text_when_it_stops(
    start: Start, provider: ScriptedProvider
) -> None:
    provider.script(Hang(3, "one two three four"))
    program = start("--workers", "2", CHATKIT_SHUTDOWN_SECONDS="1")
    async with (
        Chat(program.url) as chat,
        chat.streaming("threads.create", input=message("Count")) as events,
    ):
        seen = await read_until(events, "one two three")
        await asyncio.to_thread(program.stop)
    assert "Traceback" not in program.output
    async with Chat(start().url) as chat:
        assert texts_of(await chat.items(thread_of(seen))) == ["one two three"]


async def test_a_worker_that_dies_is_replaced(start: Start) -> None:
    program = start("--workers", "2")
    async with Chat(program.url) as chat:
        await chat.say("Hello")
    killed = min(workers(program))
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while len(workers(program) - {killed}) < 2:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    async with Chat(program.url) as chat:
        await chat.say("Hello again")


def test_workers_without_a_shared_database_are_refused(run: Run) -> None:
    done = run("serve", "--workers", "2", CHATKIT_DATABASE_URL="memory://")
    assert done.returncode == 2
    assert "CHATKIT_WORKERS" in done.stderr
