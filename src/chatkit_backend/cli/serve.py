"""`chatkit-backend serve`: refuses what would be unsafe, then runs the server."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from rich.console import Console

from chatkit_backend.app import create_app, model_names
from chatkit_backend.auth.development import is_loopback
from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.settings import Settings, load_settings, unknown_settings
from chatkit_backend.store.engine import Database

_log = structlog.get_logger(__name__)

UNUSABLE = 2  # exit status for settings that cannot be used, as for a wrong option


def run_server(host: str | None, port: int | None) -> None:
    """Serves until it is told to stop.

    Args:
        host: Overrides CHATKIT_HOST.
        port: Overrides CHATKIT_PORT.
    """
    try:
        given: dict[str, Any] = {"host": host, "port": port}
        overrides = {name: value for name, value in given.items() if value is not None}
        settings = load_settings(**overrides)
        refuse_unsafe(settings)
        configure_logging(settings.log_level, settings.log_format)
        for name in unknown_settings():
            _log.warning("unknown setting", name=name, remedy="see docs/configuration.md")
        application = create_app(settings)
        asyncio.run(_try_database(settings))
        listener = _listen(settings)
    except SettingsError as error:
        _say_unusable(*error.problems)
        sys.exit(UNUSABLE)
    except DatabaseUnavailable as error:
        _say_unusable(str(error))
        sys.exit(UNUSABLE)
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when all is stopped
        _AnnouncingServer(config, settings).run(sockets=[listener])


def refuse_unsafe(settings: Settings) -> None:
    """Stops a server that anybody on the network could use as anybody.

    Raises:
        SettingsError: The auth mode is `dev` and the host is more than this machine.
    """
    if not is_loopback(settings.host):
        raise SettingsError(
            f"CHATKIT_HOST: {settings.host!r} can be reached from other machines, but "
            "CHATKIT_AUTH=dev lets anybody chat as anybody. Keep CHATKIT_HOST=127.0.0.1, and put "
            "a proxy that signs users in before it."
        )


async def _try_database(settings: Settings) -> None:
    # The application opens it again; but what fails in there fails with a traceback.
    database = await Database.open(settings.database_url)
    try:
        await database.create_tables()
    finally:
        await database.close()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"CHATKIT_PORT: cannot listen on {settings.host}:{settings.port} "
            f"({error.strerror}). Stop what uses it, or choose another port."
        ) from error


def _say_unusable(*problems: str) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("The server was not started:", style="bold red")
    for problem in problems:
        console.print(f"  {problem}", markup=False)


class _AnnouncingServer(uvicorn.Server):
    """A server that says where it listens as soon as it does."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            port = sockets[0].getsockname()[1]
            _announce(self._settings, port)


def _announce(settings: Settings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{port}"
    models = model_names(settings)
    rows = {
        "Listening": f"{url}/api/chatkit",
        "Database": settings.database_url,
        "Model": ", else ".join(models) + _about_demo(models),
        "Auth": f"{settings.auth}: anybody on this machine, as ?userId= says",
        "Try it": f"{_this_program()} chat{_url_option(url)}",
    }
    console = Console(highlight=False, soft_wrap=True)
    console.print("\nchatkit-backend is ready. Ctrl-C stops it.\n", style="bold")
    for name, value in rows.items():
        console.print(f"  {name:11}{value}", markup=False)
    console.print()


def _about_demo(models: tuple[str, ...]) -> str:
    if models != ("demo",):
        return ""
    return " (offline; OPENAI_API_KEY, GEMINI_API_KEY or ANTHROPIC_API_KEY connects a real one)"


def _url_option(url: str) -> str:
    return "" if url == "http://127.0.0.1:8000" else f" --url {url}"


def _this_program() -> str:
    """How a person in this folder would call this program again."""
    # What `make run` put on the PATH of this process is not on the PATH of another terminal.
    program = Path(sys.argv[0]).absolute()
    here = Path.cwd()
    return str(program.relative_to(here)) if program.is_relative_to(here) else "chatkit-backend"
