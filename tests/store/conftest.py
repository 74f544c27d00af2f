"""Stores to test: the same suite runs over every database there is."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata"])
def local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'chat.db'}"


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, file_url: str) -> str:
    return {"memory": "memory://", "sqlite": file_url}[request.param]


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url)
    await database.create_tables()
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> ThreadStore:
    return ThreadStore(database)


@pytest.fixture
def alice() -> RequestContext:
    return RequestContext(user=User("alice"))


@pytest.fixture
def bob() -> RequestContext:
    return RequestContext(user=User("bob"))
