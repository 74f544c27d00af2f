"""A store to ingest into, and the process that converts documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.store.chunks import ChunkStore
from chatkit_backend.store.engine import Database


@pytest.fixture
async def converter() -> AsyncIterator[Converter]:
    async with Converter() as converter:
        yield converter


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[ChunkStore]:
    database = await Database.open(sqlite_url)
    yield ChunkStore(database)
    await database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to put documents into."""
    path = tmp_path / "docs"
    path.mkdir()
    return path
