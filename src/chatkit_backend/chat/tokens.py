"""About how many tokens a model needs: of text, of pictures, of files.

Estimates: the exact count differs from model to model, and most tokenizers would have to be
downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from agents import TResponseInputItem

# English needs about four characters a token; scripts beyond ASCII about one.
_ASCII_CHARACTERS_PER_TOKEN: Final = 4

# The providers count between 250 and 1,600 for a picture of the size that we send.
PICTURE_TOKENS: Final = 1_000

# A page of a PDF costs about 1,500: its text and its picture. It has some 10 kB where it was
# printed from a text, and some 300 kB where it was scanned.
_PDF_BYTES_PER_TOKEN: Final = 50
_PAGE_TOKENS: Final = 1_500


def estimated_tokens(items: Iterable[TResponseInputItem]) -> int:
    """About how many tokens a model needs for these items, pictures and files included."""
    media: list[int] = []
    plain = [_without_media(dict(item), media) for item in items]
    return text_tokens(json.dumps(plain, ensure_ascii=False, default=str)) + sum(media)


def text_tokens(text: str) -> int:
    """About how many tokens a text has."""
    ascii_characters = len(text.encode("ascii", "ignore"))
    return ascii_characters // _ASCII_CHARACTERS_PER_TOKEN + len(text) - ascii_characters


def pdf_tokens(size: int) -> int:
    """About how many tokens a PDF of `size` bytes has, where the model reads it itself."""
    return max(_PAGE_TOKENS, size // _PDF_BYTES_PER_TOKEN)


def beginning_within(text: str, tokens: int) -> str:
    """As much of the beginning of a text as has that many tokens."""
    quarters = 0
    for place, character in enumerate(text[: tokens * _ASCII_CHARACTERS_PER_TOKEN]):
        quarters += 1 if character < "\x80" else _ASCII_CHARACTERS_PER_TOKEN
        if quarters > tokens * _ASCII_CHARACTERS_PER_TOKEN:
            return text[:place]
    return text[: tokens * _ASCII_CHARACTERS_PER_TOKEN]


def _without_media(item: dict[str, Any], media: list[int]) -> dict[str, Any]:
    """The item without bytes that are no text to the model; what they cost goes to `media`."""
    for field in ("content", "output"):
        if isinstance(parts := item.get(field), list):
            item[field] = [part for part in parts if not _is_media(part, media)]
    return item


def _is_media(part: object, media: list[int]) -> bool:
    match part:
        case {"type": "input_image"}:
            media.append(PICTURE_TOKENS)
        case {"type": "input_file", "file_data": str(data)}:
            media.append(pdf_tokens(len(data) * 3 // 4))  # base64
        case _:
            return False
    return True
