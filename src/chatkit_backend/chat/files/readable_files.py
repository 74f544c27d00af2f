"""What is made of files before a model is shown them: small pictures, and the text in documents.

It is remembered for a while, because a thread shows the model its files again with every message.
It is remembered in memory and not beside the file: a copy there would have to be found by whoever
deletes, sweeps or exports files, and making it anew takes a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog
from cachetools import LRUCache, TTLCache

from chatkit_backend.chat.tokens import beginning_within
from chatkit_backend.errors import NotAPicture, UnreadableDocument
from chatkit_backend.files.pictures import PICTURES_AT_ONCE, Picture, picture_made
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.retrieval.attached import PLAIN, Kind, text_of_file

_log = structlog.get_logger(__name__)

# Providers scale down what is larger: OpenAI to 2,048 pixels, Anthropic to 1,568.
_LONGEST_SIDE: Final = 1_536
# What a file may take of memory. Of a text, more than that is not shown in any case.
_MOST_FILE_BYTES: Final = 64 * 2**20
_MOST_TEXT_BYTES: Final = 4 * 2**20
# Somebody waits for the answer, and a page takes up to 0.3 seconds.
_DOCUMENT_SECONDS: Final = 20.0
# About a hundred pictures, or a thousand texts, for each process.
_REMEMBERED_BYTES: Final = 32 * 2**20
# A machine that had no time or room for a document may have it later; but not every message of its
# thread shall wait for one that always takes too long.
_FAILED_SECONDS: Final = 300.0
_FAILED_DOCUMENTS: Final = 1_000
# A document takes up to 2 GB in its process.
_DOCUMENTS_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class ReadText:
    """The text of a file, as far as it may be shown.

    Attributes:
        beginning: At most the tokens of a message.
        more: How many characters there are after it.
        whole: Whether those are all; of a large file, only the beginning is read.
    """

    beginning: str
    more: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file of which nothing can be made. Remembered, too: trying again takes as long.

    Attributes:
        reason: Goes on after its name: "is encrypted; …".
    """

    reason: str


_Made = Picture | ReadText | Unreadable


class ReadableFiles:
    """Makes of files what models can be shown, and remembers it.

    All methods raise `NotFound`, `InvalidRequest` or `FilesUnavailable` where the bytes of a file
    cannot be had; that is not remembered, since they may still come.

    Args:
        files: The bytes of attachments. Those of one attachment never change.
        tokens: How much text of a file is of use.
        document_seconds: How long a document may be converted.
        failed_seconds: After how long one that the machine had no time or room for is tried again.
    """

    def __init__(
        self,
        files: FileStorage,
        tokens: int,
        document_seconds: float = _DOCUMENT_SECONDS,
        failed_seconds: float = _FAILED_SECONDS,
    ) -> None:
        self._files = files
        self._tokens = tokens
        self._document_seconds = document_seconds
        self._made: LRUCache[tuple[str, str], _Made] = LRUCache(_REMEMBERED_BYTES, getsizeof=_size)
        self._failed: TTLCache[tuple[str, str], _Made] = TTLCache(_FAILED_DOCUMENTS, failed_seconds)
        self._pictures = asyncio.Semaphore(PICTURES_AT_ONCE)
        self._documents = asyncio.Semaphore(_DOCUMENTS_AT_ONCE)

    async def picture(self, owner_id: str, attachment_id: str) -> Picture | Unreadable:
        """A picture, small enough for a model."""

        async def make() -> Picture:
            async with self._pictures:
                content, whole = await self._beginning(owner_id, attachment_id, _MOST_FILE_BYTES)
                if not whole:
                    raise NotAPicture("is too large to be read")
                return await picture_made(content, _LONGEST_SIDE)

        made = await self._remembered((owner_id, attachment_id), make)
        return Unreadable("is no picture") if isinstance(made, ReadText) else made

    async def text(self, owner_id: str, attachment_id: str, kind: Kind) -> ReadText | Unreadable:
        """The text in a file of a kind. A document may have to wait for others."""

        async def make() -> ReadText:
            if kind in PLAIN:
                return await self._read(owner_id, attachment_id, kind, _MOST_TEXT_BYTES)
            async with self._documents:
                return await self._read(owner_id, attachment_id, kind, _MOST_FILE_BYTES)

        made = await self._remembered((owner_id, attachment_id), make)
        return Unreadable("is no text") if isinstance(made, Picture) else made

    async def as_it_is(self, owner_id: str, attachment_id: str) -> bytes:
        """All bytes of a file, for whoever has looked at its `size`."""
        content, _ = await self._beginning(owner_id, attachment_id, _MOST_FILE_BYTES)
        return content

    async def size(self, owner_id: str, attachment_id: str) -> int:
        """How many bytes a file has; 0 where it is not there."""
        return await self._files.size(owner_id, attachment_id) or 0

    async def _read(self, owner_id: str, attachment_id: str, kind: Kind, most: int) -> ReadText:
        content, whole = await self._beginning(owner_id, attachment_id, most)
        text = await text_of_file(content, kind, self._document_seconds, whole=whole)
        beginning = beginning_within(text, self._tokens)
        return ReadText(beginning, len(text) - len(beginning), whole)

    async def _beginning(self, owner_id: str, attachment_id: str, most: int) -> tuple[bytes, bool]:
        """The first bytes of a file, and whether that is all of it."""
        content = bytearray()
        async for piece in self._files.read(owner_id, attachment_id):
            content += piece
            if len(content) > most:
                return bytes(content[:most]), False
        return bytes(content), True

    async def _remembered(
        self, key: tuple[str, str], make: Callable[[], Coroutine[Any, Any, _Made]]
    ) -> _Made:
        if (known := self._made.get(key) or self._failed.get(key)) is not None:
            if await self._files.size(*key) is not None:
                return known
            # It was deleted, and no model gets to see it any more.
            self._made.pop(key, None)
            self._failed.pop(key, None)
        try:
            made = await make()
        except (NotAPicture, UnreadableDocument) as error:
            made = Unreadable(str(error))
            _log.warning("attachment cannot be read", attachment_id=key[1], reason=made.reason)
            if isinstance(error, UnreadableDocument) and error.passing:
                self._failed[key] = made
                return made
        if _size(made) < _REMEMBERED_BYTES:
            self._made[key] = made
        return made


def _size(made: _Made) -> int:
    match made:
        case Picture():
            return len(made.content)
        case ReadText():
            return len(made.beginning) * 4  # bytes of a character at most
        case Unreadable():
            return len(made.reason)
