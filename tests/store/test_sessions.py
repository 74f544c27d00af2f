"""Sessions and API keys are kept without their secrets, and found by them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from chatkit_backend.context import Session, SessionConfiguration, User, Workflow
from chatkit_backend.store import sessions as module
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.sessions import SessionStore, StoredSession, delete_old_sessions
from chatkit_backend.store.tables import metadata
from chatkit_backend.store.tokens import API_KEY, CLIENT_SECRET, new_token, token_hash

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)

SESSION = Session(
    id="cksess_1",
    created_at=NOW,
    workflow=Workflow("wf_1", "7", {"plan": "pro", "seats": 3, "share": 0.5, "beta": True}, False),
    configuration=SessionConfiguration(False, True, 5, 2, True, 10),
    turns_per_minute=12,
)
STORED = StoredSession(
    User("alice", "Alice", "alice@example.com", {"groups": ["a", "b"]}),
    SESSION,
    600,
    NOW + timedelta(seconds=600),
)


@pytest.fixture
async def sessions(database: Database) -> SessionStore:
    store = SessionStore(database)
    await store.add(STORED, "hash-1")
    return store


async def refresh(sessions: SessionStore, old: str, new: str) -> bool:
    return await sessions.add_secret(
        "cksess_1",
        old_hash=old,
        old_expires_at=NOW + timedelta(seconds=40),
        new_hash=new,
        new_expires_at=NOW + timedelta(seconds=900),
        now=NOW + timedelta(seconds=10),
    )


async def test_a_session_comes_back_whole(sessions: SessionStore) -> None:
    assert await sessions.by_secret("hash-1") == STORED


async def test_the_types_of_state_variables_are_kept(sessions: SessionStore) -> None:
    stored = await sessions.by_secret("hash-1")
    assert stored is not None
    kinds = {name: type(value) for name, value in stored.session.workflow.state_variables.items()}
    assert kinds == {"plan": str, "seats": int, "share": float, "beta": bool}


async def test_an_unknown_secret_opens_nothing(sessions: SessionStore) -> None:
    assert await sessions.by_secret("hash-2") is None


async def test_a_new_secret_gives_the_old_one_an_end(sessions: SessionStore) -> None:
    assert await refresh(sessions, "hash-1", "hash-2")
    old, new = await sessions.by_secret("hash-1"), await sessions.by_secret("hash-2")
    assert old is not None
    assert new is not None
    assert (old.expires_at, old.replaced_at) == (
        NOW + timedelta(seconds=40),
        NOW + timedelta(seconds=10),
    )
    assert (new.expires_at, new.replaced_at) == (NOW + timedelta(seconds=900), None)
    assert new.session == old.session


async def test_a_cancelled_session_gets_no_new_secret(sessions: SessionStore) -> None:
    cancelled = await sessions.cancel("cksess_1", NOW)
    assert cancelled is not None
    assert cancelled.cancelled_at == NOW
    assert not await refresh(sessions, "hash-1", "hash-2")
    assert await sessions.by_secret("hash-2") is None
    found = await sessions.by_secret("hash-1")
    assert found is not None
    assert found.cancelled_at == NOW


async def test_a_cancellation_and_a_refresh_at_once_leave_no_open_door(
    sessions: SessionStore,
) -> None:
    await asyncio.gather(
        sessions.cancel("cksess_1", NOW),
        *(refresh(sessions, "hash-1", f"new-{number}") for number in range(5)),
    )
    for number in range(5):
        found = await sessions.by_secret(f"new-{number}")
        assert found is None or found.cancelled_at == NOW


async def test_cancelling_again_keeps_the_first_time(sessions: SessionStore) -> None:
    await sessions.cancel("cksess_1", NOW)
    again = await sessions.cancel("cksess_1", NOW + timedelta(days=1))
    assert again is not None
    assert again.cancelled_at == NOW


async def test_there_is_nothing_to_cancel_under_an_unknown_id(sessions: SessionStore) -> None:
    assert await sessions.cancel("cksess_2", NOW) is None


async def test_sessions_that_are_over_are_deleted_with_their_secrets(
    database: Database, sessions: SessionStore
) -> None:
    end = STORED.expires_at
    assert await delete_old_sessions(database, end) == 0
    assert await sessions.by_secret("hash-1") is not None
    assert await delete_old_sessions(database, end + timedelta(seconds=1)) == 1
    assert await sessions.by_secret("hash-1") is None


async def test_many_are_deleted_in_steps(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DELETED_AT_ONCE", 3)
    store = SessionStore(database)
    for number in range(10):
        session = replace(SESSION, id=f"cksess_{number}")
        await store.add(replace(STORED, session=session), f"hash-{number}")
    assert await delete_old_sessions(database, STORED.expires_at + timedelta(seconds=1)) == 10


async def test_one_replica_at_a_time_deletes(postgres_url: str) -> None:
    one, other = await Database.open(postgres_url), await Database.open(postgres_url)
    await SessionStore(one).add(STORED, "hash-1")
    later = STORED.expires_at + timedelta(seconds=1)
    async with one.write() as connection:
        assert await one.dialect.try_lock(connection, "old sessions")
        assert await delete_old_sessions(other, later) == 0
    assert await delete_old_sessions(other, later) == 1
    for database in (one, other):
        await database.close()


async def test_an_api_key_is_found_by_its_secret_until_it_is_revoked(database: Database) -> None:
    keys = ApiKeyStore(database)
    key, secret = await keys.create("production")
    assert secret.startswith(API_KEY)
    assert secret.endswith(key.ending)
    assert await keys.by_secret(secret) == key
    assert await keys.by_secret(new_token(API_KEY)) is None
    revoked = await keys.revoke(key.id)
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert await keys.by_secret(secret) is None
    assert await keys.all() == [revoked]


async def test_an_unknown_key_cannot_be_revoked(database: Database) -> None:
    assert await ApiKeyStore(database).revoke("key_none") is None


async def test_no_secret_is_in_the_database(database: Database) -> None:
    _, key = await ApiKeyStore(database).create("production")
    secret = new_token(CLIENT_SECRET)
    await SessionStore(database).add(STORED, token_hash(secret))
    kept: list[str] = []
    async with database.read() as connection:
        for table in metadata.sorted_tables:
            kept += [str(row) for row in await connection.execute(select(table))]
    assert kept
    for part in (key, secret, key[8:40], secret[8:40]):
        assert part not in "".join(kept)


def test_every_token_is_different_and_long() -> None:
    tokens = {new_token(CLIENT_SECRET) for _ in range(1_000)}
    assert len(tokens) == 1_000
    # 32 bytes in base64 without padding
    assert {len(token) for token in tokens} == {len(CLIENT_SECRET) + 43}
