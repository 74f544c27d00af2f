"""Vectors in PostgreSQL: kept and found by its extension pgvector, which is not on every server."""

from __future__ import annotations

from math import isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.errors import SettingsError

_EXTENSION: Final = "vector"
# The first whose index goes on until it has found enough in one collection of many.
_LEAST_VERSION: Final = (0, 8)
# Longer ones are compared one by one.
_MOST_INDEXED: Final = 4000

_OR_UNSET: Final = "or unset CHATKIT_EMBEDDING_MODEL."
_CREATE: Final = "run CREATE EXTENSION vector; as a superuser"
# SQLSTATEs; of the last two the first came with version 15.
_MAY_NOT: Final = "42501"
_NO_EXTENSION: Final = frozenset({"0A000", "58P01"})

# What a search looks at in the index: more finds better and takes longer. pgvector allows 1,000.
_LEAST_LOOKED_AT: Final = 100
_MOST_LOOKED_AT: Final = 1000

_THERE: Final = (
    "SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest(%s::text[]) AS needed(name)"
)
_VERSION: Final = "SELECT extversion FROM pg_extension WHERE extname = %s"

# For this transaction only: behind a pooler somebody else gets the session next.
_SET: Final = (
    "SELECT to_regclass('vectors') IS NOT NULL, set_config('hnsw.ef_search', %s, true), "
    "set_config('hnsw.iterative_scan', 'strict_order', true)"
)


def names(table: Table, dimensions: int) -> list[str]:
    """What must be there for vectors of this length: the table, and mostly an index."""
    indexes = [_index_name(dimensions)] if dimensions <= _MOST_INDEXED else []
    return [table.name, *indexes]


async def are_there(connection: AsyncConnection, *needed: str) -> bool:
    """Whether there are tables or indexes with all these names."""
    return bool((await connection.exec_driver_sql(_THERE, (list(needed),))).scalar())


async def prepare(connection: AsyncConnection, table: Table, dimensions: int) -> None:
    """Make the extension, the table and the index, where they are not there.

    Raises:
        SettingsError: There is no pgvector, or the role may not make what is missing.
    """
    await _require_extension(connection)
    try:
        await connection.run_sync(table.create, checkfirst=True)
        if dimensions <= _MOST_INDEXED:
            await connection.exec_driver_sql(_index(dimensions))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _MAY_NOT:
            raise
        raise SettingsError(
            "This role of PostgreSQL may not make the table of vectors or its index: let it own "
            f"the other tables and create new ones in their schema, {_OR_UNSET}"
        ) from error


async def _require_extension(connection: AsyncConnection) -> None:
    try:
        await connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {_EXTENSION}")
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _MAY_NOT:
            raise SettingsError(
                f"This role of PostgreSQL may not add pgvector to the database: {_CREATE}, "
                f"{_OR_UNSET}"
            ) from error
        if state in _NO_EXTENSION:
            raise SettingsError(
                f"PostgreSQL has no pgvector: install it and {_CREATE}, {_OR_UNSET}"
            ) from error
        raise
    version = (await connection.exec_driver_sql(_VERSION, (_EXTENSION,))).scalar_one()
    if tuple(map(int, version.split(".")[:2])) < _LEAST_VERSION:
        raise SettingsError(
            f"PostgreSQL has pgvector {version}, and 0.8 is needed: install it and run ALTER "
            f"EXTENSION vector UPDATE; as a superuser, {_OR_UNSET}"
        )


def _index_name(dimensions: int) -> str:
    return f"ix_vectors_hnsw_{dimensions}"


def _index(dimensions: int) -> str:
    # An index takes vectors of one length only, so each length has its own.
    return (
        f"CREATE INDEX IF NOT EXISTS {_index_name(dimensions)} ON vectors "
        f"USING hnsw ((vector::halfvec({dimensions})) halfvec_cosine_ops) "
        f"WHERE vector_dims(vector) = {dimensions}"
    )


class InDatabase:
    """Searches in the table, by its index where the planner takes that for cheaper."""

    async def nearest(
        self,
        connection: AsyncConnection,
        collection_id: int,
        query: NDArray[np.float32],
        limit: int,
    ) -> list[tuple[int, float]]:
        """The ids of the vectors nearest to a query, with their cosines, best first."""
        looked_at = min(max(_LEAST_LOOKED_AT, limit), _MOST_LOOKED_AT)
        there = (await connection.exec_driver_sql(_SET, (str(looked_at),))).scalar()
        if not there:
            # Asking all the same would end the transaction.
            return []
        asked = {"query": str(query.tolist()), "collection": collection_id, "limit": limit}
        dimensions = len(query)
        rows = (await connection.exec_driver_sql(_by_index(dimensions), asked)).all()
        if len(rows) < limit:
            # So many there are not, or the index gave up among those of other collections.
            rows = (await connection.exec_driver_sql(_one_by_one(dimensions), asked)).all()
        return [(row.id, 1.0 - row.distance) for row in rows if not isnan(row.distance)]


def _by_index(dimensions: int) -> str:
    if dimensions > _MOST_INDEXED:
        return _one_by_one(dimensions)
    # As the index has it; the planner takes a collection for small or uses it.
    number = f"halfvec({dimensions})"
    return _nearest(f"vector::{number} <=> %(query)s::{number}", dimensions)


def _one_by_one(dimensions: int) -> str:
    return _nearest("vector <=> %(query)s::halfvec", dimensions)


def _nearest(distance: str, dimensions: int) -> str:
    return (
        f"SELECT id, {distance} AS distance FROM vectors "  # noqa: S608 - expressions of ours
        f"WHERE collection_id = %(collection)s AND vector_dims(vector) = {dimensions} "
        "ORDER BY distance LIMIT %(limit)s"
    )
