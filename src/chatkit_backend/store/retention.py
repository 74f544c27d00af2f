"""Deletes what has had its time: threads in which nothing happens, and sessions that are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select

from chatkit_backend.store.engine import Database
from chatkit_backend.store.sessions import delete_old_sessions
from chatkit_backend.store.tables import threads

_log = structlog.get_logger(__name__)

# Seldom, so that a database that sleeps while nobody uses it is not woken for so little.
_BETWEEN_SESSIONS: Final = timedelta(days=1)
# Small enough for no request to notice: a thread may have thousands of items.
_LOOKED_AT_ONCE: Final = 1_000
_DELETED_AT_ONCE: Final = 50
# One replica at a time: two would wait for each other's rows.
_LOCK: Final = "retention"


class Retention:
    """Knows what is old, and when to look for it.

    Args:
        database: Where it is.
        days: How long a thread is kept after its last change; None keeps all.
        session_age: How long a session is kept after the end of its last client secret. Until
            then a client is told that it has expired, not that it is unknown.
    """

    def __init__(self, database: Database, days: int | None, session_age: timedelta) -> None:
        self._database = database
        self._days = days
        self._session_age = session_age
        self._sessions_due = datetime.min.replace(tzinfo=UTC)

    async def delete_old(self) -> None:
        """Delete what is old by now; what is cut off is deleted by the next call."""
        now = datetime.now(UTC)
        gone: dict[str, int] = {}
        if self._days is not None:
            before = now - timedelta(days=self._days)
            gone["deleted_threads"] = await delete_old_threads(self._database, before)
        if now >= self._sessions_due:
            before = now - self._session_age
            gone["deleted_sessions"] = await delete_old_sessions(self._database, before)
            self._sessions_due = now + _BETWEEN_SESSIONS
        if gone:
            _log.info("retention", **gone)


async def delete_old_threads(database: Database, before: datetime) -> int:
    """Delete the threads whose last change was before a time, with everything in them.

    It goes through all threads in small steps, and ends early where another replica is at it.

    Args:
        database: Where the threads are.
        before: The time.

    Returns:
        How many were deleted.
    """
    deleted, last = 0, 0
    while True:
        # No index on the time of change: it would have to be written with every item.
        window = (
            select(threads.c.position, threads.c.updated_at)
            .where(threads.c.position > last)
            .order_by(threads.c.position)
            .limit(_LOOKED_AT_ONCE)
        )
        async with database.read() as connection:
            rows = (await connection.execute(window)).all()
        if not rows:
            return deleted
        last = rows[-1].position
        old = [row.position for row in rows if row.updated_at < before]
        for start in range(0, len(old), _DELETED_AT_ONCE):
            gone = await _delete(database, old[start : start + _DELETED_AT_ONCE], before)
            if gone is None:
                return deleted
            deleted += gone


async def _delete(database: Database, positions: list[int], before: datetime) -> int | None:
    """How many were deleted; None where another replica is at it."""
    statement = delete(threads).where(
        # Somebody may have written into it since it was looked at.
        threads.c.position.in_(positions),
        threads.c.updated_at < before,
    )
    async with database.write() as connection:
        if not await database.dialect.try_lock(connection, _LOCK):
            return None
        return (await connection.execute(statement)).rowcount
