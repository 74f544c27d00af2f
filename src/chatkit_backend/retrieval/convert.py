"""Turns HTML, PDF and DOCX into Markdown, in a process of its own that may be killed.

Run by `converter.py`. A request is a line of JSON (`kind` and `size`) and so many bytes on standard
input; the answer is eight bytes of length and as much JSON on standard output, with `text` and
`title`, or with `problem`. Nothing is fetched: converters get bytes, never an address.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

# What a document may take beyond the libraries: a compressed page can unpack to gigabytes.
_MEMORY_BYTES: Final = 2 * 2**30
_UNPACKED_BYTES: Final = 512 * 2**20


class _Problem(Exception):
    """Why a document cannot be converted; the message goes on with its name."""


def main() -> None:
    """Answers requests until there are no more."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not spoil an answer
    while line := requests.readline():
        request = json.loads(line)
        content = requests.read(request["size"])
        if len(content) < request["size"]:
            return  # who asked is gone
        answer = json.dumps(_answer(request["kind"], content)).encode()
        answers.write(len(answer).to_bytes(8) + answer)
        answers.flush()


def _answer(kind: str, content: bytes) -> dict[str, str | None]:
    try:
        convert = _CONVERTERS[kind]
        text, title = convert(content)
    except _Problem as problem:
        return {"problem": str(problem)}
    except MemoryError:
        return {"problem": "needs too much memory"}
    except Exception as error:  # noqa: BLE001 - libraries raise anything at broken documents
        return {"problem": _sentence(kind, error)}
    return {"text": text, "title": title}


def _sentence(kind: str, error: BaseException) -> str:
    causes = f"{error!r} {error.__context__!r} {error.__cause__!r}"
    if "PDFPasswordIncorrect" in causes or "PDFEncryption" in causes:
        return "is encrypted; store it without its password first"
    return f"cannot be read as {kind.upper()} ({type(error).__name__})"


def _html(content: bytes) -> tuple[str, str | None]:
    from bs4.dammit import EncodingDetector  # noqa: PLC0415 - only for HTML
    from markitdown.converters import HtmlConverter  # noqa: PLC0415 - so that the others can go on

    content, mark = EncodingDetector.strip_byte_order_mark(content)
    encoding = mark or "utf-8"
    if not mark and not _is_utf_8(content):
        encoding = EncodingDetector.find_declared_encoding(content, is_html=True) or encoding
    try:
        text = content.decode(encoding)
    except LookupError:
        raise _Problem(f"names an encoding that nobody knows, {encoding!r}") from None
    except UnicodeDecodeError as error:
        place = f"byte 0x{content[error.start]:02x} at offset {error.start}"
        raise _Problem(f"is not {encoding.upper()} text ({place})") from None
    return _converted(HtmlConverter(), text.encode("utf-8", "replace"), ".html")


def _is_utf_8(content: bytes) -> bool:
    """Whether it can be read so. Who saves a page anew often leaves an old declaration in it."""
    with suppress(UnicodeDecodeError):
        content.decode("utf-8")
        # ISO 2022, as of old Japanese pages, is ASCII with escapes.
        return b"\x1b" not in content
    return False


def _pdf(content: bytes) -> tuple[str, str | None]:
    # Readers look for it in the first kilobyte, and so do we.
    if b"%PDF-" not in content[:1024]:
        raise _Problem("is no PDF, whatever its name says")
    from markitdown.converters import PdfConverter  # noqa: PLC0415 - as above

    text, title = _converted(PdfConverter(), content, ".pdf")
    if not text.strip():
        raise _Problem("has no text in it; a scanned document needs OCR first")
    return text, title


def _docx(content: bytes) -> tuple[str, str | None]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
            names = parts.namelist()
    except zipfile.BadZipFile:
        names, unpacked = [], 0
    if "word/document.xml" not in names:
        raise _Problem("is no DOCX, whatever its name says")
    if unpacked > _UNPACKED_BYTES:
        raise _Problem(f"unpacks to {unpacked:,} bytes, over {_UNPACKED_BYTES:,}")
    from markitdown.converters import DocxConverter  # noqa: PLC0415 - as above

    docx = DocxConverter()  # type: ignore[no-untyped-call] # its own mypy is not strict
    return _converted(docx, content, ".docx")


_CONVERTERS: dict[str, Callable[[bytes], tuple[str, str | None]]] = {
    "html": _html,
    "pdf": _pdf,
    "docx": _docx,
}


def _converted(converter: Any, content: bytes, extension: str) -> tuple[str, str | None]:
    from markitdown import StreamInfo  # noqa: PLC0415 - as above

    _limit_memory()
    stream: BinaryIO = io.BytesIO(content)
    result = converter.convert(stream, StreamInfo(extension=extension, charset="utf-8"))
    return _printable(result.markdown), result.title and _printable(result.title)


def _printable(text: str) -> str:
    # PDFs hold NULs, which no database takes, and form feeds between pages.
    text = re.sub(r"[\x00-\x08\x0b\x0e-\x1f\x7f]", "", text).replace("\f", "\n\n")
    return text.encode("utf-8", "replace").decode("utf-8")


def _limit_memory() -> None:
    """Bounds what a document can take; where the system knows no such limit, there is none."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        used = pages * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY_BYTES, most))


if __name__ == "__main__":
    main()
