"""Old threads go, in the background, on one replica at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from chatkit_backend.context import RequestContext, Session, User
from chatkit_backend.store import retention
from chatkit_backend.store.engine import Database
from chatkit_backend.store.retention import Retention, delete_old_threads
from chatkit_backend.store.sessions import SessionStore, StoredSession
from chatkit_backend.store.tables import items, threads
from chatkit_backend.store.threads import ThreadStore
from tests.conftest import Serve
from tests.store.examples import message, thread

NOW = datetime.now(UTC)
SESSION_AGE = timedelta(days=2)


async def add_thread(
    database: Database, store: ThreadStore, context: RequestContext, name: str, days: int
) -> None:
    """A thread with an item, whose last change was so many days ago."""
    await store.save_thread(thread(name), context)
    await store.add_thread_item(name, message("m", thread_id=name), context)
    old = update(threads).where(threads.c.id == name).values(updated_at=NOW - timedelta(days=days))
    async with database.write() as connection:
        await connection.execute(old)


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        return list(await connection.scalars(select(threads.c.id).order_by(threads.c.position)))


async def test_threads_without_a_change_for_too_long_are_deleted_with_their_items(
    database: Database, store: ThreadStore, alice: RequestContext, bob: RequestContext
) -> None:
    await add_thread(database, store, alice, "old", 31)
    await add_thread(database, store, alice, "young", 29)
    await add_thread(database, store, bob, "old too", 400)
    assert await delete_old_threads(database, NOW - timedelta(days=30)) == 2
    assert await names(database) == ["young"]
    async with database.read() as connection:
        assert (await connection.scalars(select(items.c.thread_id))).all() == ["young"]


async def test_a_new_message_keeps_an_old_thread(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await add_thread(database, store, alice, "old", 31)
    await store.add_thread_item("old", message("new", thread_id="old"), alice)
    assert await delete_old_threads(database, NOW - timedelta(days=30)) == 0


async def test_a_thread_that_changes_while_it_is_looked_at_is_kept(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await add_thread(database, store, alice, "old", 31)
    async with database.read() as connection:
        positions = list(await connection.scalars(select(threads.c.position)))
    await store.add_thread_item("old", message("new", thread_id="old"), alice)
    assert await retention._delete(database, positions, NOW - timedelta(days=30)) == 0
    assert await names(database) == ["old"]


async def test_many_are_deleted_in_steps(
    database: Database,
    store: ThreadStore,
    alice: RequestContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_LOOKED_AT_ONCE", 7)
    monkeypatch.setattr(retention, "_DELETED_AT_ONCE", 2)
    for number in range(20):
        await add_thread(database, store, alice, f"{number}", 31 if number % 3 else 1)
    assert await delete_old_threads(database, NOW - timedelta(days=30)) == 13
    assert len(await names(database)) == 7


async def test_one_replica_at_a_time_deletes(postgres_url: str, alice: RequestContext) -> None:
    one, other = await Database.open(postgres_url), await Database.open(postgres_url)
    await add_thread(one, ThreadStore(one), alice, "old", 31)
    async with one.write() as connection:
        assert await one.dialect.try_lock(connection, "retention")
        assert await delete_old_threads(other, NOW - timedelta(days=30)) == 0
    assert await delete_old_threads(other, NOW - timedelta(days=30)) == 1
    for database in (one, other):
        await database.close()


async def test_sessions_that_are_over_go_although_all_threads_are_kept(
    database: Database,
) -> None:
    sessions = SessionStore(database)
    for name, days in (("old", 3), ("new", 1)):
        ended = NOW - timedelta(days=days)
        stored = StoredSession(User("alice"), Session(f"cksess_{name}", ended), 600, ended)
        await sessions.add(stored, name)
    await Retention(database, None, SESSION_AGE).delete_old()
    assert await sessions.by_secret("old") is None
    assert await sessions.by_secret("new") is not None


async def test_without_a_number_of_days_every_thread_is_kept(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await add_thread(database, store, alice, "old", 4_000)
    await Retention(database, None, SESSION_AGE).delete_old()
    assert await names(database) == ["old"]


async def test_a_running_server_deletes_what_is_old(
    serve: Serve, tmp_path: Path, alice: RequestContext
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    database = await Database.open(url)
    await database.migrate()
    await add_thread(database, ThreadStore(database), alice, "old", 31)
    await database.close()
    serve(database_url=url, retention_days=30)
    async with asyncio.timeout(10):
        while thread_names(tmp_path / "old.db"):
            await asyncio.sleep(0.02)


def thread_names(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as other:
        return [name for (name,) in other.execute("SELECT id FROM threads")]
