"""What an answer has begun and not ended."""

from __future__ import annotations

from chatkit.server import ChatKitServer
from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    GeneratedImageItem,
    GeneratedImageUpdated,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WidgetItem,
)

from chatkit_backend.chat.events.widgets import apply_widget_update
from chatkit_backend.context import RequestContext


class Unfinished:
    """The items that were added and neither done nor removed, each as far as it has come.

    Args:
        server: Knows how an update changes a message or a workflow.
    """

    def __init__(self, server: ChatKitServer[RequestContext]) -> None:
        self._server = server
        self._items: dict[str, ThreadItem] = {}

    @property
    def items(self) -> list[ThreadItem]:
        """In the order in which they began."""
        return list(self._items.values())

    def get(self, item_id: str) -> ThreadItem | None:
        """The item of this id, unless it is finished or never began."""
        return self._items.get(item_id)

    def follow(self, event: ThreadStreamEvent) -> None:
        """Takes in what an event begins, changes or ends; the event stays as it is."""
        match event:
            case ThreadItemAddedEvent(item=item):
                self._items[item.id] = item.model_copy(deep=True)
            case ThreadItemUpdatedEvent(update=AssistantMessageContentPartTextDelta()):
                self._update(event)
            case ThreadItemUpdatedEvent():
                # Text is appended to the part that an event brought: two that follow the same
                # events would both write into it, and every word be there twice.
                self._update(event.model_copy(deep=True))
            case ThreadItemDoneEvent(item=item) | ThreadItemReplacedEvent(item=item):
                self._items.pop(item.id, None)
            case ThreadItemRemovedEvent(item_id=item_id):
                self._items.pop(item_id, None)
            case _:
                pass

    def _update(self, event: ThreadItemUpdatedEvent) -> None:
        """Follows widgets and images, too, which the SDK keeps as they were at first."""
        match self._items.get(event.item_id), event.update:
            case WidgetItem() as item, update:
                apply_widget_update(item, update)
            case GeneratedImageItem() as item, GeneratedImageUpdated(image=image):
                item.image = image
            case _:
                self._server._update_pending_items(self._items, event)  # noqa: SLF001 - an SDK hook
