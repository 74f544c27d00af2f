"""Vectors of chunks: what a model made of their texts, so that they are found by their meaning.

A vector belongs to a text in a collection and not to a chunk. So a document that was renamed, or
changed in one paragraph, has its vectors already: its new chunks only have to be linked to them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray
from sqlalchemy import Integer, bindparam, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.store.engine import Database
from chatkit_backend.store.matrix import Halves, halved
from chatkit_backend.store.tables import chunks, collections, documents, vectors

# What is deleted in one transaction: little enough for no request to notice.
_AT_ONCE: Final = 500
# PostgreSQL takes milliseconds to put one into its index.
_STORED_AT_ONCE: Final = 64

# More than any two texts of a collection will ever have in common by chance.
_HASH_BYTES: Final = 16


def embedded_text(title: str | None, heading_path: Sequence[str], text: str) -> str:
    """What a model gets to see of a chunk: a piece of text often leaves unsaid what it is about.

    Args:
        title: The document's.
        heading_path: The headings above the chunk, outermost first.
        text: The chunk's own.
    """
    above = dict.fromkeys(line for line in (title, *heading_path) if line)
    return "\n".join([*above, text])


@dataclass(frozen=True, slots=True)
class Pending:
    """A chunk that has no vector yet, and the text that it needs one of.

    Attributes:
        source: The document's.
    """

    chunk_id: int
    source: str
    text: str

    @property
    def hash(self) -> bytes:
        """What the vector is found by."""
        return hashlib.sha256(self.text.encode()).digest()[:_HASH_BYTES]


_COLLECTION: Final = select(collections.c.id).where(collections.c.name == bindparam("name"))

_WITHOUT_VECTOR: Final = (
    chunks.c.vector_hash.is_(None),
    documents.c.collection_id == bindparam("collection"),
)

_PENDING: Final = (
    select(chunks.c.id, documents.c.source, documents.c.title, chunks.c.heading_path, chunks.c.text)
    .join(documents, documents.c.id == chunks.c.document_id)
    .where(*_WITHOUT_VECTOR, chunks.c.id > bindparam("after"))
    .order_by(chunks.c.id)
    .limit(bindparam("most", type_=Integer))
)

_COUNT_PENDING: Final = (
    select(func.count())
    .select_from(chunks)
    .join(documents, documents.c.id == chunks.c.document_id)
    .where(*_WITHOUT_VECTOR)
)

_HASHES: Final = select(vectors.c.hash).where(
    vectors.c.collection_id == bindparam("collection"),
    vectors.c.hash.in_(bindparam("hashes", expanding=True)),
)

_THERE: Final = select(chunks.c.id).where(chunks.c.id.in_(bindparam("ids", expanding=True)))

_LINK: Final = (
    update(chunks).where(chunks.c.id == bindparam("chunk")).values(vector_hash=bindparam("hash"))
)

_IN_DOCUMENT: Final = exists().where(
    documents.c.id == chunks.c.document_id,
    documents.c.collection_id == bindparam("collection"),
)

_OLDEST: Final = (
    select(vectors.c.id, vectors.c.hash)
    .where(vectors.c.collection_id == bindparam("collection"), vectors.c.id > bindparam("after"))
    .order_by(vectors.c.id)
    .limit(bindparam("most", type_=Integer))
)

_UNLINK: Final = (
    update(chunks)
    .where(chunks.c.vector_hash.in_(bindparam("hashes", expanding=True)), _IN_DOCUMENT)
    .values(vector_hash=None)
)

# Not joined: SQLite would begin with the collection, and look at all of its chunks.
_USED: Final = select(chunks.c.vector_hash).where(
    chunks.c.vector_hash.in_(bindparam("hashes", expanding=True)), _IN_DOCUMENT
)


class VectorStore:
    """The vectors of collections.

    A chunk that is linked to a vector has one: who deletes a vector unlinks its chunks. Whoever
    changes either holds the lock on the collection's row.

    All methods raise `DatabaseUnavailable` where the database does not answer.

    Args:
        database: Where they are kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._has_table = False

    async def prepare(self, dimensions: int) -> None:
        """Make sure that vectors of this length can be kept, before the first `put` of them.

        It is cheap where it was done before.

        Raises:
            SettingsError: This database cannot keep vectors, and how it could.
        """
        async with self._database.write() as connection:
            await self._database.dialect.prepare_vectors(connection, vectors, dimensions)

    async def _is_ready(self, connection: AsyncConnection) -> bool:
        """Whether there is a table; until it was prepared there may be none, and no vectors."""
        if not self._has_table:
            self._has_table = await self._database.dialect.has_vectors(connection, vectors)
        return self._has_table

    async def begin(self, collection: str, model: str) -> bool:
        """Note which model the vectors are of. Those of another one are deleted, in small steps.

        Returns:
            Whether there is such a collection.
        """
        while True:
            async with self._database.write() as connection:
                found = await _lock(connection, collection)
                if found is None:
                    return False
                collection_id, present = found
                if present == model:
                    return True
                more = await self._is_ready(connection) and await _delete_oldest(
                    connection, collection_id
                )
                # Of none in between: nobody may add vectors of one model to those of another.
                changed = {"embedding_model": None if more else model}
                await _note_change(connection, collection_id, changed)
            if not more:
                return True

    async def pending(self, collection: str, after: int, limit: int) -> list[Pending]:
        """Chunks that have no vector yet, by their ids; none for no such collection.

        Args:
            collection: Its name.
            after: Only chunks with larger ids; 0 for all.
            limit: Most chunks to give.
        """
        async with self._database.snapshot() as connection:
            collection_id = await connection.scalar(_COLLECTION, {"name": collection})
            if collection_id is None:
                return []
            asked = {"collection": collection_id, "after": after, "most": limit}
            rows = (await connection.execute(_PENDING, asked)).all()
        return [
            Pending(
                row.id,
                row.source,
                embedded_text(row.title, json.loads(row.heading_path), row.text),
            )
            for row in rows
        ]

    async def count_pending(self, collection: str) -> int:
        """How many chunks have no vector yet; 0 for no such collection."""
        async with self._database.snapshot() as connection:
            collection_id = await connection.scalar(_COLLECTION, {"name": collection})
            return await connection.scalar(_COUNT_PENDING, {"collection": collection_id}) or 0

    async def link_known(self, collection: str, pending: Sequence[Pending]) -> list[Pending]:
        """Link the chunks whose texts have vectors in the collection. The others are returned.

        Args:
            collection: Its name.
            pending: A few hundred at most: other writers wait for it.
        """
        async with self._database.write() as connection:
            found = await _lock(connection, collection)
            if found is None or found[1] is None or not await self._is_ready(connection):
                return list(pending)
            asked = {"collection": found[0], "hashes": list({of.hash for of in pending})}
            known = set((await connection.scalars(_HASHES, asked)).all())
            await _link(connection, [of for of in pending if of.hash in known])
        return [of for of in pending if of.hash not in known]

    async def put(
        self, collection: str, model: str, pending: Sequence[Pending], new: NDArray[Any]
    ) -> None:
        """Store vectors and link their chunks to them, in small steps.

        Nothing is stored where the collection is gone or its vectors are of another model by now,
        nor for chunks that are gone.

        Args:
            collection: Its name.
            model: What made the vectors; `begin` was told the same.
            pending: The chunks.
            new: A row for each of them. Of a row only the direction is kept; one that has none is
                near to nothing.
        """
        rows = list(zip(pending, halved(new), strict=True))
        for start in range(0, len(rows), _STORED_AT_ONCE):
            await self._put_some(collection, model, rows[start : start + _STORED_AT_ONCE])

    async def _put_some(
        self, collection: str, model: str, rows: Sequence[tuple[Pending, Halves]]
    ) -> None:
        async with self._database.write() as connection:
            collection_id = await _lock_of_model(connection, collection, model)
            if collection_id is None:
                return
            ids = {"ids": [of.chunk_id for of, _ in rows]}
            there = set((await connection.scalars(_THERE, ids)).all())
            kept = [(of, row) for of, row in rows if of.chunk_id in there]
            values = [
                {"collection_id": collection_id, "hash": of.hash, "vector": row} for of, row in kept
            ]
            if values:
                new = self._database.dialect.insert(vectors)
                await connection.execute(new.on_conflict_do_nothing(), values)
                await _link(connection, [of for of, _ in kept])

    async def drop_unused(self, collection: str) -> int:
        """Delete, in small steps, the vectors of texts that no chunk has any more. How many."""
        async with self._database.snapshot() as connection:
            collection_id = await connection.scalar(_COLLECTION, {"name": collection})
            if not await self._is_ready(connection):
                return 0
        dropped, after = 0, 0
        while collection_id is not None:
            # Looking needs no lock; most of what there is, is used.
            async with self._database.snapshot() as connection:
                page = await _page(connection, collection_id, after)
                unused = await _unused(connection, collection_id, page)
            if unused:
                dropped += await self._drop(collection, collection_id, unused)
            if len(page) < _AT_ONCE:
                break
            after = max(page)
        return dropped

    async def _drop(self, collection: str, collection_id: int, unused: dict[int, bytes]) -> int:
        async with self._database.write() as connection:
            found = await _lock(connection, collection)
            if found is None or found[0] != collection_id:
                return 0
            # A chunk may have been linked in between.
            still = await _unused(connection, collection_id, unused)
            gone = await connection.execute(delete(vectors).where(vectors.c.id.in_(still)))
            await _note_change(connection, collection_id)
        return gone.rowcount


