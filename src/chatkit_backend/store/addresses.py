"""Where files can be fetched: never stored, but made afresh for whoever loads what names them.

An address is signed and ends, so what is stored has `attachment:ID` in its place. Addresses of
other servers, as imported threads have them, stay as they are.
"""

from __future__ import annotations

import re
from typing import Final, Protocol
from urllib.parse import quote, unquote

from chatkit.types import (
    Attachment,
    GeneratedImageItem,
    ImageAttachment,
    ThreadItem,
    UserMessageItem,
)
from pydantic import AnyUrl

from chatkit_backend.context import RequestContext

# Below the address of the server; the routes are in `api/attachments.py`.
FILES_PATH: Final = "/api/chatkit/attachments"

_PLACEHOLDER: Final = "attachment:"
_SIGNED: Final = re.compile(
    rf".*{re.escape(FILES_PATH)}/([^/?#]+)/preview\?(?:[^#]*&)?signature=[^#]*"
)


class FileAddresses(Protocol):
    """Makes addresses at which the asking user's files can be fetched for a while.

    Each method gives `placeholder(attachment_id)` where the context does not tell how this server
    is reached.
    """

    def preview_url(self, context: RequestContext, attachment_id: str) -> str:
        """Of a small picture of the attachment."""
        ...

    def image_url(self, context: RequestContext, attachment_id: str) -> str:
        """Of the attachment as a picture that fills a page."""
        ...


class NoAddresses:
    """For whoever hands out none."""

    def preview_url(self, context: RequestContext, attachment_id: str) -> str:
        """The placeholder."""
        return placeholder(attachment_id)

    def image_url(self, context: RequestContext, attachment_id: str) -> str:
        """The placeholder."""
        return placeholder(attachment_id)


def placeholder(attachment_id: str) -> str:
    """What stands for the address of a file of ours: `attachment:ID`."""
    return _PLACEHOLDER + quote(attachment_id, safe="", errors="surrogatepass")


def is_placeholder(url: str) -> bool:
    """Whether this stands for an address of ours, and leads nowhere itself."""
    return url.startswith(_PLACEHOLDER)


# On the way in


def storable_attachment(attachment: Attachment) -> Attachment:
    """The attachment as it is stored: without addresses of ours, those for uploads included."""
    changes: dict[str, object] = {}
    if attachment.upload_descriptor is not None:
        changes["upload_descriptor"] = None
    if isinstance(attachment, ImageAttachment):
        named = _named_by(str(attachment.preview_url))
        if named is not None:
            changes["preview_url"] = AnyUrl(placeholder(attachment.id))
    return attachment.model_copy(update=changes) if changes else attachment


def storable_item(item: ThreadItem) -> ThreadItem:
    """The item as it is stored: without addresses of ours. `item` itself is left as it is."""
    if isinstance(item, UserMessageItem) and item.attachments:
        attachments = [storable_attachment(attachment) for attachment in item.attachments]
        return item.model_copy(update={"attachments": attachments})
    if isinstance(item, GeneratedImageItem) and item.image is not None:
        named = _named_by(item.image.url)
        if named is not None:
            image = item.image.model_copy(update={"url": placeholder(named)})
            return item.model_copy(update={"image": image})
    return item


def image_of(item: ThreadItem | None) -> str | None:
    """The id of the attachment that an item shows as an image a model made; None without one."""
    if isinstance(item, GeneratedImageItem) and item.image is not None:
        return _named_by(item.image.url)
    return None


def _named_by(url: str) -> str | None:
    """The id of the attachment that an address of ours leads to; None for any other address."""
    if is_placeholder(url):
        return _in_placeholder(url)
    if url[:5] == "data:":
        return None  # megabytes, perhaps
    signed = _SIGNED.fullmatch(url)
    return unquote(signed[1], errors="surrogatepass") if signed else None


def _in_placeholder(url: str) -> str:
    return unquote(url.removeprefix(_PLACEHOLDER), errors="surrogatepass")


# On the way out


def with_addresses(
    item: ThreadItem, addresses: FileAddresses, context: RequestContext
) -> ThreadItem:
    """A stored item with addresses that work for its owner. It is changed in place.

    Args:
        item: As it was loaded.
        addresses: Makes them.
        context: Whose item it is, and how the server is reached.
    """
    if isinstance(item, UserMessageItem):
        for attachment in item.attachments:
            with_address(attachment, addresses, context)
    elif isinstance(item, GeneratedImageItem) and item.image is not None:
        url = item.image.url
        if is_placeholder(url):
            item.image.url = addresses.image_url(context, _in_placeholder(url))
    return item


def with_address(
    attachment: Attachment, addresses: FileAddresses, context: RequestContext
) -> Attachment:
    """A stored attachment with an address that works for its owner. It is changed in place."""
    if isinstance(attachment, ImageAttachment) and is_placeholder(str(attachment.preview_url)):
        attachment.preview_url = AnyUrl(addresses.preview_url(context, attachment.id))
    return attachment
