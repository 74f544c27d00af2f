"""What every dialect offers to the rest of the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

Insert = sqlite.Insert | postgresql.Insert


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How to connect to a database server; a database that is a file needs none of it.

    Attributes:
        pool_size: Most connections of this process at once.
        timeout_seconds: Longest wait for a connection, and for one transaction to end.
        application_name: What the server's list of connections calls this process.
    """

    pool_size: int = 10
    timeout_seconds: float = 10.0
    application_name: str = "chatkit-backend"


@dataclass(frozen=True, slots=True)
class Begin:
    """How a kind of transaction begins.

    Attributes:
        isolation_level: What SQLAlchemy tells the driver; None leaves the engine's own.
        statement: Sent first; None where the driver begins by itself.
    """

    isolation_level: str | None = None
    statement: str | None = None


class VectorSearch(Protocol):
    """What finds vectors in the table `vectors`; it may keep them in memory."""

    async def nearest(
        self,
        connection: AsyncConnection,
        collection_id: int,
        query: NDArray[np.float32],
        limit: int,
    ) -> list[tuple[int, float]]:
        """The ids of the vectors nearest to a query, with their cosines, best first.

        Some may belong to no chunk, or be gone. Vectors of another length than the query's are not
        found, and nothing is where there is no such table.

        Args:
            connection: In a snapshot.
            collection_id: Where to search.
            query: Of length 1.
            limit: Most vectors to give.
        """


class Dialect(Protocol):
    """One kind of database.

    Attributes:
        alone: Whether its file belongs to whoever opens it, so that it may be migrated at once.
        one_writer: Whether writers of this process should take turns.
        writes_inside_with: Whether a statement's WITH may hold another that writes.
        deadline_seconds: Longest that a transaction may take; None for as long as it takes.
        begin_statement: Each statement commits by itself.
        begin_snapshot: All statements see the same moment; none writes.
        begin_write: All statements commit together.
    """

    alone: bool
    one_writer: bool
    writes_inside_with: bool
    deadline_seconds: float | None
    begin_statement: Begin
    begin_snapshot: Begin
    begin_write: Begin

    def prepare(self) -> None:
        """Make sure that the database can be used. Blocks: call it in a thread.

        Raises:
            SettingsError: It cannot, whatever one waits for.
            DatabaseUnavailable: It does not answer now.
        """

    def engine(self) -> AsyncEngine:
        """A new engine; it connects when it is first used."""

    def release(self) -> None:
        """Let go of what `prepare` holds."""

    def describe(self) -> str:
        """The address, as it may be shown: without password."""

    def insert(self, table: Table) -> Insert:
        """An INSERT that can say what happens ON CONFLICT."""

    async def insert_many(
        self, connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert thousands of rows with the same columns, of numbers, words and bytes."""

    def explain(self, error: DBAPIError) -> str | None:
        """A sentence, fit for users, for an error of the database; None for a mistake of ours."""

    def conceal(self, error: DBAPIError) -> None:
        """Take out of an error what users wrote."""

    async def lock(self, connection: AsyncConnection, name: str) -> None:
        """Wait until no other process holds this lock; ours until the transaction ends."""

    async def try_lock(self, connection: AsyncConnection, name: str) -> bool:
        """Take the lock until the transaction ends, or say that another process holds it."""

    async def has_vectors(self, connection: AsyncConnection, table: Table) -> bool:
        """Whether there is the table for vectors."""

    async def prepare_vectors(
        self, connection: AsyncConnection, table: Table, dimensions: int
    ) -> None:
        """Make sure that there is the table for vectors, and an index for those of this length.

        Args:
            connection: In a transaction that may write.
            table: How the table should be.
            dimensions: How many numbers a vector has.

        Raises:
            SettingsError: The database cannot keep vectors.
        """

    def vector_search(self) -> VectorSearch:
        """What finds vectors; one for as long as the database is open."""
