"""Imports a package once, and forks a process for each program that `client.py` asks for.

    python server.py SOCKET PACKAGE [PATH ...]

Ends, with all that runs, when its standard input does. Uses nothing but the standard library.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import resource
import runpy
import selectors
import signal
import socket
import sys
import time
from typing import Any

_STANDARD = 3  # input, output and error


def import_all(name: str) -> None:
    """Imports a package and every module in it that can be imported without being run."""
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            importlib.import_module(module.name)


class Forks:
    """The programs that run, and who waits for each."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._wanted_by: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._wakes = socket.socketpair()
        for end in (self._woken, self._wakes):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes.fileno())
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        self._selector.register(self._woken, selectors.EVENT_READ, self._reap)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def run(self) -> None:
        """Serves until standard input ends."""
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._kill_all()
                    return
                key.data()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        request, files = _request(client)
        if request is None:
            client.close()
            return
        pid = os.fork()
        if pid == 0:
            self._selector.close()
            self._listener.close()
            client.close()
            _run(request, files)
        for file in files:
            os.close(file)
        self._wanted_by[pid] = client
        self._selector.register(client, selectors.EVENT_READ, lambda: self._forward(pid))

    def _forward(self, pid: int) -> None:
        """A client sends the number of a signal; one that is gone has been killed."""
        client = self._wanted_by.get(pid)
        if client is None:
            return
        received = client.recv(1)
        os.kill(pid, received[0] if received else signal.SIGKILL)
        if not received:
            self._selector.unregister(client)
            self._wanted_by.pop(pid).close()

    def _reap(self) -> None:
        self._woken.recv(4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if client := self._wanted_by.pop(pid, None):
                self._selector.unregister(client)
                client.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
                client.close()

    def _kill_all(self) -> None:
        for pid in self._wanted_by:
            os.kill(pid, signal.SIGKILL)


def _request(client: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """What to run, and its standard files; nothing if the client left."""
    head, files, _, _ = socket.recv_fds(client, 4, _STANDARD)
    if len(head) < 4:
        return None, files
    body = b""
    while len(body) < int.from_bytes(head, "big"):
        part = client.recv(65_536)
        if not part:
            return None, files
        body += part
    return json.loads(body), files


def _run(request: dict[str, Any], files: list[int]) -> None:
    """Becomes the program; does not return."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Where the tests run in the background of a shell, it has them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for standard, file in enumerate(files):
        os.dup2(file, standard)
        os.close(file)
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    for kind, limits in request["limits"]:
        resource.setrlimit(kind, tuple(limits))
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [request["folder"], *filter(None, given)]
    sys.argv[1:] = request["arguments"]
    # As the interpreter does, so that the exit status is right whatever ends the program, and
    # what it registered to be done at exit is done.
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    sys.exit()


def main() -> None:
    address, package, *path = sys.argv[1:]
    sys.path[:0] = path
    sys.dont_write_bytecode = False
    import_all(package)
    del sys.path[: len(path)]
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    forks = Forks(listener)
    print("ready", flush=True)  # noqa: T201 - what the parent waits for
    forks.run()


if __name__ == "__main__":
    main()
