"""Runs the server in this process, or in several that share its port."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import uvicorn
from uvicorn.config import Config
from uvicorn.supervisors.multiprocess import Multiprocess

from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.settings import Settings

# What a process that serves for another makes its application with.
FACTORY: Final = "chatkit_backend.app:create_app"

# A worker that does not answer for so long is killed and replaced. Importing the agents SDK takes
# seconds, and on a busy machine many.
_HEALTHCHECK_SECONDS: Final = 60

# Looking is a message to the worker and back.
_LOOK_SECONDS: Final = 0.1


def serve_alone(
    app: Any, settings: Settings, listener: socket.socket, ready: Callable[[], None]
) -> None:
    """Serves in this process until it is told to stop.

    Args:
        app: The application.
        settings: What it was built from.
        listener: Where to listen.
        ready: Called as soon as it does.
    """
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when all is stopped
        _AnnouncingServer(uvicorn_config(app, settings), ready).run(sockets=[listener])


def serve_with_workers(
    settings: Settings, listener: socket.socket, ready: Callable[[], None]
) -> int:
    """Serves in `settings.workers` processes until this one is told to stop.

    A worker that dies is replaced. SIGHUP replaces one after the other.

    Args:
        settings: What the workers are built from, too: they read the environment and `.env`.
        listener: Where all of them listen.
        ready: Called as soon as all of them do.

    Returns:
        Exit status: 1 when a worker could not start, else 0.
    """
    config = uvicorn_config(FACTORY, settings)
    supervisor = _Supervisor(config, [listener], ready)
    supervisor.run()
    return int(supervisor.failed)


class _Config(Config):
    """Sets up logging in every process that it is handed to."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        # Before the base class: it configures the logging.
        self._log_settings = settings.log_level, settings.log_format
        super().__init__(**options)

    def configure_logging(self) -> None:
        configure_logging(*self._log_settings)


def uvicorn_config(app: Any, settings: Settings, **changes: Any) -> Config:
    """How uvicorn serves.

    Args:
        app: The application, or the place of a function that makes it.
        settings: What it is built from.
        changes: Options of uvicorn's that are to be others.
    """
    options: dict[str, Any] = {
        "app": app,
        "factory": isinstance(app, str),
        "workers": settings.workers,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": round(settings.shutdown_seconds),
        "timeout_worker_healthcheck": _HEALTHCHECK_SECONDS,
    }
    return _Config(settings, **(options | changes))


class _AnnouncingServer(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


class _Supervisor(Multiprocess):
    """Starts, watches and stops the workers, and says when all of them listen."""

    def __init__(
        self, config: Config, sockets: list[socket.socket], ready: Callable[[], None]
    ) -> None:
        super().__init__(config, sockets)
        self._ready = ready
        self._stopped_by_signal = False

    @property
    def failed(self) -> bool:
        """Whether it stopped although nobody said so."""
        return not self._stopped_by_signal

    def init_processes(self) -> None:
        super().init_processes()
        waiting = list(self.processes)
        while waiting and not self.should_exit.is_set():
            # A worker that is dead is the business of the loop that follows.
            waiting = [p for p in waiting if p.process.is_alive() and not p.is_ready(_LOOK_SECONDS)]
            self.handle_signals()
            time.sleep(_LOOK_SECONDS)
        if all(process.process.is_alive() for process in self.processes):
            self._ready()

    def handle_int(self) -> None:
        self._stopped_by_signal = True
        super().handle_int()

    def handle_term(self) -> None:
        self._stopped_by_signal = True
        super().handle_term()
