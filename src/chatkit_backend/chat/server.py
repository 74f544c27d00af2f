"""One ChatKit operation after the other: what happens to a message, top to bottom.

`ChatServer` is the SDK's `ChatKitServer` with our agent behind it. Everything of the SDK that is
overridden because it is wrong is overridden here, each with its reason.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Literal

import structlog
from chatkit.actions import Action
from chatkit.agents import ThreadItemConverter
from chatkit.server import DEFAULT_PAGE_SIZE
from chatkit.store import AttachmentStore
from chatkit.types import (
    AttachmentsDeleteReq,
    AudioInput,
    FeedbackKind,
    InferenceOptions,
    InputTranscribeParams,
    InputTranscribeReq,
    NonStreamingReq,
    Page,
    StreamingReq,
    SyncCustomActionResponse,
    Thread,
    ThreadCustomActionParams,
    ThreadListParams,
    ThreadMetadata,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsCustomActionReq,
    ThreadsDeleteReq,
    ThreadsListReq,
    ThreadsSyncCustomActionReq,
    ThreadStreamEvent,
    ThreadsUpdateReq,
    ThreadUpdateParams,
    TranscriptionResult,
    UserMessageItem,
    WidgetItem,
)

from chatkit_backend.chat.checks import checked_title, require_actor, require_workable
from chatkit_backend.chat.converter import HistoryConverter
from chatkit_backend.chat.dictation import checked_recording, transcribed
from chatkit_backend.chat.documents.citations import cited
from chatkit_backend.chat.events.closing import closing
from chatkit_backend.chat.events.endings import closing_what_was_opened
from chatkit_backend.chat.history import conversation, last_user_message
from chatkit_backend.chat.instructions import browser_context_message
from chatkit_backend.chat.own.action_turns import ActionTurn
from chatkit_backend.chat.own.repairs import convert_with
from chatkit_backend.chat.own.tags import TagsOfTurn
from chatkit_backend.chat.own.workflows import AgentSource
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.permissions import page_of_threads, require_permission
from chatkit_backend.chat.streams import StreamingServer
from chatkit_backend.chat.thread_changes import ThreadChanges
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import NotSupported
from chatkit_backend.retrieval.search import search_for
from chatkit_backend.store.moments import Moment

_log = structlog.get_logger(__name__)


class ChatServer(StreamingServer):
    """Answers ChatKit operations with an agent, from a store.

    Made to be subclassed: override `respond`, `action`, `sync_action`, `turn_converter` and so
    on, and name the class in CHATKIT_AGENT.

    Args:
        parts: What it works with.

    Attributes:
        agent: Of a subclass: the agent that answers, or a function that makes it; None leaves
            that to the settings.
        converter: Makes the model's input from thread items: a class, made anew for each turn
            with what the turn knows, or an instance that is used as it is.
    """

    agent: ClassVar[AgentSource | None] = None
    converter: type[HistoryConverter] | ThreadItemConverter = HistoryConverter

    def __init__(self, parts: ChatParts) -> None:
        super().__init__(parts)
        self.runner = parts.runner
        self.budget = parts.budget
        self.composer = parts.composer
        self.max_files = parts.max_files
        self.tags = parts.tags
        self.attached_files = parts.attached_files
        self.feedback = parts.feedback
        self.transcriber = parts.transcriber
        self.recordings = parts.recordings
        self.actions = parts.actions

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """The agent's answer to what the thread holds."""
        is_continued = input_user_message is None
        message = input_user_message or await last_user_message(self.store, thread.id, context)
        choice = self.composer.choice(message, continued=is_continued)
        converter = self.turn_converter(context, self.composer.model_names(choice))
        history = await conversation(self.store, thread.id, context, self.budget, converter)
        search = self.documents.turn(history.said(), thread.id, context)
        async for event in search.in_advance(shown=not is_continued):
            yield event
        answer = self.runner.answer(
            history.input(browser_context_message(context), search.message),
            thread,
            self.store,
            context,
            tools=search.tools(),
            workflow=search.workflow,
            model=self.composer.model(choice),
            first_tool=choice.tool,
        )
        async with aclosing(cited(answer, search.passages.sources)) as events:
            async for event in events:
                yield event

    def _process_streaming_impl(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        # A subclass may call the SDK's functions by itself, in an answer or in an action.
        convert_with(self.turn_converter(context))
        return super()._process_streaming_impl(request, context)

    def turn_converter(
        self, context: RequestContext, models: Sequence[str] = ()
    ) -> ThreadItemConverter:
        """What makes the model's input from thread items in one turn.

        Args:
            context: Who asks.
            models: Names of the models that may answer; none for those of every turn.
        """
        if isinstance(self.converter, ThreadItemConverter):
            return self.converter
        files = self.attached_files
        return self.converter(
            attachments=files.turn(context, models) if files else None,
            tags=TagsOfTurn(self.tags, context) if self.tags else None,
        )

    async def answer(self, operation: NonStreamingReq, context: RequestContext) -> bytes:
        """The JSON answer of an operation that does not stream.

        Raises:
            RequestError: It cannot be served.
        """
        search_for(context, self.documents.search)
        await require_permission(operation, self.store, context)
        if isinstance(operation, ThreadsListReq):
            return await self._list_threads(operation.params, context)
        if isinstance(operation, InputTranscribeReq):
            return await self._transcribe(operation.params, context)
        if isinstance(operation, ThreadsUpdateReq):
            return await self._rename(operation.params, context)
        answer = await self._process_non_streaming(operation, context)
        if isinstance(operation, ThreadsDeleteReq):
            await self.turns.stop_in(operation.params.thread_id)
        if isinstance(operation, AttachmentsDeleteReq) and self.images.files is not None:
            # Bytes that came after those were deleted, and before the attachment was.
            await self.images.files.delete(context.user.id, operation.params.attachment_id)
        return answer

    async def _rename(self, params: ThreadUpdateParams, context: RequestContext) -> bytes:
        """As the SDK does it, but without undoing what the thread's answer changes meanwhile."""
        title = checked_title(params.title)

        def rename(thread: ThreadMetadata) -> None:
            thread.title = title

        renamed = await self.store.change_thread(params.thread_id, rename, context)
        return self._serialize(self._to_thread_response(renamed))

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
        """Stores what the user thinks of items; a later opinion takes the place of an earlier one.

        Raises:
            InvalidRequest: Too many items, or none.
            NotFoundInStore: An item is not there, or not for users to see; nothing is stored.
            NotSupported: There is nothing that keeps it.
        """
        if self.feedback is None:
            raise NotSupported("This server does not keep feedback.", field="type")
        await self.feedback.record(thread_id, item_ids, feedback, context)

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        """What is said in a recording that is within the limits.

        Raises:
            ModelError: The model gave no text.
            NotSupported: No transcription model is connected.
        """
        if self.transcriber is None:
            raise _no_dictation()
        return await transcribed(audio_input, self.transcriber)

    async def _transcribe(self, params: InputTranscribeParams, context: RequestContext) -> bytes:
        if self.transcriber is None and not self._transcribes_itself():
            raise _no_dictation()
        audio = await checked_recording(params, self.recordings)
        params.audio_base64 = ""  # megabytes that nobody needs while the model listens
        result = await self.transcribe(audio, context)
        return self._serialize(TranscriptionResult(text=result.text.strip()))

    def _transcribes_itself(self) -> bool:
        """Whether a subclass has a speech model of its own."""
        return type(self).transcribe is not ChatServer.transcribe

    def _get_attachment_store(self) -> AttachmentStore[RequestContext]:
        if self.attachment_store is None:
            raise NotSupported("This server takes no attachments.", field="type")
        return self.attachment_store

    # What a user does in a widget.

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """What the function that is registered for the action shows."""
        fitting = self.actions.fitting(action)
        shown = fitting.events(self._action_turn(thread, action, sender, context))
        async with closing(shown):
            async for event in shown:
                yield event

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        """What the function that is registered for the action changes."""
        fitting = self.actions.fitting(action)
        return await fitting.update(self._action_turn(thread, action, sender, context))

    def _action_turn(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> ActionTurn:
        def answer() -> AsyncIterator[ThreadStreamEvent]:
            # Here already, so that a failure of the model is told as one, and not as the action's.
            return closing_what_was_opened(self, thread, self.respond(thread, None, context))

        return ActionTurn(action.type, thread, sender, context, self.store, answer)

    async def _process_sync_custom_action(
        self, request: ThreadsSyncCustomActionReq, context: RequestContext
    ) -> bytes:
        """The SDK's, which answers with the changed item and stores nothing of what changed."""
        thread, sender = await self._require_action(request.params, "sync_action", context)
        changes = ThreadChanges(thread, self.store, context)
        convert_with(self.turn_converter(context))
        answer = await self.sync_action(thread, request.params.action, sender, context)
        if answer.updated_item is not None:
            # A retry may have removed it meanwhile.
            await self.store.change_item(thread.id, answer.updated_item, context)
            answer.updated_item.created_at = Moment.of(answer.updated_item.created_at)
        await changes.keep()
        return self._serialize(answer)

    async def _require_action(
        self,
        params: ThreadCustomActionParams,
        method: Literal["action", "sync_action"],
        context: RequestContext,
    ) -> tuple[ThreadMetadata, WidgetItem | None]:
        """The thread of an action that can be answered, and the widget that sent it."""
        registered = not self._knows_its_actions(method)
        if registered:
            self.actions.require_any()
        thread, sender = await require_actor(params, self.store, context)
        if registered:
            # `action` and `sync_action` fit it again: a subclass may hand on another action than
            # the client's, and nothing but the action itself passes through the SDK.
            self.actions.fitting(params.action)
        return thread, sender

    def _knows_its_actions(self, method: Literal["action", "sync_action"]) -> bool:
        """Whether a subclass has a method of its own, so that nothing has to be registered."""
        return getattr(type(self), method) is not getattr(ChatServer, method)

    # What has to be known before the first byte is sent.

    async def _refuse_what_cannot_work(
        self, operation: StreamingReq, context: RequestContext
    ) -> None:
        """Raises what the SDK would find out too late, when the status is already sent."""
        await require_permission(operation, self.store, context)
        await require_workable(operation, self.store, context, self.max_files)
        if isinstance(operation, ThreadsCreateReq | ThreadsAddUserMessageReq):
            self._require_offered(operation.params.input.inference_options)
        if isinstance(operation, ThreadsCustomActionReq):
            await self._require_action(operation.params, "action", context)

    def _require_offered(self, options: InferenceOptions) -> None:
        """Refuses a choice of the user's that nobody offered."""
        self.composer.require_offered(options)


def _no_dictation() -> NotSupported:
    return NotSupported(
        "This server writes down no speech: set CHATKIT_TRANSCRIPTION_MODEL.", field="type"
    )
