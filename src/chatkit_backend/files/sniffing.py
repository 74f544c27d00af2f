"""What a file really is, whatever it is said to be: looked at as it comes in.

`filetype` knows binary formats by their first bytes. Text has none, so it is read to its end.
Where nothing is said, the name of the file tells.
"""

from __future__ import annotations

import codecs
import mimetypes
from fnmatch import fnmatchcase
from typing import Final

import filetype  # type: ignore[import-untyped] # it has none

from chatkit_backend.errors import UnsupportedType

# As much as `filetype` ever looks at.
_HEAD_BYTES: Final = 8_192

_TEXT: Final = frozenset(
    {
        "application/json",
        "application/javascript",
        "application/sql",
        "application/toml",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    }
)
# Other names of what has a usual one.
_USUAL: Final = {
    "application/csv": "text/csv",
    "application/vnd.rar": "application/x-rar-compressed",
    "application/x-gzip": "application/gzip",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "audio/mp3": "audio/mpeg",
    "audio/wav": "audio/x-wav",
    "audio/wave": "audio/x-wav",
    "audio/flac": "audio/x-flac",
    "image/apng": "image/png",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/vnd.microsoft.icon": "image/x-icon",
    "text/x-markdown": "text/markdown",
}
# And containers that hold sound as well as films, as `filetype` finds them.
_SAME: Final = _USUAL | {
    "audio/m4a": "video/mp4",
    "audio/mp4": "video/mp4",
    "audio/ogg": "video/ogg",
    "audio/webm": "video/webm",
    "audio/x-m4a": "video/mp4",
    "video/x-m4v": "video/mp4",
}

_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
# `filetype` tells these apart by the second or third file inside, which may lie beyond the head.
_ZIP: Final = b"PK\x03\x04"
_ZIP_NAME: Final = 30  # where the name of the first file inside begins
_OFFICE_NAMES: Final = (
    b"[Content_Types].xml",
    b"_rels/",
    b"customXml/",
    b"docProps/",
    b"ppt/",
    b"word/",
    b"xl/",
)


# Code, and what else is plain text. Some have a type of their own that nobody uses, or that of
# something else: to Python and to browsers, `.ts` is a film.
_SOURCE: Final = (
    ".bash .cc .cfg .clj .cmake .conf .cpp .cs .cxx .dart .diff .ex .exs .go .gradle .graphql "
    ".groovy .hpp .hs .ini .java .jl .jsonl .jsx .kt .less .log .lua .patch .php .pl .properties "
    ".proto .ps1 .r .rb .rs .sass .scala .scss .srt .svelte .swift .tcl .tex .tf .ts .tsx .vue "
    ".zig .zsh"
)

# Python's own table, not that of the machine: every server must take the same files. And what not
# every Python's has.
_BY_NAME: Final = mimetypes.MimeTypes(())
for _ending, _type in {
    **dict.fromkeys(_SOURCE.split(), "text/plain"),
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".js": "text/javascript",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".ndjson": "application/x-ndjson",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".sh": "application/x-sh",
    ".sql": "application/sql",
    ".toml": "application/toml",
    ".webp": "image/webp",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}.items():
    _BY_NAME.add_type(_type, _ending)


def type_by_name(name: str) -> str | None:
    """The media type that the name of a file tells; None where it tells none."""
    # Python takes a name such as `.md` for one without an ending.
    kind, compression = _BY_NAME.guess_type(f"file.{name}")
    return None if compression else kind


def usual_type(media_type: str) -> str:
    """What a type is usually called."""
    return _USUAL.get(media_type, media_type)


def is_code(media_type: str) -> bool:
    """Whether files of a type are plain text as well, though it does not say so."""
    return media_type in _TEXT


def extensions(media_type: str) -> tuple[str, ...]:
    """The endings of the names of files of a media type, or of all of a kind, such as `text/*`."""
    known = _BY_NAME.types_map[True]
    code = fnmatchcase("text/plain", media_type)
    return tuple(
        sorted(
            end
            for end, kind in known.items()
            if fnmatchcase(kind, media_type) or (code and is_code(kind))
        )
    )


def is_text(media_type: str) -> bool:
    """Whether files of a type are text, in small letters and without parameters."""
    return (
        media_type.startswith("text/")
        or media_type in _TEXT
        or media_type.endswith(("+json", "+xml"))
    )


class TypeCheck:
    """Looks at the bytes of one file, and refuses them where they are not of its type.

    Args:
        media_type: What the file is said to be, in small letters and without parameters.
    """

    def __init__(self, media_type: str) -> None:
        self._media_type = media_type
        self._head: bytearray | None = bytearray()
        self._decoder: codecs.IncrementalDecoder | None = None

    def look_at(self, piece: bytes) -> None:
        """Look at what comes next of the file.

        Raises:
            UnsupportedType: The file is something else.
        """
        if self._head is None:
            self._read_text(piece)
            return
        self._head += piece
        if len(self._head) >= _HEAD_BYTES:
            self._judge(bytes(self._head))

    def finish(self) -> None:
        """The file is complete.

        Raises:
            UnsupportedType: It is something else.
        """
        if self._head is not None:
            self._judge(bytes(self._head))
        self._read_text(b"", final=True)

    def _judge(self, head: bytes) -> None:
        self._head = None
        if is_text(self._media_type):
            utf_16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            self._decoder = codecs.getincrementaldecoder("utf-16" if utf_16 else "utf-8")()
            self._read_text(head)
        elif not _fits(self._media_type, head):
            found = _known_type(head)
            raise UnsupportedType(
                f"The file is said to be {self._media_type}, but "
                + (f"is {found}." if found else "its bytes are not."),
                field="mime_type",
            )

    def _read_text(self, piece: bytes, *, final: bool = False) -> None:
        if self._decoder is None:
            return
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise UnsupportedType(
                f"The file is said to be {self._media_type}, but is no text in UTF-8 or UTF-16. "
                "Save it as UTF-8.",
                field="mime_type",
            )


def _fits(media_type: str, head: bytes) -> bool:
    found = _known_type(head)
    if media_type.startswith(_OFFICE):
        is_office = head.startswith(_ZIP) and head.startswith(_OFFICE_NAMES, _ZIP_NAME)
        another = found is not None and found.startswith(_OFFICE) and found != media_type
        return is_office and not another
    if _plain(media_type) in _RECOGNISED:
        return found is not None and _plain(found) == _plain(media_type)
    # No bytes are known that it begins with; but it must not begin with those of another.
    return found is None


def _known_type(head: bytes) -> str | None:
    kind = filetype.guess(head)
    return str(kind.mime) if kind else None


def _plain(media_type: str) -> str:
    return _SAME.get(media_type, media_type)


_RECOGNISED: Final = frozenset(_plain(kind.mime) for kind in filetype.types)
