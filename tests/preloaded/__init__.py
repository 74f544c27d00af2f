"""Runs Python programs in processes that have the package imported already.

Most of what a short command does is to import, for seconds. Here one process imports once, and
each program runs in a fork of it: a process of its own, with its own arguments, environment,
folder, limits, signals and exit status. `PreloadedPython.command` stands where
`[sys.executable, "-m", module]` would.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_HERE = Path(__file__).parent


class PreloadedPython:
    """A process to fork from.

    Args:
        socket: Where it listens.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def command(self, module: str) -> list[str]:
        """What to run instead of `python -m module`; arguments may follow."""
        # Without the site's and the user's packages it starts in a few milliseconds.
        return [sys.executable, "-I", "-S", str(_HERE / "client.py"), str(self._socket), module]

    @classmethod
    @contextmanager
    def running(cls, package: str, path: list[str]) -> Iterator[PreloadedPython]:
        """One that has imported a package with all its modules.

        Args:
            package: Its name.
            path: Where to look for it, as in PYTHONPATH.
        """
        # Short: it holds a Unix socket.
        with TemporaryDirectory(prefix="chatkit-py-") as folder:
            socket = Path(folder) / "socket"
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", str(_HERE / "server.py"), str(socket), package, *path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            with process:
                assert process.stdin
                assert process.stdout
                if process.stdout.readline() != b"ready\n":
                    raise RuntimeError("The process to fork from did not start.")
                yield cls(socket)
                process.stdin.close()
