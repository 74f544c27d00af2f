"""Runs the real program in a process of its own."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import chatkit_backend
from tests.provider.server import ScriptedProvider

# As a user runs it; in most tests the fixture `program` does the same, and starts faster.
PROGRAM = [sys.executable, "-m", "chatkit_backend"]
READY_SECONDS = 120  # on a busy machine; usually three


class Program:
    """A running `serve`; its output is collected as it comes."""

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        folder: Path,
        limit: tuple[int, int] | None = None,
    ) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            preexec_fn=limit and partial(_limit, *limit),  # noqa: PLW1509 - it takes no lock
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._ready = threading.Event()
        self._readers = [
            threading.Thread(target=self._collect, args=(self.process.stdout, self.out)),
            threading.Thread(target=self._collect, args=(self.process.stderr, self.err)),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def url(self) -> str:
        """Where it listens, once it does."""
        assert self._ready.wait(READY_SECONDS), self.output
        return re.search(r"http://\S+?(?=/api/chatkit)", "".join(self.out))[0]  # type: ignore[index] # it is ready

    @property
    def output(self) -> str:
        return "".join(self.out + self.err)

    def stop(self, kind: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and waits for the exit status."""
        self.process.send_signal(kind)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(READY_SECONDS)
        for reader in self._readers:
            reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        return status

    def _collect(self, pipe: Any, lines: list[str]) -> None:
        for line in pipe:
            lines.append(line)
            if "Try it" in line:
                self._ready.set()


def _limit(kind: int, most: int) -> None:
    resource.setrlimit(kind, (most, most))


@pytest.fixture
def environment(provider: ScriptedProvider) -> dict[str, str]:
    """An environment in which the scripted provider answers."""
    return {
        "PATH": os.environ["PATH"],
        # The program runs the package that the tests import, wherever that is.
        "PYTHONPATH": str(Path(chatkit_backend.__file__).parents[1]),
        "CHATKIT_MODEL": "openai-compatible/scripted",
        "CHATKIT_MODEL_RETRIES": "0",
        "CHATKIT_TITLE_MODEL": "off",
        "OPENAI_COMPATIBLE_BASE_URL": provider.base_url,
        "OPENAI_COMPATIBLE_API_KEY": "sk-a-key-that-stays-secret",
        "CHATKIT_SHUTDOWN_SECONDS": "1",
        "COLUMNS": "200",
    }


Start = Callable[..., Program]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start(environment: dict[str, str], program: list[str], tmp_path: Path) -> Iterator[Start]:
    """Starts `serve` on a free port; what still runs at the end of the test is stopped."""
    started: list[Program] = []

    def start_one(*arguments: str, limit: tuple[int, int] | None = None, **changes: str) -> Program:
        command = [*program, "serve", "--port", "0", *arguments]
        server = Program(command, environment | changes, tmp_path, limit)
        started.append(server)
        return server

    yield start_one
    for server in started:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture
def run(environment: dict[str, str], program: list[str], tmp_path: Path) -> Run:
    """Runs a command to its end."""

    def run_one(
        *arguments: str, stdin: str = "", **changes: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own program
            [*program, *arguments],
            input=stdin,
            env=environment | changes,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )

    return run_one
