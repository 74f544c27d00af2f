"""Secrets out of text that goes to the log.

Errs on the side of taking too much, and never explains what it took.
"""

from __future__ import annotations

import re
from typing import Final

REDACTED: Final = "[redacted]"
MIN_KEY = 4  # a shorter "key" would blank out ordinary words

_SECRETS: Final = re.compile(
    r"""
      \b(?:sk|pk|rk|sess|gsk|xai|hf|nvapi|r8|tgp)[-_][\w*.\-]{4,}  # OpenAI, Anthropic and others
    | \bck_(?:sess|live)_[\w\-]{4,}                              # our own
    | \bAIza[\w*\-]{6,} | \bAQ\.[\w*\-]{6,}                      # Google
    | \bAKIA[A-Z0-9]{8,}                                         # Amazon
    | \beyJ[\w\-]+\.[\w\-.]+                                    # JSON web tokens
    | (?<=://)[^\s/@]+(?=@)                                      # user and password in an address
    | \b(?i:bearer|basic)\s+[^\s"',;]{4,}
    | (?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{32,}  # keys without a telling shape
    """,
    re.VERBOSE,
)
_NAMED: Final = re.compile(
    r"(?i)\b((?:x-)?(?:api[-_ ]?key|access[-_ ]?token|authorization|password|secret|token)"
    r"(?: provided)?[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&}]{4,}"
)


def redact(text: str, key: str | None = None) -> str:
    """`text` without anything shaped like a secret.

    Args:
        text: Words of a provider.
        key: The key that was used, for one that has no telling shape.
    """
    if key and len(key) >= MIN_KEY:
        text = text.replace(key, REDACTED)
    return _NAMED.sub(rf"\1{REDACTED}", _SECRETS.sub(REDACTED, text))
