"""The store of threads, items and attachments that the SDK's server works on.

Every method filters by the owner: the thread of another user is not found, and no answer tells it
from one that never was. No method keeps a connection when it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from chatkit.store import Store, StoreItemType
from chatkit.types import (
    ClientToolCallItem,
    GeneratedImageItem,
    Page,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
)
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import InvalidRequest
from chatkit_backend.store import documents, statements
from chatkit_backend.store.addresses import image_of, with_addresses
from chatkit_backend.store.attachment_records import AttachmentRecords
from chatkit_backend.store.ids import new_id
from chatkit_backend.store.owned import (
    named,
    no_attachment,
    no_item,
    no_thread,
    require_cursor,
    require_thread,
    touch,
)
from chatkit_backend.store.pages import MAX_PAGE, PageRequest, readable


class ThreadStore(AttachmentRecords, Store[RequestContext]):
    """Threads, their items, and what is known of attachments.

    All methods raise `NotFoundInStore` (a `NotFound`) for what the asking user does not own, and
    `DatabaseUnavailable` where the database does not answer.

    Times are `Moment`s: aware UTC, and fit for the SDK's arithmetic.

    Args:
        database: Where they are kept; the caller opens and closes it.
        addresses: Makes the addresses of files in what is loaded; None leaves placeholders.
    """

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
        async with self._database.read() as connection:
            found = await connection.execute(statements.THREAD, named(context, thread=thread_id))
            row = found.one_or_none()
        thread = row and documents.read_thread(row.data, row.created_at)
        if thread is None:
            raise no_thread(thread_id)
        return thread

    async def save_thread(self, thread: ThreadMetadata, context: RequestContext) -> None:
        """Store the thread; one that is there keeps its place in the list and its `created_at`."""
        values = _values_of(thread, context)
        async with self._database.write_one() as connection:
            if await connection.scalar(self._upserts.thread, values) is None:
                raise no_thread(thread.id)

    async def change_thread(
        self, thread_id: str, change: Callable[[ThreadMetadata], None], context: RequestContext
    ) -> ThreadMetadata:
        """Change the thread as it is stored now; no other change of it comes in between.

        Saving a thread that was loaded earlier would undo what somebody else changed since.

        Args:
            thread_id: The thread.
            change: Is given the thread, and sets what is to be different.
            context: Who asks.

        Returns:
            The thread as it is stored after that.
        """
        values = named(context, thread=thread_id, new_updated_at=_now())
        async with self._database.write() as connection:
            row = (await connection.execute(statements.LOCK_THREAD, values)).one_or_none()
            thread = row and documents.read_thread(row.data, row.created_at)
            if thread is None:
                raise no_thread(thread_id)
            change(thread)
            await connection.execute(self._upserts.thread, _values_of(thread, context))
        return thread

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
        statement = statements.THREAD_PAGES[request.ascending, after is not None]
        values = named(context, after=after, most=request.limit + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, values)).all()
            if not rows:
                await require_cursor(connection, statements.THREAD_CURSOR, values)
        rows, last = request.cut(rows)
        found = readable(rows, documents.read_thread, table="threads")
        return Page[ThreadMetadata](data=found, has_more=last is not None, after=last)

    async def newest_thread_ids(self, limit: int, context: RequestContext) -> set[str]:
        """Ids of the user's newest threads, without reading them."""
        values = named(context, most=min(limit, MAX_PAGE))
        async with self._database.read() as connection:
            return set(await connection.scalars(statements.NEWEST_THREAD_IDS, values))

    async def delete_thread(self, thread_id: str, context: RequestContext) -> None:
        """Delete the thread, its items, and what is known of its attachments."""
        values = named(context, thread=thread_id)
        async with self._database.write_one() as connection:
            if await connection.scalar(statements.DELETE_THREAD, values) is None:
                raise no_thread(thread_id)

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
        statement = statements.ITEM_PAGES[request.ascending, after is not None]
        values = named(context, thread=thread_id, after=after, most=request.limit + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement, values)).all()
            if not rows:
                await require_thread(connection, values)
                await require_cursor(connection, statements.ITEM_CURSOR, values)
        rows, last = request.cut(rows)
        found: list[ThreadItem] = readable(
            rows, documents.read_item, table="items", thread_id=thread_id
        )
        shown = [with_addresses(item, self._addresses, context) for item in found]
        return Page[ThreadItem](data=shown, has_more=last is not None, after=last)

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None:
        """Store the item as the thread's newest.

        One with its id that is there already is overwritten, and keeps its place and `created_at`:
        the SDK adds an unfinished workflow, and adds it again when a later turn finishes it. An
        image that a model made is forgotten with the item that another one replaces.
        """
        values = _values_of_item(thread_id, item, context)
        if isinstance(item, GeneratedImageItem):
            await self._put_image(item, values, context)
            return
        if self._upserts.touch_and_item is not None:
            async with self._database.write_one() as connection:
                if await connection.scalar(self._upserts.touch_and_item, values) is None:
                    raise no_thread(thread_id)
            return
        async with self._database.write() as connection:
            position = await touch(connection, values)
            await connection.execute(self._upserts.item, values | {"new_position": position})

    async def _put_image(
        self, item: GeneratedImageItem, values: Mapping[str, Any], context: RequestContext
    ) -> None:
        async with self._database.write() as connection:
            position = await touch(connection, values)
            found = await connection.execute(statements.ITEM, {**values, "item": item.id})
            await connection.execute(self._upserts.item, {**values, "new_position": position})
            replaced = _image_in(found.one_or_none())
            if replaced is not None and replaced != image_of(item):
                await self._forget_image(connection, replaced, context)

    async def begin_thread(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> None:
        """Store a new thread, the message that begins it and whose its attachments are, or nothing.

        Raises:
            NotFoundInStore: An attachment is gone, or another thread's by now.
        """
        async with self._database.write() as connection:
            created = await connection.scalar(self._upserts.thread, _values_of(thread, context))
            if created is None:
                raise no_thread(thread.id)
            await self._add_message(connection, thread.id, message, context)

    async def add_user_message(
        self, thread_id: str, message: UserMessageItem, context: RequestContext
    ) -> None:
        """Store the message as the thread's newest item and whose its attachments are, or nothing.

        Raises:
            NotFoundInStore: An attachment is gone, or another thread's by now.
        """
        if not message.attachments:
            await self.add_thread_item(thread_id, message, context)
            return
        async with self._database.write() as connection:
            await self._add_message(connection, thread_id, message, context)

    async def _add_message(
        self,
        connection: AsyncConnection,
        thread_id: str,
        message: UserMessageItem,
        context: RequestContext,
    ) -> None:
        values = _values_of_item(thread_id, message, context)
        position = await touch(connection, values)
        # In the order of their ids: two messages with the same ones would wait for each other.
        for attachment in sorted(message.attachments, key=lambda one: one.id):
            taking = named(
                context,
                thread=thread_id,
                attachment=attachment.id,
                new_data=documents.attachment_document(attachment),
            )
            if await connection.scalar(statements.TAKE_ATTACHMENT, taking) is None:
                raise no_attachment(attachment.id, "params.input.attachments")
        await connection.execute(self._upserts.item, values | {"new_position": position})

    async def save_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        """Store the item under its id: in the place of the one that has it, else as the newest."""
        await self.add_thread_item(thread_id, item, context)

    async def change_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        """Store an item that is there; one that is gone stays so."""
        if not await self._changed(statements.CHANGE_ITEM, thread_id, item, context):
            raise no_item(item.id)

    async def answer_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> bool:
        """Store an item with its answer, if it is there and nothing has answered it as yet.

        Returns:
            Whether it was; of several that answer at once, one is told so.
        """
        return await self._changed(statements.ANSWER_ITEM, thread_id, item, context)

    async def load_item(self, thread_id: str, item_id: str, context: RequestContext) -> ThreadItem:
        """The item; one that this version cannot read is not found."""
        values = named(context, thread=thread_id, item=item_id)
        item = await self._one_item(statements.ITEM, values)
        if item is None:
            raise no_item(item_id)
        return with_addresses(item, self._addresses, context)

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: RequestContext
    ) -> None:
        """Delete the item, and what is known of the image in it that a model made.

        One that is not there is as good as deleted; its thread must be.
        """
        values = named(context, thread=thread_id, item=item_id, new_updated_at=_now())
        async with self._database.write() as connection:
            await touch(connection, values)
            found = await connection.execute(statements.DELETE_ITEM, values)
            image_id = _image_in(found.one_or_none())
            if image_id is not None:
                await self._forget_image(connection, image_id, context)

    async def latest_client_tool_call(
        self, thread_id: str, context: RequestContext
    ) -> ClientToolCallItem | None:
        """The thread's newest client tool call, pending or completed, whatever came after it.

        The SDK looks at the last item only, and misses the call under a hidden item.
        """
        values = named(context, thread=thread_id)
        item = await self._one_item(statements.NEWEST_CLIENT_TOOL_CALL, values)
        return item if isinstance(item, ClientToolCallItem) else None

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
        values = named(context, threads=list(thread_ids))
        async with self._database.read() as connection:
            rows = (await connection.execute(statements.COUNT_ITEMS, values)).all()
        return {row.id: row.items for row in rows}

    # Attachments

    async def _changed(
        self,
        statement: ReturningUpdate[str],
        thread_id: str,
        item: ThreadItem,
        context: RequestContext,
    ) -> bool:
        """Whether the statement found an item to change."""
        values = named(
            context,
            thread=thread_id,
            item=item.id,
            new_status=documents.item_status(item),
            new_data=documents.item_document(item),
        )
        async with self._database.write_one() as connection:
            if await connection.scalar(statement, values) is not None:
                return True
        async with self._database.read() as connection:
            await require_thread(connection, values)
        return False

    async def _one_item(
        self, statement: statements.Rows, values: Mapping[str, Any]
    ) -> ThreadItem | None:
        """The item that a statement finds; None without one, or unreadable."""
        async with self._database.read() as connection:
            row = (await connection.execute(statement, values)).one_or_none()
            if row is None:
                await require_thread(connection, values)
                return None
        return documents.read_item(row.data, row.created_at)


def _values_of(thread: ThreadMetadata, context: RequestContext) -> dict[str, Any]:
    """What is stored of a thread."""
    return named(
        context,
        new_id=thread.id,
        new_owner_id=context.user.id,
        new_created_at=thread.created_at,
        new_updated_at=_now(),
        new_data=documents.thread_document(thread),
    )


def _image_in(row: Row[*tuple[Any, ...]] | None) -> str | None:
    """The id of the image in the item of a row; None without one."""
    return image_of(documents.read_item(row.data, row.created_at)) if row else None


def _values_of_item(thread_id: str, item: ThreadItem, context: RequestContext) -> dict[str, object]:
    """What is stored of an item."""
    return named(
        context,
        thread=thread_id,
        new_updated_at=_now(),
        new_thread_id=thread_id,
        new_id=item.id,
        new_type=item.type,
        new_status=documents.item_status(item),
        new_created_at=item.created_at,
        new_data=documents.item_document(item),
    )


def _now() -> datetime:
    return datetime.now(UTC)
