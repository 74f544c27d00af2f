"""`chatkit-backend serve`: refuses what would be unsafe, then runs the server."""

from __future__ import annotations

import asyncio
import os
import socket
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI

from chatkit_backend.app import answering_of, create_app, rehearse
from chatkit_backend.auth.development import is_loopback
from chatkit_backend.cli.banner import announce
from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.problems import told_as
from chatkit_backend.cli.reload import serve_with_reload
from chatkit_backend.cli.workers import serve_alone, serve_with_workers
from chatkit_backend.database import open_database
from chatkit_backend.errors import SettingsError
from chatkit_backend.providers import model_names
from chatkit_backend.settings import Settings, load_settings, setting_name, unknown_settings

_log = structlog.get_logger(__name__)


def run_server(
    host: str | None,
    port: int | None,
    workers: int | None,
    agent: str | None,
    *,
    migrate: bool = False,
    reload: bool = False,
) -> int:
    """Serves until it is told to stop.

    Args:
        host: Overrides CHATKIT_HOST.
        port: Overrides CHATKIT_PORT.
        workers: Overrides CHATKIT_WORKERS.
        agent: Overrides CHATKIT_AGENT.
        migrate: Bring the database up to date first.
        reload: Start again whenever a Python file in the current folder changes.

    Returns:
        Exit status.
    """
    with told_as("The server was not started"):
        given: dict[str, Any] = {"host": host, "port": port, "workers": workers, "agent": agent}
        overrides = {name: value for name, value in given.items() if value is not None}
        settings = load_settings(**overrides)
        refuse_unsafe(settings)
        if reload and settings.workers > 1:
            raise SettingsError(
                f"CHATKIT_WORKERS: --reload serves with one process, and this asks for "
                f"{settings.workers}. Leave out one of the two."
            )
        configure_logging(settings.log_level, settings.log_format)
        for name in unknown_settings():
            _log.warning("unknown setting", name=name, remedy="see docs/configuration.md")
        application = create_app(settings)
        database = asyncio.run(_try_database(application, settings, migrate=migrate))
        listener = _listen(settings)
    if agent is not None:
        # Processes that serve for this one read the environment.
        os.environ[setting_name("agent")] = agent
    # The team's server runs models of its own.
    models = () if answering_of(application).runs_its_own_models else model_names(settings)
    ready = partial(announce, settings, models, database, listener.getsockname()[1])
    if reload:
        serve_with_reload(settings, listener, ready)
        return 0
    if settings.workers > 1:
        return serve_with_workers(settings, listener, ready)
    serve_alone(application, settings, listener, ready)
    return 0


def refuse_unsafe(settings: Settings) -> None:
    """Stops a server that anybody on the network could use as anybody.

    Raises:
        SettingsError: The auth modes include `dev`, and the host is more than this machine.
    """
    if "dev" in settings.auth and not is_loopback(settings.host):
        raise SettingsError(
            f"CHATKIT_HOST: {settings.host!r} can be reached from other machines, but "
            "the auth mode dev lets anybody chat as anybody. Keep CHATKIT_HOST=127.0.0.1, or set "
            "CHATKIT_AUTH to session, cookie or bearer."
        )


async def _try_database(application: FastAPI, settings: Settings, *, migrate: bool) -> str:
    """Its address. The application opens it again, but what fails there fails with a traceback."""
    database = await open_database(settings)
    try:
        if migrate:
            await database.migrate()
        await database.make_ready()
        rehearse(application, database)
    finally:
        await database.close()
    return database.address


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"CHATKIT_PORT: cannot listen on {settings.host}:{settings.port} "
            f"({error.strerror}). Stop what uses it, or choose another port."
        ) from error
    # asyncio does so for connections whose protocol number is TCP's; theirs is the listener's, 0.
    # Without it an answer waits up to 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
