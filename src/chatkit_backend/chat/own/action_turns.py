"""What the function of an action works with: who acted where, and what can be shown for it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    HiddenContextItem,
    StructuredInput,
    StructuredInputItem,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WidgetItem,
)
from chatkit.widgets import WidgetRoot

from chatkit_backend.chat.events.closing import closing
from chatkit_backend.chat.events.widgets import show_widget
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import InvalidRequest
from chatkit_backend.store.ids import new_id
from chatkit_backend.store.threads import ThreadStore


@dataclass(frozen=True, slots=True)
class ActionTurn:
    """One action of a user.

    The methods make events and do nothing else: an event counts when the function returns or
    yields it.

    Attributes:
        type: The action's.
        thread: Where it happened. A changed title or status is stored and sent.
        sender: The widget that sent it; None where the page sent it by itself.
        context: Who acts, and from which page.
        store: Every thread of that user.
    """

    type: str
    thread: ThreadMetadata
    sender: WidgetItem | None
    context: RequestContext
    store: ThreadStore = field(repr=False)
    _answer: Callable[[], AsyncIterator[ThreadStreamEvent]] = field(repr=False)

    def say(self, text: str) -> ThreadItemDoneEvent:
        """A message of the assistant, in Markdown."""
        content = [AssistantMessageContent(text=text)]
        return ThreadItemDoneEvent(
            item=AssistantMessageItem(**self._head("message"), content=content)
        )

    def show(
        self, widget: WidgetRoot | AsyncIterable[WidgetRoot], copy_text: str | None = None
    ) -> AsyncIterator[ThreadStreamEvent]:
        """A new widget, or one that grows.

        Args:
            widget: The widget, or its states one after the other.
            copy_text: What it says in words, for the clipboard and the model.
        """
        return show_widget(self.thread, widget, copy_text)

    def replace(self, widget: WidgetRoot, copy_text: str | None = None) -> ThreadItemReplacedEvent:
        """The widget that sent the action, in its place, as it is now.

        Args:
            widget: What it shows now.
            copy_text: What it says in words, for the clipboard and the model.

        Raises:
            InvalidRequest: No widget sent the action.
        """
        if self.sender is None:
            raise InvalidRequest(
                f"The action {self.type!r} changes the widget that sends it: name it.",
                field="params.item_id",
            )
        changed = {"widget": widget.model_copy(deep=True), "copy_text": copy_text}
        return ThreadItemReplacedEvent(item=self.sender.model_copy(update=changed))

    def note(self, text: str) -> ThreadItemDoneEvent:
        """A note that the model reads from now on, and the user does not see."""
        return ThreadItemDoneEvent(item=HiddenContextItem(**self._head("message"), content=text))

    async def respond(self, note: str | None = None) -> AsyncIterator[ThreadStreamEvent]:
        """The agent's answer to what the thread holds.

        Args:
            note: What the model has to know before, such as what the user has just done.
        """
        if note is not None:
            yield self.note(note)
        async with closing(self._answer()) as events:
            async for event in events:
                yield event

    def ask(self, *questions: StructuredInput) -> ThreadItemDoneEvent:
        """Questions with choices or a text field. The agent answers when the user has."""
        return ThreadItemDoneEvent(
            item=StructuredInputItem(**self._head("message"), inputs=[*questions])
        )

    def call_client_tool(self, name: str, arguments: dict[str, Any]) -> ThreadItemDoneEvent:
        """A call of a tool that runs in the page. The agent answers when its output is there."""
        call = ClientToolCallItem(
            **self._head("tool_call"), call_id=new_id("tool_call"), name=name, arguments=arguments
        )
        return ThreadItemDoneEvent(item=call)

    def _head(self, kind: Any) -> dict[str, Any]:
        return {
            "id": new_id(kind),
            "thread_id": self.thread.id,
            "created_at": datetime.now(UTC),
        }
