"""`chatkit-backend feedback`: what users think of the answers, written out."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import typer

from chatkit_backend.cli.dates import moment_of
from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.migrate import configured_database
from chatkit_backend.cli.output import counting, opened
from chatkit_backend.cli.problems import told_as
from chatkit_backend.store.rated_items import RatedItem, rated_items

Format = Literal["jsonl", "csv"]
Kind = Literal["positive", "negative"]

_COLUMNS: Final = tuple(field.name for field in fields(RatedItem))
# A spreadsheet takes a cell that begins with one of these for a formula, and users write cells.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def run_export(
    as_format: Format, since: str | None, kind: Kind | None, output: Path | None
) -> None:
    """Writes a line or row for each rated item.

    Args:
        as_format: JSON Lines, or CSV with a row of names.
        since: Only ratings given or changed at this time or later, as text; None for all.
        kind: Only ratings of this kind; None for all.
        output: A file that is not there yet; None for standard output.
    """
    configure_logging("warning", "auto")
    with told_as("Nothing was exported"):
        moment = moment_of("--since", since) if since else None
        with opened(output) as file:
            rows = asyncio.run(_export(_writer(as_format, file), moment, kind))
    where = f" to {output}" if output else ""
    typer.echo(f"{rows} rated items written{where}.", err=True)


async def _export(
    write: Callable[[RatedItem], None], since: datetime | None, kind: Kind | None
) -> int:
    rows = 0
    with counting() as progress:
        task = progress.add_task("Rated items written:", total=None)
        async with configured_database() as database:
            async for item in rated_items(database, since, kind):
                write(item)
                rows += 1
                progress.update(task, completed=rows)
    return rows


def _writer(as_format: Format, file: TextIO) -> Callable[[RatedItem], None]:
    if as_format == "jsonl":
        return lambda item: _write_line(file, item)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    return lambda item: writer.writerow([_cell(value) for value in _values(item).values()])


def _write_line(file: TextIO, item: RatedItem) -> None:
    file.write(f"{json.dumps(_values(item), ensure_ascii=False)}\n")


def _values(item: RatedItem) -> dict[str, Any]:
    return {
        name: _iso(value) if isinstance(value, datetime) else value
        for name, value in asdict(item).items()
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _cell(value: str | None) -> str:
    text = value or ""
    return f"'{text}" if text.startswith(_FORMULA) else text
