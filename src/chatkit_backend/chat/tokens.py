"""About how many tokens a model needs: of text, of pictures, of files.

Estimates: the exact count differs from model to model, and most tokenizers would have to be
downloaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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
    return sum(_tokens_of(item) for item in items)


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


def _tokens_of(value: object) -> int:
    """Texts are counted as they are: as JSON, a table with many quotes would have twice as many."""
    match value:
        case {"type": "input_image"}:
            return PICTURE_TOKENS
        case {"type": "input_file", "file_data": str(data)}:
            return pdf_tokens(len(data) * 3 // 4)  # base64
        case dict():
            return sum(_tokens_of(key) + _tokens_of(inner) for key, inner in value.items())
        case list():
            return sum(map(_tokens_of, value))
        case _:
            return 1 + text_tokens(str(value))  # and what parts it from the next
