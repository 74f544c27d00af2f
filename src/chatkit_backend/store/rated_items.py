"""What users of every kind think of the answers: the feedback of all, to be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from chatkit.types import (
    AssistantMessageItem,
    FeedbackKind,
    ThreadItem,
    UserMessageItem,
    WidgetItem,
)
from sqlalchemy import Integer, Row, Select, bindparam, select, tuple_

from chatkit_backend.store import documents
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import feedback, items

# Threads are short, but a message may hold thousands of words.
_READ_AT_ONCE: Final = 200
_BEFORE_ALL: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RatedItem:
    """An item that a user has rated.

    Attributes:
        thread_id: The thread that has it.
        item_id: The item.
        user: Whose thread it is, who rated it.
        kind: `positive` or `negative`.
        created_at: When they first rated it; UTC.
        updated_at: When they last changed their mind; UTC.
        item_type: Of the item, such as `assistant_message`.
        text: The item's words; empty where it has none.
        question: Words of the user's message before it; empty without one.
        model: Which model the user chose in that message; None where they chose none.
    """

    thread_id: str
    item_id: str
    user: str
    kind: FeedbackKind
    created_at: datetime
    updated_at: datetime
    item_type: str
    text: str
    question: str
    model: str | None


_before = items.alias("before")
_MESSAGE_BEFORE: Final = (
    select(_before.c.data)
    .where(
        _before.c.thread_id == items.c.thread_id,
        _before.c.type == "user_message",
        _before.c.position < items.c.position,
    )
    .order_by(_before.c.position.desc())
    .limit(1)
    .scalar_subquery()
)
_KEY: Final = (feedback.c.updated_at, feedback.c.thread_id, feedback.c.item_id)
_RATED: Final = (
    select(feedback, items.c.type, items.c.data, _MESSAGE_BEFORE.label("message"))
    .join(items, (items.c.thread_id == feedback.c.thread_id) & (items.c.id == feedback.c.item_id))
    .order_by(*_KEY)
    .limit(bindparam("most", type_=Integer))
)
_FIRST: Final = _RATED.where(feedback.c.updated_at >= bindparam("since"))
_NEXT: Final = _RATED.where(
    tuple_(*_KEY)
    > tuple_(
        bindparam("updated_at", type_=feedback.c.updated_at.type),
        bindparam("thread"),
        bindparam("item"),
    )
)


async def rated_items(
    database: Database, since: datetime | None = None, kind: FeedbackKind | None = None
) -> AsyncIterator[RatedItem]:
    """The rated items of every user as they are at this moment, by the time of the last change.

    Never many in memory. Nobody asks here, so nothing is filtered by owner: it is for whoever runs
    the server.

    Args:
        database: Where they are.
        since: Only those whose rating was given or changed at this time or later; None for all.
        kind: Only those of this kind; None for all.

    Raises:
        DatabaseUnavailable: The database does not answer.
    """
    page = _FIRST
    values: dict[str, Any] = {"most": _READ_AT_ONCE, "since": since or _BEFORE_ALL}
    async with database.snapshot(limited=False) as connection:
        while True:
            rows = (await connection.execute(_of_kind(page, kind), values)).all()
            for row in rows:
                yield _rated(row)
            if len(rows) < _READ_AT_ONCE:
                return
            last = rows[-1]
            page = _NEXT
            values = {
                "most": _READ_AT_ONCE,
                "updated_at": last.updated_at,
                "thread": last.thread_id,
                "item": last.item_id,
            }


def _of_kind(
    statement: Select[*tuple[Any, ...]], kind: FeedbackKind | None
) -> Select[*tuple[Any, ...]]:
    return statement if kind is None else statement.where(feedback.c.kind == kind)


def _rated(row: Row[*tuple[Any, ...]]) -> RatedItem:
    # One that this version cannot read has been rated all the same.
    item = documents.read_item(row.data, row.created_at)
    message = documents.read_item(row.message, row.created_at) if row.message else None
    return RatedItem(
        thread_id=row.thread_id,
        item_id=row.item_id,
        user=row.owner_id,
        kind=row.kind,
        created_at=row.created_at,
        updated_at=row.updated_at,
        item_type=row.type,
        text=_words(item),
        question=_words(message),
        model=message.inference_options.model if isinstance(message, UserMessageItem) else None,
    )


def _words(item: ThreadItem | None) -> str:
    match item:
        case AssistantMessageItem():
            return "\n\n".join(part.text for part in item.content)
        case UserMessageItem():
            return "".join(part.text for part in item.content)
        case WidgetItem():
            return item.copy_text or ""
        case _:
            return ""
