"""Everything of one user: handed out as it is, or gone without a trace."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from chatkit_backend.context import RequestContext, Session, User
from chatkit_backend.store.engine import Database
from chatkit_backend.store.feedback import FeedbackStore
from chatkit_backend.store.sessions import SessionStore, StoredSession
from chatkit_backend.store.tables import (
    attachments,
    client_secrets,
    feedback,
    imported_threads,
    items,
    sessions,
    threads,
)
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.store.users import Deleted, delete_user, export_user
from tests.store.examples import file_attachment, message, thread

NOW = datetime(2026, 11, 25, tzinfo=UTC)

# The other tables are the team's.
OF_USERS = (threads, items, feedback, attachments, sessions, client_secrets, imported_threads)


async def exported(database: Database, user_id: str) -> list[dict[str, Any]]:
    return [json.loads(line) async for line in export_user(database, user_id)]


async def left(database: Database) -> dict[str, int]:
    async with database.read() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in OF_USERS
        }


@pytest.fixture
async def belongings(
    database: Database, store: ThreadStore, alice: RequestContext, bob: RequestContext
) -> None:
    """Two threads and three attachments of alice, one thread and attachment of bob.

    And of each an opinion on an item, a session, and the note of a thread that was imported.
    """
    for name in ("thr_1", "thr_2"):
        await store.save_thread(thread(name, title=f"Title of {name}"), alice)
        for item in ("a", "b"):
            await store.add_thread_item(name, message(item, f"{item} in {name}", name), alice)
        await store.save_attachment(file_attachment(f"atc_{name}", name), alice)
    await store.save_attachment(file_attachment("atc_alone"), alice)
    await store.save_thread(thread("thr_bob"), bob)
    await store.add_thread_item("thr_bob", message("x", thread_id="thr_bob"), bob)
    await store.save_attachment(file_attachment("atc_bob"), bob)
    await FeedbackStore(database).record("thr_1", ["b"], "negative", alice)
    await FeedbackStore(database).record("thr_bob", ["x"], "positive", bob)
    for owner in ("alice", "bob"):
        session = StoredSession(User(owner), Session(f"cksess_{owner}", NOW), 600, NOW)
        await SessionStore(database).add(session, f"hash of {owner}")
        async with database.write() as connection:
            values = {"thread_id": f"cthr_{owner}", "owner_id": owner, "imported_at": NOW}
            await connection.execute(insert(imported_threads).values(values))


@pytest.mark.usefixtures("belongings")
async def test_an_export_has_everything_of_the_user_and_nothing_of_others(
    database: Database,
) -> None:
    lines = await exported(database, "alice")
    *lines, session = lines
    assert (session["kind"], session["data"]["session"]["id"]) == ("session", "cksess_alice")
    assert session["expires_at"] == NOW.isoformat()
    opinion = lines.pop(3)
    assert (opinion["kind"], opinion["thread_id"]) == ("feedback", "thr_1")
    assert opinion["data"] == {"item_id": "b", "kind": "negative"}
    assert opinion["updated_at"] == opinion["stored_at"]
    told = [(line["kind"], line.get("thread_id"), line["data"]["id"]) for line in lines]
    assert told == [
        ("thread", None, "thr_1"),
        ("item", "thr_1", "a"),
        ("item", "thr_1", "b"),
        ("thread", None, "thr_2"),
        ("item", "thr_2", "a"),
        ("item", "thr_2", "b"),
        ("attachment", None, "atc_alone"),
        ("attachment", "thr_1", "atc_thr_1"),
        ("attachment", "thr_2", "atc_thr_2"),
    ]
    assert lines[0]["data"]["title"] == "Title of thr_1"
    assert lines[1]["data"]["content"][0]["text"] == "a in thr_1"
    assert all(line["stored_at"].endswith("+00:00") for line in lines)


async def test_a_long_thread_is_exported_whole_and_in_order(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await store.save_thread(thread(), alice)
    for number in range(1_001):
        await store.add_thread_item("thr_1", message(f"{number}"), alice)
    lines = await exported(database, "alice")
    assert [line["data"]["id"] for line in lines[1:]] == [f"{n}" for n in range(1_001)]


async def test_an_export_shows_one_moment(shared_url: str, alice: RequestContext) -> None:
    database = await Database.open(shared_url)
    await database.migrate()
    store = ThreadStore(database)
    await store.save_thread(thread("first"), alice)
    lines = export_user(database, "alice")
    ids = [json.loads(await anext(lines))["data"]["id"]]
    await store.add_thread_item("first", message("later", thread_id="first"), alice)
    ids += [json.loads(line)["data"]["id"] async for line in lines]
    assert ids == ["first"]
    await database.close()


async def test_a_user_of_whom_nothing_is_stored_has_no_lines(database: Database) -> None:
    assert await exported(database, "nobody") == []


@pytest.mark.usefixtures("belongings")
async def test_a_deletion_leaves_nothing_of_the_user_and_all_of_others(
    database: Database,
) -> None:
    assert await delete_user(database, "alice") == Deleted(
        threads=2, items=4, attachments=3, sessions=1
    )
    assert await exported(database, "alice") == []
    assert set((await left(database)).values()) == {1}
    assert await delete_user(database, "alice") == Deleted(0, 0, 0, 0)


async def test_more_threads_than_one_step_takes_are_deleted(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    for number in range(120):
        await store.save_thread(thread(f"{number}"), alice)
    assert (await delete_user(database, "alice")).threads == 120
    assert (await left(database))["threads"] == 0
