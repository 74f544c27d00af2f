"""Serves while its code is being written: a change of a Python file starts it again."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

import structlog
import uvicorn
from uvicorn.config import Config
from uvicorn.supervisors.watchfilesreload import WatchFilesReload

from chatkit_backend.cli.problems import told_as
from chatkit_backend.cli.workers import FACTORY, uvicorn_config
from chatkit_backend.settings import Settings

_log = structlog.get_logger(__name__)

# Seconds that running answers get. Whoever has just saved a file waits for the new code.
_GRACE_SECONDS: Final = 1


def serve_with_reload(
    settings: Settings, listener: socket.socket, ready: Callable[[], None]
) -> None:
    """Serves in a process that is replaced when a Python file in the current folder changes.

    Code that cannot be loaded is told; the next change tries again.

    Args:
        settings: What the application is built from, too: it reads the environment and `.env`.
        listener: Where to listen. It stays open, so requests wait while the process is replaced.
        ready: Called, in that process, when it listens for the first time. It is pickled.
    """
    config = uvicorn_config(
        FACTORY, settings, reload=True, timeout_graceful_shutdown=_GRACE_SECONDS
    )
    _Reloader(config, _ReplacedServer(config, ready), listener).run()


class _ReplacedServer(uvicorn.Server):
    """The server of a process that is replaced.

    Attributes:
        is_first: Whether no other was before it.
    """

    def __init__(self, config: Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self.is_first = True

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with told_as("The server waits for the next change of a file, because this cannot run"):
            super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        if self.is_first:
            self._ready()
        else:
            _log.warning("reloaded")


class _Reloader(WatchFilesReload):
    """Watches the files, and starts a process after the other."""

    def __init__(self, config: Config, server: _ReplacedServer, listener: socket.socket) -> None:
        super().__init__(config, target=server.run, sockets=[listener])
        self._server = server

    def restart(self) -> None:
        # The next process gets a copy of the server as it is now.
        self._server.is_first = False
        super().restart()
