"""Hidden items are kept for the model, and no event of theirs reaches a client."""

from __future__ import annotations

from collections.abc import AsyncIterator

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


async def without_hidden_items(
    events: AsyncIterator[ThreadStreamEvent],
    thread: ThreadMetadata,
    store: ThreadStore,
    context: RequestContext,
) -> AsyncIterator[ThreadStreamEvent]:
    """The events that a client may see; what the others change is stored all the same.

    The SDK holds back a hidden item that is done, which it stores, but sends one that is added or
    replaced, and the removal of one.
    """
    hidden: set[str] = set()
    async for event in events:
        match event:
            case ThreadItemAddedEvent(item=item) if _is_hidden(item):
                hidden.add(item.id)
            case ThreadItemReplacedEvent(item=item) if _is_hidden(item):
                hidden.add(item.id)
                await store.save_item(thread.id, item, context)
            case ThreadItemRemovedEvent(item_id=item_id) if item_id in hidden:
                await store.delete_thread_item(thread.id, item_id, context)
            case ThreadItemDoneEvent(item=item) if _is_hidden(item):
                hidden.add(item.id)
                yield event
            case _:
                yield event


def _is_hidden(item: ThreadItem) -> bool:
    return isinstance(item, HiddenContextItem | SDKHiddenContextItem)
