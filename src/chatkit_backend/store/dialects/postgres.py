"""PostgreSQL, directly or behind a pooler in transaction mode.

Behind such a pooler every transaction may run on another connection of the server. So nothing here
outlives a transaction: no prepared statement, no session setting, no session lock.
"""

from __future__ import annotations

import re
import select
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Table, bindparam, event, func
from sqlalchemy import select as sql_select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.store.dialects.columns import OF_BYTES
from chatkit_backend.store.dialects.dialect import Begin, ConnectionOptions
from chatkit_backend.store.dialects.postgres_vectors import InDatabase, are_there, names, prepare

# What other clients read from an address, and libpq refuses. Supabase and Vercel print the first
# three for Prisma; they say nothing that this client needs to know.
_FOREIGN_PARAMETERS: Final = frozenset({"pgbouncer", "connection_limit", "pool_timeout", "schema"})

# Of libpq's messages only the parts that cannot hold a piece of the password are repeated.
_BAD_PARAMETER: Final = re.compile(r'invalid URI query parameter: "(\w+)"')

_UNREADABLE: Final = (
    "cannot be read as a PostgreSQL address. Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
    "and percent-encode what is neither letter nor digit in the password (@ is %40, # is %23)"
)

# A connection whose other end is gone without a word (a router forgot it, a machine lost power) is
# given up after about a minute, not after the operating system's two hours.
_KEEPALIVE: Final[Mapping[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

_NO_ANSWER: Final = "The database did not answer."
_BUSY: Final = "The database is busy. Try again in a moment."
_READ_ONLY: Final = "The database cannot be written to. Nothing was stored."
# By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SENTENCES: Final[Mapping[str, str]] = {
    "25006": _READ_ONLY,  # a standby, or a server that is about to be switched over
    "40001": _BUSY,
    "40P01": _BUSY,
    "42501": _READ_ONLY,  # the role may not
    "42P01": "The database has no tables yet.",
    "53100": "The database's disk is full. Nothing was stored.",
    "53200": "The database is out of memory.",
    "53300": "The database has no connection to spare. Try again in a moment.",
    "55P03": _BUSY,
    "57014": _NO_ANSWER,
    "57P01": _NO_ANSWER,
    "57P02": _NO_ANSWER,
    "57P03": _NO_ANSWER,
    "58030": "The database's disk reports an error.",
    "XX001": "The database is damaged.",
    "XX002": "The database is damaged.",
}
_CONNECTION_LOST: Final = "08"  # a class of them
# libpq hands on no SQLSTATE where a connection is refused; these are the words of 53300.
_NONE_TO_SPARE: Final = re.compile("too many (connections|clients)|connection slots are reserved")


class _Cursor(psycopg.AsyncCursor[Any]):
    """Fetches bytes as bytes where a statement asks for it; as text they take thrice the time."""

    async def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        if isinstance(query, str) and query.startswith(f"SELECT {OF_BYTES}"):
            binary = True
        return await super().execute(query, params, prepare=prepare, binary=binary)


class PostgreSQL:
    """A PostgreSQL database.

    Args:
        url: `postgresql://…`, with any parameter that libpq knows.
        options: How to connect.

    Raises:
        SettingsError: `url` cannot be read.
    """

    alone = False
    # The thread's row is the lock; writers of different threads need not wait for each other.
    one_writer = False
    writes_inside_with = True
    begin_statement = Begin()
    begin_snapshot = Begin(isolation_level="REPEATABLE READ")
    begin_write = Begin(isolation_level="READ COMMITTED")

    def __init__(self, url: str, options: ConnectionOptions) -> None:
        self._parameters = _parameters(url)
        self._options = options
        self.deadline_seconds: float | None = options.timeout_seconds

    def prepare(self) -> None:
        """Connect once.

        Raises:
            DatabaseUnavailable: Nobody answers there, or it lets us not in.
        """
        try:
            psycopg.connect(**self._connect_arguments()).close()
        except psycopg.Error as error:
            reason = " ".join(str(error).split())  # libpq writes several lines
            raise DatabaseUnavailable(
                f"CHATKIT_DATABASE_URL: cannot connect to {self.describe()}: {reason}"
            ) from error

    def engine(self) -> AsyncEngine:
        """A new engine, its pool empty."""
        engine = create_async_engine(
            "postgresql+psycopg://",
            connect_args={**self._connect_arguments(), "cursor_factory": _Cursor},
            # Most calls are one statement, which needs no BEGIN and COMMIT around it: two round
            # trips less.
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            # Statements in errors and logs would show what users wrote.
            hide_parameters=True,
            pool_size=self._options.pool_size,
            max_overflow=0,
            pool_timeout=self._options.timeout_seconds,
            # The last used first, so that connections that are too many fall idle, and a database
            # that is billed by the hour can sleep.
            pool_use_lifo=True,
            # It would cost a query on every new connection.
            use_native_hstore=False,
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return engine

    def release(self) -> None:
        """Nothing is held."""

    def describe(self) -> str:
        """User, host and database; the password stays secret."""
        known = self._parameters
        user = f"{known['user']}@" if "user" in known else ""
        port = f":{known['port']}" if "port" in known else ""
        return f"postgresql://{user}{known.get('host', '')}{port}/{known.get('dbname', '')}"

    def insert(self, table: Table) -> postgresql.Insert:
        """An INSERT that can say what happens ON CONFLICT."""
        return postgresql.insert(table)

    async def insert_many(
        self, connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert thousands of rows with the same columns, of numbers, words and bytes."""
        # One statement with an array for each column: sending the rows one by one takes five times
        # as long.
        arrays = [
            bindparam(name, [row[name] for row in rows], type_=postgresql.ARRAY(table.c[name].type))
            for name in rows[0]
        ]
        columns = [table.c[name] for name in rows[0]]
        unnested = func.unnest(*arrays).table_valued(*rows[0]).render_derived()
        await connection.execute(table.insert().from_select(columns, sql_select(*unnested.c)))

    def explain(self, error: DBAPIError) -> str | None:
        """A sentence, fit for users, for an error of the database; None for a mistake of ours."""
        state: str | None = getattr(error.orig, "sqlstate", None)
        if state is None or state.startswith(_CONNECTION_LOST):
            lost = error.connection_invalidated or isinstance(
                error, OperationalError | InterfaceError
            )
            if not lost:
                return None
            full = _NONE_TO_SPARE.search(str(error.orig))
            return _SENTENCES["53300"] if full else _NO_ANSWER
        return _SENTENCES.get(state)

    def conceal(self, error: DBAPIError) -> None:
        """Take out of an error what users wrote: PostgreSQL repeats the values that it refuses."""
        if not isinstance(error.orig, psycopg.Error):
            return
        said = error.orig.diag
        told = {"SQLSTATE": said.sqlstate, "table": said.table_name, "by": said.constraint_name}
        sentence = ", ".join(f"{name} {value}" for name, value in told.items() if value)
        error.args = error.orig.args = (sentence,)

    async def lock(self, connection: AsyncConnection, name: str) -> None:
        """Wait until no other process holds this lock; ours until the transaction ends."""
        await connection.execute(sql_select(func.pg_advisory_xact_lock(_lock_number(name))))

    async def try_lock(self, connection: AsyncConnection, name: str) -> bool:
        """Take the lock until the transaction ends, or say that another process holds it."""
        taken = sql_select(func.pg_try_advisory_xact_lock(_lock_number(name)))
        return bool(await connection.scalar(taken))

    async def has_vectors(self, connection: AsyncConnection, table: Table) -> bool:
        """Whether `prepare_vectors` has made the table."""
        return await are_there(connection, table.name)

    async def prepare_vectors(
        self, connection: AsyncConnection, table: Table, dimensions: int
    ) -> None:
        """Make the extension, the table and the index, where they are not there.

        Raises:
            SettingsError: There is no pgvector, or the role may not make what is missing.
        """
        if not await are_there(connection, *names(table, dimensions)):
            await self.lock(connection, "vectors")
            await prepare(connection, table, dimensions)

    def vector_search(self) -> InDatabase:
        """What finds vectors; one for as long as the database is open."""
        return InDatabase()

    def _connect_arguments(self) -> dict[str, Any]:
        # What stands in the address wins.
        return {
            "application_name": self._options.application_name,
            "connect_timeout": max(2, round(self._options.timeout_seconds)),  # libpq's least
            **_KEEPALIVE,
            **self._parameters,
            "prepare_threshold": None,
        }


def _parameters(url: str) -> dict[str, Any]:
    """What libpq reads in the address."""
    problem = _UNREADABLE
    try:
        return dict(conninfo_to_dict(_for_libpq(url)))
    except (ValueError, psycopg.ProgrammingError) as error:
        unknown = _BAD_PARAMETER.search(str(error))
        if unknown:
            problem = f"PostgreSQL knows no parameter {unknown[1]!r}; remove it"
    # Outside of the handler: those errors may show a piece of the password.
    raise SettingsError(f"CHATKIT_DATABASE_URL: {problem}.")


def _for_libpq(url: str) -> str:
    parts = urlsplit(url)
    if url.count("@") != parts.netloc.count("@") or parts.netloc.count("@") > 1:
        # libpq would take a piece of the password for the host, and show it when it fails.
        raise ValueError(_UNREADABLE)
    # Not decoded and encoded again: libpq takes a plus sign for a plus sign.
    known = (p for p in parts.query.split("&") if p.partition("=")[0] not in _FOREIGN_PARAMETERS)
    return urlunsplit(parts._replace(query="&".join(known)))


def _refuse_closed(connection: Any, _: object, __: object) -> None:
    """Replace a connection that the server has closed while it lay in the pool.

    A server says nothing to an idle connection, so whatever can be read from it is its end. Looking
    costs microseconds, where asking with a query would cost a round trip each time.
    """
    driver: psycopg.AsyncConnection[Any] = connection.driver_connection
    if driver.closed or _can_be_read(driver.pgconn.socket):
        raise DisconnectionError("the server closed this connection")


def _can_be_read(socket: int) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


def _lock_number(name: str) -> int:
    # Advisory locks are numbers, shared by everything in the database; so the name is ours alone.
    return zlib.crc32(f"chatkit-backend {name}".encode())
