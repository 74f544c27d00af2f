"""Finds chunks: by the words of a question, and by its meaning where there are vectors.

Whoever asks names the collections that are closed to them, and every query leaves those out: a
collection that somebody may not read is not found, as if there were none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.store import lexical_index
from chatkit_backend.store.chunks import NOT_DELETED
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import chunks, collections, documents
from chatkit_backend.store.vector_index import VectorIndex


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document, as it was found; the attributes are those of what was stored."""

    id: int
    collection: str
    source: str
    title: str | None
    url: str | None
    heading_path: tuple[str, ...]
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """A question as an embedding model understands it.

    Attributes:
        model: Name of the model; a collection whose vectors are of another is not compared.
        vector: Shape `(dimensions,)`, of length 1.
    """

    model: str
    vector: NDArray[np.float32]


Scored = tuple[Chunk, float]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one collection has for a question, each list best first.

    Attributes:
        by_words: With a score from 0 to 1: 0.75 for a chunk of the usual length that has each word
            of the question once, 0.5 for one that has half of them, weighed by how rare they are.
            Words in more than half of the chunks do not count.
        by_meaning: With the cosine of the angle between the vectors, from -1 to 1. None where the
            collection has no vectors of that model, or no meaning was given.
    """

    by_words: list[Scored]
    by_meaning: list[Scored] | None


_OPEN: Final = and_(collections.c.name.not_in(bindparam("closed", expanding=True)), NOT_DELETED)

_NAMES: Final = select(collections.c.name).where(_OPEN).order_by(collections.c.name)

_COLLECTION: Final = select(collections.c.id, collections.c.embedding_model).where(
    collections.c.name == bindparam("name"), _OPEN
)

_CHUNKS: Final = (
    select(
        chunks.c.id,
        documents.c.source,
        documents.c.title,
        documents.c.url,
        chunks.c.heading_path,
        chunks.c.position,
        chunks.c.text,
    )
    .join(documents, documents.c.id == chunks.c.document_id)
    .where(chunks.c.id.in_(bindparam("ids", expanding=True)))
)


class ChunkSearch:
    """Searches in collections.

    All methods raise `DatabaseUnavailable` where the database does not answer.

    Args:
        database: Where they are kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._vectors = VectorIndex(database.dialect)

    async def names(self, *, closed: Collection[str]) -> list[str]:
        """The names of all collections but those that are closed to whoever asks, in order."""
        async with self._database.read() as connection:
            return list((await connection.scalars(_NAMES, {"closed": _names(closed)})).all())

    async def candidates(
        self,
        collection: str,
        texts: Mapping[str, float],
        meaning: Meaning | None,
        limit: int,
        *,
        closed: Collection[str],
    ) -> Candidates:
        """The chunks that fit a question best.

        Args:
            collection: Its name; nothing is found where there is no such collection, or it is
                closed.
            texts: The question, with 1, and what it may refer to, with how much its words count.
                Any text will do: there is no syntax.
            meaning: The question's meaning.
            limit: Most chunks for each list; 1 or more.
            closed: Names of collections that whoever asks may not read.
        """
        words = lexical_index.query_words(texts)
        async with self._database.snapshot() as connection:
            asked = {"name": collection, "closed": _names(closed)}
            row = (await connection.execute(_COLLECTION, asked)).one_or_none()
            if row is None:
                return Candidates([], None)
            by_words = await lexical_index.search(connection, row.id, words, limit) if words else []
            by_meaning = None
            if meaning and row.embedding_model == meaning.model:
                by_meaning = await self._vectors.nearest(connection, row.id, meaning.vector, limit)
            found = {chunk_id for chunk_id, _ in (*by_words, *(by_meaning or ()))}
            by_id = await _chunks(connection, found, collection)
        return Candidates(
            [(by_id[chunk_id], score) for chunk_id, score in by_words],
            None
            if by_meaning is None
            else [(by_id[chunk_id], cosine) for chunk_id, cosine in by_meaning],
        )


def _names(closed: Collection[str]) -> list[str]:
    # Not in nothing would be a query within the query. No collection has an empty name.
    return ["", *closed]


async def _chunks(
    connection: AsyncConnection, ids: Collection[int], collection: str
) -> dict[int, Chunk]:
    if not ids:
        return {}
    rows = await connection.execute(_CHUNKS, {"ids": list(ids)})
    return {row.id: _chunk(row, collection) for row in rows}


def _chunk(row: Row[*tuple[Any, ...]], collection: str) -> Chunk:
    return Chunk(
        row.id,
        collection,
        row.source,
        row.title,
        row.url,
        tuple(json.loads(row.heading_path)),
        row.position,
        row.text,
    )
