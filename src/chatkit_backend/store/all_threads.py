"""The threads of every user, for whoever holds an API key. Nothing is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeVar

from chatkit.types import ThreadItem, ThreadMetadata
from sqlalchemy import ColumnElement, Integer, Row, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.context import RequestContext, User
from chatkit_backend.store import documents
from chatkit_backend.store.addresses import FileAddresses, NoAddresses, with_addresses
from chatkit_backend.store.engine import Database
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.pages import readable
from chatkit_backend.store.statements import HIDDEN_TYPES
from chatkit_backend.store.tables import items, threads

_Statement = Select[*tuple[Any, ...]]
_Rows = Sequence[Row[*tuple[Any, ...]]]
_Listed = TypeVar("_Listed")

# All positions lie between these: the database counts upwards, in 64 bits.
_BELOW_ALL: Final = -1
_ABOVE_ALL: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class OwnedThread:
    """A thread, and whose it is."""

    thread: ThreadMetadata
    owner_id: str


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """Which part of a listing is asked for.

    Attributes:
        after: Id of the row before the page, which begins with what follows it.
        before: Id of the row after the page, which ends with what comes right before it. Beside
            `after`, it only says where the page must end.
        limit: Most rows to give; 1 or more.
        ascending: Whether the oldest come first; else the newest do.
    """

    after: str | None = None
    before: str | None = None
    limit: int = 20
    ascending: bool = False

    @property
    def backwards(self) -> bool:
        """Whether the page is counted from its end."""
        return self.before is not None and self.after is None


@dataclass(frozen=True, slots=True)
class ListingPage(Generic[_Listed]):
    """A part of a listing.

    Attributes:
        data: In the listing's order, without what this version cannot read.
        has_more: Whether more rows lie beyond: before the page where it was asked for with `before`
            alone, else after it.
        first_id: Asks as `before` for the page before this one; None where there are no rows.
        last_id: Asks as `after` for the next page; None where there are no rows.
    """

    data: list[_Listed]
    has_more: bool
    first_id: str | None
    last_id: str | None

    @classmethod
    def of(cls, data: list[_Listed], rows: _Rows, *, has_more: bool) -> Self:
        """The page that was read from these rows."""
        # Of the rows, not of what could be read: the next page must not begin with them again.
        return cls(data, has_more, rows[0].id if rows else None, rows[-1].id if rows else None)


@dataclass(frozen=True, slots=True)
class _Listing:
    """The statements of a listing. They are built once; `row`, `low`, `high` and `most` change.

    Attributes:
        ascending: Up to `most` rows between the positions `low` and `high`, the oldest first.
        descending: The same, the newest first.
        position: Of the row with the id `row`.
    """

    ascending: _Statement
    descending: _Statement
    position: Select[int]

    @classmethod
    def of(cls, whole: _Statement, column: ColumnElement[int], position: Select[int]) -> Self:
        between = (column > bindparam("low"), column < bindparam("high"))
        part = whole.where(*between).limit(bindparam("most", type_=Integer))
        return cls(part.order_by(column.asc()), part.order_by(column.desc()), position)

    async def rows(
        self, connection: AsyncConnection, request: ListingRequest, values: Mapping[str, Any]
    ) -> tuple[_Rows, bool]:
        """The rows of a page in the listing's order, and whether more lie beyond."""
        after = await self._position_of(connection, values, request.after, "after")
        before = await self._position_of(connection, values, request.before, "before")
        low, high = (after, before) if request.ascending else (before, after)
        window = {
            "low": _BELOW_ALL if low is None else low,
            "high": _ABOVE_ALL if high is None else high,
            "most": request.limit + 1,
        }
        upwards = request.ascending is not request.backwards
        statement = self.ascending if upwards else self.descending
        found = (await connection.execute(statement, {**values, **window})).all()
        page = found[: request.limit]
        return page[::-1] if request.backwards else page, len(found) > request.limit

    async def _position_of(
        self, connection: AsyncConnection, values: Mapping[str, Any], cursor: str | None, field: str
    ) -> int | None:
        if cursor is None:
            return None
        position = await connection.scalar(self.position, {**values, "row": cursor})
        if position is None:
            raise NotFoundInStore(f"There is no {cursor!r} in this list.", field=field)
        return position


