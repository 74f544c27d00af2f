"""Sessions and the client secrets that open them.

A session has one client secret after the other: refreshing adds one. Only their hashes are kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, delete, insert, select, update

from chatkit_backend.context import Session, User
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import client_secrets, sessions

_RANDOM_BYTES: Final = 16
_DELETED_AT_ONCE: Final = 500
_LOCK: Final = "old sessions"

# By primary key and foreign key: one indexed query for each request.
_BY_SECRET: Final = (
    select(
        sessions.c.data,
        sessions.c.cancelled_at,
        client_secrets.c.expires_at,
        client_secrets.c.replaced_at,
    )
    .join(sessions, sessions.c.id == client_secrets.c.session_id)
    .where(client_secrets.c.hash == bindparam("secret"))
)


@dataclass(frozen=True, slots=True)
class _Document:
    user: User
    session: Session
    ttl_seconds: int


_DOCUMENT: Final = TypeAdapter(_Document)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it stands in the database.

    Attributes:
        user: Whose it is.
        session: What a client secret of it stands for.
        ttl_seconds: How long each of its client secrets is good.
        expires_at: End of the client secret it was found by; of the newest where it was found by
            its id.
        replaced_at: When that client secret was refreshed.
        cancelled_at: When the session was cancelled.
    """

    user: User
    session: Session
    ttl_seconds: int
    expires_at: datetime
    replaced_at: datetime | None = None
    cancelled_at: datetime | None = None


def new_session_id() -> str:
    """A new id, such as `cksess_` and 32 hexadecimal digits."""
    return f"cksess_{secrets.token_hex(_RANDOM_BYTES)}"


class SessionStore:
    """Every session of every user.

    All methods raise `DatabaseUnavailable` where the database does not answer.

    Args:
        database: Where they are kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, stored: StoredSession, secret_hash: str) -> None:
        """Keep a new session with its first client secret."""
        document = _Document(stored.user, stored.session, stored.ttl_seconds)
        async with self._database.write() as connection:
            await connection.execute(
                insert(sessions).values(
                    id=stored.session.id,
                    owner_id=stored.user.id,
                    created_at=stored.session.created_at,
                    expires_at=stored.expires_at,
                    data=_DOCUMENT.dump_json(document).decode(),
                )
            )
            await connection.execute(
                insert(client_secrets).values(
                    hash=secret_hash, session_id=stored.session.id, expires_at=stored.expires_at
                )
            )

    async def by_secret(self, secret_hash: str) -> StoredSession | None:
        """The session that a client secret opens or has opened; None where there is none."""
        async with self._database.read() as connection:
            row = (await connection.execute(_BY_SECRET, {"secret": secret_hash})).one_or_none()
        return row and _stored(row, row.replaced_at)

    async def add_secret(
        self, session_id: str, *, old_hash: str, old_expires_at: datetime,
        new_hash: str, new_expires_at: datetime, now: datetime,
    ) -> bool:  # fmt: skip
        """Give the session a new client secret, and an end to the old one.

        Args:
            session_id: The session.
            old_hash: Of the client secret that is replaced.
            old_expires_at: Its new end.
            new_hash: Of the new client secret.
            new_expires_at: The new one's end, and with it the session's.
            now: When this happens.

        Returns:
            Whether it was done; False where the session was cancelled meanwhile.
        """
        async with self._database.write() as connection:
            # Locks the row, so that a cancellation comes before all of it or after.
            lasting = (
                update(sessions)
                .where(sessions.c.id == session_id, sessions.c.cancelled_at.is_(None))
                .values(expires_at=new_expires_at)
            )
            if not (await connection.execute(lasting)).rowcount:
                return False
            await connection.execute(
                update(client_secrets)
                .where(client_secrets.c.hash == old_hash, client_secrets.c.replaced_at.is_(None))
                .values(replaced_at=now, expires_at=old_expires_at)
            )
            await connection.execute(
                insert(client_secrets).values(
                    hash=new_hash, session_id=session_id, expires_at=new_expires_at
                )
            )
        return True

    async def cancel(self, session_id: str, now: datetime) -> StoredSession | None:
        """End the session, with all its client secrets. One that is cancelled already stays so.

        Args:
            session_id: The session.
            now: When this happens.

        Returns:
            The session; None where there is none.
        """
        async with self._database.write() as connection:
            await connection.execute(
                update(sessions)
                .where(sessions.c.id == session_id, sessions.c.cancelled_at.is_(None))
                .values(cancelled_at=now)
            )
            found = await connection.execute(
                select(sessions.c.data, sessions.c.expires_at, sessions.c.cancelled_at).where(
                    sessions.c.id == session_id
                )
            )
            row = found.one_or_none()
        return row and _stored(row)


async def delete_old_sessions(database: Database, before: datetime) -> int:
    """Delete the sessions whose newest client secret ended before a time.

    It goes in small steps, so that others can write meanwhile, and ends early where another
    replica is at it.

    Args:
        database: Where they are.
        before: The time. Until then an old client secret is told from an unknown one.

    Returns:
        How many were deleted.
    """
    some = select(sessions.c.id).where(sessions.c.expires_at < before).limit(_DELETED_AT_ONCE)
    deleted = 0
    while True:
        async with database.write() as connection:
            if not await database.dialect.try_lock(connection, _LOCK):
                return deleted
            ids = (await connection.scalars(some)).all()
            if not ids:
                return deleted
            gone = await connection.execute(
                # Still over when it is deleted: it may be refreshed at this very moment.
                delete(sessions).where(sessions.c.id.in_(ids), sessions.c.expires_at < before)
            )
        deleted += gone.rowcount


def _stored(row: Row[*tuple[Any, ...]], replaced_at: datetime | None = None) -> StoredSession:
    document = _DOCUMENT.validate_json(row.data)
    return StoredSession(
        document.user,
        document.session,
        document.ttl_seconds,
        row.expires_at,
        replaced_at,
        row.cancelled_at,
    )