async def _lock(connection: AsyncConnection, collection: str) -> tuple[int, str | None] | None:
    """Its id and model, None where it is not there; its other writers wait until we end."""
    locked = await connection.execute(
        update(collections)
        .where(collections.c.name == collection)
        .values(name=collections.c.name)
        .returning(collections.c.id, collections.c.embedding_model)
    )
    row = locked.one_or_none()
    return None if row is None else (row.id, row.embedding_model)


async def _lock_of_model(connection: AsyncConnection, collection: str, model: str) -> int | None:
    """Lock a collection whose vectors are of this model, and note that they change."""
    locked = await connection.execute(
        update(collections)
        .where(collections.c.name == collection, collections.c.embedding_model == model)
        .values(vectors_changed=collections.c.vectors_changed + 1)
        .returning(collections.c.id)
    )
    collection_id: int | None = locked.scalar_one_or_none()
    return collection_id


async def _note_change(
    connection: AsyncConnection, collection_id: int, also: dict[str, str | None] | None = None
) -> None:
    await connection.execute(
        update(collections)
        .where(collections.c.id == collection_id)
        .values(vectors_changed=collections.c.vectors_changed + 1, **(also or {}))
    )


async def _link(connection: AsyncConnection, linked: Sequence[Pending]) -> None:
    if linked:
        rows = [{"chunk": of.chunk_id, "hash": of.hash} for of in linked]
        await connection.execute(_LINK, rows)


async def _page(connection: AsyncConnection, collection_id: int, after: int) -> dict[int, bytes]:
    """The hashes of a step's vectors, by their ids."""
    asked = {"collection": collection_id, "after": after, "most": _AT_ONCE}
    return {row.id: row.hash for row in await connection.execute(_OLDEST, asked)}


async def _unused(
    connection: AsyncConnection, collection_id: int, page: dict[int, bytes]
) -> dict[int, bytes]:
    """Those of the vectors that no chunk of the collection is linked to."""
    asked = {"collection": collection_id, "hashes": list(page.values())}
    used = set((await connection.scalars(_USED, asked)).all())
    return {vector_id: of for vector_id, of in page.items() if of not in used}


async def _delete_oldest(connection: AsyncConnection, collection_id: int) -> bool:
    """Delete some vectors and unlink their chunks. Whether there may be more."""
    page = await _page(connection, collection_id, 0)
    if page:
        asked = {"collection": collection_id, "hashes": list(page.values())}
        await connection.execute(_UNLINK, asked)
        await connection.execute(delete(vectors).where(vectors.c.id.in_(page)))
    return len(page) == _AT_ONCE
