"""Pages of a list that grows while it is read.

A page starts after a row, not after a number of rows, so that what is added or deleted meanwhile
moves nothing to another page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, TypeVar

import structlog
from sqlalchemy import Row

from chatkit_backend.errors import InvalidRequest

_log = structlog.get_logger(__name__)

_Read = TypeVar("_Read")

# The official element asks for all threads at once, as 9,999 of them. More than this is cut, so
# that no request makes the server load without end.
MAX_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for.

    Attributes:
        after: Id of the row before the page; None for the first page.
        limit: Most rows to give.
        ascending: Whether the oldest come first; else the newest do.
    """

    after: str | None
    limit: int
    ascending: bool

    @classmethod
    def checked(cls, after: str | None, limit: int, order: str) -> Self:
        """The request, its limit cut to `MAX_PAGE`.

        Raises:
            InvalidRequest: The limit is not positive, or the order is neither `asc` nor `desc`.
        """
        if limit < 1:
            raise InvalidRequest("params.limit must be 1 or more.", field="params.limit")
        if order not in {"asc", "desc"}:
            raise InvalidRequest("params.order must be asc or desc.", field="params.order")
        return cls(after, min(limit, MAX_PAGE), order == "asc")

    def cut(
        self, rows: Sequence[Row[*tuple[Any, ...]]]
    ) -> tuple[Sequence[Row[*tuple[Any, ...]]], str | None]:
        """The rows of the page, and the id of the last if more follow.

        Args:
            rows: One more than the limit if there are as many; each has an `id`.
        """
        if len(rows) <= self.limit:
            return rows, None
        page = rows[: self.limit]
        return page, page[-1].id


def readable(
    rows: Sequence[Row[*tuple[Any, ...]]],
    read: Callable[[str, datetime], _Read | None],
    **found_in: str,
) -> list[_Read]:
    """What the rows hold, without those that this version cannot read.

    Args:
        rows: Each has `data` and `created_at`.
        read: Reads one of them; None if it cannot be read.
        found_in: Where they were found, for the log.
    """
    found = [value for row in rows if (value := read(row.data, row.created_at)) is not None]
    if len(found) < len(rows):
        # No content: what users write stays out of logs.
        _log.warning("rows_not_readable", count=len(rows) - len(found), **found_in)
    return found
