"""Images that a model made: stored as files, so that a thread holds their name and no megabytes.

The SDK puts an image into its item as a data URL, and that into the database, and from there back
to the model with every message.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import structlog
from chatkit.types import (
    GeneratedImage,
    GeneratedImageItem,
    ImageAttachment,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadStreamEvent,
)
from pydantic import AnyUrl

from chatkit_backend.chat.events.closing import closing
from chatkit_backend.context import RequestContext
from chatkit_backend.files.pictures import picture_type
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.store.addresses import (
    FileAddresses,
    NoAddresses,
    is_placeholder,
    placeholder,
)
from chatkit_backend.store.ids import new_id
from chatkit_backend.store.threads import ThreadStore

_log = structlog.get_logger(__name__)

_DATA_URL: Final = re.compile(r"data:[^,;]*;base64,")


@dataclass(frozen=True, slots=True)
class GeneratedImages:
    """Keeps the images that models make.

    Attributes:
        store: Keeps what is known of them.
        files: Keeps their bytes; None where this server has no place for files.
        addresses: Where a browser finds them.
    """

    store: ThreadStore
    files: FileStorage | None = None
    addresses: FileAddresses = field(default_factory=NoAddresses)

    async def kept(
        self, events: AsyncIterator[ThreadStreamEvent], context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        """The events of an answer, every finished image in a file; one that is none is removed.

        Images that are not finished stay data URLs: they are shown, and never stored.

        Raises:
            FilesUnavailable: An image cannot be stored.
        """
        async with closing(events):
            async for event in events:
                match event:
                    case (
                        ThreadItemDoneEvent(item=GeneratedImageItem() as item)
                        | ThreadItemReplacedEvent(item=GeneratedImageItem() as item)
                    ) if item.image is not None and item.image.url.startswith("data:"):
                        kept = await self._kept(item, item.image, context)
                        if kept is None:
                            yield ThreadItemRemovedEvent(item_id=item.id)
                        else:
                            yield event.model_copy(update={"item": kept})
                    case _:
                        yield event

    def shown(self, event: ThreadStreamEvent, context: RequestContext) -> ThreadStreamEvent:
        """An event with the addresses of images, once they are stored."""
        match event:
            case (
                ThreadItemAddedEvent(item=GeneratedImageItem() as item)
                | ThreadItemDoneEvent(item=GeneratedImageItem() as item)
                | ThreadItemReplacedEvent(item=GeneratedImageItem() as item)
            ) if item.image is not None and is_placeholder(item.image.url):
                url = self.addresses.image_url(context, item.image.id)
                image = GeneratedImage(id=item.image.id, url=url)
                return event.model_copy(update={"item": item.model_copy(update={"image": image})})
            case _:
                return event

    async def _kept(
        self, item: GeneratedImageItem, image: GeneratedImage, context: RequestContext
    ) -> GeneratedImageItem | None:
        content = _content_of(image.url)
        media_type = picture_type(content) if content else None
        if content is None or media_type is None or self.files is None:
            reason = "no place for files" if self.files is None else "not an image"
            _log.error("generated image dropped", item_id=item.id, reason=reason)
            return None
        # The provider's own id may repeat, and would overwrite an older image.
        attachment_id = new_id("attachment")
        # First the bytes: those without a row are swept, a row without bytes stays for ever.
        await self.files.put(context.user.id, attachment_id, _once(content))
        # What stands in the database instead of an address: addresses are signed, and expire.
        url = placeholder(attachment_id)
        attachment = ImageAttachment(
            id=attachment_id,
            name=f"image.{media_type.removeprefix('image/')}",
            mime_type=media_type,
            thread_id=item.thread_id,
            preview_url=AnyUrl(url),
            metadata={"generated": True, "size": len(content)},
        )
        await self.store.save_attachment(attachment, context)
        return item.model_copy(update={"image": GeneratedImage(id=attachment_id, url=url)})


def _content_of(data_url: str) -> bytes | None:
    """The bytes in a data URL; None where it is broken."""
    if not (head := _DATA_URL.match(data_url)):
        return None
    try:
        return base64.b64decode(data_url[head.end() :], validate=True)
    except binascii.Error:
        return None


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
