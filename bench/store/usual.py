"""The store as it is usually written for PostgreSQL: plain psycopg2, a page of code.

The design is that of the PostgreSQL example in openai-chatkit's own documentation: two tables of
JSON ordered by time, and a blocking driver inside `async def`, which opens a connection in every
call. Indexes are added here, as that documentation advises. `UsualStore.kept` goes one step further
and keeps one connection, which is as far as a blocking driver gets without threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, NamedTuple, Self

import psycopg2.extensions
from chatkit.store import NotFoundError, Store
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata
from psycopg2.extras import Json
from pydantic import TypeAdapter

from chatkit_backend.context import RequestContext

_ITEM: TypeAdapter[ThreadItem] = TypeAdapter(ThreadItem)
_THREAD = TypeAdapter(ThreadMetadata)
_ATTACHMENT: TypeAdapter[Attachment] = TypeAdapter(Attachment)

SCHEMA = """
CREATE TABLE threads (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL, data JSONB NOT NULL
);
CREATE INDEX ON threads (user_id, created_at);
CREATE TABLE items (
    id TEXT PRIMARY KEY, thread_id TEXT NOT NULL REFERENCES threads ON DELETE CASCADE,
    user_id TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL, data JSONB NOT NULL
);
CREATE INDEX ON items (thread_id, created_at);
CREATE TABLE attachments (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, data JSONB NOT NULL);
"""

Connection = psycopg2.extensions.connection
Connect = Callable[[], AbstractContextManager[Connection]]


class PageAsked(NamedTuple):
    """Which page of a list."""

    limit: int
    after: str | None
    order: str


class UsualStore(Store[RequestContext]):
    """Threads and items in PostgreSQL.

    Args:
        connect: Gives a connection for the length of a block.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    @classmethod
    def per_call(cls, dsn: str) -> Self:
        """Opens a connection in every call."""

        @contextmanager
        def connect() -> Iterator[Connection]:
            with closing(psycopg2.connect(dsn)) as connection, connection:
                yield connection

        return cls(connect)

    @classmethod
    def kept(cls, dsn: str) -> Self:
        """Opens one connection, for all calls."""
        connection = psycopg2.connect(dsn)

        @contextmanager
        def connect() -> Iterator[Connection]:
            with connection:
                yield connection

        return cls(connect)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall()) if cursor.description else []

    async def load_thread(self, thread_id: str, context: RequestContext) -> ThreadMetadata:
        """The thread, without its items."""
        rows = self._rows(
            "SELECT data FROM threads WHERE id = %s AND user_id = %s", thread_id, context.user.id
        )
        if not rows:
            raise NotFoundError(f"Thread {thread_id} not found")
        return _THREAD.validate_python(rows[0][0])

    async def save_thread(self, thread: ThreadMetadata, context: RequestContext) -> None:
        """Store the thread."""
        self._rows(
            "INSERT INTO threads VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET data = excluded.data",
            thread.id,
            context.user.id,
            thread.created_at,
            Json(thread.model_dump(mode="json")),
        )

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: RequestContext
    ) -> Page[ThreadMetadata]:
        """A page of the user's threads."""
        where, values = "user_id = %s", [context.user.id]
        found = self._page("threads", where, values, PageAsked(limit, after, order))
        threads = [_THREAD.validate_python(row[1]) for row in found[:limit]]
        more = len(found) > limit
        return Page(data=threads, has_more=more, after=threads[-1].id if more else None)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: RequestContext
    ) -> Page[ThreadItem]:
        """A page of the thread's items."""
        where, values = "thread_id = %s AND user_id = %s", [thread_id, context.user.id]
        found = self._page("items", where, values, PageAsked(limit, after, order))
        items = [_ITEM.validate_python(row[1]) for row in found[:limit]]
        more = len(found) > limit
        return Page(data=items, has_more=more, after=items[-1].id if more else None)

    def _page(self, table: str, where: str, values: list[Any], asked: PageAsked) -> list[Any]:
        sign, direction = (">", "ASC") if asked.order == "asc" else ("<", "DESC")
        if asked.after is not None:
            where += f" AND created_at {sign} (SELECT created_at FROM {table} WHERE id = %s)"  # noqa: S608 - names of ours
            values = [*values, asked.after]
        query = f"SELECT id, data FROM {table} WHERE {where} "  # noqa: S608 - names of ours
        query += f"ORDER BY created_at {direction} LIMIT %s"
        return self._rows(query, *values, asked.limit + 1)

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None:
        """Store the item as the thread's newest."""
        self._rows(
            "INSERT INTO items VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET data = excluded.data",
            item.id,
            thread_id,
            context.user.id,
            item.created_at,
            Json(item.model_dump(mode="json")),
        )

    async def save_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        """Store the item under its id."""
        await self.add_thread_item(thread_id, item, context)

    async def load_item(self, thread_id: str, item_id: str, context: RequestContext) -> ThreadItem:
        """The item."""
        rows = self._rows(
            "SELECT data FROM items WHERE id = %s AND thread_id = %s AND user_id = %s",
            item_id,
            thread_id,
            context.user.id,
        )
        if not rows:
            raise NotFoundError(f"Item {item_id} not found")
        return _ITEM.validate_python(rows[0][0])

    async def delete_thread(self, thread_id: str, context: RequestContext) -> None:
        """Delete the thread and its items."""
        self._rows("DELETE FROM threads WHERE id = %s AND user_id = %s", thread_id, context.user.id)

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: RequestContext
    ) -> None:
        """Delete the item."""
        self._rows("DELETE FROM items WHERE id = %s AND user_id = %s", item_id, context.user.id)

    async def save_attachment(self, attachment: Attachment, context: RequestContext) -> None:
        """Store what is known of the attachment."""
        self._rows(
            "INSERT INTO attachments VALUES (%s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET data = excluded.data",
            attachment.id,
            context.user.id,
            Json(attachment.model_dump(mode="json")),
        )

    async def load_attachment(self, attachment_id: str, context: RequestContext) -> Attachment:
        """What is known of the attachment."""
        rows = self._rows(
            "SELECT data FROM attachments WHERE id = %s AND user_id = %s",
            attachment_id,
            context.user.id,
        )
        if not rows:
            raise NotFoundError(f"Attachment {attachment_id} not found")
        return _ATTACHMENT.validate_python(rows[0][0])

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Forget the attachment."""
        self._rows(
            "DELETE FROM attachments WHERE id = %s AND user_id = %s",
            attachment_id,
            context.user.id,
        )
