"""SQLite, as a file or in memory."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import aiosqlite
from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.store.dialects.dialect import Begin
from chatkit_backend.store.dialects.sqlite_driver import Connection
from chatkit_backend.store.dialects.sqlite_vectors import InMemory

# How long a statement waits for a writer in another process before it gives up. Our write
# transactions last milliseconds, so this is reached only when something holds on to the file.
BUSY_SECONDS: float = 30.0

# Readers of a file at once. Each has a thread; they share the interpreter's lock, so more of them
# would answer no faster.
_READERS: Final = 5

_SENTENCES: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_BUSY: "The database is busy with another writer. Try again in a moment.",
    sqlite3.SQLITE_LOCKED: "The database is busy with another writer. Try again in a moment.",
    sqlite3.SQLITE_FULL: "The database's disk is full. Nothing was stored.",
    sqlite3.SQLITE_READONLY: "The database cannot be written to. Nothing was stored.",
    sqlite3.SQLITE_PERM: "The database cannot be written to. Nothing was stored.",
    sqlite3.SQLITE_CANTOPEN: "The database cannot be opened.",
    sqlite3.SQLITE_IOERR: "The database's disk reports an error.",
    sqlite3.SQLITE_NOTADB: "The database file is damaged.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged.",
    sqlite3.SQLITE_NOMEM: "The database is out of memory.",
}


class _Connection(sqlite3.Connection):
    """A connection that is ready when it is open: no pragma can be forgotten or cut short."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            self.execute("PRAGMA foreign_keys = ON")
            # With a write-ahead log, a power cut may undo the last commits but never tears the
            # file; FULL would wait for the disk at every item of every answer.
            self.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Roll back and close.

        Closing alone does not end a transaction while a cursor is left, and the error of a
        cancelled task keeps its cursor: the next writer would wait for the garbage collector.
        """
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


class SQLite:
    """SQLite, as the embedded default.

    The driver's own transactions are off (`isolation_level=None`): it would begin them late, and
    as readers, so that two of them can block each other for good. `Database` sends the BEGINs.

    Args:
        path: The file; None for a database in memory that lives until `release`.
    """

    alone = True
    # SQLite has one writer at a time. Waiting in the process is fair and costs nothing; waiting for
    # the file's lock takes a connection from the readers and is a matter of luck.
    one_writer = True
    writes_inside_with = False
    # The busy timeout ends what waits; nothing else takes long.
    deadline_seconds: float | None = None
    begin_statement = Begin()
    begin_snapshot = Begin(statement="BEGIN")
    # Takes the write lock at once, so that waiting for it is the busy timeout's business; a reader
    # that turns writer would be refused without waiting.
    begin_write = Begin(statement="BEGIN IMMEDIATE")

    def __init__(self, path: Path | None) -> None:
        self._given = path
        # The working directory may change later.
        self._path = path and path.absolute()
        # One database of its own for every opening of memory://. SQLite's `memdb` file system
        # locks like a file does, where a shared cache would fail with "table is locked".
        self._name = str(self._path) if path else f"file:/chatkit-{secrets.token_hex(16)}"
        self._keeper: sqlite3.Connection | None = None

    def prepare(self) -> None:
        """Make sure that the database can be written to. Blocks: call it in a thread.

        Raises:
            SettingsError: There is no such folder, or the file is none that can be used.
            DatabaseUnavailable: Another process holds on to the file.
        """
        if self._path is None:
            # A cancelled statement costs its connection; this one keeps the database alive.
            self._keeper = sqlite3.connect(
                f"{self._name}?vfs=memdb", uri=True, check_same_thread=False
            )
        elif not self._path.parent.is_dir():
            raise SettingsError(
                f"CHATKIT_DATABASE_URL: the folder {self._path.parent} does not exist. "
                "Create it, or name a file in another folder."
            )
        else:
            self._prepare_file(self._path)

    def _prepare_file(self, path: Path) -> None:
        try:
            with closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)) as file:
                _use_write_ahead_log(file)
                file.execute("BEGIN IMMEDIATE")
                file.execute("ROLLBACK")
        except sqlite3.Error as error:
            code = _primary_code(error)
            if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise DatabaseUnavailable(_SENTENCES[code]) from error
            raise SettingsError(
                f"CHATKIT_DATABASE_URL: {path} cannot be used as a SQLite database ({error}). "
                f"{_remedy(code)}, or name another file."
            ) from error

    def engine(self) -> AsyncEngine:
        """A new engine; it connects when it is first used."""
        return create_async_engine(
            "sqlite+aiosqlite://",
            async_creator=self._connect,
            # Statements in errors and logs would show what users wrote.
            hide_parameters=True,
            poolclass=AsyncAdaptedQueuePool,
            # In memory there is no write-ahead log, so readers and the writer take turns.
            pool_size=_READERS + 1 if self._path else 1,
            max_overflow=0,
        )

    async def _connect(self) -> aiosqlite.Connection:
        return await Connection(
            lambda: sqlite3.connect(
                self._name if self._path else f"{self._name}?vfs=memdb",
                uri=self._path is None,
                isolation_level=None,
                timeout=BUSY_SECONDS,
                factory=_Connection,
            )
        )

    def release(self) -> None:
        """Let go of what `prepare` holds; a database in memory is gone then."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def describe(self) -> str:
        """The address."""
        return f"sqlite:///{self._given}" if self._given else "memory://"

    def insert(self, table: Table) -> sqlite.Insert:
        """An INSERT that can say what happens ON CONFLICT."""
        return sqlite.insert(table)

    async def insert_many(
        self, connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert thousands of rows with the same columns, of numbers, words and bytes."""
        # Past SQLAlchemy, which takes longer over each of the values than SQLite over a row.
        names, marks = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
        await connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks})",  # noqa: S608 - names of ours
            [tuple(row.values()) for row in rows],
        )

    def explain(self, error: DBAPIError) -> str | None:
        """A sentence, fit for users, for an error of the database; None for a mistake of ours."""
        code = _primary_code(error.orig)
        if code is None and isinstance(error, OperationalError):
            return "The database did not answer."
        if code == sqlite3.SQLITE_ERROR and "no such table" in str(error.orig):
            return "The database has no tables yet."
        return _SENTENCES.get(code) if code else None

    def conceal(self, error: DBAPIError) -> None:
        """Nothing to take out: SQLite names tables and columns only."""

    async def lock(self, connection: AsyncConnection, name: str) -> None:
        """Nothing to wait for: a transaction that writes is the only one."""

    async def try_lock(self, connection: AsyncConnection, name: str) -> bool:
        """Always: a transaction that writes is the only one."""
        return True

    async def has_vectors(self, connection: AsyncConnection, table: Table) -> bool:
        """Always: a migration makes the table."""
        return True

    async def prepare_vectors(
        self, connection: AsyncConnection, table: Table, dimensions: int
    ) -> None:
        """Nothing to do: the table is there, and needs no index."""

    def vector_search(self) -> InMemory:
        """What finds vectors; one for as long as the database is open."""
        return InMemory()


def _primary_code(error: BaseException | None) -> int | None:
    # The upper bits of SQLite's code tell details, such as which call of the disk failed.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _remedy(code: int | None) -> str:
    match code:
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return "Restore it from a backup"
        case sqlite3.SQLITE_FULL:
            return "Free space on its disk"
        case _:
            return "Give this user the right to write to it and to its folder"


def _use_write_ahead_log(file: sqlite3.Connection) -> None:
    """Let readers and one writer work side by side; a property of the file, kept in it.

    Where it is not to be had (some network disks), SQLite keeps its older journal and works on.
    """
    # The switch does not wait for a lock as other statements do, and servers may start together.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            file.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
