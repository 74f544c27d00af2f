"""The database: opened once, handing out transactions.

It must never keep a connection longer than one transaction lasts: a model may take minutes to
answer, and nobody else should wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.errors import DatabaseUnavailable
from chatkit_backend.store.dialects import SQLite, dialect_of
from chatkit_backend.store.tables import metadata, threads


class Database:
    """One open database.

    `read()` and `write()` each give a connection in a transaction of its own: committed when the
    block ends, rolled back when it raises or its task is cancelled. They do not nest: a transaction
    inside another would wait for it for ever.

    Both raise `DatabaseUnavailable`, its cause kept, where the database does not answer.

    Attributes:
        dialect: What is special about this database.
    """

    def __init__(self, dialect: SQLite) -> None:
        self.dialect = dialect
        self._engine = dialect.engine()
        # SQLite has one writer at a time. Waiting here is fair and costs nothing; waiting for the
        # file's lock takes a connection from the readers and is a matter of luck.
        self._writer = asyncio.Lock()
        self._closed = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database at `url`.

        Args:
            url: `sqlite:///relative.db`, `sqlite:////absolute/path.db`, or `memory://`. Each
                opening of the last is a database of its own, gone when it is closed.

        Raises:
            SettingsError: `url` names nothing that can be used as a database.
            DatabaseUnavailable: Another process holds on to it.
        """
        dialect = dialect_of(url)
        await asyncio.to_thread(dialect.prepare)
        return cls(dialect)

    async def close(self) -> None:
        """Wait for the transactions that run, then close. Closing again does nothing."""
        self._closed = True
        await self._idle.wait()
        await self._engine.dispose()
        self.dialect.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees the database as it is now, and must not write."""
        with self._admitted():
            async with self._transaction(self.dialect.begin_read) as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write."""
        with self._admitted():
            async with self._writer, self._transaction(self.dialect.begin_write) as connection:
                yield connection

    async def create_tables(self) -> None:
        """Create the tables that are missing."""
        async with self.write() as connection:
            await connection.run_sync(metadata.create_all)

    async def ping(self) -> None:
        """Make sure that the database answers and has its tables.

        Raises:
            DatabaseUnavailable: It does not, or has none.
        """
        async with self.read() as connection:
            await connection.execute(select(threads.c.position).limit(1))

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if self._closed:
            raise DatabaseUnavailable("The database is closed: the server is stopping.")
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[AsyncConnection]:
        # A statement that is cancelled goes on in the driver's thread. SQLAlchemy therefore closes
        # that connection (which rolls back) before the cancellation comes out here.
        try:
            async with self._engine.connect() as connection, connection.begin():
                await connection.exec_driver_sql(begin)
                yield connection
        except PoolTimeout as error:
            raise DatabaseUnavailable("The database is overloaded. Try again.") from error
        except DBAPIError as error:
            sentence = self.dialect.explain(error)
            if sentence is None:
                raise
            raise DatabaseUnavailable(sentence) from error
