"""`chatkit-backend users`: everything of one user, written out or deleted."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import typer

from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.migrate import configured_database
from chatkit_backend.cli.output import counting, opened
from chatkit_backend.cli.problems import told_as
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.settings import load_settings
from chatkit_backend.store.users import Deleted, delete_user, export_user
from chatkit_backend.sweep import require_ours


def run_export(user_id: str, output: Path | None) -> None:
    """Writes everything of a user as JSON Lines.

    Args:
        user_id: Whose.
        output: A file that is not there yet; None for standard output.
    """
    configure_logging("warning", "auto")
    with told_as("Nothing was exported"), opened(output) as file:
        lines = asyncio.run(_export(user_id, file))
    where = f" to {output}" if output else ""
    typer.echo(f"{lines} lines written{where}.", err=True)


def run_delete(user_id: str, *, confirmed: bool, as_json: bool) -> None:
    """Deletes everything of a user, after asking.

    Args:
        user_id: Whose.
        confirmed: Do not ask.
        as_json: Print the numbers as JSON.
    """
    configure_logging("warning", "auto")
    if not confirmed:
        typer.confirm(
            f"Delete every thread, item, attachment and session of user {user_id!r} for good?",
            abort=True,
            err=True,
        )
    with told_as("The deletion is not complete"):
        deleted, files = asyncio.run(_delete(user_id))
    if as_json:
        gone = asdict(deleted) | {"files": files}
        typer.echo(json.dumps({"user_id": user_id, "deleted": gone}))
    else:
        typer.echo(
            f"Deleted of user {user_id!r}: {deleted.threads} threads, {deleted.items} items, "
            f"{deleted.attachments} attachments, {deleted.sessions} sessions, {files} files."
        )


async def _export(user_id: str, file: TextIO) -> int:
    lines = 0
    with counting() as progress:
        task = progress.add_task("Lines written:", total=None)
        async with configured_database() as database:
            async for line in export_user(database, user_id):
                file.write(f"{line}\n")
                lines += 1
                progress.update(task, completed=lines)
    return lines


async def _delete(user_id: str) -> tuple[Deleted, int]:
    files = FileStorage.open(load_settings().files_url)
    async with configured_database() as database:
        await require_ours(database, files)
        deleted = await delete_user(database, user_id)
    # After what leads to them: bytes without a row are swept, a row without bytes is broken.
    return deleted, await files.delete_of_owner(user_id)
