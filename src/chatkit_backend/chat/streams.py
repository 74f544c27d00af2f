"""How an operation streams: the SDK's way, put right where it is wrong, each with its reason."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import UTC, datetime

import structlog
from chatkit.server import ChatKitServer, agents_sdk_user_agent_override
from chatkit.types import (
    StreamingReq,
    StreamOptionsEvent,
    ThreadCreatedEvent,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadsAddClientToolOutputReq,
    ThreadsAddStructuredInputReq,
    ThreadsCreateReq,
    ThreadsRetryAfterItemReq,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
    UserMessageItem,
)

from chatkit_backend.chat.checks import answered_already, require_questions
from chatkit_backend.chat.events.closing import closing
from chatkit_backend.chat.events.endings import (
    as_stream_error,
    closing_what_was_opened,
    error_event,
    failing_where_others_cancel,
    keep_interrupted,
)
from chatkit_backend.chat.events.hidden import without_hidden_items
from chatkit_backend.chat.events.places import in_order_of_beginning
from chatkit_backend.chat.events.storing import stored
from chatkit_backend.chat.events.unfinished import Unfinished
from chatkit_backend.chat.files.generated_images import GeneratedImages
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.thread_changes import ThreadChanges, keeping_changes
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import Conflict
from chatkit_backend.models.failures import detail
from chatkit_backend.retrieval.search import search_for
from chatkit_backend.store.moments import Moment
from chatkit_backend.store.threads import ThreadStore

_log = structlog.get_logger(__name__)


class StreamingServer(ChatKitServer[RequestContext]):
    """Streams operations, keeps what they bring, and ends what breaks off.

    What answers is a subclass's.

    Args:
        parts: What it works with.
    """

    store: ThreadStore

    def __init__(self, parts: ChatParts) -> None:
        super().__init__(parts.store, parts.attachment_store)
        self.turns = parts.turns
        self.titles = parts.titles
        self.documents = parts.documents
        self.images = GeneratedImages(parts.store, parts.files, parts.image_addresses)

    def stream(
        self, operation: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[bytes, None]:
        """The events of a streaming operation, framed as server-sent events.

        The SDK's `process` would parse the body a second time and drop its metadata.
        """
        return self._process_streaming(operation, context)

    @abstractmethod
    async def _refuse_what_cannot_work(
        self, operation: StreamingReq, context: RequestContext
    ) -> None:
        """Raises what the SDK would find out too late, when the status is already sent."""

    async def _process_streaming(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[bytes, None]:
        # The SDK's own logs a traceback for every thread that is not found.
        async with closing(self._process_streaming_impl(request, context)) as events:
            async for event in events:
                yield b"data: " + self._serialize(event) + b"\n\n"

    async def _process_streaming_impl(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        search_for(context, self.documents.search)
        await self._refuse_what_cannot_work(request, context)
        if isinstance(request, ThreadsRetryAfterItemReq):
            # Two answers would mix in the thread, and each be cut by the other's clearing away.
            self.turns.writes_to(request.params.thread_id)
            await self.turns.stop_in(request.params.thread_id)
        match request:
            case ThreadsCreateReq():
                events = self._begin_thread(request, context)
            case ThreadsAddClientToolOutputReq():
                events = self._add_client_tool_output(request, context)
            case ThreadsAddStructuredInputReq():
                events = self._add_structured_input(request, context)
            case _:
                events = super()._process_streaming_impl(request, context)
        async with closing(events):
            async for event in events:
                yield _in_utc(self.images.shown(event, context))

    async def _begin_thread(
        self, request: ThreadsCreateReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stores the thread with its first message, and answers.

        The SDK tells of the thread before the message is stored: one that is refused leaves an
        empty thread, and a status that was sent already.
        """
        thread = ThreadMetadata(
            id=self.store.generate_thread_id(context), created_at=datetime.now(UTC)
        )
        message = await self._build_user_message_item(request.params.input, thread, context)
        await self.store.begin_thread(thread, message, context)
        yield ThreadCreatedEvent(thread=self._to_thread_response(thread))
        async with closing(self._answer_to(thread, message, context)) as events:
            async for event in events:
                yield event

    async def _process_new_thread_item_respond(
        self, thread: ThreadMetadata, item: UserMessageItem, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        """The SDK's, which stores the attachments before the message, one by one."""
        await self.store.add_user_message(thread.id, item, context)
        async with closing(self._answer_to(thread, item, context)) as events:
            async for event in events:
                yield event

    async def _answer_to(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        yield ThreadItemDoneEvent(item=message)
        answer = self._process_events(
            thread, context, lambda: self.respond(thread, message, context)
        )
        async with closing(answer) as events:
            async for event in events:
                yield event

    async def _add_client_tool_output(
        self, request: ThreadsAddClientToolOutputReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Completes the newest call if it waits, wherever it lies in the thread.

        The SDK looks at the last item only, so a hidden item on top of the call is an error
        there, and so is an output that is sent twice (openai/chatkit-js#94, #96, #107).
        An older call that still waits was abandoned, and no output is for it.
        """
        thread = await self.store.load_thread(request.params.thread_id, context)
        call = await self.store.latest_client_tool_call(thread.id, context)
        if call is None:
            raise Conflict("No client tool waits for its output.", field="params.thread_id")
        call.output = request.params.result
        call.status = "completed"
        # The same output may come twice, also at once; it is stored where the call still waits.
        if not await self.store.answer_item(thread.id, call, context):
            yield StreamOptionsEvent(stream_options=self.get_stream_options(thread, context))
            return
        await self._cleanup_pending_client_tool_call(thread, context)
        answer = self._process_events(thread, context, lambda: self.respond(thread, None, context))
        async with closing(answer):
            async for event in answer:
                yield event

    async def _add_structured_input(
        self, request: ThreadsAddStructuredInputReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Keeps the answers to questions, and goes on with them.

        The SDK stores them when it streams, so that of two answers at once both would count.
        """
        params = request.params
        thread = await self.store.load_thread(params.thread_id, context)
        item = await require_questions(params, self.store, context)
        answered = await self._apply_structured_input_submission(item, params.input)
        if not await self.store.answer_item(thread.id, answered, context):
            raise answered_already()

        async def respond() -> AsyncGenerator[ThreadStreamEvent, None]:
            yield ThreadItemReplacedEvent(item=answered)
            async with closing(self.respond(thread, None, context)) as answer:
                async for event in answer:
                    yield event

        events = self._process_events(thread, context, respond)
        async with closing(events):
            async for event in events:
                yield event

    # What an answer does to its thread, and what happens when it breaks off.

    async def _process_events(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        stream: Callable[[], AsyncIterator[ThreadStreamEvent]],
    ) -> AsyncIterator[ThreadStreamEvent]:
        """The answer as events, stored as they come, and an error event where it fails.

        In the place of the SDK's, which saves the thread as it was loaded, over what others changed
        since, and logs a traceback for every answer that the database had no room for.
        """
        self.turns.writes_to(thread.id)
        title = self.titles.for_turn(thread, context) if self.titles else None
        changes = ThreadChanges(thread, self.store, context, title)

        def updated() -> ThreadUpdatedEvent:
            return ThreadUpdatedEvent(thread=self._to_thread_response(thread))

        yield StreamOptionsEvent(stream_options=self.get_stream_options(thread, context))
        unfinished = Unfinished(self)  # by what is stored, so that nothing is lost between
        answer = keeping_changes(self._shown(thread, context, stream), changes, updated)
        try:
            with agents_sdk_user_agent_override(), failing_where_others_cancel():
                async with closing(stored(answer, thread, self.store, context)) as events:
                    async for event in events:
                        unfinished.follow(event)
                        yield event
        except asyncio.CancelledError:
            await self._keep_what_came(thread, unfinished.items, changes, context)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
            yield error_event(as_stream_error(error, thread))
        # Who leaves now has the whole answer, and interrupts nothing.
        if await changes.last():
            yield updated()

    async def _shown(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        stream: Callable[[], AsyncIterator[ThreadStreamEvent]],
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """The answer as a client may see it."""
        kept = self.images.kept(stream(), context)
        shown = without_hidden_items(kept, thread, self.store, context)
        placed = in_order_of_beginning(shown, thread, self.store, context)
        async with closing(closing_what_was_opened(self, thread, placed)) as events:
            async for event in events:
                yield event

    async def _keep_what_came(
        self,
        thread: ThreadMetadata,
        unfinished: list[ThreadItem],
        changes: ThreadChanges,
        context: RequestContext,
    ) -> None:
        """Keeps what a turn that is stopped has brought; nobody is left to tell that it failed."""
        try:
            try:
                await self.handle_stream_cancelled(thread, unfinished, context)
            finally:
                await changes.break_off()
        except Exception as error:  # noqa: BLE001 - whatever it is, the turn has to end
            # Without a traceback, which may show what was said.
            _log.error("interrupted answer not kept", thread_id=thread.id, **detail(error))

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
        await keep_interrupted(self.store, thread, pending_items, context)


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
