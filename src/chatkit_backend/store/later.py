"""A store that can be handed out before its database is open."""

from __future__ import annotations

from typing import Never

from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore


class ThreadStoreToCome(ThreadStore):
    """A `ThreadStore` whose database comes when the server starts.

    A server of the team's is made, with its store, when the settings are read: what fails then
    is told before the port is bound. Ids can be made at once.
    """

    def __init__(self) -> None:
        """Without a database as yet; `open` gives it one."""
        # The base class's would want one.

    def open(self, database: Database) -> None:
        """Work on this database from now on; the caller closes it."""
        ThreadStore.__init__(self, database)

    def __getattr__(self, name: str) -> Never:
        # Asked only for what is not there.
        if name in {"_database", "_upserts"}:
            raise RuntimeError("The store can be used when the server runs, not before.")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
