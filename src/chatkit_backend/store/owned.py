"""What belongs to whoever asks; all else is not found, whether there is such a thing or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatkit.store import NotFoundError
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import NotFound
from chatkit_backend.store import statements


class NotFoundInStore(NotFound, NotFoundError):
    """Unknown, or somebody else's; the SDK and this package each recognise it as theirs."""


def named(context: RequestContext, **values: Any) -> dict[str, Any]:
    """The values of a statement, with the asking user as the owner."""
    return values | {"owner": context.user.id}


async def require_thread(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Make sure that the user has the thread.

    Raises:
        NotFoundInStore: They have none of that id.
    """
    if await connection.scalar(statements.THREAD_EXISTS, values) is None:
        raise no_thread(values["thread"])


async def require_cursor(
    connection: AsyncConnection, cursor: Select[int], values: Mapping[str, Any]
) -> None:
    """Make sure that what a page begins after is there.

    Raises:
        NotFoundInStore: It is not.
    """
    after = values["after"]
    if after is not None and await connection.scalar(cursor, values) is None:
        raise NotFoundInStore(f"There is no {after!r} to continue after.", field="params.after")


async def touch(connection: AsyncConnection, values: Mapping[str, Any]) -> int:
    """Mark the thread as changed.

    Returns:
        Its next item position.

    Raises:
        NotFoundInStore: The user has no such thread.
    """
    position: int | None = await connection.scalar(statements.TOUCH_THREAD, values)
    if position is None:
        raise no_thread(values["thread"])
    return position


def no_thread(thread_id: str) -> NotFoundInStore:
    """What is raised where the user has no such thread."""
    return NotFoundInStore(f"There is no thread {thread_id!r}.", field="params.thread_id")


def no_item(item_id: str) -> NotFoundInStore:
    """What is raised where the thread has no such item."""
    return NotFoundInStore(f"There is no item {item_id!r} in this thread.", field="params.item_id")


def no_attachment(attachment_id: str, field: str) -> NotFoundInStore:
    """What is raised where the user has no such attachment."""
    return NotFoundInStore(f"There is no attachment {attachment_id!r}.", field=field)
