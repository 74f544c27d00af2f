"""Threads that were brought along from OpenAI-hosted ChatKit, and how far each was read.

A page of items and the note that it was read are stored together, so an import that is interrupted
anywhere leaves nothing twice and nothing out. What is here already is never written over: people
may have gone on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from chatkit.types import ThreadItem, ThreadMetadata
from sqlalchemy import Row, Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.context import RequestContext
from chatkit_backend.store import documents
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import imported_threads, items, threads

_NOTED: Final = imported_threads.c.thread_id == bindparam("thread")

# One row in any case: what is known of the thread, of all users'.
_KNOWN: Final[Select[str | None, str | None, str | None]] = select(
    select(threads.c.owner_id)
    .where(threads.c.id == bindparam("thread"))
    .scalar_subquery()
    .label("owner_id"),
    select(imported_threads.c.owner_id).where(_NOTED).scalar_subquery().label("noted_owner_id"),
    select(imported_threads.c.last_item_id).where(_NOTED).scalar_subquery().label("last_item_id"),
)

# Locks the thread's row and takes positions for a whole page; nothing where the user has no such
# thread (any more). As `statements.TOUCH_THREAD`, for many.
_TAKE_POSITIONS: Final = (
    update(threads)
    .where(threads.c.id == bindparam("thread"), threads.c.owner_id == bindparam("owner"))
    .values(
        next_item_position=threads.c.next_item_position + bindparam("taken"),
        updated_at=bindparam("now"),
    )
    .returning(threads.c.next_item_position)
)

_PRESENT: Final = select(items.c.id).where(
    items.c.thread_id == bindparam("thread"), items.c.id.in_(bindparam("ids", expanding=True))
)

_NOTE: Final = (
    update(imported_threads)
    .where(_NOTED, imported_threads.c.owner_id == bindparam("owner"))
    .values(last_item_id=bindparam("last"), imported_at=bindparam("now"))
)

Standing = Literal["new", "begun", "deleted", "foreign", "native"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the import of a thread stands.

    Attributes:
        standing: `new`: it was stored just now. `begun`: it was before. `deleted`: it was imported
            and then deleted here. `foreign`: another user has a thread of this id. `native`: the
            user has one, and it was not imported.
        last_item_id: Up to where it was read; None for a thread of which nothing was.
    """

    standing: Standing
    last_item_id: str | None = None


class ImportedThreads:
    """What is imported, and up to where.

    All methods raise `DatabaseUnavailable` where the database does not answer.

    Args:
        database: Where threads are kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, thread: ThreadMetadata, context: RequestContext) -> Beginning:
        """Store the thread, without items, unless it is here or was.

        Args:
            thread: As it is to be kept.
            context: Whose it is.
        """
        thread_id, owner_id = thread.id, context.user.id
        async with self._database.read() as connection:
            known = await _known(connection, thread_id)
        if known.owner_id is None and known.noted_owner_id is None:
            async with self._database.write() as connection:
                if await self._insert(connection, thread, owner_id):
                    return Beginning("new")
                known = await _known(connection, thread_id)  # somebody was faster
        return _beginning(known, owner_id)

    async def add_page(
        self,
        thread_id: str,
        page: Sequence[ThreadItem],
        last_item_id: str,
        context: RequestContext,
    ) -> list[ThreadItem] | None:
        """Store a page of items as the thread's newest, and note that it was read.

        Items that the thread has already stay as they are.

        Args:
            thread_id: A thread that was begun.
            page: At most `MAX_PAGE` items, in their order.
            last_item_id: Of the last item that was read, be it in `page` or not.
            context: Whose thread it is.

        Returns:
            The items that were stored; None where the user has no such thread (any more).
        """
        named: dict[str, Any] = {
            "thread": thread_id,
            "owner": context.user.id,
            "now": datetime.now(UTC),
            "taken": len(page),
            "ids": [item.id for item in page],
            "last": last_item_id,
        }
        async with self._database.write() as connection:
            end: int | None = await connection.scalar(_TAKE_POSITIONS, named)
            if end is None:
                return None
            present = set((await connection.scalars(_PRESENT, named)).all())
            # By id: a page in which one comes twice must not end the import.
            once = {item.id: item for item in page if item.id not in present}
            added = list(once.values())
            if added:
                first = end - len(page) + 1
                rows = [_row(thread_id, item, first + n) for n, item in enumerate(added)]
                await connection.execute(insert(items), rows)
            await connection.execute(_NOTE, named)
        return added

    async def _insert(
        self, connection: AsyncConnection, thread: ThreadMetadata, owner_id: str
    ) -> bool:
        now = datetime.now(UTC)
        statement = (
            self._database.dialect.insert(threads)
            .values(
                id=thread.id,
                owner_id=owner_id,
                next_item_position=0,
                created_at=thread.created_at,
                # Not the time of its last message: the retention would take it at once.
                updated_at=now,
                data=documents.thread_document(thread),
            )
            .on_conflict_do_nothing(index_elements=[threads.c.id])
            .returning(threads.c.id)
        )
        if await connection.scalar(statement) is None:
            return False
        note = insert(imported_threads).values(
            thread_id=thread.id, owner_id=owner_id, imported_at=now
        )
        await connection.execute(note)
        return True


async def _known(
    connection: AsyncConnection, thread_id: str
) -> Row[str | None, str | None, str | None]:
    return (await connection.execute(_KNOWN, {"thread": thread_id})).one()


def _beginning(known: Row[str | None, str | None, str | None], owner_id: str) -> Beginning:
    holder = known.noted_owner_id if known.owner_id is None else known.owner_id
    if holder != owner_id:
        return Beginning("foreign")
    if known.owner_id is None:
        return Beginning("deleted")
    if known.noted_owner_id is None:
        return Beginning("native")
    return Beginning("begun", known.last_item_id)


def _row(thread_id: str, item: ThreadItem, position: int) -> dict[str, Any]:
    return {
        "thread_id": thread_id,
        "id": item.id,
        "position": position,
        "type": item.type,
        "status": documents.item_status(item),
        "created_at": item.created_at,
        "data": documents.item_document(item),
    }
