"""What is measured beside our store: what each database has of its own."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Protocol

from psycopg import AsyncConnection

from bench.retrieval.beir import Text

_WORD = re.compile(r"\w+")

# What the title says counts as much as what the text says, as in our store.
_TS_RANK = """
SELECT id FROM texts, (SELECT string_agg(quote_literal(word), ' | ')::tsquery AS query
    FROM unnest(tsvector_to_array(to_tsvector('english', %s))) AS word) AS asked
WHERE words @@ query ORDER BY ts_rank(words, query, 1) DESC, id LIMIT %s
"""
SQLITE_SIZE = "SELECT sum(pgsize) FROM dbstat WHERE name GLOB ?"


class Search(Protocol):
    """A way to find texts."""

    async def fill(self, documents: Sequence[Sequence[Text]]) -> None:
        """Store documents, each of the texts that are its chunks."""

    async def find(self, query: str, limit: int) -> list[str]:
        """The ids of the texts that fit best, best first."""

    async def index_bytes(self) -> int:
        """How large the index is, without the texts."""


class Fts5:
    """SQLite's FTS5 with its Porter stemmer: any of the query's words, ranked by its `bm25()`.

    Args:
        path: A file that does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: list[str] = []

    async def fill(self, documents: Sequence[Sequence[Text]]) -> None:
        """Store the texts in one transaction."""
        texts = [text for of in documents for text in of]
        self._ids = [text.id for text in texts]
        with closing(sqlite3.connect(self._path)) as file, file:
            file.execute(
                "CREATE VIRTUAL TABLE texts USING fts5(words, content='', tokenize='porter')"
            )
            file.executemany(
                "INSERT INTO texts (rowid, words) VALUES (?, ?)",
                ((row, f"{text.title}\n{text.text}") for row, text in enumerate(texts)),
            )

    async def find(self, query: str, limit: int) -> list[str]:
        """The ids of the texts that fit best, best first."""
        words = dict.fromkeys(_WORD.findall(query.lower()))
        asked = " OR ".join(f'"{word}"' for word in words)
        return await asyncio.to_thread(self._find, asked, limit)

    def _find(self, asked: str, limit: int) -> list[str]:
        with closing(sqlite3.connect(self._path)) as file:
            rows = file.execute(
                "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?", (asked, limit)
            )
            return [self._ids[row] for (row,) in rows]

    async def index_bytes(self) -> int:
        """The tables that FTS5 makes."""
        with closing(sqlite3.connect(self._path)) as file:
            return int(file.execute(SQLITE_SIZE, ("texts_*",)).fetchone()[0])


class TsRank:
    """PostgreSQL's full text: any of the query's words, ranked by `ts_rank`, through a GIN index.

    Args:
        connection: To an empty database.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str) -> AsyncIterator[TsRank]:
        """One on the empty database at an address."""
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            yield cls(connection)

    async def fill(self, documents: Sequence[Sequence[Text]]) -> None:
        """Store the texts in one transaction."""
        await self._connection.execute("CREATE TABLE texts (id text PRIMARY KEY, words tsvector)")
        async with self._connection.transaction(), self._connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO texts VALUES (%s, to_tsvector('english', %s))",
                [(text.id, f"{text.title}\n{text.text}") for of in documents for text in of],
            )
        await self._connection.execute("CREATE INDEX texts_words ON texts USING gin (words)")
        await self._connection.execute("ANALYZE texts")

    async def find(self, query: str, limit: int) -> list[str]:
        """The ids of the texts that fit best, best first."""
        cursor = await self._connection.execute(_TS_RANK, (query, limit))
        return [found for (found,) in await cursor.fetchall()]

    async def index_bytes(self) -> int:
        """The lexemes of the texts, which ranking reads, and the index."""
        cursor = await self._connection.execute("SELECT pg_total_relation_size('texts')")
        row = await cursor.fetchone()
        return int(row[0]) if row else 0
