"""Our store and the three ways to search in it: by words, by meaning, and by both."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

from bench.retrieval.beir import Text
from bench.retrieval.searches import SQLITE_SIZE
from bench.retrieval.vectors import Vectors
from chatkit_backend.retrieval.embedding import Embedding
from chatkit_backend.retrieval.questions import Question
from chatkit_backend.retrieval.search import DocumentSearch
from chatkit_backend.store.chunk_search import Chunk, ChunkSearch, Meaning
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.engine import Database
from chatkit_backend.store.vectors import VectorStore

_COLLECTION: Final = "bench"

_POSTGRES_SIZE: Final = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
WHERE relkind = 'r' AND starts_with(relname, %s)
"""


class OurStore:
    """A database of ours and the collection in it, which is filled once for all that search in it.

    Args:
        url: Of the database.
        database: The database, migrated.
        vectors: Of the texts and the queries; None where there is no model.
        ids: Of the texts, by source and position; of another store of the same database.
    """

    def __init__(
        self,
        url: str,
        database: Database,
        vectors: Vectors | None,
        ids: dict[tuple[str, int], str] | None = None,
    ) -> None:
        self.database = database
        self.search = ChunkSearch(database)
        self._url = url
        self._chunks = ChunkStore(database)
        self._vector_store = VectorStore(database)
        self._vectors = vectors
        self._ids = {} if ids is None else ids

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, vectors: Vectors | None) -> AsyncIterator[OurStore]:
        """One on the empty database at an address."""
        database = await Database.open(url)
        try:
            await database.migrate()
            yield cls(url, database, vectors)
        finally:
            await database.close()

    @asynccontextmanager
    async def opened_again(self) -> AsyncIterator[OurStore]:
        """The same as a process sees it that has just started."""
        database = await Database.open(self._url)
        try:
            yield OurStore(self._url, database, self._vectors, self._ids)
        finally:
            await database.close()

    @property
    def vectors(self) -> Vectors:
        """The vectors, where there are some."""
        assert self._vectors is not None  # noqa: S101 - nobody else searches by meaning
        return self._vectors

    async def put(self, texts: Sequence[Text], more: str = "") -> None:
        """Store or replace one document, as `ingest` does."""
        chunks = [NewChunk(f"{text.text}{more}", (), 0) for text in texts]
        source = texts[0].id
        document = NewDocument(source, "", texts[0].title or None, None, chunks)
        self._ids.update({(source, place): text.id for place, text in enumerate(texts)})
        await self._chunks.put_document(_COLLECTION, document)

    def expect(self, texts: Sequence[Text], more: str) -> None:
        """Have vectors for texts with something added, before a clock runs."""
        if self._vectors:
            self._vectors.replace(texts, more)

    async def embed(self) -> None:
        """Give all chunks their vectors, as `ingest` does, and drop those that no chunk has."""
        async for _ in self._embedding().run():
            pass

    async def embed_few(self) -> None:
        """Give the chunks of a document their vectors."""
        async with aclosing(self._embedding().run()) as batches:
            await anext(batches)

    async def drop_unused_vectors(self) -> None:
        """Drop the vectors that no chunk has: what `embed` ends with."""
        await self._vector_store.drop_unused(_COLLECTION)

    async def bytes_of(self, tables: str) -> int:
        """How large the tables are whose names begin so, with their indexes."""
        async with self.database.read() as connection:
            if connection.dialect.name == "sqlite":
                sizes = await connection.exec_driver_sql(SQLITE_SIZE, (f"*{tables}*",))
            else:
                sizes = await connection.exec_driver_sql(_POSTGRES_SIZE, (tables,))
            return int(sizes.scalar_one())

    def ids_of(self, chunks: Iterable[Chunk]) -> list[str]:
        """The ids of the texts that these chunks are."""
        return [self._ids[chunk.source, chunk.position] for chunk in chunks]

    def _embedding(self) -> Embedding:
        return Embedding(self._vector_store, self.vectors, _COLLECTION)


class Ours(ABC):
    """A way to search in our store.

    Args:
        store: Filled by whichever comes first.
    """

    def __init__(self, store: OurStore) -> None:
        self.store = store

    @abstractmethod
    async def fill(self, documents: Sequence[Sequence[Text]]) -> None:
        """Store what this search needs and those before it have not stored."""

    @abstractmethod
    async def find(self, query: str, limit: int) -> list[str]:
        """The ids of the texts that fit best, best first."""

    @abstractmethod
    async def index_bytes(self) -> int:
        """How large the index is, without the texts."""

    @abstractmethod
    async def replace(self, texts: Sequence[Text], more: str) -> float:
        """Replace a document with a longer one. Milliseconds until this search can find it."""

    async def first(self, query: str, limit: int) -> float:
        """Milliseconds of the first search of a process."""
        async with self.store.opened_again() as store:
            search = type(self)(store)
            started = time.perf_counter()
            await search.find(query, limit)
            return (time.perf_counter() - started) * 1000


class Lexical(Ours):
    """`ChunkSearch`, by words."""

    async def fill(self, documents: Sequence[Sequence[Text]]) -> None:
        """Store documents, one after the other."""
        for texts in documents:
            await self.store.put(texts)

    async def find(self, query: str, limit: int) -> list[str]:
        """The ids of the texts that fit best, best first."""
        found = await self.store.search.candidates(_COLLECTION, {query: 1}, None, limit, closed=())
        return self.store.ids_of(chunk for chunk, _ in found.by_words)

    async def index_bytes(self) -> int:
        """The three tables of the index."""
        return await self.store.bytes_of("lexical_")

    async def replace(self, texts: Sequence[Text], more: str) -> float:
        """Replace a document, without its vectors."""
        self.store.expect(texts, more)
        started = time.perf_counter()
        await self.store.put(texts, more)
        return (time.perf_counter() - started) * 1000


class ByMeaning(Ours):
    """`ChunkSearch`, by meaning."""

    async def fill(self, documents: Sequence[Sequence[Text]]) -> None:
        """Give the chunks their vectors; the lexical search has stored them."""
        await self.store.embed()

    async def find(self, query: str, limit: int) -> list[str]:
        """The ids of the texts that fit best, best first."""
        vectors = self.store.vectors
        meaning = Meaning(vectors.name, await vectors.embed_query(query))
        found = await self.store.search.candidates(_COLLECTION, {}, meaning, limit, closed=())
        return self.store.ids_of(chunk for chunk, _ in found.by_meaning or ())

    async def index_bytes(self) -> int:
        """The table of vectors and its indexes."""
        return await self.store.bytes_of("vectors")

    async def replace(self, texts: Sequence[Text], more: str) -> float:
        """Replace a document and give it its vectors."""
        self.store.expect(texts, more)
        started = time.perf_counter()
        await self.store.put(texts, more)
        await self.store.embed_few()
        return (time.perf_counter() - started) * 1000


class Hybrid(ByMeaning):
    """`DocumentSearch`, by words and by meaning, as a chat searches."""

    def __init__(self, store: OurStore) -> None:
        super().__init__(store)
        self._search = DocumentSearch(store.search, embeddings=store.vectors)

    async def fill(self, documents: Sequence[Sequence[Text]]) -> None:
        """The two searches before it have stored all."""

    async def find(self, query: str, limit: int) -> list[str]:
        """The ids of the texts that fit best, best first."""
        found = await self._search.find(Question(query), [_COLLECTION], None, limit, 0)
        return self.store.ids_of(found)

    async def index_bytes(self) -> int:
        """Both indexes."""
        return await self.store.bytes_of("lexical_") + await super().index_bytes()
