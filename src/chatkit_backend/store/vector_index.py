"""The index that finds chunks by their meaning: those whose vectors are nearest to a query's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from numpy.typing import NDArray
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.store.dialects import Dialect
from chatkit_backend.store.matrix import unit
from chatkit_backend.store.tables import chunks, documents, vectors

# Vectors whose chunks are gone stay until they are deleted together; so some more are looked up,
# and many more where that was not enough.
_SPARE: Final = 20
_MANY_MORE: Final = 4
# As deep as a search looks: whoever asks waits for it.
_DEEPEST: Final = 10_000
# Drivers take no more than some tens of thousands of values with a statement.
_AT_ONCE: Final = 500

_CHUNKS: Final = (
    select(vectors.c.id, chunks.c.id.label("chunk_id"))
    .join(chunks, chunks.c.vector_hash == vectors.c.hash)
    .join(documents, documents.c.id == chunks.c.document_id)
    .where(
        vectors.c.id.in_(bindparam("ids", expanding=True)),
        documents.c.collection_id == bindparam("collection"),
    )
)

Found = tuple[int, float]


class VectorIndex:
    """Searches in the vectors of chunks; one for as long as the database is open.

    Args:
        dialect: The database's.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._search = dialect.vector_search()

    async def nearest(
        self, connection: AsyncConnection, collection_id: int, query: NDArray[Any], limit: int
    ) -> list[Found]:
        """The ids of the chunks nearest to a query, with their cosines, best first.

        Nothing is found where no vector is as long as the query, or the query has no direction;
        and less than there is where thousands of nearer vectors have no chunks any more.

        Args:
            connection: In a snapshot; some settings of its transaction are changed.
            collection_id: Where to search. The caller makes sure that its vectors are of the model
                that made the query.
            query: A vector of any length but 0.
            limit: Most chunks to give; 1 or more.
        """
        of_length_1 = unit(query)
        if not of_length_1.any():
            return []
        wanted = limit + _SPARE
        while True:
            found = await self._search.nearest(connection, collection_id, of_length_1, wanted)
            hits = await _chunks(connection, collection_id, found)
            if len(hits) >= limit or len(found) < wanted or wanted >= _DEEPEST:
                return hits[:limit]
            wanted = min(wanted * _MANY_MORE, _DEEPEST)


async def _chunks(
    connection: AsyncConnection, collection_id: int, found: Sequence[Found]
) -> list[Found]:
    """The chunks of the vectors that were found; of equal ones the one with the smallest id."""
    of_vector = defaultdict(list)
    for start in range(0, len(found), _AT_ONCE):
        ids = [vector_id for vector_id, _ in found[start : start + _AT_ONCE]]
        for row in await connection.execute(_CHUNKS, {"collection": collection_id, "ids": ids}):
            of_vector[row.id].append(row.chunk_id)
    hits = [(chunk_id, cosine) for vector_id, cosine in found for chunk_id in of_vector[vector_id]]
    return sorted(hits, key=lambda hit: (-hit[1], hit[0]))
