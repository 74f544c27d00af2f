"""The one file of a web form, as it comes in: never as a whole, neither in memory nor on the disk.

FastAPI's own reading of forms writes every file to a temporary one first, whatever its size.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from chatkit_backend.errors import BodyTooLarge, InvalidRequest

FIELD: Final = "file"

# What a form may have besides the file: boundaries, headers, and fields that nobody here reads.
_MAX_OTHER_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file that is being uploaded.

    Attributes:
        name: As the browser says; anything may stand there.
        media_type: As the browser says; empty where it does not.
        content: Its bytes. They end well only with the whole form.
    """

    name: str
    media_type: str
    content: AsyncIterator[bytes]


async def form_file(content_type: str | None, body: AsyncIterator[bytes]) -> FormFile:
    """The file in the field `file` of a form (`multipart/form-data`, RFC 7578).

    Both this and reading the content raise the errors below.

    Args:
        content_type: Of the request.
        body: The form.

    Raises:
        InvalidRequest: It is no form, breaks off, or has no such file or two of them.
        BodyTooLarge: There is too much in it besides the file.
    """
    form = _Form(_boundary(content_type))
    async for piece in body:
        form.read(piece)
        if form.has_file:
            return FormFile(form.file_name, form.media_type, _content(form, body))
    raise InvalidRequest(
        f"The form has no file: send one in the field {FIELD}, with its name.", field=FIELD
    )


def _boundary(content_type: str | None) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidRequest(
            f"Send a form (multipart/form-data) with the file in the field {FIELD}.",
            field="Content-Type",
        )
    return boundary


async def _content(form: _Form, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for taken in form.take():
        yield taken
    async for piece in body:
        form.read(piece)
        for taken in form.take():
            yield taken
    if not form.complete:
        raise InvalidRequest("The form breaks off. Upload the file again.")


class _Form:
    """A form, read piece by piece.

    Attributes:
        has_file: Whether its file has begun.
        file_name: Of the file.
        media_type: Of the file.
        complete: Whether its end was read.
    """

    def __init__(self, boundary: bytes) -> None:
        self.has_file = False
        self.file_name = ""
        self.media_type = ""
        self.complete = False
        self._in_file = False
        self._taken: list[bytes] = []
        self._other_bytes = 0
        self._headers: dict[bytes, bytes] = {}
        self._header = b""
        self._value = b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_to_header,
                    "on_header_value": self._add_to_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._take,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise InvalidRequest(f"The form cannot be read: {error}.") from error

    def read(self, piece: bytes) -> None:
        """Read what comes next."""
        before = sum(map(len, self._taken))
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise InvalidRequest(f"The form cannot be read: {error}.") from error
        # A part of the boundary may have been held back for the next piece, hence never below 0.
        self._other_bytes += max(0, len(piece) - sum(map(len, self._taken)) + before)
        if self._other_bytes > _MAX_OTHER_BYTES:
            raise BodyTooLarge(
                f"The form has more than {_MAX_OTHER_BYTES} bytes besides its file. Send the file "
                "alone."
            )

    def take(self) -> list[bytes]:
        """What was read of the file since this was asked last."""
        taken, self._taken = self._taken, []
        return taken

    # What the parser calls

    def _begin_part(self) -> None:
        self._headers = {}

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"").decode("latin-1")
        _, options = parse_options_header(disposition)
        self._in_file = options.get(b"name") == FIELD.encode() and b"filename" in options
        if not self._in_file:
            return
        if self.has_file:
            raise InvalidRequest(f"The form has two files. Send one in the field {FIELD}.")
        self.has_file = True
        # Browsers write UTF-8, whatever RFC 7578 would have them do.
        self.file_name = options[b"filename"].decode(errors="replace")
        self.media_type = self._headers.get(b"content-type", b"").decode("latin-1")

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._taken.append(data[start:end])

    def _end_part(self) -> None:
        self._in_file = False

    def _end(self) -> None:
        self.complete = True
