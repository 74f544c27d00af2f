"""aiosqlite with one trip to its thread for each statement.

Each of its connections is a thread, and each call of the driver is a trip there and back, which
takes several times as long as SQLite takes. SQLAlchemy makes four of them for a statement (open a
cursor, execute, fetch, close) and two more to end a transaction that is none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite

# aiosqlite wants to know how many rows a cursor that is iterated fetches at a time. None is.
_ITER_CHUNK_SIZE = 64

Parameters = Sequence[Any]


class Connection(aiosqlite.Connection):
    """A connection whose cursors fetch at once.

    Args:
        connect: Opens the connection, in its thread.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, _ITER_CHUNK_SIZE)
        # A process that forgets to close should end all the same.
        self._thread.daemon = True

    def cursor(self) -> Cursor:  # type: ignore[override] # aiosqlite's own is awaited, too
        """A cursor; nothing is opened before it executes."""
        return Cursor(self)

    async def commit(self) -> None:
        """Commit, if there is something to commit."""
        if self.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        """Roll back, if there is something to roll back."""
        if self.in_transaction:
            await super().rollback()

    async def run(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in the connection's thread."""
        await self._execute(function, *arguments)  # type: ignore[no-untyped-call] # it has no types


class Cursor:
    """What SQLAlchemy needs of a cursor: results are all there when `execute` returns.

    Attributes:
        description: Of the columns; None for a statement without rows.
        rowcount: Of the rows that were changed.
        lastrowid: Of the row that was inserted.
        arraysize: Not used.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def execute(self, sql: str, parameters: Parameters = ()) -> Self:
        """Run a statement and fetch what it gives."""
        await self._connection.run(self._run, sqlite3.Cursor.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Parameters]) -> Self:
        """Run a statement once for each set of parameters."""
        await self._connection.run(self._run, sqlite3.Cursor.executemany, sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        """All rows."""
        return self._rows

    async def close(self) -> None:
        """Nothing is open."""

    def _run(self, execute: Callable[..., Any], sql: str, parameters: Any) -> None:
        cursor = self._connection._conn.cursor()  # noqa: SLF001 - this runs in its thread
        try:
            execute(cursor, sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            # The error of a cancelled task would keep it, and with it a transaction.
            cursor.close()
