"""Points in time as the SDK can use them.

`chatkit.agents` computes `datetime.now() - item.created_at` with a naive local time on the left.
An aware time on the right, as every database with time zones returns it, makes that a `TypeError`
in the middle of an answer. A `Moment` is aware UTC and takes part in the subtraction.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Self, overload


class Moment(datetime):
    """An aware UTC time from which, and from whom, a naive local time can be subtracted.

    Made by `Moment.of` only. Comparing it with a naive time stays a `TypeError`, as for any aware
    time: the SDK does not compare.
    """

    @classmethod
    def of(cls, value: datetime) -> Self:
        """`value` as a moment; a naive value is local time, as `datetime.now()` makes it."""
        utc = value.astimezone(UTC)
        return cls.combine(utc.date(), utc.time(), UTC)

    # typeshed forbids the mix of naive and aware, and this class exists to allow it.
    @overload  # type: ignore[override]
    def __sub__(self, other: datetime, /) -> timedelta: ...
    @overload
    def __sub__(self, other: timedelta, /) -> Self: ...
    def __sub__(self, other: datetime | timedelta, /) -> timedelta | datetime:
        if isinstance(other, datetime):
            return datetime.__sub__(self, other.astimezone(UTC))
        return super().__sub__(other)

    def __rsub__(self, other: datetime, /) -> timedelta:
        # Python asks a subclass's reflected method before the left operand's own `__sub__`, which
        # would refuse the mix.
        return -(self - other)
