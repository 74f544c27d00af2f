"""What has to be known before the first byte is sent.

The SDK would find it out too late, when the status of the answer is already sent.
"""

from __future__ import annotations

from typing import TypeVar, assert_never

from chatkit.types import (
    StreamingReq,
    StructuredInputItem,
    ThreadCustomActionParams,
    ThreadItemBase,
    ThreadMetadata,
    ThreadsAddClientToolOutputReq,
    ThreadsAddStructuredInputReq,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsCustomActionReq,
    ThreadsRetryAfterItemReq,
    UserMessageInput,
    UserMessageItem,
    UserMessageTextContent,
    WidgetItem,
)

from chatkit_backend.context import MAX_TITLE, RequestContext, clean_text
from chatkit_backend.errors import Conflict, InvalidRequest
from chatkit_backend.store.threads import ThreadStore

_Item = TypeVar("_Item", bound=ThreadItemBase)


async def require_workable(
    operation: StreamingReq, store: ThreadStore, context: RequestContext
) -> None:
    """Make sure that what a streaming operation names is there, and in the state that it needs.

    Raises:
        NotFoundInStore: The thread, item or attachment is not there.
        InvalidRequest: The message is empty, or the item is of another type.
        Conflict: The structured input was answered already.
    """
    match operation:
        case ThreadsCreateReq():
            await _require_message(operation.params.input, store, context)
        case ThreadsAddUserMessageReq():
            await store.load_thread(operation.params.thread_id, context)
            await _require_message(operation.params.input, store, context)
        case ThreadsRetryAfterItemReq(params=params):
            await require_item(params.thread_id, params.item_id, UserMessageItem, store, context)
        case ThreadsAddStructuredInputReq(params=params):
            item = await require_item(
                params.thread_id, params.item_id, StructuredInputItem, store, context
            )
            if item.status != "pending":
                raise Conflict("This input was answered already.", field="params.item_id")
        case ThreadsCustomActionReq() | ThreadsAddClientToolOutputReq():
            pass  # each is looked at where it is handled
        case _:
            assert_never(operation)


async def require_item(
    thread_id: str,
    item_id: str,
    kind: type[_Item],
    store: ThreadStore,
    context: RequestContext,
) -> _Item:
    """The item that an operation names.

    Raises:
        NotFoundInStore: The thread or item is not there.
        InvalidRequest: It is of another type.
    """
    item = await store.load_item(thread_id, item_id, context)
    if not isinstance(item, kind):
        expected = kind.model_fields["type"].default
        raise InvalidRequest(
            f"Item {item.id} is of type {item.type}, not {expected}.", field="params.item_id"
        )
    return item


async def require_actor(
    params: ThreadCustomActionParams, store: ThreadStore, context: RequestContext
) -> tuple[ThreadMetadata, WidgetItem | None]:
    """The thread of an action, and the widget that sent it, if one did.

    Raises:
        NotFoundInStore: The thread or item is not there.
        InvalidRequest: The item is no widget.
    """
    thread = await store.load_thread(params.thread_id, context)
    if not params.item_id:
        return thread, None
    return thread, await require_item(thread.id, params.item_id, WidgetItem, store, context)


def checked_title(title: str) -> str:
    """The title that a user gives a thread, on one line.

    Raises:
        InvalidRequest: It is empty or too long.
    """
    cleaned = clean_text(title, MAX_TITLE + 1)
    if not 0 < len(cleaned) <= MAX_TITLE:
        raise InvalidRequest(
            f"params.title: use 1 to {MAX_TITLE} characters.", field="params.title"
        )
    return cleaned


async def _require_message(
    message: UserMessageInput, store: ThreadStore, context: RequestContext
) -> None:
    # A foreign attachment found after `thread.created` would leave an empty thread behind.
    for attachment_id in message.attachments:
        await store.load_attachment(attachment_id, context)
    has_words = any(
        not isinstance(part, UserMessageTextContent) or part.text.strip()
        for part in message.content
    )
    if not has_words and not message.attachments:
        raise InvalidRequest(
            "The message is empty: send text or an attachment.", field="params.input.content"
        )
