"""What differs from one database to the next: all of it, and nothing else.

`dialect_of` picks the dialect of an address; no other file of this room knows which database it
talks to.
"""

from __future__ import annotations

from pathlib import Path

from chatkit_backend.errors import SettingsError
from chatkit_backend.store.dialects.dialect import ConnectionOptions, Dialect
from chatkit_backend.store.dialects.postgres import PostgreSQL
from chatkit_backend.store.dialects.sqlite import SQLite

__all__ = ["ConnectionOptions", "Dialect", "dialect_of"]

# Hosters print the first two; the others are how SQLAlchemy's users write the driver into it.
_POSTGRES_SCHEMES = frozenset(
    {
        "postgres",
        "postgresql",
        "postgresql+psycopg",
        "postgresql+psycopg2",
        "postgresql+asyncpg",
    }
)


def dialect_of(url: str, options: ConnectionOptions | None = None) -> Dialect:
    """The dialect of the database at `url`.

    Args:
        url: `sqlite:///FILE`, `postgresql://…` as hosters print it, or `memory://`.
        options: How to connect to a server.

    Raises:
        SettingsError: `url` is none of them.
    """
    if url == "memory://":
        return SQLite(None)
    scheme, _, rest = url.partition("://")
    if scheme in _POSTGRES_SCHEMES:
        return PostgreSQL(f"postgresql://{rest}", options or ConnectionOptions())
    if scheme == "sqlite" and rest[:1] == "/" and rest[1:] not in {"", ":memory:"}:
        return SQLite(Path(rest[1:]))
    raise SettingsError(
        "CHATKIT_DATABASE_URL: must be sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE, "
        "or memory:// for nothing that outlives the process."
    )
