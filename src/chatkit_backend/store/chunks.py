"""Documents in chunks, kept in collections; `chunk_search.py` finds them.

A document is replaced as a whole, index included: nobody ever finds a part of it.

Collections belong to the team and not to a user, so nothing here filters by owner.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import Integer, Row, bindparam, delete, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.errors import DatabaseUnavailable
from chatkit_backend.store import lexical_index
from chatkit_backend.store.engine import Database
from chatkit_backend.store.postings import Words
from chatkit_backend.store.tables import chunks, collections, documents

# Rows of a page of documents, and documents that are deleted in one transaction: small enough for
# no request to notice.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A piece of a document, to be stored; its position is its index among them.

    Attributes:
        text: What is found, shown and cited.
        heading_path: The headings above it, outermost first.
        start: Where it begins, in characters, in the document's Markdown text.
    """

    text: str
    heading_path: tuple[str, ...]
    start: int


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be stored.

    Attributes:
        source: Its key within the collection, such as its path below the folder it came from.
        content_hash: SHA-256, in hexadecimal, of its content and of all that its chunks depend on.
        title: For people; it is found by its words, too.
        url: Where people read it.
        chunks: Its pieces, in order.
    """

    source: str
    content_hash: str
    title: str | None
    url: str | None
    chunks: Sequence[NewChunk]


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection: how many documents and chunks it has, and when one last changed (UTC)."""

    name: str
    documents: int
    chunks: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text: how many chunks it has, and when it was stored (UTC)."""

    source: str
    title: str | None
    url: str | None
    chunks: int
    content_hash: str
    updated_at: datetime


# How the name begins that a collection has while it is being deleted.
_DELETED: Final = "/"
_BEING_DELETED: Final = collections.c.name.startswith(_DELETED)
NOT_DELETED: Final = not_(_BEING_DELETED)
_LEFT: Final = select(collections.c.name).where(_BEING_DELETED)

_COLLECTION: Final = select(collections.c.id).where(collections.c.name == bindparam("name"))


_CHUNK_IDS: Final = (
    select(chunks.c.id)
    .where(chunks.c.document_id == bindparam("document"))
    .order_by(chunks.c.position)
)

_HASHES: Final = (
    select(documents.c.source, documents.c.content_hash)
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(collections.c.name == bindparam("name"))
)

_DOCUMENTS: Final = (
    select(documents)
    .where(
        documents.c.collection_id == bindparam("collection"),
        documents.c.source > bindparam("after"),
    )
    .order_by(documents.c.source)
    .limit(bindparam("most", type_=Integer))
)


class ChunkStore:
    """Collections of documents.

    All methods raise `DatabaseUnavailable` where the database does not answer.

    Args:
        database: Where they are kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # Documents

    async def put_document(self, collection: str, document: NewDocument) -> None:
        """Store a document, in place of the one that has its source, in one transaction.

        A collection that does not exist is created.

        Args:
            collection: Its name.
            document: The document. What Unicode calls a lone surrogate is stored as `?`.

        Raises:
            ValueError: The name or the source has lone surrogates. They are keys: stored as
                something else they would not be found again. Or the name begins with `/`, as
                those of deleted collections do.
        """
        if collection.startswith(_DELETED):
            raise ValueError(f"{collection!r}: the name of a collection does not begin with `/`.")
        for key in (collection, document.source):
            key.encode()
        # Before the transaction: it takes longer than the rest, and nobody need wait for it.
        words = await asyncio.to_thread(_words_of_chunks, document)
        now = datetime.now(UTC)
        # A long document takes as long as it takes: given up, it would be so every time.
        async with self._database.write(limited=False) as connection:
            collection_id = await self._locked(connection, collection, now)
            gone = await _delete(connection, collection_id, [document.source])
            packed = await self._insert(connection, collection_id, document, words, now)
            more = (1 - gone.documents, len(document.chunks) - gone.chunks)
            await _count(connection, collection_id, *more)
        if packed or gone.marked:
            await self._merge(collection, collection_id)

    async def _locked(self, connection: AsyncConnection, name: str, now: datetime) -> int:
        """The id of the collection, created if need be; its other writers wait until we end."""
        new = self._database.dialect.insert(collections).values(
            name=name, documents=0, chunks=0, updated_at=now
        )
        found = await connection.execute(
            new.on_conflict_do_update(
                index_elements=[collections.c.name], set_={"updated_at": new.excluded.updated_at}
            ).returning(collections.c.id)
        )
        collection_id: int = found.scalar_one()
        return collection_id

    async def _insert(
        self,
        connection: AsyncConnection,
        collection_id: int,
        document: NewDocument,
        words: Sequence[Words],
        now: datetime,
    ) -> bool:
        """Insert the document. Whether the index may have something to merge."""
        document_id = await connection.scalar(
            insert(documents)
            .values(
                collection_id=collection_id,
                source=document.source,
                content_hash=document.content_hash,
                title=document.title and _storable(document.title),
                url=document.url and _storable(document.url),
                chunks=len(document.chunks),
                updated_at=now,
            )
            .returning(documents.c.id)
        )
        if not document.chunks:
            return False
        await connection.execute(
            insert(chunks),
            [
                {
                    "document_id": document_id,
                    "position": position,
                    "start": chunk.start,
                    "heading_path": _json(chunk.heading_path),
                    "text": _storable(chunk.text),
                }
                for position, chunk in enumerate(document.chunks)
            ],
        )
        ids = (await connection.scalars(_CHUNK_IDS, {"document": document_id})).all()
        dialect = self._database.dialect
        indexed = [
            Words(chunk_id, of.length, of.counts) for chunk_id, of in zip(ids, words, strict=True)
        ]
        return await lexical_index.add(connection, dialect, collection_id, indexed)

    async def _merge(self, collection: str, collection_id: int) -> None:
        """Tidy the index, in transactions of its own, so that writers wait for none of it long."""
        more = True
        # What was to be done is done. The index is right without this, and the next one does it.
        with suppress(DatabaseUnavailable):
            while more:
                async with self._database.write() as connection:
                    more = await _lock(
                        connection, collection
                    ) == collection_id and await lexical_index.merge(
                        connection, self._database.dialect, collection_id
                    )

    async def delete_documents(self, collection: str, sources: Collection[str]) -> int:
        """Delete the documents with these sources. How many there were."""
        deleted = 0
        every = list(dict.fromkeys(sources))
        for start in range(0, len(every), _AT_ONCE):
            deleted += await self._delete_some(collection, every[start : start + _AT_ONCE])
        return deleted

    async def _delete_some(self, collection: str, sources: Sequence[str]) -> int:
        async with self._database.write() as connection:
            collection_id = await _lock(connection, collection, datetime.now(UTC))
            if collection_id is None:
                return 0
            gone = await _delete(connection, collection_id, sources)
            await _count(connection, collection_id, -gone.documents, -gone.chunks)
        if gone.marked:
            await self._merge(collection, collection_id)
        return gone.documents

    async def content_hashes(self, collection: str) -> dict[str, str]:
        """The content hashes of all documents, by their sources; none for no such collection."""
        async with self._database.read() as connection:
            rows = await connection.execute(_HASHES, {"name": collection})
            return {row.source: row.content_hash for row in rows}

    async def documents(self, collection: str) -> AsyncIterator[DocumentSummary]:
        """The documents by their sources, a page at a time; none for no such collection."""
        async with self._database.read() as connection:
            collection_id = await connection.scalar(_COLLECTION, {"name": collection})
        after = ""
        while collection_id is not None:
            async with self._database.read() as connection:
                asked = {"collection": collection_id, "after": after, "most": _AT_ONCE}
                rows = (await connection.execute(_DOCUMENTS, asked)).all()
            for row in rows:
                yield _summary(row)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].source

    # Collections

    async def collections(self) -> list[CollectionSummary]:
        """All collections, by their names."""
        async with self._database.read() as connection:
            every = select(collections).where(NOT_DELETED).order_by(collections.c.name)
            rows = await connection.execute(every)
            return [
                CollectionSummary(row.name, row.documents, row.chunks, row.updated_at)
                for row in rows
            ]

    async def delete_collection(self, collection: str) -> bool:
        """Delete a collection with all that is in it. Whether there was one.

        From the first moment on there is none of that name, and a new one may be made; what it
        held goes in small steps. `finish_deleting` goes on where they were broken off.
        """
        async with self._database.write() as connection:
            collection_id = await _lock(connection, collection)
            if collection_id is None:
                return False
            hidden = f"{_DELETED}{collection_id}"
            await lexical_index.remove_all(connection, collection_id)
            await connection.execute(
                update(collections).where(collections.c.id == collection_id).values(name=hidden)
            )
        await self._delete_hidden(hidden)
        return True

    async def finish_deleting(self) -> None:
        """Delete, in small steps, what is left of collections that were deleted."""
        async with self._database.read() as connection:
            left = (await connection.scalars(_LEFT)).all()
        for hidden in left:
            await self._delete_hidden(hidden)

    async def _delete_hidden(self, collection: str) -> None:
        while await self._delete_oldest(collection):
            pass

    async def _delete_oldest(self, collection: str) -> bool:
        """Delete some documents, or the collection where it has none. Whether there is more."""
        async with self._database.write() as connection:
            # Another process may be at it, too.
            collection_id = await _lock(connection, collection)
            oldest = select(documents.c.id).where(documents.c.collection_id == collection_id)
            ids = (await connection.scalars(oldest.limit(_AT_ONCE))).all()
            await connection.execute(delete(documents).where(documents.c.id.in_(ids)))
            if len(ids) == _AT_ONCE:
                return True
            await connection.execute(delete(collections).where(collections.c.id == collection_id))
            return False


