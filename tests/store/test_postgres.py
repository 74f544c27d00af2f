"""What is special about a server: its connections, its errors, and a pooler before it."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import DatabaseUnavailable
from chatkit_backend.store import lexical_index
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.dialects import ConnectionOptions
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import threads
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import message, thread


@asynccontextmanager
async def opened(url: str, **options: float | str) -> AsyncIterator[Database]:
    database = await Database.open(url, ConnectionOptions(**options))  # type: ignore[arg-type] # its fields
    try:
        yield database
    finally:
        await database.close()


def connections(url: str, name: str) -> int:
    with psycopg.connect(url) as admin:
        row = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [name]
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_the_pool_is_as_large_as_it_is_set_and_more_callers_wait(postgres_url: str) -> None:
    async with opened(postgres_url, pool_size=3, application_name="pool") as database:

        async def wait() -> None:
            async with database.read() as connection:
                await connection.execute(text("SELECT pg_sleep(0.05)"))

        await asyncio.gather(*(wait() for _ in range(12)))
        assert connections(postgres_url, "pool") == 3
    assert connections(postgres_url, "pool") == 0


async def test_callers_that_wait_too_long_for_a_connection_are_told(postgres_url: str) -> None:
    async with (
        opened(postgres_url, pool_size=1, timeout_seconds=0.1) as database,
        database.snapshot(limited=False),
    ):
        with pytest.raises(DatabaseUnavailable):
            await database.ping()


async def test_a_document_may_take_longer_to_store_than_a_request_waits(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = lexical_index.add

    async def slow(connection: AsyncConnection, *rest: Any) -> bool:
        await connection.execute(text("SELECT pg_sleep(0.5)"))
        return await add(connection, *rest)

    monkeypatch.setattr(lexical_index, "add", slow)
    async with opened(postgres_url, timeout_seconds=0.3) as database:
        store = ChunkStore(database)
        large = NewDocument("a", "hash", None, None, [NewChunk("word", (), 0)])
        await store.put_document("docs", large)
        assert await store.content_hashes("docs") == {"a": "hash"}


async def test_a_statement_that_takes_too_long_is_ended_on_the_server_too(
    postgres_url: str,
) -> None:
    async with opened(postgres_url, timeout_seconds=0.2, application_name="slow") as database:
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="in time"):
            async with database.read() as connection:
                await connection.execute(text("SELECT pg_sleep(30)"))
        assert time.monotonic() - started < 5
        with psycopg.connect(postgres_url) as admin:
            running = admin.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE application_name = 'slow' AND state = 'active'"
            ).fetchone()
        assert running == (0,)
        await database.ping()


async def test_no_statement_is_prepared_on_the_server(
    postgres_url: str, alice: RequestContext
) -> None:
    """Behind a pooler in transaction mode the next transaction would not find it."""
    async with opened(postgres_url, pool_size=1) as database:
        store = ThreadStore(database)
        await store.save_thread(thread(), alice)
        for number in range(12):
            await store.add_thread_item("thr_1", message(f"{number}"), alice)
            await store.load_thread_items("thr_1", None, 5, "desc", alice)
        async with database.read() as connection:
            prepared = await connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    assert prepared == 0


async def test_nothing_of_the_session_is_changed(postgres_url: str, alice: RequestContext) -> None:
    """Behind a pooler in transaction mode somebody else gets the session next."""
    changed = text("SELECT name FROM pg_settings WHERE source = 'session' ORDER BY 1")
    async with opened(postgres_url, pool_size=1) as database:
        store = ThreadStore(database)
        await store.save_thread(thread(), alice)
        async with database.write() as connection:
            assert await database.dialect.try_lock(connection, "a lock")
        async with database.read() as connection:
            assert (await connection.scalars(changed)).all() == []
            held = await connection.scalar(
                text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            )
    assert held == 0


async def test_each_lock_is_held_by_one_at_a_time(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as other:
        async with one.write() as first:
            assert await one.dialect.try_lock(first, "lock")
            async with other.write() as second:
                assert not await other.dialect.try_lock(second, "lock")
                assert await other.dialect.try_lock(second, "another lock")
        async with other.write() as second:
            assert await other.dialect.try_lock(second, "lock")


async def test_a_connection_that_was_closed_in_the_pool_is_replaced(postgres_url: str) -> None:
    async with opened(postgres_url, pool_size=3, application_name="gone") as database:
        await asyncio.gather(*(database.ping() for _ in range(6)))
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE application_name = 'gone'"
            )
        await asyncio.gather(*(database.ping() for _ in range(6)))


async def test_a_connection_that_is_closed_during_a_transaction_is_told_and_replaced(
    postgres_url: str,
) -> None:
    async with opened(postgres_url) as database:
        with pytest.raises(DatabaseUnavailable, match="did not answer"):
            async with database.write() as connection:
                pid = await connection.scalar(text("SELECT pg_backend_pid()"))
                with psycopg.connect(postgres_url, autocommit=True) as admin:
                    admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
                await connection.execute(text("SELECT 1"))
        await database.ping()


# What the server's errors become


async def test_a_deadlock_ends_one_of_the_two_and_is_told_as_busy(
    postgres_url: str, alice: RequestContext
) -> None:
    async with opened(postgres_url) as database:
        store = ThreadStore(database)
        for name in ("a", "b"):
            await store.save_thread(thread(name), alice)
        meet = asyncio.Barrier(2)

        async def lock(first: str, second: str) -> None:
            lock_one = text("SELECT 1 FROM threads WHERE id = :id FOR UPDATE")
            async with database.write() as connection:
                await connection.execute(lock_one, {"id": first})
                await meet.wait()
                await connection.execute(lock_one, {"id": second})

        done = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    (failed,) = [error for error in done if error is not None]
    assert isinstance(failed, DatabaseUnavailable)
    assert "busy" in str(failed)


async def test_a_server_that_only_reads_is_told_as_such(
    postgres_url: str, alice: RequestContext
) -> None:
    """As a standby, or one that is about to be switched over."""
    url = f"{postgres_url}&options=-cdefault_transaction_read_only%3Don"
    async with opened(url) as database:
        await database.ping()
        for write in (
            ThreadStore(database).save_thread(thread(), alice),
            database.require_writable(),
        ):
            with pytest.raises(DatabaseUnavailable, match="cannot be written to"):
                await write


async def test_a_role_without_rights_is_told_as_such(
    postgres_url: str, alice: RequestContext
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS chatkit_reader")
        admin.execute("CREATE ROLE chatkit_reader LOGIN")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO chatkit_reader")
    async with opened(f"{postgres_url}&user=chatkit_reader") as database:
        with pytest.raises(DatabaseUnavailable, match="cannot be written to"):
            await ThreadStore(database).save_thread(thread(), alice)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP OWNED BY chatkit_reader")
        admin.execute("DROP ROLE chatkit_reader")


async def test_too_many_connections_are_told_as_such(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS chatkit_few")
        admin.execute("CREATE ROLE chatkit_few LOGIN")
        async with (
            opened(f"{postgres_url}&user=chatkit_few", pool_size=2) as database,
            database.snapshot(),
        ):
            # Not before: the server may still count a connection that was closed just now.
            admin.execute("ALTER ROLE chatkit_few CONNECTION LIMIT 1")
            with pytest.raises(DatabaseUnavailable, match="no connection to spare"):
                async with database.snapshot():
                    pass
        admin.execute("DROP ROLE chatkit_few")


async def test_an_error_of_ours_does_not_repeat_values(postgres_url: str) -> None:
    """PostgreSQL puts refused values into the message and its detail."""
    words = "terces ym"[::-1]  # a traceback shows the lines of this test
    async with opened(postgres_url) as database:
        with pytest.raises(Exception, match="SQLSTATE 22P02") as raised:
            async with database.write() as connection:
                await connection.execute(
                    insert(threads).values(
                        id="t",
                        owner_id="o",
                        next_item_position=0,
                        data=words,
                        created_at=thread().created_at,
                        updated_at=thread().created_at,
                    )
                )
    assert words not in "".join(traceback.format_exception(raised.value))
