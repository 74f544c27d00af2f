"""The text in a file that a user attached: decoded here, or converted in a process of its own.

Each file gets a process for itself, so that no document can wait for, see or spoil another user's.
"""

from __future__ import annotations

import asyncio
import codecs
import re
from typing import Final, Literal

from chatkit_backend.errors import UnreadableDocument
from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.retrieval.documents import kind_of

Kind = Literal["pdf", "docx", "html", "text", "unknown"]

# What is decoded, in no time; the others are converted.
PLAIN: Final[frozenset[Kind]] = frozenset({"text", "unknown"})

_CONVERTED: Final[dict[str, Kind]] = {
    "application/pdf": "pdf",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
_TEXT: Final = re.compile(
    r"text/.+|image/svg\+xml|.+\+(json|xml|yaml)"
    r"|application/(x-)?(json|xml|yaml|javascript|typescript|sql|sh|toml|ndjson|csv|tex|rtf)"
)
_ENCODINGS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark is the beginning of this one.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def kind_of_file(media_type: str, name: str) -> Kind:
    """What has to be done to read a file.

    Args:
        media_type: What it is said to be, parameters included.
        name: Its name; asked where the type tells nothing.
    """
    plain = media_type.partition(";")[0].strip().lower()
    if plain in _CONVERTED:
        return _CONVERTED[plain]
    if _TEXT.fullmatch(plain):
        return "text"
    named = kind_of(name)
    return "text" if named == "markdown" else named or "unknown"


async def text_of_file(content: bytes, kind: Kind, time_limit: float, *, whole: bool = True) -> str:
    """The text in a file; PDF, DOCX and HTML as Markdown.

    Args:
        content: Its bytes.
        kind: As `kind_of_file` tells it.
        time_limit: Seconds that converting may take.
        whole: Whether `content` is all of it. Of plain text, the beginning is good enough.

    Raises:
        UnreadableDocument: It is broken, has no text in it, or takes too long.
    """
    if kind in PLAIN:
        return await asyncio.to_thread(_decoded, content, guess=kind == "text", whole=whole)
    if not whole:
        raise UnreadableDocument("is too large to be read")
    async with Converter(time_limit) as converter:
        text, _ = await converter.markdown(kind, content)
    return text


def _decoded(content: bytes, *, guess: bool, whole: bool) -> str:
    encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), "utf-8")
    try:
        # Where the end is missing, half a character there is no mistake.
        text = codecs.getincrementaldecoder(encoding)().decode(content, final=whole)
    except UnicodeDecodeError:
        if not guess:
            raise UnreadableDocument("is of a type that cannot be read") from None
        # Every byte is a character in it, and most old files are in it or nearly so.
        text = content.decode("latin-1")
    if "\0" in text:
        raise UnreadableDocument("is no text, whatever its type says")
    return re.sub(r"\r\n?", "\n", text)
