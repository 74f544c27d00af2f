"""There is one key, whoever makes it, and it stays."""

from __future__ import annotations

import asyncio

import pytest

from chatkit_backend.store.engine import Database
from chatkit_backend.store.signing_keys import signing_key


async def test_it_is_made_once_and_kept(database: Database) -> None:
    first = await signing_key(database, "addresses")
    assert len(first) == 32
    assert await signing_key(database, "addresses") == first
    assert await signing_key(database, "something else") != first


async def test_replicas_that_start_at_once_agree(postgres_url: str) -> None:
    replicas = [await Database.open(postgres_url) for _ in range(5)]
    try:
        keys = await asyncio.gather(*(signing_key(replica, "addresses") for replica in replicas))
        assert len(set(keys)) == 1
    finally:
        for replica in replicas:
            await replica.close()


async def test_one_that_lost_the_race_takes_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = iter([b"1" * 32, b"2" * 32])
    monkeypatch.setattr("secrets.token_bytes", lambda _: next(made))
    first, second = await asyncio.gather(
        signing_key(database, "addresses"), signing_key(database, "addresses")
    )
    assert first == second
    assert first in {b"1" * 32, b"2" * 32}
