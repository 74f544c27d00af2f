"""A real Redis for tests: `redis-server` from the PATH, or one of yours."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# A server to use instead. Nothing in it is deleted: what tests write there expires in a minute.
URL_VARIABLE: Final = "CHATKIT_TEST_REDIS_URL"
# Read here: each test starts by clearing such variables.
_GIVEN: Final = os.environ.get(URL_VARIABLE)
_START_SECONDS: Final = 10.0
# Between finding a free port and using it, another program may take it.
_ATTEMPTS: Final = 5

_MISSING: Final = (
    "redis-server is not on the PATH: run scripts/install_test_services.sh, or install it. "
    f"For tests that do not stop it, {URL_VARIABLE} may name a Redis instead."
)


@contextmanager
def running_redis() -> Iterator[str]:
    """The address of a server that runs as long as the block."""
    if _GIVEN:
        yield _GIVEN
        return
    with OwnRedis.running() as server:
        yield server.url


class OwnRedis:
    """A server of a test's own, which it may kill and start again."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """One that is there as long as the block."""
        with TemporaryDirectory(prefix="chatkit-redis-") as folder:
            server = cls(_program(), Path(folder))
            server._start_somewhere()
            try:
                yield server
            finally:
                server.crash()

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def crash(self) -> None:
        """Ends it as a crash does: what it held is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def start(self, *options: str) -> None:
        """Starts it at the same port, empty.

        Args:
            options: Further ones for the command line, such as `--requirepass`, `secret`.
        """
        assert self._starts(options), f"redis-server does not start at port {self.port}"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It stands still for the length of a block, its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _start_somewhere(self) -> None:
        for _ in range(_ATTEMPTS):
            if self._starts(()):
                return
            self.port = _free_port()
        raise AssertionError(self._log.read_text(encoding="utf-8"))

    def _starts(self, options: tuple[str, ...]) -> bool:
        address = ("--port", str(self.port), "--bind", "127.0.0.1")
        # Nothing is written to disk but the log.
        files = ("--dir", str(self._folder), "--save", "", "--logfile", str(self._log))
        self._process = subprocess.Popen([self._program, *address, *files, *options])  # noqa: S603
        deadline = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if _answers(self.port):
                return True
            time.sleep(0.01)
        self.crash()
        return False

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"


def _program() -> str:
    program = shutil.which("redis-server")
    if program is not None:
        return program
    # Where a machine tests by itself, nobody would read that these tests were left out.
    if os.environ.get("CI"):
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with redis.Redis(port=port, socket_timeout=1.0, retry=Retry(NoBackoff(), 0)) as client:
        try:
            client.ping()
        except redis.AuthenticationError:
            return True
        except redis.ConnectionError:
            return False
        return True
