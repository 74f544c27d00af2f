"""Vectors in SQLite: held in memory, and compared with each query one by one.

An extension with an index was passed over: many builds of Python cannot load any.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.store.matrix import STORED, Matrix

# So many rows are fetched at once; other queries get their turn in between.
_PAGE: Final = 1024

_CHANGED: Final = "SELECT vectors_changed FROM collections WHERE id = ?"
_COLLECTIONS: Final = "SELECT id FROM collections"
_COUNT: Final = "SELECT count(*) FROM vectors WHERE collection_id = ?"
_IDS: Final = "SELECT id FROM vectors WHERE collection_id = ?"
_NEW: Final = (
    "SELECT id, vector FROM vectors WHERE collection_id = ? AND id > ? AND length(vector) = ? "
    "ORDER BY id LIMIT ?"
)


@dataclass(slots=True)
class _Held:
    """The vectors of a collection, as they were when its counter stood at `changed`."""

    matrix: Matrix
    changed: int = -1
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)


class InMemory:
    """The vectors of each collection that was searched, brought up to date by the next search."""

    def __init__(self) -> None:
        self._collections: dict[int, _Held] = {}

    async def nearest(
        self,
        connection: AsyncConnection,
        collection_id: int,
        query: NDArray[np.float32],
        limit: int,
    ) -> list[tuple[int, float]]:
        """The ids of the vectors nearest to a query, with their cosines, best first."""
        changed = (await connection.exec_driver_sql(_CHANGED, (collection_id,))).scalar()
        if changed is None:
            return []
        held = await self._of(connection, collection_id, len(query))
        async with held.refreshing:
            # A search whose snapshot is older finds the newer vectors, too, and no chunks of them.
            if held.changed < changed:
                await _refresh(connection, collection_id, held)
                held.changed = changed
        # In a thread: everybody's answers would stand still for it.
        return await asyncio.to_thread(held.matrix.nearest, query, limit)

    async def _of(self, connection: AsyncConnection, collection_id: int, dimensions: int) -> _Held:
        held = self._collections.get(collection_id)
        if held is None:
            found = await connection.exec_driver_sql(_COLLECTIONS)
            for gone in self._collections.keys() - set(found.scalars()):
                self._collections.pop(gone, None)
            held = self._collections.get(collection_id)
        if held is None or held.matrix.dimensions != dimensions:
            held = self._collections[collection_id] = _Held(Matrix(dimensions))
        return held


async def _refresh(connection: AsyncConnection, collection_id: int, held: _Held) -> None:
    there = (await connection.exec_driver_sql(_COUNT, (collection_id,))).scalar_one()
    dimensions = held.matrix.dimensions
    if not len(held.matrix):
        held.matrix = Matrix(dimensions, there)
    rows = _PAGE
    while rows == _PAGE:
        asked = (collection_id, held.matrix.last_id, dimensions * STORED.itemsize, _PAGE)
        found = (await connection.exec_driver_sql(_NEW, asked)).all()
        rows = len(found)
        if found:
            # Not in a thread: one that outlives a cancelled search would add to the next one's.
            held.matrix.add(*zip(*found, strict=True))
    # Vectors that are gone are in no chunk, so they do no harm; but they take memory.
    if there != len(held.matrix):
        ids = (await connection.exec_driver_sql(_IDS, (collection_id,))).scalars().all()
        held.matrix = await asyncio.to_thread(held.matrix.only, ids)
