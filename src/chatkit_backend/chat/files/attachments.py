"""Takes the files that users attach: announced and then uploaded, or both in one request."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Protocol

from chatkit.store import AttachmentStore
from chatkit.types import Attachment, AttachmentCreateParams
from typing_extensions import override

from chatkit_backend.chat.files.uploads import (
    UploadLimits,
    already_there,
    announced_size,
    as_given_up_by,
    as_stored_by,
    as_uploaded,
    file_name,
    of_at_most,
    of_size,
    of_type,
    pending_attachment,
    uploaded_attachment,
)
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import BodyTooLarge, DatabaseUnavailable, InvalidRequest, NotFound
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.store.ids import new_id
from chatkit_backend.store.threads import ThreadStore


class UploadAddresses(Protocol):
    """Makes the addresses that an attachment is answered with."""

    def upload_url(self, context: RequestContext, attachment_id: str) -> str:
        """Takes the bytes."""
        ...

    def preview_url(self, context: RequestContext, attachment_id: str) -> str:
        """Shows a small picture."""
        ...


class Attachments(AttachmentStore[RequestContext]):
    """Takes files, and deletes them.

    All methods raise `FilesUnavailable` and `DatabaseUnavailable` where the one or the other does
    not answer. Whatever is refused or breaks off leaves no bytes behind.

    Args:
        store: What is known of attachments.
        files: Their bytes.
        addresses: Where bytes are sent to.
        limits: What is taken.
    """

    def __init__(
        self,
        store: ThreadStore,
        files: FileStorage,
        addresses: UploadAddresses,
        limits: UploadLimits,
    ) -> None:
        self._store = store
        self._files = files
        self._addresses = addresses
        self.limits = limits

    @override
    def generate_attachment_id(self, mime_type: str, context: RequestContext) -> str:
        """A new id for an attachment."""
        return new_id("attachment")

    @override
    async def create_attachment(
        self, input: AttachmentCreateParams, context: RequestContext
    ) -> Attachment:
        """An attachment whose bytes are still to come; the caller stores it.

        Args:
            input: What is announced of the file.
            context: Who attaches it.

        Returns:
            The attachment, its `upload_descriptor` included: a `PUT` there brings the bytes.

        Raises:
            Forbidden: The session allows no uploads.
            InvalidRequest: What is announced cannot be.
            BodyTooLarge: The file is too large.
            UnsupportedType: Files of its type are not taken.
        """
        name = file_name(input.name)
        kind = self.limits.type_of(input.mime_type, name, "params.mime_type")
        if input.size < 1:
            raise InvalidRequest("params.size: the file is empty.", field="params.size")
        self.limits.require_size(input.size, context, "params.size")
        if context.server_url is None:
            raise InvalidRequest(
                "The Host header of this request names no host, so no address can be given to "
                "upload to. CHATKIT_PUBLIC_URL names one."
            )
        attachment_id = self.generate_attachment_id(kind, context)
        return pending_attachment(
            attachment_id,
            name,
            kind,
            input.size,
            upload_url=self._addresses.upload_url(context, attachment_id),
            preview_url=self._addresses.preview_url(context, attachment_id),
        )

    async def receive(
        self,
        attachment_id: str,
        size: int | None,
        content: AsyncIterator[bytes],
        context: RequestContext,
    ) -> None:
        """Take the bytes of an attachment that was announced.

        Args:
            attachment_id: Which.
            size: How many bytes the request says it has; None where it does not say.
            content: The bytes.
            context: Whose attachment it is.

        Raises:
            NotFoundInStore: There is no such attachment (any more).
            Conflict: Its bytes are there already. A message may name it by now.
            InvalidRequest: Fewer bytes come than were announced.
            BodyTooLarge: More come.
            UnsupportedType: They are of another type.
        """
        attachment, announced = await self._awaited(attachment_id, context)
        if size is not None and size != announced:
            said = f"The file was announced with {announced} bytes, and this request has {size}."
            raise BodyTooLarge(said) if size > announced else InvalidRequest(said)
        checked = of_type(of_size(content, announced), attachment.mime_type)
        upload_id = secrets.token_hex(8)
        whole = self._whole(checked, attachment_id, upload_id, context)
        try:
            await self._files.put(context.user.id, attachment_id, whole)
        except BaseException:
            with suppress(NotFound, DatabaseUnavailable):
                give_up = partial(as_given_up_by, upload_id)
                await self._store.change_attachment(attachment_id, give_up, context)
            raise
        try:
            await self._store.change_attachment(attachment_id, as_uploaded, context)
        except NotFound:
            # It was deleted meanwhile: no message takes one whose bytes are still to come.
            await self._files.delete(context.user.id, attachment_id)
            raise

    async def _whole(
        self,
        content: AsyncIterator[bytes],
        attachment_id: str,
        upload_id: str,
        context: RequestContext,
    ) -> AsyncIterator[bytes]:
        """The bytes of an upload. Of several, the first that has all of them may store them.

        Raises:
            NotFoundInStore: The attachment was deleted meanwhile.
            Conflict: Another upload was faster.
        """
        async for piece in content:
            yield piece
        try:
            take = partial(as_stored_by, upload_id)
            await self._store.change_attachment(attachment_id, take, context)
        except NotFound:
            await self._require_gone(attachment_id, context)
            raise

    async def _require_gone(self, attachment_id: str, context: RequestContext) -> None:
        """Make sure that an attachment that cannot be changed was deleted meanwhile.

        Raises:
            Conflict: Another upload was faster, and a message has it.
        """
        try:
            await self._store.load_attachment(attachment_id, context)
        except NotFound:
            return
        raise already_there(attachment_id)

    async def _awaited(self, attachment_id: str, context: RequestContext) -> tuple[Attachment, int]:
        """An attachment whose bytes are still to come, and how many.

        Raises:
            NotFoundInStore: There is no such attachment.
            Conflict: They are there already.
        """
        attachment = await self._store.load_attachment(
            attachment_id, context, field="attachment_id"
        )
        announced = announced_size(attachment)
        if announced is None:
            raise already_there(attachment_id)
        return attachment, announced

    async def add(
        self, name: str, said_type: str, content: AsyncIterator[bytes], context: RequestContext
    ) -> Attachment:
        """Take a file at once.

        Args:
            name: The file's name.
            said_type: Its media type, as the browser says.
            content: Its bytes.
            context: Who attaches it.

        Returns:
            The attachment, stored.

        Raises:
            Forbidden: The session allows no uploads.
            InvalidRequest: The file is empty.
            BodyTooLarge: It is too large.
            UnsupportedType: Files of its type are not taken, or it is of another type.
        """
        cleaned = file_name(name)
        kind = self.limits.type_of(said_type, cleaned, "file")
        attachment_id = self.generate_attachment_id(kind, context)
        checked = of_type(of_at_most(content, self.limits, context), kind)
        size = await self._files.put(context.user.id, attachment_id, checked)
        attachment = uploaded_attachment(
            attachment_id,
            cleaned,
            kind,
            size,
            preview_url=self._addresses.preview_url(context, attachment_id),
        )
        try:
            await self._store.save_attachment(attachment, context)
        except BaseException:
            # Also where the request is cancelled: nothing would know of the bytes.
            await self._files.delete(context.user.id, attachment_id)
            raise
        return attachment

    @override
    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Delete the bytes of an attachment; the caller makes the store forget it.

        Raises:
            NotFoundInStore: There is no such attachment.
        """
        await self._store.load_attachment(attachment_id, context, field="params.attachment_id")
        await self._files.delete(context.user.id, attachment_id)
