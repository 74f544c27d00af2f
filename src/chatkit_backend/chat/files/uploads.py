"""What may be uploaded, and what is known of it before its bytes are there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from chatkit.types import Attachment, AttachmentUploadDescriptor, FileAttachment, ImageAttachment
from pydantic import AnyUrl

from chatkit_backend.chat.permissions import MEGABYTE, require_uploads
from chatkit_backend.context import RequestContext, clean_text
from chatkit_backend.errors import BodyTooLarge, Conflict, InvalidRequest, UnsupportedType
from chatkit_backend.files.sniffing import TypeCheck, is_code, type_by_name, usual_type

# As long as a name may be on the file systems of those who download it.
MAX_NAME: Final = 255
# RFC 6838, section 4.2, in small letters.
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_SHOWN: Final = 100

# What browsers say of a file that they do not know; its name says more.
_UNKNOWN: Final = frozenset({"", "application/octet-stream"})

# Those of which `files/pictures` makes previews.
_PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

# In the `metadata` of an attachment, which no client gets to see.
_STATE: Final = "upload"
_PENDING: Final = "pending"
_SIZE: Final = "size"
_STORED_BY: Final = "stored_by"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What may be uploaded.

    Attributes:
        types: Media types; `text/*` for all of a kind.
        max_bytes: Largest file.
        max_files: Most files of a message.
    """

    types: tuple[str, ...]
    max_bytes: int
    max_files: int

    def require_size(self, size: int, context: RequestContext, field: str | None = None) -> None:
        """Make sure that a file is not too large, neither for the server nor for the session.

        Args:
            size: So many bytes it has at least.
            context: Who uploads it.
            field: What says so in the request.

        Raises:
            Forbidden: The session allows no uploads.
            BodyTooLarge: It is too large.
        """
        require_uploads(context)
        session = context.session
        if session and size > session.configuration.max_file_megabytes * MEGABYTE:
            megabytes = session.configuration.max_file_megabytes
            raise BodyTooLarge(f"A file of this session may have {megabytes} MB.", field=field)
        if size > self.max_bytes:
            raise BodyTooLarge(
                f"A file may have {self.max_bytes} bytes (CHATKIT_UPLOAD_MAX_BYTES).", field=field
            )

    def type_of(self, said: str, name: str, field: str) -> str:
        """The type as which a file is taken, in small letters and without parameters.

        Browsers call types by other names, and by those of the programs that open them: a table
        becomes `application/vnd.ms-excel` where Excel is installed. The bytes show what is true.

        Args:
            said: What the browser says it is.
            name: The file's name, which counts where what the browser says is not taken.
            field: What says so in the request.

        Raises:
            InvalidRequest: What the browser says is no media type.
            UnsupportedType: Files of the type are not taken, or nothing tells it.
        """
        kind = media_type(said, name, field)
        named = type_by_name(name) or kind
        text = ["text/plain"] if is_code(kind) or is_code(named) else []
        for possible in [usual_type(kind), kind, named, *text]:
            if self._takes(possible):
                return possible
        raise UnsupportedType(
            f"{field}: files of type {kind[:_SHOWN]} are not taken "
            f"(CHATKIT_UPLOAD_TYPES): {', '.join(self.types)}.",
            field=field,
        )

    def _takes(self, media_type: str) -> bool:
        kind = media_type.partition("/")[0]
        return not {media_type, f"{kind}/*", "*/*"}.isdisjoint(self.types)


def file_name(said: str) -> str:
    """The name of a file, without the folders before it and without invisible characters."""
    last = re.split(r"[/\\]", said)[-1]
    name = clean_text(last, MAX_NAME)
    return name if name.strip(". ") else "file"


def is_media_type(text: str) -> bool:
    """Whether this is a media type, in small letters and without parameters."""
    return len(text) <= MAX_NAME and _MEDIA_TYPE.fullmatch(text) is not None


def media_type(said: str, name: str, field: str) -> str:
    """The type of a file, in small letters and without parameters.

    Args:
        said: What the browser says it is.
        name: The file's name, which counts where the browser does not know.
        field: What says so in the request.

    Raises:
        InvalidRequest: It is no media type.
        UnsupportedType: Neither the browser nor the name tells.
    """
    plain = said.partition(";")[0].strip().lower()
    if plain in _UNKNOWN:
        plain = type_by_name(name) or ""
        if not plain:
            raise UnsupportedType(
                f"{field}: nothing tells what kind of file this is. Send its media type, such as "
                "text/plain.",
                field=field,
            )
    if not is_media_type(plain):
        raise InvalidRequest(f"{field}: write a media type such as image/png.", field=field)
    return plain


