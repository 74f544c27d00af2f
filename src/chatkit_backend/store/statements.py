"""Every statement on threads, items, feedback and attachments that a request needs.

They are built once, with names for what changes: building one takes several times as long as
sending it.

Each of them names the asking user's `owner`, in the one condition `_owned`. `thread` and `item` are
ids; `new_` and a column's name is what is stored in it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate

from chatkit_backend.store.dialects import Dialect
from chatkit_backend.store.dialects.dialect import Insert
from chatkit_backend.store.tables import attachments, feedback, items, threads

Rows = Select[*tuple[Any, ...]]

_CLIENT_TOOL_CALL: Final = "client_tool_call"

# What stands in a thread for the model and the SDK, and is sent to no client.
HIDDEN_TYPES: Final = ("hidden_context_item", "sdk_hidden_context", "end_of_turn")


def _owned(table: Table) -> ColumnElement[bool]:
    """The condition that a row of `threads` or `attachments` belongs to the asking user."""
    return table.c.owner_id == bindparam("owner")


_OWN_THREAD: Final = (threads.c.id == bindparam("thread"), _owned(threads))
_OWN_ATTACHMENT: Final = (attachments.c.id == bindparam("attachment"), _owned(attachments))


# Threads

THREAD: Final = select(threads.c.data, threads.c.created_at).where(*_OWN_THREAD)

THREAD_EXISTS: Final = select(threads.c.id).where(*_OWN_THREAD)

# Locks the thread's row, proves who owns it, marks it as changed and hands out an item position
# that no other transaction gets. It gives nothing where the user has no such thread.
TOUCH_THREAD: Final[ReturningUpdate[int]] = (
    update(threads)
    .where(*_OWN_THREAD)
    .values(
        next_item_position=threads.c.next_item_position + 1, updated_at=bindparam("new_updated_at")
    )
    .returning(threads.c.next_item_position)
)

# Locks the thread's row as well, for a change of what is in it.
LOCK_THREAD: Final[ReturningUpdate[str, datetime]] = (
    update(threads)
    .where(*_OWN_THREAD)
    .values(updated_at=bindparam("new_updated_at"))
    .returning(threads.c.data, threads.c.created_at)
)

DELETE_THREAD: Final[ReturningDelete[str]] = (
    delete(threads).where(*_OWN_THREAD).returning(threads.c.id)
)

NEWEST_THREAD_IDS: Final[Select[str]] = (
    select(threads.c.id)
    .where(_owned(threads))
    .order_by(threads.c.position.desc())
    .limit(bindparam("most", type_=Integer))
)

THREAD_CURSOR: Final[Select[int]] = select(threads.c.position).where(
    threads.c.id == bindparam("after"), _owned(threads)
)


# Items

_ITEMS: Final = select(items.c.id, items.c.data, items.c.created_at).where(
    items.c.thread_id == bindparam("thread"),
    # A condition and no join: what comes out of a join would have to be sorted.
    exists().where(*_OWN_THREAD),
)

ITEM: Final = _ITEMS.where(items.c.id == bindparam("item"))

NEWEST_CLIENT_TOOL_CALL: Final = (
    _ITEMS.where(items.c.type == _CLIENT_TOOL_CALL).order_by(items.c.position.desc()).limit(1)
)

# What an item becomes, if it is still there.
CHANGE_ITEM: Final[ReturningUpdate[str]] = (
    update(items)
    .where(
        items.c.thread_id == bindparam("thread"),
        items.c.id == bindparam("item"),
        exists().where(*_OWN_THREAD),
    )
    .values(
        status=bindparam("new_status", type_=items.c.status.type),
        data=bindparam("new_data", type_=items.c.data.type),
    )
    .returning(items.c.id)
)

# Of two answers at once, one finds that the item waits.
ANSWER_ITEM: Final = CHANGE_ITEM.where(items.c.status == "pending")

# After `TOUCH_THREAD` in the same transaction.
DELETE_ITEM: Final[ReturningDelete[str, datetime]] = (
    delete(items)
    .where(items.c.thread_id == bindparam("thread"), items.c.id == bindparam("item"))
    .returning(items.c.data, items.c.created_at)
)

ITEM_CURSOR: Final[Select[int]] = select(items.c.position).where(
    items.c.thread_id == bindparam("thread"), items.c.id == bindparam("after")
)

COUNT_ITEMS: Final = (
    select(threads.c.id, func.count(items.c.id).label("items"))
    .select_from(threads.outerjoin(items, items.c.thread_id == threads.c.id))
    .where(threads.c.id.in_(bindparam("threads", expanding=True)), _owned(threads))
    .group_by(threads.c.id)
)


# Feedback

# Which of `items` a user may rate. Locked, where the database does so, until the feedback is
# stored: an item that is deleted meanwhile would break the reference to it.
RATEABLE_ITEMS: Final = (
    select(items.c.id)
    .where(
        items.c.thread_id == bindparam("thread"),
        items.c.id.in_(bindparam("items", expanding=True)),
        *(items.c.type != hidden for hidden in HIDDEN_TYPES),
        exists().where(*_OWN_THREAD),
    )
    .with_for_update(key_share=True, read=True, of=items)
)


# Attachments

ATTACHMENT: Final = select(attachments.c.data).where(*_OWN_ATTACHMENT)

# Locked, where the database does so, until `CHANGE_ATTACHMENT` in the same transaction.
UNSENT_ATTACHMENT: Final = (
    select(attachments.c.data)
    # Else an upload that comes too late would undo what a message wrote.
    .where(*_OWN_ATTACHMENT, attachments.c.thread_id.is_(None))
    .with_for_update()
)

CHANGE_ATTACHMENT: Final[Update] = (
    update(attachments)
    .where(*_OWN_ATTACHMENT)
    .values(data=bindparam("new_data", type_=attachments.c.data.type))
)

# Of two messages at once that name one, a single one gets it; the other finds another thread there.
TAKE_ATTACHMENT: Final[ReturningUpdate[str]] = (
    update(attachments)
    .where(
        *_OWN_ATTACHMENT,
        or_(attachments.c.thread_id.is_(None), attachments.c.thread_id == bindparam("thread")),
    )
    .values(
        thread_id=bindparam("thread"), data=bindparam("new_data", type_=attachments.c.data.type)
    )
    .returning(attachments.c.id)
)

DELETE_ATTACHMENT: Final[ReturningDelete[str]] = (
    delete(attachments).where(*_OWN_ATTACHMENT).returning(attachments.c.id)
)


# Pages


def _page(
    whole: Rows,
    position: ColumnElement[int],
    cursor: Select[int],
    *,
    ascending: bool,
    continued: bool,
) -> Rows:
    if continued:
        start = cursor.scalar_subquery()
        whole = whole.where(position > start if ascending else position < start)
    order = position.asc() if ascending else position.desc()
    return whole.order_by(order).limit(bindparam("most", type_=Integer))


def _pages(
    whole: Rows, position: ColumnElement[int], cursor: Select[int]
) -> dict[tuple[bool, bool], Rows]:
    return {
        (ascending, continued): _page(
            whole, position, cursor, ascending=ascending, continued=continued
        )
        for ascending in (True, False)
        for continued in (True, False)
    }


# By whether the oldest come first, and whether the page begins after `after`: then it is empty
# where the cursor finds nothing. `most` is how many rows there may be.
THREAD_PAGES: Final = _pages(
    select(threads.c.id, threads.c.data, threads.c.created_at).where(_owned(threads)),
    threads.c.position,
    THREAD_CURSOR,
)
ITEM_PAGES: Final = _pages(_ITEMS, items.c.position, ITEM_CURSOR)


# What is written with ON CONFLICT, which each dialect has of its own.


class Upserts:
    """The statements that store what may be there already.

    Attributes:
        thread: Keeps place and time of creation of one that is there. Gives its id, or nothing
            where it is somebody else's.
        item: After `TOUCH_THREAD` in the same transaction, at its position.
        touch_and_item: Both at once, in one round trip. Gives the position, or nothing where the
            user has no such thread. None where the database cannot.
        attachment: Gives its id, or nothing where it is somebody else's or another thread's.
        feedback: After `RATEABLE_ITEMS` in the same transaction. Changes nothing where the user
            thinks the same as before.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.thread = _upsert_of_thread(dialect)
        self.item: Executable = _kept_in_place(dialect.insert(items).values(_new(items)))
        self.touch_and_item = _touch_and_upsert(dialect) if dialect.writes_inside_with else None
        self.attachment = _upsert_of_attachment(dialect)
        self.feedback: Executable = _upsert_of_feedback(dialect)


