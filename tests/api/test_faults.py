"""The database goes away under load and comes back: what users are told, and what they keep."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatkit_backend.chat.events.endings import NOT_STORED
from chatkit_backend.store.dialects import sqlite
from chatkit_backend.store.dialects.dialect import Begin
from tests.chatting import Chat, events_of, message, texts_of, thread_of
from tests.conftest import Serve
from tests.postgres import OwnPostgres, migrated_database
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    """A server that a test may kill."""
    with OwnPostgres.running() as server:
        yield server


async def ready(chat: Chat) -> int:
    return (await chat.http.get("/readyz")).status_code


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


class Sender:
    """One user who sends messages, and remembers which were acknowledged.

    A message is acknowledged when the server has sent it back as an item of the thread.
    """

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.acknowledged: list[str] = []
        self.refused = 0
        self.broken = 0
        self.thread: str | None = None

    async def send(self, text: str) -> None:
        place = {"thread_id": self.thread} if self.thread else {}
        operation = "threads.add_user_message" if self.thread else "threads.create"
        body = self.chat.body(operation, place | {"input": message(text)})
        async with self.chat.http.stream("POST", "/api/chatkit", json=body) as response:
            if response.status_code != 200:
                assert response.status_code == 503, await response.aread()
                assert int(response.headers["retry-after"]) > 0
                self.refused += 1
                return
            events = [event async for event in events_of(response)]
        if events[0]["type"] == "thread.created":
            self.thread = events[0]["thread"]["id"]
        done = [event["item"] for event in events if event["type"] == "thread.item.done"]
        self.acknowledged += texts_of(done, "user_message")
        if events[-1]["type"] == "error":
            assert events[-1]["allow_retry"] is True
            self.broken += 1


@pytest.mark.slow
@pytest.mark.alone
async def test_a_postgresql_that_crashes_under_load_loses_no_acknowledged_message(
    serve: Serve, provider: ScriptedProvider, own_postgres: OwnPostgres
) -> None:
    url = await migrated_database(own_postgres.url)
    unlimited = {"turns_per_minute": 1_000_000, "requests_per_minute": 1_000_000}
    served = serve(database_url=url, database_timeout=3, **unlimited)
    stopping = asyncio.Event()

    async def use(sender: Sender) -> None:
        number = 0
        while not stopping.is_set():
            await sender.send(f"{number}")
            number += 1
            await asyncio.sleep(0.01)

    async with Chat(served.url) as probe:
        assert await ready(probe) == 200
        chats = [Chat(served.url, user=f"user {number}") for number in range(10)]
        senders = [Sender(chat) for chat in chats]
        users = [asyncio.create_task(use(sender)) for sender in senders]
        await asyncio.sleep(1.5)
        own_postgres.crash()
        assert await ready(probe) == 503
        assert (await probe.http.get("/healthz")).status_code == 200
        await asyncio.sleep(1)
        before = sum(len(sender.acknowledged) for sender in senders)
        await asyncio.to_thread(own_postgres.start)

        async def is_ready() -> bool:
            return await ready(probe) == 200

        async def all_got_through() -> bool:
            return sum(len(sender.acknowledged) for sender in senders) >= before + 20

        await until(is_ready)
        await until(all_got_through)
        stopping.set()
        await asyncio.gather(*users)
    assert before > 0
    assert sum(sender.refused + sender.broken for sender in senders) > 0
    for sender in senders:
        assert sender.thread is not None
        stored = texts_of(await sender.chat.items(sender.thread), "user_message")
        assert [text for text in stored if text in sender.acknowledged] == sender.acknowledged
        await sender.chat.http.aclose()


async def test_connections_that_the_server_closed_are_replaced_unnoticed(
    serve: Serve, postgres_url: str
) -> None:
    """As Neon does when it suspends a database that nobody uses."""
    async with Chat(serve(database_url=postgres_url, application_name="sleepy").url) as chat:
        thread = thread_of(await chat.say("Hello"))
        for round_ in range(3):
            with psycopg.connect(postgres_url, autocommit=True) as admin:
                ended = admin.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE application_name = 'sleepy'"
                ).fetchall()
            assert ended
            assert await ready(chat) == 200
            events = await chat.say(f"{round_}", thread)
            assert "error" not in [event["type"] for event in events]


@pytest.mark.slow
@pytest.mark.alone
async def test_a_postgresql_that_does_not_answer_is_told_in_time(
    serve: Serve, own_postgres: OwnPostgres
) -> None:
    url = await migrated_database(own_postgres.url)
    async with Chat(serve(database_url=url, database_timeout=1).url) as chat:
        thread = thread_of(await chat.say("Hello"))
        with own_postgres.frozen():
            started = time.monotonic()
            refused = await chat.post("threads.list")
            assert refused.status_code == 503
            assert await ready(chat) == 503
            assert time.monotonic() - started < 15

        async def answers() -> bool:
            return (await chat.post("threads.list")).status_code == 200

        await until(answers)
        await chat.say("Still there?", thread)
        assert texts_of(await chat.items(thread), "user_message") == ["Hello", "Still there?"]


async def test_a_database_that_fails_during_an_answer_ends_it_with_an_error_to_retry(
    serve: Serve, provider: ScriptedProvider, tmp_path: Path
) -> None:
    provider.script(Text("A long answer that takes its time", delay=0.05))
    async with Chat(serve().url) as chat:
        with closing(sqlite3.connect(tmp_path / "chat.db")) as other:
            async with chat.streaming("threads.create", input=message("Count")) as events:
                thread = thread_of([await anext(events)])
                assert await provider.until_called(1)
                # What the answer is stored with fails from now on.
                other.execute("ALTER TABLE items RENAME TO elsewhere")
                rest = [event async for event in events]
            other.execute("ALTER TABLE elsewhere RENAME TO items")
        assert rest[-1]["type"] == "error"
        assert rest[-1]["allow_retry"] is True
        await chat.say("And now?", thread)
        assert texts_of(await chat.items(thread), "user_message") == ["Count", "And now?"]


async def test_an_answer_that_cannot_be_stored_is_told_as_that_and_leaves_no_traceback(
    serve: Serve,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider.script(Text("A long answer that takes its time", delay=0.05))
    async with Chat(serve().url) as chat:
        with monkeypatch.context() as patched:
            async with chat.streaming("threads.create", input=message("Count")) as events:
                thread = thread_of([await anext(events)])
                assert await provider.until_called(1)
                for kind in ("begin_write", "begin_statement"):
                    read_only = Begin(statement="PRAGMA query_only = ON")
                    patched.setattr(sqlite.SQLite, kind, read_only)
                rest = [event async for event in events]
        assert rest[-1]["type"] == "error"
        assert rest[-1]["message"] == NOT_STORED
        assert rest[-1]["allow_retry"] is True
        assert [record.message for record in caplog.records if record.exc_info] == []
        assert texts_of(await chat.items(thread), "user_message") == ["Count"]


async def test_a_database_that_became_read_only_is_told_and_can_still_be_read(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Chat(serve().url) as chat:
        thread = thread_of(await chat.say("Hello"))
        for kind in ("begin_write", "begin_statement"):
            read_only = Begin(statement="PRAGMA query_only = ON")
            monkeypatch.setattr(sqlite.SQLite, kind, read_only)
        refused = await chat.post("threads.create", input=message("Lost?"))
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "database_unavailable"
        assert await ready(chat) == 503
        assert texts_of(await chat.items(thread), "user_message") == ["Hello"]
