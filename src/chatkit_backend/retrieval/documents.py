"""A file's bytes -> its text as Markdown, its title and its address.

Markdown and plain text are read here; HTML, PDF and DOCX are converted. What a file cannot be is
said in a sentence that goes on with the file's name: "is not UTF-8 text (…)".
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final, Literal
from urllib.parse import quote, urljoin, urlsplit

from chatkit_backend.context import clean_text
from chatkit_backend.errors import UnreadableDocument
from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.retrieval.splitting import headings, split
from chatkit_backend.store.chunks import NewChunk

Kind = Literal["markdown", "text", "html", "pdf", "docx"]

KINDS: Final[dict[str, Kind]] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}

MAX_TITLE: Final = 300
MAX_URL: Final = 2_000

# A list of ten megabytes takes the parser of headings 20 seconds and more than a gigabyte.
_MAX_MARKDOWN: Final = 10_000_000

_BINARY_STARTS = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"\x7fELF",
)
_ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    # Before UTF-16, whose mark is the beginning of this one.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# A blank line after the dashes makes them a horizontal rule.
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[^\n])(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that has been read.

    Attributes:
        title: From the front matter, the `<title>`, or the first heading of level 1.
        url: Where people can read it; http or https.
        chunks: Its text, cut along its headings.
    """

    title: str | None
    url: str | None
    chunks: list[NewChunk]


def kind_of(name: str) -> Kind | None:
    """What a file is according to its name; None for what cannot be ingested."""
    return KINDS.get(PurePath(name).suffix.lower())


async def text_of(content: bytes, kind: Kind, converter: Converter) -> tuple[str, str | None]:
    """A file's text as Markdown, and the title that its format keeps apart from the text.

    Raises:
        UnreadableDocument: It is not what its name says, or cannot be read.
    """
    if kind in {"markdown", "text"}:
        return decoded(content), None
    return await converter.markdown(kind, content)


def document_of(
    text: str, title: str | None, kind: Kind, source: str, base_url: str | None
) -> Document:
    """Cuts a text into chunks and finds out its title and address.

    Args:
        text: As `text_of` gives it.
        title: As `text_of` gives it.
        kind: What the file is.
        source: Its path in the folder that is ingested.
        base_url: Address of that folder.

    Raises:
        UnreadableDocument: Its front matter is broken, or it is too long.
    """
    told: dict[str, Any] = {}
    if kind == "markdown":
        told, text = _front_matter(text)
    outline = None
    if kind not in {"text", "pdf"}:
        if len(text) > _MAX_MARKDOWN:
            raise UnreadableDocument(
                f"has {len(text):,} characters of text, over {_MAX_MARKDOWN:,}; "
                "cut it into several files"
            )
        outline = headings(text)
        first = next((heading.title for heading in outline if heading.level == 1), None)
        title = _scalar(told.get("title")) or title or first
    return Document(
        title=clean_text(title or "", MAX_TITLE) or None,
        url=_address(told.get("url"), base_url) or address_of(source, base_url),
        chunks=split(text, outline),
    )


def address_of(source: str, base_url: str | None) -> str | None:
    """The address of a file in a folder that stands at `base_url`."""
    if base_url is None:
        return None
    return f"{base_url.rstrip('/')}/{quote(source)}"[:MAX_URL]


def decoded(content: bytes) -> str:
    """The text in a file of plain text, with `\\n` at the end of every line.

    Raises:
        UnreadableDocument: It is not text, or in an encoding that it does not tell.
    """
    encoding = next((e for mark, e in _ENCODINGS.items() if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and (content.startswith(_BINARY_STARTS) or b"\0" in content):
        raise UnreadableDocument("is no text but a binary file, whatever its name says")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        # Not of `content`: the codec may have taken the mark off.
        wrong, line = error.object[error.start], error.object.count(b"\n", 0, error.start) + 1
        name = encoding.removesuffix("-sig").upper()
        raise UnreadableDocument(
            f"is not {name} text (byte 0x{wrong:02x} in line {line}); save it as UTF-8"
        ) from None
    if "\0" in text:
        raise UnreadableDocument("is no text but a binary file, whatever its name says")
    return re.sub(r"\r\n?", "\n", text)


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    import yaml  # noqa: PLC0415 - importing this room stays cheap

    try:
        told = yaml.safe_load(match[1] or "")
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 2}" if mark else ""
        reason = getattr(error, "problem", None) or type(error).__name__
        raise UnreadableDocument(f"has front matter that is no YAML ({reason}{where})") from None
    # Anything else is prose between two horizontal rules.
    return (told, text[match.end() :]) if isinstance(told, dict) else ({}, text)


def _scalar(value: object) -> str | None:
    return str(value) if value is not None and not isinstance(value, list | dict) else None


def _address(value: object, base_url: str | None) -> str | None:
    """What `url:` means; None unless it is a web address or a path below `base_url`."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        address = urljoin(f"{base_url.rstrip('/')}/" if base_url else "", value.strip())
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc or len(address) > MAX_URL:
        return None
    return address if address.isprintable() and " " not in address else None
