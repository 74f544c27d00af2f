"""Which revision of the tables a database has, and how it gets to another.

The revisions are in `migrations/versions/`, run by Alembic. Databases made before there were any
have the tables of the first one and no note of it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, inspect, table

from chatkit_backend.errors import SettingsError
from chatkit_backend.store.tables import metadata, threads

# Alembic's own name for it would clash with that of another program in the same database.
VERSION_TABLE: Final = "chatkit_backend_version"
VERSION: Final = table(VERSION_TABLE, column("version_num"))

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BASE: Final = "base"
_FIRST: Final = "0001"
_COMMAND: Final = "chatkit-backend migrate"


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database's tables look like.

    Attributes:
        revision: What it is at; None for a database without our tables.
        needed: What this version of the program needs.
        known: Every revision that this version knows, the oldest first.
        noted: Whether the database says so itself; else it was made before there were revisions.
    """

    revision: str | None
    needed: str
    known: tuple[str, ...]
    noted: bool = True

    @property
    def is_current(self) -> bool:
        """Whether this version of the program can work with it."""
        return self.noted and self.revision == self.needed

    @property
    def is_newer(self) -> bool:
        """Whether a later version of the program has changed it."""
        return self.revision is not None and self.revision not in self.known

    @property
    def problem(self) -> str:
        """What is wrong with one that is not current, and the remedy."""
        if self.is_newer:
            return (
                f"The database is at revision {self.revision}, which this version of "
                f"chatkit-backend does not know (it needs {self.needed}). Run the version that "
                "made it, or a later one."
            )
        state = f"is at revision {self.revision}" if self.revision else "has no tables yet"
        return (
            f"The database {state}, and this version of chatkit-backend needs {self.needed}. "
            f"Run `{_COMMAND}`, or start with `serve --migrate`."
        )


def schema_of(connection: Connection) -> Schema:
    """The schema of the database behind `connection`."""
    known = _known_revisions()
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    revision = context.get_current_revision()
    if revision is None and _was_made_without_revisions(connection):
        return Schema(_FIRST, known[-1], known, noted=False)
    return Schema(revision, known[-1], known)


@cache
def _known_revisions() -> tuple[str, ...]:
    # Alembic runs each file anew to look, and they change with the program only.
    scripts = ScriptDirectory.from_config(_config())
    return tuple(reversed([script.revision for script in scripts.walk_revisions()]))


def _was_made_without_revisions(connection: Connection) -> bool:
    inspector = inspect(connection)
    if not inspector.has_table(threads.name):
        return False
    # Another program's table of that name lacks it.
    columns = {column["name"] for column in inspector.get_columns(threads.name)}
    return threads.c.next_item_position.name in columns


def migrate(connection: Connection, found: Schema, revision: str) -> None:
    """Run what leads to `revision` within the transaction of `connection`.

    Args:
        connection: In a transaction that may write; the caller commits.
        found: What `schema_of` says.
        revision: An older one, or `head`.

    Raises:
        SettingsError: The database has tables of another program under our names.
    """
    config = _config(connection)
    if found.revision is None:
        _refuse_foreign_tables(connection)
    if not found.noted:
        command.stamp(config, _FIRST)
    elif found.revision == (found.needed if revision == "head" else revision):
        return
    if revision == "head" or found.revision is None:
        command.upgrade(config, revision)
    else:
        wanted, present = found.known.index(revision), found.known.index(found.revision)
        (command.downgrade if wanted < present else command.upgrade)(config, revision)


def _refuse_foreign_tables(connection: Connection) -> None:
    taken = sorted(metadata.tables.keys() & set(inspect(connection).get_table_names()))
    if taken:
        raise SettingsError(
            f"CHATKIT_DATABASE_URL: this database has tables of another program named "
            f"{', '.join(taken)}. Give chatkit-backend a database of its own."
        )


def migration_sql(connection: Connection) -> str:
    """The statements that lead from what `connection` shows to the newest revision."""
    found = schema_of(connection)
    if found.is_current or found.is_newer:
        return ""
    text = io.StringIO()
    config = _config(connection, output=text)
    if not found.noted:
        command.stamp(config, f"{_BASE}:{_FIRST}", sql=True)
    command.upgrade(config, f"{found.revision or _BASE}:head", sql=True)
    return text.getvalue()


def _config(connection: Connection | None = None, output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
