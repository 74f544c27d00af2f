"""Secrets that are handed out once and never kept: client secrets and API keys.

Each has a prefix that tells its kind, so that people and secret scanners know what they found.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

CLIENT_SECRET: Final = "ck_sess_"  # noqa: S105 - a prefix
API_KEY: Final = "ck_live_"
# Longer than any that is made here; what is longer is not looked up.
MAX_TOKEN_LENGTH: Final = 128

_RANDOM_BYTES: Final = 32


def new_token(prefix: str) -> str:
    """A new secret: the prefix and 256 random bits, in letters, digits, `-` and `_`."""
    return prefix + secrets.token_urlsafe(_RANDOM_BYTES)


def token_hash(token: str) -> str:
    """What is kept of a secret, as 64 hexadecimal digits.

    SHA-256 without salt or many rounds: those protect words that people choose, and these are
    random.
    """
    return hashlib.sha256(token.encode()).hexdigest()
