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

from chatkit_backend.chat.events.closing import closing
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import NotFound
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
    known: dict[str, bool] = {}  # the items of this answer, and whether they are hidden

    async def is_of_hidden(event: ThreadStreamEvent) -> bool:
        match event:
            case ThreadItemAddedEvent() | ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                known[event.item.id] = _is_hidden(event.item)
                return known[event.item.id]
            case ThreadItemRemovedEvent() if event.item_id in known:
                return known[event.item_id]
            case ThreadItemRemovedEvent():
                return await _is_hidden_in_store(event.item_id, thread, store, context)
            case _:
                return False

    async with closing(events):
        async for event in events:
            if not await is_of_hidden(event) or isinstance(event, ThreadItemDoneEvent):
                yield event
            elif isinstance(event, ThreadItemReplacedEvent):
                await store.save_item(thread.id, event.item, context)
            elif isinstance(event, ThreadItemRemovedEvent):
                await store.delete_thread_item(thread.id, event.item_id, context)


async def _is_hidden_in_store(
    item_id: str, thread: ThreadMetadata, store: ThreadStore, context: RequestContext
) -> bool:
    try:
        return _is_hidden(await store.load_item(thread.id, item_id, context))
    except NotFound:
        return False


def _is_hidden(item: ThreadItem) -> bool:
    return isinstance(item, HiddenContextItem | SDKHiddenContextItem)
