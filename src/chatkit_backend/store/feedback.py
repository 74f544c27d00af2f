"""What users think of the items of their threads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from chatkit.types import FeedbackKind
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import InvalidRequest
from chatkit_backend.store import statements
from chatkit_backend.store.engine import Database
from chatkit_backend.store.owned import NotFoundInStore

# An answer has a few items, and all of them are rated at once.
MAX_ITEMS: Final = 100

_FIELD: Final = "params.item_ids"


class FeedbackStore:
    """Keeps one opinion for each item: the last one of the user whose thread it is.

    The feedback goes with its item, so also with the thread and the user.

    Args:
        database: Where it is kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upserts = statements.Upserts(database.dialect)

    async def record(
        self, thread_id: str, item_ids: Sequence[str], kind: FeedbackKind, context: RequestContext
    ) -> None:
        """Store what the user thinks of some items, for all of them or for none.

        One that thought otherwise before has a change of mind: the time of the first opinion
        stays, and that of the last change becomes now.

        Args:
            thread_id: The thread that has them.
            item_ids: 1 to `MAX_ITEMS` items that users see.
            kind: What the user thinks of each.
            context: Who asks.

        Raises:
            InvalidRequest: Too many items, or none.
            NotFoundInStore: The thread or an item is not there, or not for users to see.
            DatabaseUnavailable: The database does not answer.
        """
        if not 0 < len(item_ids) <= MAX_ITEMS:
            raise InvalidRequest(f"{_FIELD}: name 1 to {MAX_ITEMS} items.", field=_FIELD)
        now = datetime.now(UTC)
        rows = [
            {
                "new_thread_id": thread_id,
                "new_item_id": item_id,
                "new_owner_id": context.user.id,
                "new_kind": kind,
                "new_created_at": now,
                "new_updated_at": now,
            }
            # In one order, so that no two transactions wait for each other.
            for item_id in sorted(set(item_ids))
        ]
        async with self._database.write() as connection:
            await _require_items(connection, thread_id, item_ids, context)
            await connection.execute(self._upserts.feedback, rows)


async def _require_items(
    connection: AsyncConnection, thread_id: str, item_ids: Sequence[str], context: RequestContext
) -> None:
    values = {"thread": thread_id, "items": sorted(set(item_ids)), "owner": context.user.id}
    found = set(await connection.scalars(statements.RATEABLE_ITEMS, values))
    missing = next((item_id for item_id in item_ids if item_id not in found), None)
    if missing is None:
        return
    if await connection.scalar(statements.THREAD_EXISTS, values) is None:
        raise NotFoundInStore(f"There is no thread {thread_id!r}.", field="params.thread_id")
    raise NotFoundInStore(f"There is no item {missing!r} in this thread.", field=_FIELD)
