"""The piece of a streamed body that the server writes at once, and what both flavours share.

Nothing here knows HTTP.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

CREATED = 1_800_000_000  # Unix time of every response; constant so that tests can compare bodies


class Frame(NamedTuple):
    """Bytes of a server-sent event; `delta` says that they carry output of the model."""

    data: bytes
    delta: bool = False


@dataclass(frozen=True, slots=True)
class Ids:
    """Where a response takes its ids from.

    Attributes:
        same: Real servers reuse item ids; True does that on purpose for everything but the ids
            that correlate a call with its output.
        counter: Shared by all responses of a provider.
    """

    same: bool
    counter: itertools.count[int]

    def item(self, prefix: str) -> str:
        """The id of a response or of one of its items."""
        return f"{prefix}_same" if self.same else f"{prefix}_{next(self.counter)}"

    def call(self) -> str:
        """The id of a function call, never used twice."""
        return f"call_{next(self.counter)}"


def sse(payload: Mapping[str, Any], event: str | None = None) -> bytes:
    """A server-sent event with a JSON body."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(payload, ensure_ascii=False)}\n\n".encode()


def split_in_two(text: str) -> list[str]:
    """Arguments of a call as they arrive: in pieces."""
    middle = len(text) // 2
    return [part for part in (text[:middle], text[middle:]) if part]