# Attachments


def pending_attachment(
    attachment_id: str, name: str, kind: str, size: int, *, upload_url: str, preview_url: str
) -> Attachment:
    """An attachment whose bytes are still to come, with where to.

    Args:
        attachment_id: Its id.
        name: The file's name.
        kind: Its media type.
        size: How many bytes will come.
        upload_url: Takes the bytes.
        preview_url: Will show it, if it is a picture.
    """
    descriptor = AttachmentUploadDescriptor(
        url=AnyUrl(upload_url), method="PUT", headers={"Content-Type": kind}
    )
    attachment = uploaded_attachment(attachment_id, name, kind, size, preview_url=preview_url)
    attachment.upload_descriptor = descriptor
    attachment.metadata = {_SIZE: size, _STATE: _PENDING}
    return attachment


def uploaded_attachment(
    attachment_id: str, name: str, kind: str, size: int, *, preview_url: str
) -> Attachment:
    """An attachment whose bytes are there."""
    metadata = {_SIZE: size}
    if kind in _PICTURES:
        return ImageAttachment(
            id=attachment_id,
            name=name,
            mime_type=kind,
            metadata=metadata,
            preview_url=AnyUrl(preview_url),
        )
    return FileAttachment(id=attachment_id, name=name, mime_type=kind, metadata=metadata)


def announced_size(attachment: Attachment) -> int | None:
    """How many bytes of an attachment are still to come; None where they are there."""
    metadata = attachment.metadata or {}
    return int(metadata[_SIZE]) if metadata.get(_STATE) == _PENDING else None


def as_stored_by(upload_id: str, attachment: Attachment) -> Attachment:
    """The attachment while one upload has all its bytes, and nobody else may store any.

    Raises:
        Conflict: Another upload has them.
    """
    metadata = attachment.metadata or {}
    if announced_size(attachment) is None or _STORED_BY in metadata:
        raise already_there(attachment.id)
    return attachment.model_copy(update={"metadata": {**metadata, _STORED_BY: upload_id}})


def as_given_up_by(upload_id: str, attachment: Attachment) -> Attachment:
    """The attachment once that upload has failed, and others may come."""
    metadata = {**(attachment.metadata or {})}
    if metadata.get(_STORED_BY) == upload_id:
        del metadata[_STORED_BY]
    return attachment.model_copy(update={"metadata": metadata})


def already_there(attachment_id: str) -> Conflict:
    """What is raised where another upload was faster."""
    return Conflict(f"The bytes of attachment {attachment_id!r} are there already.")


def as_uploaded(attachment: Attachment) -> Attachment:
    """The attachment, now that its bytes are there."""
    metadata = {**(attachment.metadata or {})}
    metadata.pop(_STATE, None)
    metadata.pop(_STORED_BY, None)
    return attachment.model_copy(update={"metadata": metadata, "upload_descriptor": None})


# Bytes


async def of_type(content: AsyncIterator[bytes], kind: str) -> AsyncIterator[bytes]:
    """The bytes of a file, as long as they are of its type.

    Raises:
        UnsupportedType: They are of another.
        InvalidRequest: There are none.
    """
    check = TypeCheck(kind)
    empty = True
    async for piece in content:
        empty = empty and not piece
        check.look_at(piece)
        yield piece
    if empty:
        raise InvalidRequest("The file is empty.")
    check.finish()


async def of_size(content: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The bytes of a file, as long as there are as many as were announced.

    Raises:
        BodyTooLarge: There are more.
        InvalidRequest: There are fewer.
    """
    received = 0
    async for piece in content:
        received += len(piece)
        if received > size:
            raise BodyTooLarge(f"The file was announced with {size} bytes, and more came.")
        yield piece
    if received < size:
        raise InvalidRequest(
            f"The file was announced with {size} bytes, and {received} came. Upload it again."
        )


async def of_at_most(
    content: AsyncIterator[bytes], limits: UploadLimits, context: RequestContext
) -> AsyncIterator[bytes]:
    """The bytes of a file, as long as they are not too many.

    Raises:
        BodyTooLarge: They are.
    """
    received = 0
    async for piece in content:
        received += len(piece)
        limits.require_size(received, context)
        yield piece