_THREADS: Final = select(threads.c.id, threads.c.owner_id, threads.c.data, threads.c.created_at)
_THREAD: Final = _THREADS.where(threads.c.id == bindparam("thread"))
_THREAD_POSITION: Final = select(threads.c.position).where(threads.c.id == bindparam("row"))
_OWNED: Final = threads.c.owner_id == bindparam("owner")

_OF_ALL_USERS: Final = _Listing.of(_THREADS, threads.c.position, _THREAD_POSITION)
_OF_ONE_USER: Final = _Listing.of(
    _THREADS.where(_OWNED), threads.c.position, _THREAD_POSITION.where(_OWNED)
)
_ITEMS: Final = _Listing.of(
    select(items.c.id, items.c.data, items.c.created_at).where(
        items.c.thread_id == bindparam("thread"),
        # Left out here, so that the pages are full.
        *(items.c.type != hidden for hidden in HIDDEN_TYPES),
    ),
    items.c.position,
    select(items.c.position).where(
        items.c.thread_id == bindparam("thread"), items.c.id == bindparam("row")
    ),
)


class AllThreads:
    """The threads of every user, to be read.

    This is the one class that does not filter by the asking user, because no user asks: whoever
    calls it holds an API key, which opens a session of any user anyway. It must never be reached
    with another credential. Whatever changes a thread goes through `ThreadStore`, in its owner's
    name.

    All methods raise `NotFoundInStore` (a `NotFound`) for a thread or cursor that does not exist,
    and `DatabaseUnavailable` where the database does not answer.

    Args:
        database: Where they are kept; the caller opens and closes it.
        addresses: Makes the addresses of files in items; None leaves placeholders.
    """

    def __init__(self, database: Database, addresses: FileAddresses | None = None) -> None:
        self._database = database
        self._addresses = addresses or NoAddresses()

    async def find(self, thread_id: str) -> OwnedThread:
        """The thread, without its items; one that this version cannot read is not found."""
        async with self._database.read() as connection:
            row = await _row_of(connection, thread_id)
        thread = documents.read_thread(row.data, row.created_at)
        if thread is None:
            raise _no_thread(thread_id)
        return OwnedThread(thread, row.owner_id)

    async def page(self, owner_id: str | None, request: ListingRequest) -> ListingPage[OwnedThread]:
        """A part of the list of threads, by order of creation.

        Threads that this version cannot read are left out; the page may then be shorter than the
        limit although more lie beyond.

        Args:
            owner_id: Whose threads; None for those of all users.
            request: Which part. Its cursors must be in the list, too.
        """
        listing = _OF_ALL_USERS if owner_id is None else _OF_ONE_USER
        async with self._database.read() as connection:
            rows, has_more = await listing.rows(connection, request, {"owner": owner_id})
        owners = {row.id: row.owner_id for row in rows}
        found = [
            OwnedThread(thread, owners[thread.id])
            for thread in readable(rows, documents.read_thread, table="threads")
        ]
        return ListingPage[OwnedThread].of(found, rows, has_more=has_more)

    async def items(
        self, thread_id: str, request: ListingRequest, server_url: str | None = None
    ) -> ListingPage[ThreadItem]:
        """A part of a thread's items, in the order in which they were first stored.

        Without the types that no client gets to see. Items that this version cannot read are left
        out; the page may then be shorter than the limit although more lie beyond.

        Args:
            thread_id: The thread.
            request: Which part.
            server_url: How this server is reached, for the addresses of files.
        """
        async with self._database.read() as connection:
            owner_id = (await _row_of(connection, thread_id)).owner_id
            rows, has_more = await _ITEMS.rows(connection, request, {"thread": thread_id})
        found: list[ThreadItem] = readable(
            rows, documents.read_item, table="items", thread_id=thread_id
        )
        owner = RequestContext(user=User(owner_id), server_url=server_url)
        for item in found:
            with_addresses(item, self._addresses, owner)
        return ListingPage[ThreadItem].of(found, rows, has_more=has_more)


async def _row_of(connection: AsyncConnection, thread_id: str) -> Row[*tuple[Any, ...]]:
    row = (await connection.execute(_THREAD, {"thread": thread_id})).one_or_none()
    if row is None:
        raise _no_thread(thread_id)
    return row


def _no_thread(thread_id: str) -> NotFoundInStore:
    return NotFoundInStore(f"There is no thread {thread_id!r}.", field="thread_id")
