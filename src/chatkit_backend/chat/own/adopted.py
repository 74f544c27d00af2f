"""A `ChatKitServer` of the team's, with everything around it ours.

Its `respond`, `action` and so on are called as the SDK would call them. What comes before and
after is that of `ChatServer`: the checks, what a session allows, the frames, UTC, how an answer
ends that breaks off, the output of client tools.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Final, Literal

import structlog
from chatkit.actions import Action
from chatkit.agents import ThreadItemConverter
from chatkit.types import (
    AudioInput,
    FeedbackKind,
    InferenceOptions,
    StreamOptions,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
    WidgetItem,
)

from chatkit_backend.chat.events.item_ids import UnusedItemIds
from chatkit_backend.chat.own.foreign import ForeignServer, keeps_its_own_files, overridden
from chatkit_backend.chat.own.guardrails import keeping_what_is_older
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.context import RequestContext
from chatkit_backend.store.owned import NotFoundInStore

_log = structlog.get_logger(__name__)

# What of theirs is called.
_CALLED: Final = frozenset(
    {
        "respond",
        "action",
        "sync_action",
        "add_feedback",
        "transcribe",
        "get_stream_options",
        "handle_stream_cancelled",
    }
)


class AdoptedServer(ChatServer):
    """Answers with a server of the team's.

    Args:
        parts: What ours works with.
        theirs: The team's, with our stores.
    """

    def __init__(self, parts: ChatParts, theirs: ForeignServer) -> None:
        super().__init__(parts)
        self.theirs = theirs
        if keeps_its_own_files(theirs):
            self.attachment_store = theirs.attachment_store
        unused = sorted(overridden(theirs) - _CALLED)
        if unused:
            _log.warning(
                "methods are not called", server=type(theirs).__name__, methods=", ".join(unused)
            )

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Their answer, with ids that no older item has."""
        answer = self.theirs.respond(thread, input_user_message, context)
        async with aclosing(self._safe(answer, thread, context)) as events:
            async for event in events:
                yield event

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """What their action does; ours where they handle none."""
        handler = self.theirs.action if self._have("action") else super().action
        done = handler(thread, action, sender, context)
        async with aclosing(self._safe(done, thread, context)) as events:
            async for event in events:
                yield event

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        """What their action answers; ours where they handle none."""
        handler = self.theirs.sync_action if self._have("sync_action") else super().sync_action
        return await handler(thread, action, sender, context)

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: list[str],
        feedback: FeedbackKind,
        context: RequestContext,
    ) -> None:
        """Keeps feedback as they do; as we do where they do not."""
        handler = self.theirs.add_feedback if self._have("add_feedback") else super().add_feedback
        await handler(thread_id, item_ids, feedback, context)

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        """Transcribes as they do; as we do where they do not."""
        handler = self.theirs.transcribe if self._have("transcribe") else super().transcribe
        return await handler(audio_input, context)

    def _require_offered(self, options: InferenceOptions) -> None:
        """Nothing is refused: their `respond` reads what was chosen, and knows what there is."""

    def get_stream_options(self, thread: ThreadMetadata, context: RequestContext) -> StreamOptions:
        """Their options of a stream."""
        return self.theirs.get_stream_options(thread, context)

    async def handle_stream_cancelled(
        self,
        thread: ThreadMetadata,
        pending_items: list[ThreadItem],
        context: RequestContext,
    ) -> None:
        """Keeps an unfinished answer as they do; as we do where they do not."""
        if self._have("handle_stream_cancelled"):
            await self.theirs.handle_stream_cancelled(thread, pending_items, context)
        else:
            await super().handle_stream_cancelled(thread, pending_items, context)

    def turn_converter(
        self, context: RequestContext, models: Sequence[str] = ()
    ) -> ThreadItemConverter:
        """Ours, for the models that they name."""
        return super().turn_converter(context, models or _models_of(self.theirs))

    def _transcribes_itself(self) -> bool:
        return self._have("transcribe")

    def _knows_its_actions(self, method: Literal["action", "sync_action"]) -> bool:
        return self._have(method)

    def _have(self, method: str) -> bool:
        """Whether they have written the method, other than the SDK."""
        return method in overridden(self.theirs)

    def _safe(
        self,
        events: AsyncIterator[ThreadStreamEvent],
        thread: ThreadMetadata,
        context: RequestContext,
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        async def stored(item_id: str) -> ThreadItem | None:
            try:
                return await self.store.load_item(thread.id, item_id, context)
            except NotFoundInStore:
                return None

        return UnusedItemIds(stored).rewritten(keeping_what_is_older(events))


def _models_of(server: ForeignServer) -> tuple[str, ...]:
    """The models that a server names in its `models`, as `provider/model`; none where it does not.

    Nobody promised that the attribute is for us, so anything but names is something of its own.
    """
    named = getattr(server, "models", None)
    if not isinstance(named, list | tuple):
        return ()
    return tuple(name for name in named if isinstance(name, str))
