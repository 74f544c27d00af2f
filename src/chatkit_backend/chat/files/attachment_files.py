"""Gives out the files of attachments: as they are, or as pictures made anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from chatkit_backend.chat.permissions import require_reachable
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import NotAPicture, NotFound, UnsupportedType
from chatkit_backend.files.pictures import PICTURES_AT_ONCE, Picture, picture_made
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.store.threads import ThreadStore

# A picture is read as a whole. Larger ones are hardly to be looked at.
_MAX_PICTURE_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is being read.

    Attributes:
        name: As it was uploaded; nothing about it is safe but that it has one line.
        media_type: What it was said to be, and did not contradict.
        size: In bytes.
        content: Its bytes, in pieces.
    """

    name: str
    media_type: str
    size: int
    content: AsyncIterator[bytes]


class AttachmentFiles:
    """The files of attachments.

    Both methods raise `NotFound` where the asking user has no such attachment or its bytes are not
    there, and `FilesUnavailable` and `DatabaseUnavailable` where the one or the other does not
    answer.

    Args:
        store: What is known of attachments.
        files: Their bytes.
    """

    def __init__(self, store: ThreadStore, files: FileStorage) -> None:
        self._store = store
        self._files = files
        self._places = asyncio.Semaphore(PICTURES_AT_ONCE)

    async def open(self, attachment_id: str, context: RequestContext) -> OpenFile:
        """The file of an attachment. Its bytes begin to come, or this raises."""
        attachment = await self._store.load_attachment(
            attachment_id, context, field="attachment_id"
        )
        if attachment.thread_id is not None:
            await require_reachable(attachment.thread_id, self._store, context)
        size = await self._files.size(context.user.id, attachment_id)
        if size is None:
            raise NotFound(f"The bytes of attachment {attachment_id!r} are not there.")
        content = self._files.read(context.user.id, attachment_id)
        first = await anext(content, b"")
        return OpenFile(attachment.name, attachment.mime_type, size, _after(first, content))

    async def picture(
        self, attachment_id: str, longest_side: int, context: RequestContext
    ) -> Picture:
        """An attachment as a picture that is safe to be shown.

        Args:
            attachment_id: Which.
            longest_side: How wide and how high it may be, in pixels.
            context: Who asks.

        Raises:
            UnsupportedType: It is no picture.
        """
        async with self._places:
            file = await self.open(attachment_id, context)
            if file.size > _MAX_PICTURE_BYTES:
                raise UnsupportedType(f"Attachment {attachment_id!r} is too large for a picture.")
            content = b"".join([piece async for piece in file.content])
            try:
                return await picture_made(content, longest_side)
            except NotAPicture as error:
                raise UnsupportedType(f"Attachment {attachment_id!r} {error}.") from error


async def _after(first: bytes, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in content:
        yield piece
