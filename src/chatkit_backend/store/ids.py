"""Ids of threads, items and attachments.

Never the SDK's own: `chatkit.store.default_generate_id` keeps 32 random bits, so two of 77,000 ids
are as likely to be equal as not, and the second of two equal ids overwrites the first.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from chatkit.store import StoreItemType

# 128 random bits: as many as a random UUID has; a clash is out of reach, and so is guessing.
_RANDOM_BYTES: Final = 16

# The SDK's prefixes (`chatkit.store._ID_PREFIXES`), so that ids look as its users know them.
_PREFIXES: Final[Mapping[StoreItemType, str]] = {
    "thread": "thr",
    "message": "msg",
    "tool_call": "tc",
    "workflow": "wf",
    "task": "tsk",
    "attachment": "atc",
    "sdk_hidden_context": "shcx",
}


def new_id(kind: StoreItemType) -> str:
    """A new id, such as `msg_` and 32 hexadecimal digits (128 random bits).

    Args:
        kind: What the id is for, in the SDK's words.
    """
    return f"{_PREFIXES[kind]}_{secrets.token_hex(_RANDOM_BYTES)}"
