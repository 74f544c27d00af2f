"""Stores to test: the same suite runs over every database there is."""

from __future__ import annotations

import time
from collections.abc import Iterator
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
    """The databases that need no server."""
    return {"memory": "memory://", "sqlite": file_url}[request.param]


@pytest.fixture(params=["sqlite", "postgres"])
def shared_url(request: pytest.FixtureRequest, file_url: str) -> str:
    """The databases that several processes can share."""
    if request.param == "sqlite":
        return file_url
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def store(database: Database) -> ThreadStore:
    return ThreadStore(database)


@pytest.fixture
def alice() -> RequestContext:
    return RequestContext(user=User("alice"))


@pytest.fixture
def bob() -> RequestContext:
    return RequestContext(user=User("bob"))
