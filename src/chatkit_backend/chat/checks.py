"""What has to be known before the first byte is sent.

The SDK would find it out too late, when the status of the answer is already sent.
"""

from __future__ import annotations

from typing import TypeVar, assert_never

from chatkit.types import (
    ActiveStatus,
    StreamingReq,
    StructuredInputItem,
    ThreadAddStructuredInputParams,
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

from chatkit_backend.chat.files.uploads import announced_size
from chatkit_backend.context import MAX_TITLE, RequestContext, clean_text
from chatkit_backend.errors import Conflict, InvalidRequest
from chatkit_backend.store.owned import no_attachment
from chatkit_backend.store.threads import ThreadStore

_Item = TypeVar("_Item", bound=ThreadItemBase)


async def require_workable(
    operation: StreamingReq,
    store: ThreadStore,
    context: RequestContext,
    max_files: int | None = None,
) -> None:
    """Make sure that what a streaming operation names is there, and in the state that it needs.

    Args:
        operation: What is asked for.
        store: Where the threads are.
        context: Who asks.
        max_files: Most attachments of a message; None for any number.

    Raises:
        NotFoundInStore: The thread, item or attachment is not there, or the attachment is another
            thread's.
        InvalidRequest: The message is empty or has too many files, or the item is of another type.
        Conflict: The thread is locked or closed, the structured input was answered already, or an
            attachment is not uploaded yet.
    """
    match operation:
        case ThreadsCreateReq():
            await _require_message(operation.params.input, None, store, context, max_files)
        case ThreadsAddUserMessageReq(params=params):
            await _require_open(params.thread_id, store, context)
            await _require_message(params.input, params.thread_id, store, context, max_files)
        case ThreadsRetryAfterItemReq(params=params):
            await require_item(params.thread_id, params.item_id, UserMessageItem, store, context)
        case ThreadsAddStructuredInputReq(params=params):
            await _require_open(params.thread_id, store, context)
            await require_questions(params, store, context)
        case ThreadsCustomActionReq() | ThreadsAddClientToolOutputReq():
            pass  # each is looked at where it is handled; neither is input of the user's
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


async def require_questions(
    params: ThreadAddStructuredInputParams, store: ThreadStore, context: RequestContext
) -> StructuredInputItem:
    """The questions that wait for their answers.

    Raises:
        NotFoundInStore: The thread or item is not there.
        InvalidRequest: It is of another type.
        Conflict: They were answered already.
    """
    item = await require_item(params.thread_id, params.item_id, StructuredInputItem, store, context)
    if item.status != "pending":
        raise answered_already()
    return item


def answered_already() -> Conflict:
    """Refuses a second answer to the same questions."""
    return Conflict("This input was answered already.", field="params.item_id")


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


async def _require_open(thread_id: str, store: ThreadStore, context: RequestContext) -> None:
    """Make sure that the thread takes input of its user.

    What its answers and widgets need stays possible: the status concerns the composer only, says
    the component's documentation.

    Raises:
        NotFoundInStore: The thread is not there.
        Conflict: It is locked or closed.
    """
    status = (await store.load_thread(thread_id, context)).status
    if isinstance(status, ActiveStatus):
        return
    why = f": {status.reason}" if status.reason else "."
    raise Conflict(
        f"This thread is {status.type} and takes no input{why}", field="params.thread_id"
    )


async def _require_message(
    message: UserMessageInput,
    thread_id: str | None,
    store: ThreadStore,
    context: RequestContext,
    max_files: int | None,
) -> None:
    if max_files is not None and len(message.attachments) > max_files:
        raise InvalidRequest(
            f"A message may have {max_files} files (CHATKIT_UPLOAD_MAX_FILES).",
            field="params.input.attachments",
        )
    # A foreign attachment found after `thread.created` would leave an empty thread behind.
    for attachment_id in message.attachments:
        attachment = await store.load_attachment(attachment_id, context)
        # The SDK would move it, and it would go with the thread that it was moved to. In the words
        # of the store: a session may not reach the thread that has it.
        if attachment.thread_id not in {None, thread_id}:
            raise no_attachment(attachment_id, "params.input.attachments")
        if announced_size(attachment) is not None:
            raise Conflict(
                f"The bytes of attachment {attachment_id!r} are not there yet. Upload them first.",
                field="params.input.attachments",
            )
    has_words = any(
        not isinstance(part, UserMessageTextContent) or part.text.strip()
        for part in message.content
    )
    if not has_words and not message.attachments:
        raise InvalidRequest(
            "The message is empty: send text or an attachment.", field="params.input.content"
        )