@dataclass(frozen=True, slots=True)
class _Gone:
    """What was deleted: how much, and whether the index may have something to merge."""

    documents: int
    chunks: int
    marked: bool


async def _lock(
    connection: AsyncConnection, collection: str, updated_at: datetime | None = None
) -> int | None:
    """The id of the collection, None for none; its other writers wait until we end."""
    new = {} if updated_at is None else {"updated_at": updated_at}
    locked = await connection.execute(
        update(collections)
        .where(collections.c.name == collection)
        .values(new or {"name": collections.c.name})
        .returning(collections.c.id)
    )
    collection_id: int | None = locked.scalar_one_or_none()
    return collection_id


async def _count(
    connection: AsyncConnection, collection_id: int, more_documents: int, more_chunks: int
) -> None:
    await connection.execute(
        update(collections)
        .where(collections.c.id == collection_id)
        .values(
            documents=collections.c.documents + more_documents,
            chunks=collections.c.chunks + more_chunks,
        )
    )


async def _delete(connection: AsyncConnection, collection_id: int, sources: Sequence[str]) -> _Gone:
    gone = select(chunks.c.id).join(documents, documents.c.id == chunks.c.document_id)
    of_sources = (
        documents.c.collection_id == collection_id,
        documents.c.source.in_(sources),
    )
    chunk_ids = (await connection.scalars(gone.where(*of_sources))).all()
    marked = await lexical_index.remove(connection, collection_id, chunk_ids)
    deleted = await connection.execute(delete(documents).where(*of_sources))
    return _Gone(deleted.rowcount, len(chunk_ids), marked)


def _words_of_chunks(document: NewDocument) -> list[Words]:
    """The words that each chunk is found by: its own, those of its headings and of the title."""
    title = [document.title] if document.title else []
    return [
        lexical_index.counted(0, chain(title, chunk.heading_path, [chunk.text]))
        for chunk in document.chunks
    ]


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _json(heading_path: Sequence[str]) -> str:
    # Not escaped: PostgreSQL's column looks for the characters that it cannot keep as they are.
    return json.dumps([_storable(heading) for heading in heading_path], ensure_ascii=False)


def _summary(row: Row[*tuple[Any, ...]]) -> DocumentSummary:
    return DocumentSummary(
        row.source, row.title, row.url, row.chunks, row.content_hash, row.updated_at
    )
