"""Which attachments there are, of every user, for whoever looks after their files."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select

from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import attachments

# One replica at a time: the others would ask for the same.
_LOCK: Final = "files"

# Small enough for no request to notice.
_DELETED_AT_ONCE: Final = 500

_OWNERS: Final = select(attachments.c.id, attachments.c.owner_id).where(
    attachments.c.id.in_(bindparam("ids", expanding=True))
)

_UNUSED: Final = (
    select(attachments.c.id)
    .where(attachments.c.thread_id.is_(None), attachments.c.created_at < bindparam("before"))
    .limit(_DELETED_AT_ONCE)
)
# Asked twice: a message may name one after it was found.
_DELETE_UNUSED: Final = delete(attachments).where(
    attachments.c.id.in_(bindparam("ids", expanding=True)), attachments.c.thread_id.is_(None)
)


async def owners_of(database: Database, attachment_ids: Collection[str]) -> dict[str, str] | None:
    """Whose each of the attachments is.

    Args:
        database: Where they are.
        attachment_ids: Some thousand at most.

    Returns:
        The owners' ids by those of the attachments, without attachments that are not there; None
        where another replica is at it.
    """
    async with database.write() as connection:
        if not await database.dialect.try_lock(connection, _LOCK):
            return None
        rows = await connection.execute(_OWNERS, {"ids": list(attachment_ids)})
        return {row.id: row.owner_id for row in rows}


async def delete_unused(database: Database, before: datetime) -> int:
    """Forget attachments that no message has: announced and never uploaded, or never sent.

    It ends early where another replica is at it.

    Args:
        database: Where they are.
        before: Those that came later may still be sent.

    Returns:
        How many there were.
    """
    gone = 0
    while True:
        async with database.write() as connection:
            if not await database.dialect.try_lock(connection, _LOCK):
                return gone
            ids = list(await connection.scalars(_UNUSED, {"before": before}))
            gone += (await connection.execute(_DELETE_UNUSED, {"ids": ids})).rowcount
        if len(ids) < _DELETED_AT_ONCE:
            return gone
