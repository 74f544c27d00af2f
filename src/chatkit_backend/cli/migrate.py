"""`chatkit-backend migrate`: brings the tables up to date, or says what it would do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.problems import told_as
from chatkit_backend.database import open_database
from chatkit_backend.settings import load_settings
from chatkit_backend.store.engine import Database

OUTDATED: Final = 1  # exit status of --check


@asynccontextmanager
async def configured_database() -> AsyncIterator[Database]:
    """The database of the settings, for the length of a block.

    Raises:
        SettingsError: It cannot be used.
        DatabaseUnavailable: It does not answer now.
    """
    database = await open_database(load_settings())
    try:
        yield database
    finally:
        await database.close()


def run_migrate(*, check: bool, as_sql: bool) -> int:
    """Brings the database of the settings up to date.

    Args:
        check: Change nothing; tell whether there is something to do.
        as_sql: Change nothing; print the statements.

    Returns:
        Exit status: 1 when `check` found something to do, else 0.
    """
    configure_logging("warning", "auto")
    if as_sql:
        with told_as("Nothing was printed"):
            print(asyncio.run(_sql()), end="")  # noqa: T201 - output
        return 0
    if check:
        with told_as("The database was not checked"):
            return asyncio.run(_check())
    with told_as("The database was not changed"):
        asyncio.run(_migrate())
    return 0


async def _sql() -> str:
    async with configured_database() as database:
        return await database.migration_sql()


async def _check() -> int:
    async with configured_database() as database:
        found = await database.schema()
    if found.is_current:
        print(f"{database.address} is up to date (revision {found.revision}).")  # noqa: T201
        return 0
    print(f"{database.address}: {found.problem}")  # noqa: T201 - output
    return OUTDATED


async def _migrate() -> None:
    async with configured_database() as database:
        found = await database.migrate()
    if found.is_current:
        done = f"was up to date (revision {found.needed})"
    else:
        done = f"went from revision {found.revision or 'none'} to {found.needed}"
    print(f"{database.address} {done}.")  # noqa: T201 - output
