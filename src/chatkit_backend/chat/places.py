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
)

from chatkit_backend.context import RequestContext
from chatkit_backend.store.threads import ThreadStore


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
    async for event in events:
        match event:
            case ThreadItemAddedEvent():
                begun[event.item.id] = event.item.model_copy(deep=True)
            case ThreadItemDoneEvent(item=HiddenContextItem() | SDKHiddenContextItem()):
                pass  # nobody sees whether it comes before or after
            case ThreadItemDoneEvent(item=done):
                for overtaken in list(takewhile(lambda item_id: item_id != done.id, begun)):
                    await store.add_thread_item(thread.id, begun.pop(overtaken), context)
                begun.pop(done.id, None)
            case ThreadItemReplacedEvent():
                begun.pop(event.item.id, None)
            case ThreadItemRemovedEvent():
                begun.pop(event.item_id, None)
            case _:
                pass
        yield event
