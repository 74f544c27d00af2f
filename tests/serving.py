"""Runs an ASGI application in a real uvicorn, on a free port, from a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp

_START_SECONDS = 15.0


class ServedApp:
    """An application that listens on 127.0.0.1 for as long as the `with` block lasts.

    Args:
        app: What is served, its lifespan included.
        port: Where, instead of a free one.
        options: Further options of `uvicorn.Config`.
    """

    def __init__(self, app: ASGIApp, port: int = 0, **options: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as `serve` does
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        defaults = {"log_config": None, "access_log": False, "timeout_graceful_shutdown": 1}
        self.uvicorn = uvicorn.Server(uvicorn.Config(app, **(defaults | options)))
        self._thread = threading.Thread(
            target=self.uvicorn.run, args=([self._socket],), name="served app", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self.uvicorn.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("The application did not start.")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops as on SIGTERM, and returns when the lifespan has ended."""
        self.uvicorn.should_exit = True
        self._thread.join(_START_SECONDS)
        self._socket.close()
