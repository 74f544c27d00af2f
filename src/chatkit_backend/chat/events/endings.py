"""What happens when an answer breaks off: what the user has read is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from chatkit.errors import BaseStreamError, CustomStreamError, ErrorCode, StreamError
from chatkit.server import ChatKitServer
from chatkit.types import (
    AssistantMessageItem,
    ErrorEvent,
    GeneratedImageItem,
    SDKHiddenContextItem,
    TaskItem,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WidgetItem,
    WorkflowItem,
)

from chatkit_backend.chat.events.closing import closing
from chatkit_backend.chat.events.unfinished import Unfinished
from chatkit_backend.chat.own.guardrails import refusal
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import DatabaseUnavailable, ModelError, NotFound
from chatkit_backend.models.failures import detail, translate
from chatkit_backend.store.threads import ThreadStore

_log = structlog.get_logger(__name__)

NOT_STORED = "The answer could not be stored. Please try again in a moment."
INTERRUPTED = "The answer above was interrupted before it was complete."


async def closing_what_was_opened(
    server: ChatKitServer[RequestContext],
    thread: ThreadMetadata,
    events: AsyncIterator[ThreadStreamEvent],
) -> AsyncIterator[ThreadStreamEvent]:
    """The events; when they fail, the unfinished items are finished as far as they came.

    A message that ends without a word is taken away.
    The SDK sends the error alone: the text that the user has read would be gone after a reload.
    It also gives an item another time when it is finished; here it keeps that of its beginning.

    Args:
        server: Knows how an update changes an item.
        thread: Where the answer goes.
        events: The answer.

    Raises:
        BaseStreamError: The answer failed; what the user is told. The detail goes to the log.
    """
    unfinished = Unfinished(server)
    try:
        with failing_where_others_cancel():
            async with closing(events):
                async for event in events:
                    _keep_its_time(event, unfinished)
                    unfinished.follow(event)
                    yield _without_empty_message(event)
    except Exception as error:
        for item in unfinished.items:
            yield _ending_of(item)
        raise as_stream_error(error, thread) from error


@contextmanager
def failing_where_others_cancel() -> Iterator[None]:
    """Makes an error of a cancellation that does not stop the task.

    Something that code of the team's waits for was cancelled. Left so, it would end the answer
    without a word, as if the user had left.

    Raises:
        RuntimeError: In the place of such a cancellation.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("Something that the answer waited for was cancelled.") from error


def as_stream_error(error: Exception, thread: ThreadMetadata) -> BaseStreamError:
    """What the user is told of a failure; the detail goes to the log."""
    # The Agents SDK wraps what a tool raises.
    for told_by in (error, error.__cause__):
        if isinstance(told_by, BaseStreamError):
            return told_by
        if isinstance(told_by, DatabaseUnavailable):
            cause = repr(told_by.__cause__)
            _log.error("answer not stored: database unavailable", thread_id=thread.id, cause=cause)
            return CustomStreamError(NOT_STORED, allow_retry=True)
    if (refused := refusal(error)) is not None:
        return refused
    told = error if isinstance(error, ModelError) else translate(error)
    _log.error("answer failed", thread_id=thread.id, told=told.message, **detail(error))
    return CustomStreamError(told.message, allow_retry=told.allow_retry)


def error_event(error: BaseStreamError) -> ErrorEvent:
    """The event that ends a stream that failed."""
    match error:
        case StreamError():
            return ErrorEvent(code=error.code, allow_retry=error.allow_retry)
        case CustomStreamError():
            return ErrorEvent(code="custom", message=error.message, allow_retry=error.allow_retry)
        case _:
            return ErrorEvent(code=ErrorCode.STREAM_ERROR, allow_retry=error.allow_retry)


async def keep_interrupted(
    store: ThreadStore,
    thread: ThreadMetadata,
    unfinished: Sequence[ThreadItem],
    context: RequestContext,
) -> None:
    """Keeps an answer that was cut off, and a note for the model that it is unfinished.

    The SDK's note says that the user cancelled, but a closed tab and a lost connection look just
    the same (openai/chatkit-js#43, #104).
    """
    note = SDKHiddenContextItem(
        id=store.generate_item_id("sdk_hidden_context", thread, context),
        thread_id=thread.id,
        created_at=datetime.now(UTC),
        content=INTERRUPTED,
    )
    try:
        for item in unfinished:
            if _is_worth_keeping(item):
                await store.add_thread_item(thread.id, item, context)
            else:
                # It may have its place in the thread already.
                await store.delete_thread_item(thread.id, item.id, context)
        await store.add_thread_item(thread.id, note, context)
    except NotFound:
        _log.info("answer dropped: its thread was deleted", thread_id=thread.id)


def _keep_its_time(event: ThreadStreamEvent, unfinished: Unfinished) -> None:
    match event:
        case ThreadItemDoneEvent(item=item) | ThreadItemReplacedEvent(item=item):
            if begun := unfinished.get(item.id):
                item.created_at = begun.created_at
        case _:
            pass


def _without_empty_message(event: ThreadStreamEvent) -> ThreadStreamEvent:
    match event:
        case ThreadItemDoneEvent(item=AssistantMessageItem() as item) if not _is_worth_keeping(
            item
        ):
            return ThreadItemRemovedEvent(item_id=item.id)
        case _:
            return event


def _is_worth_keeping(item: ThreadItem) -> bool:
    match item:
        case AssistantMessageItem():
            return any(part.text.strip() for part in item.content)
        case WorkflowItem():
            return bool(item.workflow.tasks)
        case GeneratedImageItem():
            # One that is not finished is a data URL, which would go into the database.
            return item.image is not None and not item.image.url.startswith("data:")
        case _:
            return isinstance(item, WidgetItem | TaskItem)


def _ending_of(item: ThreadItem) -> ThreadStreamEvent:
    if _is_worth_keeping(item):
        return ThreadItemDoneEvent(item=item)
    return ThreadItemRemovedEvent(item_id=item.id)
