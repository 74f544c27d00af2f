"""`chatkit-backend keys`: API keys of the servers that call `/v1`."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.migrate import configured_database
from chatkit_backend.cli.problems import told_as
from chatkit_backend.context import clean_text
from chatkit_backend.errors import SettingsError
from chatkit_backend.store.api_keys import ApiKey, ApiKeyStore
from chatkit_backend.store.tokens import API_KEY

MAX_NAME = 100


def run_create(name: str, *, as_json: bool) -> None:
    """Makes a key and prints it, this once.

    Args:
        name: What people will call it.
        as_json: Print JSON instead of words.
    """
    configure_logging("warning", "auto")
    with told_as("No key was made"):
        cleaned = clean_text(name, MAX_NAME)
        if not cleaned:
            raise SettingsError("NAME: say in a word or two which server the key is for.")
        key, secret = asyncio.run(_create(cleaned))
    if as_json:
        typer.echo(json.dumps(_shown(key) | {"api_key": secret}))
        return
    # The key alone goes to standard output, so that it can be piped into a secret store.
    typer.echo(secret)
    typer.echo(
        f"This is the key {key.name!r} ({key.id}). It is not kept and cannot be shown again.",
        err=True,
    )


def run_list(*, as_json: bool) -> None:
    """Prints what is known of every key, the oldest first."""
    configure_logging("warning", "auto")
    with told_as("The keys were not listed"):
        keys = asyncio.run(_all())
    if as_json:
        typer.echo(json.dumps([_shown(key) for key in keys], indent=2))
        return
    if not keys:
        typer.echo("There are no keys. `chatkit-backend keys create NAME` makes one.")
        return
    table = Table("id", "name", "key", "created", "revoked", box=None, header_style="dim")
    for key in keys:
        revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
        ending = f"{API_KEY}…{key.ending}"
        table.add_row(key.id, key.name, ending, f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
    Console(highlight=False, soft_wrap=not sys.stdout.isatty(), markup=False).print(table)


def run_revoke(key_id: str) -> int:
    """Makes a key worthless.

    Returns:
        Exit status: 1 where there is no such key, else 0.
    """
    configure_logging("warning", "auto")
    with told_as("The key was not revoked"):
        key = asyncio.run(_revoke(key_id))
    if key is None:
        typer.echo(
            f"There is no key {key_id!r}. `chatkit-backend keys list` shows their ids.", err=True
        )
        return 1
    typer.echo(f"{key.name!r} ({key.id}) works no more; running servers notice within seconds.")
    return 0


async def _create(name: str) -> tuple[ApiKey, str]:
    async with configured_database() as database:
        await database.make_ready()
        return await ApiKeyStore(database).create(name)


async def _all() -> list[ApiKey]:
    async with configured_database() as database:
        await database.make_ready()
        return await ApiKeyStore(database).all()


async def _revoke(key_id: str) -> ApiKey | None:
    async with configured_database() as database:
        await database.make_ready()
        return await ApiKeyStore(database).revoke(key_id)


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "ending": key.ending,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }
