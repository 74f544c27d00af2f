"""Threads, items and attachments as the JSON text that the tables keep, and back.

What goes in comes out: the same JSON, with times in UTC, but for the addresses of files. What a
later version of the protocol wrote, and this one cannot read, is None and no error; the row stays
for the version that can.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from chatkit.types import (
    Attachment,
    ClientToolCallItem,
    StructuredInputItem,
    ThreadItem,
    ThreadMetadata,
    WidgetItem,
)
from chatkit.widgets import DynamicWidgetRoot
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from chatkit_backend.store.addresses import storable_attachment, storable_item
from chatkit_backend.store.moments import Moment

# Building one of these takes milliseconds of CPU; they are built once.
_ITEM: Final[TypeAdapter[ThreadItem]] = TypeAdapter(ThreadItem)
_THREAD: Final = TypeAdapter(ThreadMetadata)
_ATTACHMENT: Final[TypeAdapter[Attachment]] = TypeAdapter(Attachment)


def thread_document(thread: ThreadMetadata) -> str:
    """The JSON of a thread, without the items that the subclass `Thread` carries."""
    utc = thread.model_copy(update={"created_at": Moment.of(thread.created_at)})
    return utc.model_dump_json(include=set(ThreadMetadata.model_fields))


def item_document(item: ThreadItem) -> str:
    """The JSON of an item. What the SDK's widgets leave out as null stays out."""
    utc = storable_item(item).model_copy(update={"created_at": Moment.of(item.created_at)})
    return utc.model_dump_json()


def item_status(item: ThreadItem) -> str | None:
    """Whether an item waits for an answer; None for types that never do."""
    return item.status if isinstance(item, ClientToolCallItem | StructuredInputItem) else None


def attachment_document(attachment: Attachment) -> str:
    """The JSON of an attachment, with the `metadata` that no client gets to see.

    Where it can be uploaded to and fetched from is not kept (`store/addresses`).
    """
    return storable_attachment(attachment).model_dump_json()


def read_thread(document: str, created_at: datetime) -> ThreadMetadata | None:
    """The thread of a row; None if it cannot be read.

    Args:
        document: What `thread_document` made.
        created_at: When the thread was first stored. It counts, not the document's own time.
    """
    try:
        thread = _THREAD.validate_json(document)
    except ValidationError:
        return None
    thread.created_at = created_at
    return thread


def read_item(document: str, created_at: datetime) -> ThreadItem | None:
    """The item of a row; None if it cannot be read.

    Args:
        document: What `item_document` made.
        created_at: When the item was first stored. It counts, not the document's own time.
    """
    try:
        item = _ITEM.validate_json(document)
    except ValidationError:
        return None
    item.created_at = created_at
    if isinstance(item, WidgetItem):
        _restore_widget(item, from_json(document)["widget"])
    return item


def read_attachment(document: str) -> Attachment | None:
    """The attachment of a row; None if it cannot be read."""
    try:
        return _ATTACHMENT.validate_json(document)
    except ValidationError:
        return None


def _restore_widget(item: WidgetItem, stored: dict[str, Any]) -> None:
    """Give the widget back what pydantic dropped.

    `WidgetRoot` is a union of strict classes and one that takes any field. A widget that was built
    from a template fits a strict class well enough for pydantic to choose that one, and to drop
    every field it does not know.
    """
    try:
        whole = DynamicWidgetRoot.model_validate(stored)
    except ValidationError:
        return  # only the strict classes can hold it, so nothing was dropped
    if _shown(whole) != _shown(item.widget):
        item.widget = whole


def _shown(widget: Any) -> Any:
    return widget.model_dump(mode="json", exclude_none=True)
