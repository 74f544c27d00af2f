"""The database: opened once, handing out transactions.

It must never keep a connection longer than one transaction lasts: a model may take minutes to
answer, and nobody else should wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Self

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.store.dialects import ConnectionOptions, Dialect, dialect_of
from chatkit_backend.store.dialects.dialect import Begin
from chatkit_backend.store.schema import VERSION, Schema, migrate, migration_sql, schema_of
from chatkit_backend.store.tables import threads

_MIGRATION_LOCK = "migration"


class Database:
    """One open database.

    `read()`, `snapshot()`, `write_one()` and `write()` each give a connection for the length of a
    block, which must await nothing but the database. They do not nest: one inside another would
    wait for it for ever.

    All raise `DatabaseUnavailable`, its cause kept, where the database does not answer.

    Attributes:
        dialect: What is special about this database.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._engine = dialect.engine()
        self._writer = asyncio.Lock()
        self._closed = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def open(cls, url: str, options: ConnectionOptions | None = None) -> Self:
        """Open the database at `url`.

        Args:
            url: `sqlite:///relative.db`, `sqlite:////absolute/path.db`, `postgresql://…`, or
                `memory://`. Each opening of the last is a database of its own, gone when it is
                closed.
            options: How to connect to a server.

        Raises:
            SettingsError: `url` names nothing that can be used as a database.
            DatabaseUnavailable: Another process holds on to the file, or no server answers.
        """
        dialect = dialect_of(url, options)
        await asyncio.to_thread(dialect.prepare)
        return cls(dialect)

    async def close(self) -> None:
        """Wait for the transactions that run, then close. Closing again does nothing."""
        self._closed = True
        await self._idle.wait()
        await self._engine.dispose()
        self.dialect.release()

    @property
    def address(self) -> str:
        """Where it is, fit to be shown: without password."""
        return self.dialect.describe()

    # Transactions

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """For reading: each statement sees the database as it is when it runs."""
        with self._admitted():
            async with self._transaction(self.dialect.begin_statement) as connection:
                yield connection

    @asynccontextmanager
    async def write_one(self) -> AsyncIterator[AsyncConnection]:
        """For one statement that writes: it is a transaction by itself, and cheaper so."""
        with self._admitted():
            async with (
                self._turn_of_a_writer(),
                self._transaction(self.dialect.begin_statement) as connection,
            ):
                yield connection

    @asynccontextmanager
    async def snapshot(self, *, limited: bool = True) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees the database as it was when it began, and must not write.

        Args:
            limited: Whether it is given up when it takes too long.
        """
        with self._admitted():
            begin = self.dialect.begin_snapshot
            async with self._transaction(begin, limited=limited) as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *, limited: bool = True) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: committed when the block ends.

        Rolled back when it raises or its task is cancelled.

        Args:
            limited: Whether it is given up when it takes too long.
        """
        with self._admitted():
            async with (
                self._turn_of_a_writer(),
                self._transaction(self.dialect.begin_write, limited=limited) as connection,
            ):
                yield connection

    # The schema

    async def schema(self) -> Schema:
        """Which revision the database is at, and which one this version of the program needs."""
        async with self.snapshot() as connection:
            return await connection.run_sync(schema_of)

    async def migrate(self, revision: str = "head") -> Schema:
        """Bring the tables to a revision, creating them where there are none.

        Several processes may do so at once: all but one wait, and find it done.

        Args:
            revision: `head` for what this version needs, or an older one.

        Returns:
            The schema as it was found.

        Raises:
            SettingsError: The database is newer than this version of the program.
        """
        with self._admitted():
            # Rewriting a large table takes as long as it takes.
            async with (
                self._turn_of_a_writer(),
                self._transaction(self.dialect.begin_write, limited=False) as connection,
            ):
                await self.dialect.lock(connection, _MIGRATION_LOCK)
                found = await connection.run_sync(schema_of)
                if found.is_newer:
                    raise SettingsError(found.problem)
                await connection.run_sync(migrate, found, revision)
        return found

    async def migration_sql(self) -> str:
        """The statements that `migrate` would run, to be read or run by hand; empty for none."""
        async with self.snapshot() as connection:
            return await connection.run_sync(migration_sql)

    async def make_ready(self) -> None:
        """Bring a database that is ours alone up to date; make sure that a shared one is.

        Raises:
            SettingsError: It is not, and says what to do.
        """
        if self.dialect.alone:
            await self.migrate()
            return
        found = await self.schema()
        if not found.is_current:
            raise SettingsError(found.problem)

    async def ping(self) -> None:
        """Make sure that the database answers and has its tables.

        Raises:
            DatabaseUnavailable: It does not, or has none.
        """
        async with self.read() as connection:
            await connection.execute(select(threads.c.position).limit(1))

    async def require_writable(self) -> None:
        """Make sure that the database can be written to.

        It writes, because a full disk and a read-only file show in no other way.

        Raises:
            DatabaseUnavailable: It cannot, or does not answer.
        """
        async with self.write_one() as connection:
            await connection.execute(update(VERSION).values(version_num=VERSION.c.version_num))

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

    def _turn_of_a_writer(self) -> AbstractAsyncContextManager[object]:
        return self._writer if self.dialect.one_writer else nullcontext()

    @asynccontextmanager
    async def _transaction(
        self, begin: Begin, *, limited: bool = True
    ) -> AsyncIterator[AsyncConnection]:
        # A statement that is cancelled goes on in the driver's thread or on the server. SQLAlchemy
        # therefore closes that connection (which rolls back) before the cancellation comes out.
        try:
            async with (
                asyncio.timeout(self.dialect.deadline_seconds if limited else None),
                self._engine.connect() as connection,
            ):
                if begin.isolation_level:
                    await connection.execution_options(isolation_level=begin.isolation_level)
                async with connection.begin():
                    if begin.statement:
                        await connection.exec_driver_sql(begin.statement)
                    yield connection
        except TimeoutError as error:
            raise DatabaseUnavailable("The database did not answer in time.") from error
        except PoolTimeout as error:
            raise DatabaseUnavailable("The database is overloaded. Try again.") from error
        except DBAPIError as error:
            sentence = self.dialect.explain(error)
            if sentence is None:
                self.dialect.conceal(error)
                raise
            raise DatabaseUnavailable(sentence) from error
