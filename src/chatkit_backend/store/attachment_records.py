"""What is known of attachments: their bytes are not this room's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from chatkit.types import Attachment
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.context import RequestContext
from chatkit_backend.store import documents, statements
from chatkit_backend.store.addresses import FileAddresses, NoAddresses, with_address
from chatkit_backend.store.engine import Database
from chatkit_backend.store.owned import named, no_attachment, touch


class AttachmentRecords:
    """The attachments of `ThreadStore`, which the SDK wants in one store with the threads.

    Args:
        database: Where they are kept; the caller opens and closes it.
        addresses: Makes the addresses of files in what is loaded; None leaves placeholders.
    """

    def __init__(self, database: Database, addresses: FileAddresses | None = None) -> None:
        self._database = database
        self._addresses = addresses or NoAddresses()
        self._upserts = statements.Upserts(database.dialect)

    async def save_attachment(self, attachment: Attachment, context: RequestContext) -> None:
        """Store what is known of the attachment, its `metadata` included.

        Raises:
            NotFoundInStore: There is no such thread, or another one has the attachment.
        """
        values = named(
            context,
            thread=attachment.thread_id,
            new_updated_at=datetime.now(UTC),
            new_id=attachment.id,
            new_owner_id=context.user.id,
            new_thread_id=attachment.thread_id,
            new_created_at=datetime.now(UTC),
            new_data=documents.attachment_document(attachment),
        )
        async with self._database.write() as connection:
            if attachment.thread_id is not None:
                await touch(connection, values)
            if await connection.scalar(self._upserts.attachment, values) is None:
                raise no_attachment(attachment.id, "params.input.attachments")

    async def change_attachment(
        self,
        attachment_id: str,
        change: Callable[[Attachment], Attachment],
        context: RequestContext,
    ) -> None:
        """Change an attachment that no message has yet, as it is stored now.

        Args:
            attachment_id: Which.
            change: Is given the attachment, and gives what it becomes. Where it raises, nothing
                changes.
            context: Who asks.

        Raises:
            NotFoundInStore: It is gone, or a message has it by now.
        """
        values = named(context, attachment=attachment_id)
        async with self._database.write() as connection:
            document = await connection.scalar(statements.UNSENT_ATTACHMENT, values)
            attachment = document and documents.read_attachment(document)
            if not attachment:
                raise no_attachment(attachment_id, "attachment_id")
            changed = documents.attachment_document(change(attachment))
            await connection.execute(statements.CHANGE_ATTACHMENT, {**values, "new_data": changed})

    async def load_attachment(
        self,
        attachment_id: str,
        context: RequestContext,
        *,
        field: str = "params.input.attachments",
    ) -> Attachment:
        """What is known of the attachment.

        Args:
            attachment_id: Which.
            context: Who asks.
            field: What named it in the request.
        """
        values = named(context, attachment=attachment_id)
        async with self._database.read() as connection:
            document = await connection.scalar(statements.ATTACHMENT, values)
        attachment = document and documents.read_attachment(document)
        if not attachment:
            raise no_attachment(attachment_id, field)
        return with_address(attachment, self._addresses, context)

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        """Forget the attachment; its bytes are not this room's."""
        values = named(context, attachment=attachment_id)
        async with self._database.write_one() as connection:
            if await connection.scalar(statements.DELETE_ATTACHMENT, values) is None:
                raise no_attachment(attachment_id, "params.attachment_id")

    async def _forget_image(
        self, connection: AsyncConnection, image_id: str, context: RequestContext
    ) -> None:
        """Forget an image that no item shows any more, where a model made it."""
        values = named(context, attachment=image_id)
        document = await connection.scalar(statements.ATTACHMENT, values)
        attachment = document and documents.read_attachment(document)
        # What a user attached stays with its message, whatever else has shown it.
        if attachment and (attachment.metadata or {}).get("generated"):
            await connection.execute(statements.DELETE_ATTACHMENT, values)
