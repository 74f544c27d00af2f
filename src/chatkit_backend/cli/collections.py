"""`chatkit-backend collections`: what was ingested."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Final

import typer
from rich.console import Console
from rich.table import Table

from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.migrate import configured_database
from chatkit_backend.cli.problems import told_as
from chatkit_backend.context import clean_text
from chatkit_backend.store.chunks import ChunkStore, CollectionSummary, DocumentSummary

UNKNOWN: Final = 1  # exit status where there is no such collection
_MAX_SHOWN: Final = 1_000


def run_list(*, as_json: bool) -> None:
    """Prints every collection, by name."""
    configure_logging("warning", "auto")
    with told_as("The collections were not listed"):
        collections = asyncio.run(_all())
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in collections], indent=2))
        return
    if not collections:
        typer.echo("There are no collections. `chatkit-backend ingest PATH -c NAME` makes one.")
        return
    table = Table("name", "documents", "chunks", "changed", box=None, header_style="dim")
    for one in collections:
        table.add_row(one.name, f"{one.documents:,}", f"{one.chunks:,}", _moment(one.updated_at))
    _print(table)


def run_show(name: str, *, as_json: bool) -> int:
    """Prints the documents of a collection, by source.

    Returns:
        Exit status: 1 where there is no such collection, else 0.
    """
    configure_logging("warning", "auto")
    with told_as("The collection was not shown"):
        return asyncio.run(_show(name, as_json=as_json))


def run_delete(name: str, *, confirmed: bool) -> int:
    """Deletes a collection, after asking.

    Returns:
        Exit status: 1 where there is no such collection, else 0.
    """
    configure_logging("warning", "auto")
    if not confirmed:
        typer.confirm(f"Delete collection {name!r} and all its documents?", abort=True, err=True)
    with told_as("The collection was not deleted"):
        was_there = asyncio.run(_delete(name))
    if not was_there:
        return _unknown(name)
    typer.echo(f"Deleted collection {name!r}.")
    return 0


@asynccontextmanager
async def chunk_store() -> AsyncIterator[ChunkStore]:
    """The documents in the database of the settings, for the length of a block.

    Raises:
        SettingsError: The database cannot be used.
        DatabaseUnavailable: It does not answer now.
    """
    async with configured_database() as database:
        await database.make_ready()
        yield ChunkStore(database)


async def _all() -> list[CollectionSummary]:
    async with chunk_store() as store:
        return await store.collections()


async def _show(name: str, *, as_json: bool) -> int:
    async with chunk_store() as store:
        if name not in {one.name for one in await store.collections()}:
            return _unknown(name)
        if as_json:
            async for document in store.documents(name):
                typer.echo(json.dumps(_as_json(document)))
            return 0
        table = Table("source", "title", "chunks", "changed", "url", box=None, header_style="dim")
        for column in table.columns:
            column.overflow = "fold"  # half a path or address is of no use
        async for document in store.documents(name):
            table.add_row(
                shown(document.source),
                document.title or "",
                f"{document.chunks:,}",
                _moment(document.updated_at),
                document.url or "",
            )
        _print(table)
        return 0


async def _delete(name: str) -> bool:
    async with chunk_store() as store:
        await store.finish_deleting()
        return await store.delete_collection(name)


def shown(name: str) -> str:
    """A file's name as it can be printed: it may hold line breaks and terminal commands."""
    return name if name.isprintable() else clean_text(ascii(name)[1:-1], _MAX_SHOWN)


def _unknown(name: str) -> int:
    typer.echo(
        f"There is no collection {name!r}. `chatkit-backend collections list` shows them.",
        err=True,
    )
    return UNKNOWN


def _as_json(summary: CollectionSummary | DocumentSummary) -> dict[str, str | int | None]:
    return asdict(summary) | {"updated_at": summary.updated_at.isoformat()}


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _print(table: Table) -> None:
    # Another program gets whole lines, however long they are.
    width = None if sys.stdout.isatty() else _MAX_SHOWN * len(table.columns)
    Console(highlight=False, width=width, markup=False).print(table)
