"""Vectors in memory, and those of them that are nearest to another.

They are kept as float16: half the memory, and what is lost changes a cosine in the fourth digit.

Nothing here knows SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
Ids = NDArray[np.int64]

STORED: Final = np.dtype("<f2")

# Smaller numbers take a processor many times as long, and mean nothing.
_LEAST: Final = 2.0**-14

# So many rows at once stay in the processor's cache while they are widened and multiplied.
_BLOCK: Final = 256
# Of a float32's bits all but the three that a widened float16 has no use for.
_SIGN_AND_VALUE: Final = np.int32(-0x70000001)
# What the widened numbers lack, in two parts: neither may leave float32's range.
_BEFORE: Final = np.float32(2.0**60)
_AFTER: Final = np.float32(2.0**52)


def unit(vectors: NDArray[Any]) -> Floats:
    """The vectors, or one, with length 1; one without direction becomes zeros."""
    exact = np.asarray(vectors, np.float64)
    exact = np.where(np.isfinite(exact).all(axis=-1, keepdims=True), exact, 0.0)
    lengths = np.linalg.norm(exact, axis=-1, keepdims=True)
    of_length_1: Floats = (exact / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return of_length_1


def halved(vectors: NDArray[Any]) -> Halves:
    """The vectors with length 1, as they are stored."""
    of_length_1 = unit(vectors)
    of_length_1[np.abs(of_length_1) < _LEAST] = 0
    return of_length_1.astype(np.float16)


class Matrix:
    """Vectors of one length, by growing ids.

    A thread may search while vectors are added: it goes on with what it found.

    Args:
        dimensions: How many numbers each of them has.
        room: How many vectors can be added before the others have to be moved.
    """

    def __init__(self, dimensions: int, room: int = 0) -> None:
        self.dimensions = dimensions
        self._ids: Ids = np.empty(room, np.int64)
        self._rows: Halves = np.empty((room, dimensions), np.float16)
        # One attribute, so that nobody sees the ids of one state and the rows of another.
        self._held = (self._ids[:0], self._rows[:0])

    def __len__(self) -> int:
        return len(self._held[0])

    @property
    def last_id(self) -> int:
        """The largest id; 0 where there is none."""
        ids = self._held[0]
        return int(ids[-1]) if len(ids) else 0

    def add(self, ids: Sequence[int], stored: Sequence[bytes]) -> None:
        """Add vectors, in the order of their ids, which are larger than those that are there."""
        begin, end = len(self), len(self) + len(ids)
        if end > len(self._ids):
            self._move(end + end // 4)
        # Behind the rows that a search may be looking at.
        self._ids[begin:end] = ids
        rows = np.frombuffer(b"".join(stored), STORED).reshape(len(ids), self.dimensions)
        self._rows[begin:end] = rows
        self._held = (self._ids[:end], self._rows[:end])

    def only(self, ids: Sequence[int]) -> Matrix:
        """A matrix of those of the vectors that have these ids."""
        there, rows = self._held
        kept = np.isin(there, np.array(ids, np.int64))
        new = Matrix(self.dimensions)
        new._held = new._ids, new._rows = there[kept], rows[kept]
        return new

    def nearest(self, query: Floats, limit: int) -> list[tuple[int, float]]:
        """The ids of the vectors nearest to a query of length 1, with their cosines.

        The best come first; of equal ones those with the smallest ids.
        """
        ids, rows = self._held
        if not len(ids):
            return []
        cosines = _cosines(rows, query)
        if limit < len(ids):
            # Of equal ones at the limit all, so that the order below decides.
            places = np.flatnonzero(cosines >= np.partition(cosines, -limit)[-limit])
        else:
            places = np.arange(len(ids))
        # Sorting is stable, and the ids grow.
        best = places[np.argsort(-cosines[places], kind="stable")][:limit]
        return list(zip(ids[best].tolist(), cosines[best].tolist(), strict=True))

    def _move(self, room: int) -> None:
        ids, rows = self._held
        self._ids = np.empty(room, np.int64)
        self._rows = np.empty((room, self.dimensions), np.float16)
        self._ids[: len(ids)], self._rows[: len(ids)] = ids, rows


def _cosines(rows: Halves, query: Floats) -> Floats:
    cosines = np.empty(len(rows), np.float32)
    widened = np.empty((_BLOCK, rows.shape[1]), np.int32)
    scaled = query * _BEFORE
    for begin in range(0, len(rows), _BLOCK):
        block = rows[begin : begin + _BLOCK]
        wide = widened[: len(block)]
        # The bits of a float16 moved to where a float32 has them: that leaves the number times
        # 2**-112, in a third of the time that numpy takes to convert it.
        np.left_shift(block.view(np.int16), 13, out=wide, dtype=np.int32, casting="unsafe")
        np.bitwise_and(wide, _SIGN_AND_VALUE, out=wide)
        np.dot(wide.view(np.float32), scaled, out=cosines[begin : begin + len(block)])
    cosines *= _AFTER
    # Rounding may have left a vector a little longer than 1.
    return np.clip(cosines, -1.0, 1.0, out=cosines)
