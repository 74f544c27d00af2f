"""Items keep the order in which they began, as a client shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import takewhile

from chatkit.types import (
    HiddenContextItem,
    SDKHiddenContextItem,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WorkflowItem,
)

from chatkit_backend.chat.events.closing import closing
from chatkit_backend.context import RequestContext
from chatkit_backend.store.threads import ThreadStore

# Nobody sees whether a hidden item comes before or after another one.
_UNPLACED = (HiddenContextItem, SDKHiddenContextItem)


async def in_order_of_beginning(
    events: AsyncIterator[ThreadStreamEvent],
    thread: ThreadMetadata,
    store: ThreadStore,
    context: RequestContext,
) -> AsyncIterator[ThreadStreamEvent]:
    """The events; an item that is overtaken gets its place in the thread before it is finished.

    An item is stored when it is done. Of two that grow at the same time, as the widgets of two
    tools do, the one that ended first would come first after a reload.
    """
    begun: dict[str, ThreadItem] = {}
    async with closing(events):
        async for event in events:
            if isinstance(event, ThreadItemDoneEvent) and not isinstance(event.item, _UNPLACED):
                for overtaken in _before(event.item.id, begun):
                    await store.add_thread_item(thread.id, begun.pop(overtaken), context)
            _note(begun, event)
            yield event


def _before(item_id: str, begun: dict[str, ThreadItem]) -> list[str]:
    """The items that began before this one; all of them if it had no beginning."""
    return list(takewhile(lambda other: other != item_id, begun))


def _note(begun: dict[str, ThreadItem], event: ThreadStreamEvent) -> None:
    match event:
        case ThreadItemAddedEvent(item=WorkflowItem()):
            pass  # ends before another item is shown, or is stored by the SDK
        case ThreadItemAddedEvent():
            begun[event.item.id] = event.item.model_copy(deep=True)
        case ThreadItemDoneEvent() | ThreadItemReplacedEvent():
            begun.pop(event.item.id, None)
        case ThreadItemRemovedEvent():
            begun.pop(event.item_id, None)
        case _:
            pass
