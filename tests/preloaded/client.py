"""Has `server.py` run a program, and behaves as that program does.

    python client.py SOCKET MODULE [ARGUMENT ...]

Passes on its standard files, environment, folder, limits and the signals it gets, and ends as the
program ends. Uses nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def limits() -> list[tuple[int, tuple[int, int]]]:
    """The limits of this process, soft and hard, by their kind."""
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    kinds = {getattr(resource, name) for name in names}
    return [(kind, resource.getrlimit(kind)) for kind in sorted(kinds)]


def main() -> int:
    address, module, *arguments = sys.argv[1:]
    umask = os.umask(0)
    os.umask(umask)
    request = json.dumps(
        {
            "module": module,
            "arguments": arguments,
            "environment": dict(os.environ),
            "folder": os.getcwd(),  # noqa: PTH109 - pathlib would take as long to import as all else
            "umask": umask,
            "limits": limits(),
        }
    ).encode()
    server = socket.socket(socket.AF_UNIX)
    server.connect(address)
    for kind in _PASSED_ON:
        signal.signal(kind, lambda number, _: server.sendall(bytes([number])))
    socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(request)
    # Only the program shall hold them now: who reads its output waits for their end.
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    answer = server.recv(4)
    if len(answer) < 4:
        return 1  # the server is gone, and the program with it
    status = int.from_bytes(answer, "big", signed=True)
    if status < 0:  # a signal ended it
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main())
