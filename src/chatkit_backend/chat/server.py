"""One ChatKit operation after the other: what happens to a message, top to bottom.

`ChatServer` is the SDK's `ChatKitServer` with our agent behind it. Everything of the SDK that is
overridden because it is wrong is overridden here, each with its reason.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, TypeVar, assert_never

import structlog
from chatkit.actions import Action
from chatkit.errors import BaseStreamError, CustomStreamError
from chatkit.server import DEFAULT_PAGE_SIZE, ChatKitServer
from chatkit.store import AttachmentStore
from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    AudioInput,
    FeedbackKind,
    NonStreamingReq,
    Page,
    SDKHiddenContextItem,
    StreamingReq,
    StreamOptionsEvent,
    StructuredInputItem,
    SyncCustomActionResponse,
    Thread,
    ThreadCreatedEvent,
    ThreadCustomActionParams,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemBase,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadListParams,
    ThreadMetadata,
    ThreadsAddClientToolOutputReq,
    ThreadsAddStructuredInputReq,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsCustomActionReq,
    ThreadsDeleteReq,
    ThreadsListReq,
    ThreadsRetryAfterItemReq,
    ThreadsSyncCustomActionReq,
    ThreadStreamEvent,
    ThreadsUpdateReq,
    ThreadUpdatedEvent,
    TranscriptionResult,
    UserMessageInput,
    UserMessageItem,
    UserMessageTextContent,
    WidgetItem,
    WorkflowItem,
)

from chatkit_backend.chat.agents import AgentRunner
from chatkit_backend.chat.citations import cited
from chatkit_backend.chat.history import HistoryBudget, HistoryConverter, conversation
from chatkit_backend.chat.instructions import browser_context_message
from chatkit_backend.chat.permissions import page_of_threads, require_permission
from chatkit_backend.chat.searching import DocumentAnswers
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.context import MAX_TITLE, RequestContext, clean_text
from chatkit_backend.errors import Conflict, InvalidRequest, ModelError, NotFound, NotSupported
from chatkit_backend.models.failures import detail, translate
from chatkit_backend.store.moments import Moment
from chatkit_backend.store.threads import ThreadStore

_log = structlog.get_logger(__name__)

INTERRUPTED = "The answer above was interrupted before it was complete."


_Item = TypeVar("_Item", bound=ThreadItemBase)


class ChatServer(ChatKitServer[RequestContext]):
    """Answers ChatKit operations with an agent, from a store.

    Args:
        store: Keeps the threads.
        runner: Gives the answers.
        budget: How much of a thread the model is shown.
        turns: The operations that run in this process.
        documents: What answers are based on.
        attachment_store: Takes uploads; None where this server offers none.
    """

    store: ThreadStore

    def __init__(
        self,
        store: ThreadStore,
        runner: AgentRunner,
        budget: HistoryBudget,
        turns: RunningTurns,
        documents: DocumentAnswers,
        *,
        attachment_store: AttachmentStore[RequestContext] | None = None,
    ) -> None:
        super().__init__(store, attachment_store)
        self.runner = runner
        self.budget = budget
        self.turns = turns
        self.documents = documents
        self.converter = HistoryConverter()

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """The agent's answer to what the thread holds."""
        history = await conversation(self.store, thread.id, context, self.budget, self.converter)
        search = self.documents.turn(history.said(), thread.id, context)
        async for event in search.in_advance(shown=input_user_message is not None):
            yield event
        answer = self.runner.answer(
            history.input(browser_context_message(context), search.message),
            thread,
            self.store,
            context,
            tools=search.tools(),
            workflow=search.workflow,
        )
        async with aclosing(cited(answer, search.passages.sources)) as events:
            async for event in events:
                yield event

    def stream(
        self, operation: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[bytes, None]:
        """The events of a streaming operation, framed as server-sent events.

        The SDK's `process` would parse the body a second time and drop its metadata.
        """
        return self._process_streaming(operation, context)

    async def answer(self, operation: NonStreamingReq, context: RequestContext) -> bytes:
        """The JSON answer of an operation that does not stream.

        Raises:
            RequestError: It cannot be served.
        """
        await require_permission(operation, self.store, context)
        if isinstance(operation, ThreadsListReq):
            return await self._list_threads(operation.params, context)
        if isinstance(operation, ThreadsSyncCustomActionReq):
            await self._check_action(operation.params, type(self).sync_action, context)
        if isinstance(operation, ThreadsUpdateReq):
            operation.params.title = _checked_title(operation.params.title)
        answer = await self._process_non_streaming(operation, context)
        if isinstance(operation, ThreadsDeleteReq):
            await self.turns.stop_in(operation.params.thread_id)
        return answer

    async def _list_threads(self, params: ThreadListParams, context: RequestContext) -> bytes:
        found = await page_of_threads(params, DEFAULT_PAGE_SIZE, self.store, context)
        shown = [self._to_thread_response(thread) for thread in found.data]
        return self._serialize(Page[Thread](data=shown, has_more=found.has_more, after=found.after))

    # What the SDK leaves out: it would answer `{}` and keep nothing, or fail with a 500.

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: list[str],
        feedback: FeedbackKind,
        context: RequestContext,
    ) -> None:
        """Refused: feedback would be lost."""
        raise NotSupported("This server does not keep feedback.", field="type")

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        """Refused: no transcription model is connected."""
        raise NotSupported("This server does not transcribe speech.", field="type")

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        """Refused: no action is registered."""
        raise _no_actions()

    def _get_attachment_store(self) -> AttachmentStore[RequestContext]:
        if self.attachment_store is None:
            raise NotSupported("This server takes no attachments.", field="type")
        return self.attachment_store

    # What has to be known before the first byte is sent.

    async def _refuse_what_cannot_work(
        self, operation: StreamingReq, context: RequestContext
    ) -> None:
        """Raises what the SDK would find out too late, when the status is already sent."""
        await require_permission(operation, self.store, context)
        match operation:
            case ThreadsCreateReq():
                await self._check_message(operation.params.input, context)
            case ThreadsAddUserMessageReq():
                await self.store.load_thread(operation.params.thread_id, context)
                await self._check_message(operation.params.input, context)
            case ThreadsRetryAfterItemReq(params=params):
                await self._named_item(params.thread_id, params.item_id, UserMessageItem, context)
            case ThreadsAddStructuredInputReq(params=params):
                item = await self._named_item(
                    params.thread_id, params.item_id, StructuredInputItem, context
                )
                if item.status != "pending":
                    raise Conflict("This input was answered already.", field="params.item_id")
            case ThreadsCustomActionReq(params=params):
                await self._check_action(params, type(self).action, context)
            case ThreadsAddClientToolOutputReq():
                pass  # `_add_client_tool_output` looks before it starts
            case _:
                assert_never(operation)

    async def _named_item(
        self, thread_id: str, item_id: str, kind: type[_Item], context: RequestContext
    ) -> _Item:
        item = await self.store.load_item(thread_id, item_id, context)
        if not isinstance(item, kind):
            expected = kind.model_fields["type"].default
            raise InvalidRequest(
                f"Item {item.id} is of type {item.type}, not {expected}.", field="params.item_id"
            )
        return item

    async def _check_action(
        self,
        params: ThreadCustomActionParams,
        handler: Callable[..., object],
        context: RequestContext,
    ) -> None:
        if handler in {ChatKitServer.action, ChatServer.sync_action}:
            raise _no_actions()
        await self.store.load_thread(params.thread_id, context)
        if params.item_id:
            await self._named_item(params.thread_id, params.item_id, WidgetItem, context)

    async def _check_message(self, message: UserMessageInput, context: RequestContext) -> None:
        # A foreign attachment found after `thread.created` would leave an empty thread behind.
        for attachment_id in message.attachments:
            await self.store.load_attachment(attachment_id, context)
        has_words = any(
            not isinstance(part, UserMessageTextContent) or part.text.strip()
            for part in message.content
        )
        if not has_words and not message.attachments:
            raise InvalidRequest(
                "The message is empty: send text or an attachment.", field="params.input.content"
            )

    async def _process_streaming(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[bytes, None]:
        # The SDK's own logs a traceback for every thread that is not found.
        async for event in self._process_streaming_impl(request, context):
            yield b"data: " + self._serialize(event) + b"\n\n"

    async def _process_streaming_impl(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        await self._refuse_what_cannot_work(request, context)
        if isinstance(request, ThreadsRetryAfterItemReq):
            # Two answers would mix in the thread, and each be cut by the other's clearing away.
            self.turns.writes_to(request.params.thread_id)
            await self.turns.stop_in(request.params.thread_id)
        events = (
            self._add_client_tool_output(request, context)
            if isinstance(request, ThreadsAddClientToolOutputReq)
            else super()._process_streaming_impl(request, context)
        )
        async for event in events:
            yield _in_utc(event)

    async def _add_client_tool_output(
        self, request: ThreadsAddClientToolOutputReq, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Completes the call that waits, wherever it lies in the thread.

        The SDK looks at the last item only, so a hidden item on top of the call is an error
        there, and so is an output that is sent twice (openai/chatkit-js#94, #96, #107).
        """
        thread = await self.store.load_thread(request.params.thread_id, context)
        call = await self.store.pending_client_tool_call(thread.id, context)
        if call is None:
            if await self.store.latest_client_tool_call(thread.id, context) is None:
                raise Conflict("No client tool waits for its output.", field="params.thread_id")
            yield StreamOptionsEvent(stream_options=self.get_stream_options(thread, context))
            return
        call.output = request.params.result
        call.status = "completed"
        await self.store.save_item(thread.id, call, context)
        await self._cleanup_pending_client_tool_call(thread, context)
        async for event in self._process_events(
            thread, context, lambda: self.respond(thread, None, context)
        ):
            yield event

    # What happens when an answer breaks off.

    def _process_events(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        stream: Callable[[], AsyncIterator[ThreadStreamEvent]],
    ) -> AsyncIterator[ThreadStreamEvent]:
        self.turns.writes_to(thread.id)
        return super()._process_events(
            thread, context, lambda: self._closing_what_was_opened(thread, stream())
        )

    async def _closing_what_was_opened(
        self, thread: ThreadMetadata, events: AsyncIterator[ThreadStreamEvent]
    ) -> AsyncIterator[ThreadStreamEvent]:
        """The events; when they fail, the unfinished items are finished as far as they came.

        The SDK sends the error alone: the text that the user has read would be gone after a
        reload.
        """
        unfinished: dict[str, ThreadItem] = {}
        try:
            async for event in events:
                self._follow(unfinished, event)
                yield event
        except Exception as error:
            for item in unfinished.values():
                yield _ending_of(item)
            raise _as_stream_error(error, thread) from error

    def _follow(self, unfinished: dict[str, ThreadItem], event: ThreadStreamEvent) -> None:
        match event:
            case ThreadItemAddedEvent():
                unfinished[event.item.id] = event.item.model_copy(deep=True)
            case ThreadItemUpdatedEvent(update=AssistantMessageContentPartTextDelta()):
                self._update_pending_items(unfinished, event)
            case ThreadItemUpdatedEvent():
                # The SDK follows the same events. It appends text to the part that an event
                # brought, so a part that both held would get every word twice.
                self._update_pending_items(unfinished, event.model_copy(deep=True))
            case ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                unfinished.pop(event.item.id, None)
            case ThreadItemRemovedEvent():
                unfinished.pop(event.item_id, None)
            case _:
                pass

    async def handle_stream_cancelled(
        self,
        thread: ThreadMetadata,
        pending_items: list[ThreadItem],
        context: RequestContext,
    ) -> None:
        """Keeps the unfinished answer, and a note for the model that it is unfinished.

        The SDK's note says that the user cancelled, but a closed tab and a lost connection look
        just the same (openai/chatkit-js#43, #104).
        """
        note = SDKHiddenContextItem(
            id=self.store.generate_item_id("sdk_hidden_context", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(UTC),
            content=INTERRUPTED,
        )
        try:
            for item in filter(_is_worth_keeping, pending_items):
                await self.store.add_thread_item(thread.id, item, context)
            await self.store.add_thread_item(thread.id, note, context)
        except NotFound:
            _log.info("answer dropped: its thread was deleted", thread_id=thread.id)


def _no_actions() -> NotSupported:
    return NotSupported("This server handles no actions.", field="params.action.type")


def _checked_title(title: str) -> str:
    cleaned = clean_text(title, MAX_TITLE + 1)
    if not 0 < len(cleaned) <= MAX_TITLE:
        raise InvalidRequest(
            f"params.title: use 1 to {MAX_TITLE} characters.", field="params.title"
        )
    return cleaned


def _is_worth_keeping(item: ThreadItem) -> bool:
    if isinstance(item, AssistantMessageItem):
        return any(part.text.strip() for part in item.content)
    return isinstance(item, WorkflowItem) and bool(item.workflow.tasks)


def _ending_of(item: ThreadItem) -> ThreadStreamEvent:
    if _is_worth_keeping(item):
        return ThreadItemDoneEvent(item=item)
    return ThreadItemRemovedEvent(item_id=item.id)


def _as_stream_error(error: Exception, thread: ThreadMetadata) -> BaseStreamError:
    """What the user is told; the detail goes to the log."""
    if isinstance(error, BaseStreamError):
        return error
    told = error if isinstance(error, ModelError) else translate(error)
    _log.error("answer failed", thread_id=thread.id, told=told.message, **detail(error))
    return CustomStreamError(told.message, allow_retry=told.allow_retry)


def _in_utc(event: ThreadStreamEvent) -> ThreadStreamEvent:
    """`event` with the SDK's naive local times made UTC; times that are so already stay."""
    match event:
        case ThreadItemAddedEvent() | ThreadItemDoneEvent() | ThreadItemReplacedEvent():
            event.item.created_at = Moment.of(event.item.created_at)
        case ThreadCreatedEvent() | ThreadUpdatedEvent():
            event.thread.created_at = Moment.of(event.thread.created_at)
        case _:
            pass
    return event
