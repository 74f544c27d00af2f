"""The store of threads, items and attachments that the SDK's server works on.

Every method filters by the owner: the thread of another user is not found, and no answer tells it
from one that never was. No method keeps a connection when it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import structlog
from chatkit.store import NotFoundError, Store, StoreItemType
from chatkit.types import (
    Attachment,
    ClientToolCallItem,
    Page,
    StructuredInputItem,
    ThreadItem,
    ThreadMetadata,
)
from sqlalchemy import ColumnElement, Row, Select, Table, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import InvalidRequest, NotFound
from chatkit_backend.store import documents
from chatkit_backend.store.engine import Database
from chatkit_backend.store.ids import new_id
from chatkit_backend.store.pages import MAX_PAGE, PageRequest
from chatkit_backend.store.tables import attachments, items, threads

_log = structlog.get_logger(__name__)

_Read = TypeVar("_Read")

_CLIENT_TOOL_CALL: Final = "client_tool_call"


class NotFoundInStore(NotFound, NotFoundError):
    """Unknown, or somebody else's; the SDK and this package each recognise it as theirs."""


class ThreadStore(Store[RequestContext]):
    """Threads, their items, and what is known of attachments.

    All methods raise `NotFoundInStore` (a `NotFound`) for what the asking user does not own, and
    `DatabaseUnavailable` where the database does not answer.

    Times are `Moment`s: aware UTC, and fit for the SDK's arithmetic.

    Args:
        database: Where they are kept; the caller opens and closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def generate_thread_id(self, context: RequestContext) -> str:
        """A new id for a thread."""
        return new_id("thread")

    def generate_item_id(
        self,
        item_type: StoreItemType,
        thread: ThreadMetadata,
        context: RequestContext,
    ) -> str:
        """A new id for an item."""
        return new_id(item_type)

    # Threads

    async def load_thread(self, thread_id: str, context: RequestContext) -> ThreadMetadata:
        """The thread, without its items."""
        statement = select(threads.c.data, threads.c.created_at).where(
            threads.c.id == thread_id, _owned(threads, context)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        thread = row and documents.read_thread(row.data, row.created_at)
        if thread is None:
            raise _no_thread(thread_id)
        return thread

    async def save_thread(self, thread: ThreadMetadata, context: RequestContext) -> None:
        """Store the thread; one that is there keeps its place in the list and its `created_at`."""
        insert = self._database.dialect.insert(threads).values(
            id=thread.id,
            owner_id=context.user.id,
            next_item_position=0,
            created_at=thread.created_at,
            updated_at=_now(),
            data=documents.thread_document(thread),
        )
        upsert = insert.on_conflict_do_update(
            index_elements=[threads.c.id],
            set_={"updated_at": insert.excluded.updated_at, "data": insert.excluded.data},
            where=_owned(threads, context),
        ).returning(threads.c.id)
        async with self._database.write() as connection:
            if await connection.scalar(upsert) is None:
                raise _no_thread(thread.id)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: RequestContext
    ) -> Page[ThreadMetadata]:
        """A page of the user's threads, by order of creation.

        Args:
            limit: Most threads to give; more than `MAX_PAGE` count as `MAX_PAGE`.
            after: Id of the thread before the page; None for the first page.
            order: `asc` for the oldest first, `desc` for the newest first.
            context: Who asks.

        Raises:
            InvalidRequest: The limit is not positive, or the order is neither of the two.
        """
        request = PageRequest.checked(after, limit, order)
        whole = select(
            threads.c.id, threads.c.data, threads.c.created_at, threads.c.position
        ).where(_owned(threads, context))
        async with self._database.read() as connection:
            start = None
            if after is not None:
                start = (await connection.execute(whole.where(threads.c.id == after))).one_or_none()
                if start is None:
                    raise _no_cursor(after)
            narrowed = request.narrow(whole, threads.c.position, start and start.position)
            rows = (await connection.execute(narrowed)).all()
        rows, last = request.cut(rows)
        found = _readable(rows, documents.read_thread, table="threads")
        return Page[ThreadMetadata](data=found, has_more=last is not None, after=last)

    async def delete_thread(self, thread_id: str, context: RequestContext) -> None:
        """Delete the thread, its items, and what is known of its attachments."""
        statement = (
            delete(threads)
            .where(threads.c.id == thread_id, _owned(threads, context))
            .returning(threads.c.id)
        )
        async with self._database.write() as connection:
            if await connection.scalar(statement) is None:
                raise _no_thread(thread_id)

    # Items

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: RequestContext
    ) -> Page[ThreadItem]:
        """A page of the thread's items, in the order in which they were first stored.

        Items that this version cannot read are left out; the page may then be shorter than `limit`
        although more follow.

        Args:
            thread_id: The thread.
            after: Id of the item before the page; None for the first page.
            limit: Most items to give; more than `MAX_PAGE` count as `MAX_PAGE`.
            order: `asc` for the oldest first, `desc` for the newest first.
            context: Who asks.

        Raises:
            InvalidRequest: The limit is not positive, or the order is neither of the two.
        """
        request = PageRequest.checked(after, limit, order)
        whole = select(items.c.id, items.c.type, items.c.data, items.c.created_at).where(
            items.c.thread_id == thread_id
        )
        start = _in_thread(thread_id, context, items.c.id == after)
        async with self._database.read() as connection:
            first = (await connection.execute(start)).one_or_none()
            if first is None:
                raise _no_thread(thread_id)
            if after is not None and first.id is None:
                raise _no_cursor(after)
            narrowed = request.narrow(whole, items.c.position, first.position)
            rows = (await connection.execute(narrowed)).all()
        rows, last = request.cut(rows)
        found = _readable(rows, documents.read_item, table="items", thread_id=thread_id)
        return Page[ThreadItem](data=found, has_more=last is not None, after=last)

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None:
        """Store the item as the thread's newest.

        One with its id that is there already is overwritten, and keeps its place and `created_at`:
        the SDK adds an unfinished workflow, and adds it again when a later turn finishes it.
        """
        insert = self._database.dialect.insert(items)
        changed = ("type", "status", "data")
        upsert = insert.on_conflict_do_update(
            index_elements=[items.c.thread_id, items.c.id],
            set_={name: insert.excluded[name] for name in changed},
        )
        row = {
            "thread_id": thread_id,
            "id": item.id,
            "type": item.type,
            "status": item.status
            if isinstance(item, ClientToolCallItem | StructuredInputItem)
            else None,
            "created_at": item.created_at,
            "data": documents.item_document(item),
        }
        async with self._database.write() as connection:
            position = await _touch(connection, thread_id, context)
            await connection.execute(upsert, row | {"position": position})

    async def save_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        """Store the item under its id: in the place of the one that has it, else as the newest."""
        await self.add_thread_item(thread_id, item, context)

    async def load_item(self, thread_id: str, item_id: str, context: RequestContext) -> ThreadItem:
        """The item; one that this version cannot read is not found."""
        found = _in_thread(thread_id, context, items.c.id == item_id)
        item = await self._load_item(thread_id, found)
        if item is None:
            raise NotFoundInStore(
                f"There is no item {item_id!r} in this thread.", field="params.item_id"
            )
        return item

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: RequestContext
    ) -> None:
        """Delete the item. One that is not there is as good as deleted; its thread must be."""
        statement = delete(items).where(items.c.thread_id == thread_id, items.c.id == item_id)
        async with self._database.write() as connection:
            await _touch(connection, thread_id, context)
            await connection.execute(statement)

    async def pending_client_tool_call(
        self, thread_id: str, context: RequestContext
    ) -> ClientToolCallItem | None:
        """The thread's newest client tool call that waits for its output, whatever came after it.

        The SDK looks at the last item only, and misses the call under a hidden item.
        """
        return await self._client_tool_call(thread_id, context, items.c.status == "pending")

    async def latest_client_tool_call(
        self, thread_id: str, context: RequestContext
    ) -> ClientToolCallItem | None:
        """The thread's newest client tool call, pending or completed."""
        return await self._client_tool_call(thread_id, context)

    async def count_items(
        self, thread_ids: Collection[str], context: RequestContext
    ) -> dict[str, int]:
        """How many items each of the threads has, those unreadable to this version included.

        Args:
            thread_ids: At most `MAX_PAGE`. Those of other users are left out of the answer.
            context: Who asks.

        Raises:
            InvalidRequest: More than `MAX_PAGE` threads.
        """
        if len(thread_ids) > MAX_PAGE:
            raise InvalidRequest(f"Ask for at most {MAX_PAGE} threads at once.")
        statement = (
            select(threads.c.id, func.count(items.c.id).label("items"))
            .select_from(threads.outerjoin(items, items.c.thread_id == threads.c.id))
            .where(threads.c.id.in_(thread_ids), _owned(threads, context))
            .group_by(threads.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        return {row.id: row.items for row in rows}

    # Attachments

    async def save_attachment(self, attachment: Attachment, context: RequestContext) -> None:
        """Store what is known of the attachment, its `metadata` and upload descriptor included."""
        insert = self._database.dialect.insert(attachments).values(
            id=attachment.id,
            owner_id=context.user.id,
            thread_id=attachment.thread_id,
            created_at=_now(),
            data=documents.attachment_document(attachment),
        )
        upsert = insert.on_conflict_do_update(
            index_elements=[attachments.c.id],
            set_={"thread_id": insert.excluded.thread_id, "data": insert.excluded.data},
            where=_owned(attachments, context),
        ).returning(attachments.c.id)
        async with self._database.write() as connection:
            if attachment.thread_id is not None:
                await _touch(connection, attachment.thread_id, context)
            if await connection.scalar(upsert) is None:
                raise _no_attachment(attachment.id, "params.input.attachments")

    async def load_attachment(self, attachment_id: str, context: RequestContext) -> Attachment:
        """What is known of the attachment."""
        statement = select(attachments.c.data).where(
            attachments.c.id == attachment_id, _owned(attachments, context)
        )
        async with self._database.read() as connection:
            document = await connection.scalar(statement)
        attachment = document and documents.read_attachment(document)
        if not attachment:
            raise _no_attachment(attachment_id, "params.input.attachments")
        return attachment

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Forget the attachment; its bytes are not this room's."""
        statement = (
            delete(attachments)
            .where(attachments.c.id == attachment_id, _owned(attachments, context))
            .returning(attachments.c.id)
        )
        async with self._database.write() as connection:
            if await connection.scalar(statement) is None:
                raise _no_attachment(attachment_id, "params.attachment_id")

    async def _load_item(
        self, thread_id: str, found: Select[*tuple[Any, ...]]
    ) -> ThreadItem | None:
        """The item that a selection of `_in_thread` finds; None without one, or unreadable."""
        statement = found.add_columns(items.c.data, items.c.created_at)
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise _no_thread(thread_id)
        return None if row.id is None else documents.read_item(row.data, row.created_at)

    async def _client_tool_call(
        self, thread_id: str, context: RequestContext, *conditions: ColumnElement[bool]
    ) -> ClientToolCallItem | None:
        calls = _in_thread(thread_id, context, items.c.type == _CLIENT_TOOL_CALL, *conditions)
        newest = calls.order_by(items.c.position.desc()).limit(1)
        item = await self._load_item(thread_id, newest)
        return item if isinstance(item, ClientToolCallItem) else None


def _owned(table: Table, context: RequestContext) -> ColumnElement[bool]:
    """The condition that a row of `threads` or `attachments` belongs to the asking user."""
    return table.c.owner_id == context.user.id


def _in_thread(
    thread_id: str, context: RequestContext, *conditions: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    """The items of the user's thread that meet the conditions.

    No row where the user has no such thread; one row of nulls where it has no such item.
    """
    return (
        select(items.c.id, items.c.position)
        .select_from(threads.outerjoin(items, and_(items.c.thread_id == threads.c.id, *conditions)))
        .where(threads.c.id == thread_id, _owned(threads, context))
    )


async def _touch(connection: AsyncConnection, thread_id: str, context: RequestContext) -> int:
    """Mark the thread as changed and take its next item position.

    One statement locks the row, proves who owns it, and hands out a number that no other
    transaction gets.
    """
    position: int | None = await connection.scalar(
        update(threads)
        .where(threads.c.id == thread_id, _owned(threads, context))
        .values(next_item_position=threads.c.next_item_position + 1, updated_at=_now())
        .returning(threads.c.next_item_position)
    )
    if position is None:
        raise _no_thread(thread_id)
    return position


def _readable(
    rows: Sequence[Row[*tuple[Any, ...]]],
    read: Callable[[str, datetime], _Read | None],
    **found_in: str,
) -> list[_Read]:
    """What the rows hold, without those that this version cannot read."""
    found = [value for row in rows if (value := read(row.data, row.created_at)) is not None]
    if len(found) < len(rows):
        # No content: what users write stays out of logs.
        _log.warning("rows_not_readable", count=len(rows) - len(found), **found_in)
    return found


def _now() -> datetime:
    return datetime.now(UTC)


def _no_thread(thread_id: str) -> NotFoundInStore:
    return NotFoundInStore(f"There is no thread {thread_id!r}.", field="params.thread_id")


def _no_cursor(after: str) -> NotFoundInStore:
    return NotFoundInStore(f"There is no {after!r} to continue after.", field="params.after")


def _no_attachment(attachment_id: str, field: str) -> NotFoundInStore:
    return NotFoundInStore(f"There is no attachment {attachment_id!r}.", field=field)
