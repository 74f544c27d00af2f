"""Searching a collection by words alone, as tests do it."""

from __future__ import annotations

from chatkit_backend.store.chunk_search import ChunkSearch, Scored
from chatkit_backend.store.chunks import ChunkStore


async def lexical(store: ChunkStore, collection: str, query: str, limit: int) -> list[Scored]:
    """The chunks that fit the words of a query best, best first."""
    search = ChunkSearch(store._database)
    found = await search.candidates(collection, {query: 1}, None, limit, closed=())
    return found.by_words
