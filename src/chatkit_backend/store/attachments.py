"""Which attachments there are, of every user, for whoever looks after their files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, select

from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import attachments

# One replica at a time: the others would ask for the same.
_LOCK: Final = "files"

_OWNERS: Final = select(attachments.c.id, attachments.c.owner_id).where(
    attachments.c.id.in_(bindparam("ids", expanding=True))
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
