"""Runs an example as a user would: a server in a process of its own, offline."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.preloaded import PreloadedPython

ROOT = Path(__file__).resolve().parents[2]

Start = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server of a module keeps its database."""
    return tmp_path_factory.mktemp("example")


@pytest.fixture(scope="module")
def start(folder: Path, preloaded: PreloadedPython) -> Iterator[Start]:
    """Starts a server for the tests of a module, and gives its address."""
    with ExitStack() as running:

        def start_one(module: str, *arguments: str, **settings: str) -> str:
            command = [*preloaded.command(module), *arguments, "--port", "0"]
            server = _running(command, settings, folder)
            return running.enter_context(server).url

        yield start_one


@contextmanager
def _running(command: list[str], settings: dict[str, str], folder: Path) -> Iterator[Program]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "CHATKIT_DATABASE_URL": f"sqlite:///{folder / 'chat.db'}",
        "CHATKIT_SHUTDOWN_SECONDS": "1",
        "COLUMNS": "200",
    }
    server = Program(command, environment | settings, folder)
    try:
        yield server
    finally:
        server.stop()
