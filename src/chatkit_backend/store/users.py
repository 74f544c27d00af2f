"""Everything of one user: handed out, or deleted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import (
    attachments,
    feedback,
    imported_threads,
    items,
    sessions,
    threads,
)

_READ_AT_ONCE: Final = 500
# A thread may have thousands of items, and whoever deletes keeps others waiting.
_DELETED_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much was deleted."""

    threads: int
    items: int
    attachments: int
    sessions: int


async def export_user(database: Database, user_id: str) -> AsyncIterator[str]:
    """Everything of a user, as it is at this moment, line by line.

    Each line is a JSON object (https://jsonlines.org) without a line break: `kind` is `thread`,
    `item`, `feedback`, `attachment` or `session`, `data` is it; threads, items and attachments in
    the protocol's own words. A thread comes before its items, both in the order in which they were
    stored, and what the user thinks of the items comes after them. A user of whom nothing is
    stored has no lines.

    Args:
        database: Where it is.
        user_id: Whose.
    """
    own_threads = select(
        threads.c.id, threads.c.position, threads.c.created_at, threads.c.updated_at, threads.c.data
    ).where(threads.c.owner_id == user_id)
    own_attachments = select(
        attachments.c.id, attachments.c.thread_id, attachments.c.created_at, attachments.c.data
    ).where(attachments.c.owner_id == user_id)
    own_sessions = select(
        sessions.c.id, sessions.c.created_at, sessions.c.expires_at, sessions.c.data
    ).where(sessions.c.owner_id == user_id)
    async with database.snapshot(limited=False) as connection:
        async for thread in _all(connection, own_threads, threads.c.position):
            yield _line("thread", thread, updated_at=thread.updated_at.isoformat())
            own_items = select(
                items.c.position, items.c.created_at, items.c.data, items.c.thread_id
            ).where(items.c.thread_id == thread.id)
            async for item in _all(connection, own_items, items.c.position):
                yield _line("item", item, thread_id=item.thread_id)
            own_feedback = select(feedback).where(feedback.c.thread_id == thread.id)
            async for opinion in _all(connection, own_feedback, feedback.c.item_id):
                yield _feedback_line(opinion)
        async for attachment in _all(connection, own_attachments, attachments.c.id):
            yield _line("attachment", attachment, thread_id=attachment.thread_id)
        async for session in _all(connection, own_sessions, sessions.c.id):
            yield _line("session", session, expires_at=session.expires_at.isoformat())


async def delete_user(database: Database, user_id: str) -> Deleted:
    """Delete everything of a user.

    In small steps, so that others can work meanwhile. What is stored after the last of them is
    not deleted: refuse the user first.

    Args:
        database: Where it is.
        user_id: Whose.
    """
    gone_threads = gone_items = gone_attachments = 0
    while True:
        some = (
            select(threads.c.id)
            .where(threads.c.owner_id == user_id)
            .order_by(threads.c.position)
            .limit(_DELETED_AT_ONCE)
        )
        async with database.write() as connection:
            ids = (await connection.scalars(some)).all()
            if not ids:
                gone_attachments += await _delete_own(connection, attachments, user_id)
                gone_sessions = await _delete_own(connection, sessions, user_id)
                await _delete_own(connection, imported_threads, user_id)
                return Deleted(gone_threads, gone_items, gone_attachments, gone_sessions)
            gone_items += await _count(connection, items.c.thread_id.in_(ids))
            gone_attachments += await _count(connection, attachments.c.thread_id.in_(ids))
            # Items, with their feedback, and attachments go with their threads.
            found = await connection.execute(delete(threads).where(threads.c.id.in_(ids)))
            gone_threads += found.rowcount


async def _all(
    connection: AsyncConnection, statement: Select[*tuple[Any, ...]], key: ColumnElement[Any]
) -> AsyncIterator[Row[*tuple[Any, ...]]]:
    """Every row of `statement` by order of a unique column, never many in memory."""
    ordered = statement.order_by(key).limit(_READ_AT_ONCE)
    page = ordered
    while True:
        rows = (await connection.execute(page)).all()
        for row in rows:
            yield row
        if len(rows) < _READ_AT_ONCE:
            return
        page = ordered.where(key > getattr(rows[-1], str(key.key)))


async def _delete_own(connection: AsyncConnection, table: Table, user_id: str) -> int:
    return (await connection.execute(delete(table).where(table.c.owner_id == user_id))).rowcount


async def _count(connection: AsyncConnection, condition: ColumnElement[bool]) -> int:
    return await connection.scalar(select(func.count()).where(condition)) or 0


def _line(kind: str, row: Row[*tuple[Any, ...]], **also: str | None) -> str:
    return _json_line(kind, row, json.loads(row.data), also)


def _feedback_line(row: Row[*tuple[Any, ...]]) -> str:
    also = {"thread_id": row.thread_id, "updated_at": row.updated_at.isoformat()}
    return _json_line("feedback", row, {"item_id": row.item_id, "kind": row.kind}, also)


def _json_line(
    kind: str, row: Row[*tuple[Any, ...]], data: Any, also: Mapping[str, str | None]
) -> str:
    said = {"kind": kind, **also, "stored_at": row.created_at.isoformat(), "data": data}
    return json.dumps(said, ensure_ascii=False)