def _new(table: Table, *without: str) -> dict[str, ColumnElement[Any]]:
    return {
        column.name: bindparam(f"new_{column.name}", type_=column.type)
        for column in table.columns
        if column.name not in without
    }


def _upsert_of_thread(dialect: Dialect) -> ReturningInsert[str]:
    insert = dialect.insert(threads).values(_new(threads, "position", "next_item_position"))
    insert = insert.values(next_item_position=0)
    return insert.on_conflict_do_update(
        index_elements=[threads.c.id],
        set_={"updated_at": insert.excluded.updated_at, "data": insert.excluded.data},
        where=_owned(threads),
    ).returning(threads.c.id)


def _kept_in_place(insert: Insert) -> Insert:
    changed = ("type", "status", "data")
    return insert.on_conflict_do_update(
        index_elements=[items.c.thread_id, items.c.id],
        set_={name: insert.excluded[name] for name in changed},
    )


def _touch_and_upsert(dialect: Dialect) -> ReturningInsert[int]:
    touched = TOUCH_THREAD.cte("touched")
    values = _new(items, "position")
    source = select(
        *(value.label(name) for name, value in values.items()),
        touched.c.next_item_position.label("position"),
    )
    insert = dialect.insert(items).from_select([*values, "position"], source)
    return _kept_in_place(insert).returning(items.c.position)


def _upsert_of_attachment(dialect: Dialect) -> ReturningInsert[str]:
    insert = dialect.insert(attachments).values(_new(attachments))
    return insert.on_conflict_do_update(
        index_elements=[attachments.c.id],
        set_={"thread_id": insert.excluded.thread_id, "data": insert.excluded.data},
        where=and_(
            _owned(attachments),
            or_(
                attachments.c.thread_id.is_(None),
                attachments.c.thread_id == insert.excluded.thread_id,
            ),
        ),
    ).returning(attachments.c.id)


def _upsert_of_feedback(dialect: Dialect) -> Insert:
    insert = dialect.insert(feedback).values(_new(feedback))
    return insert.on_conflict_do_update(
        index_elements=[feedback.c.thread_id, feedback.c.item_id],
        set_={"kind": insert.excluded.kind, "updated_at": insert.excluded.updated_at},
        where=feedback.c.kind != insert.excluded.kind,
    )
