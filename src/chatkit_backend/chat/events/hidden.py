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
    async with closing(events):
        async for event in events:
            match event:
                case ThreadItemAddedEvent() | ThreadItemDoneEvent() | ThreadItemReplacedEvent():
                    known[event.item.id] = is_hidden = _is_hidden(event.item)
                case ThreadItemRemovedEvent(item_id=item_id) if item_id in known:
                    is_hidden = known[item_id]
                case ThreadItemRemovedEvent(item_id=item_id):
                    is_hidden = await _is_hidden_in_store(item_id, thread, store, context)
                case _:
                    is_hidden = False
            if not is_hidden or isinstance(event, ThreadItemDoneEvent):
                yield event
            else:
                await _store_unseen(event, thread, store, context)


async def _store_unseen(
    event: ThreadStreamEvent, thread: ThreadMetadata, store: ThreadStore, context: RequestContext
) -> None:
    match event:
        case ThreadItemReplacedEvent(item=item):
            await store.save_item(thread.id, item, context)
        case ThreadItemRemovedEvent(item_id=item_id):
            await store.delete_thread_item(thread.id, item_id, context)
        case _:
            pass  # one that is added is stored when it is done


async def _is_hidden_in_store(
    item_id: str, thread: ThreadMetadata, store: ThreadStore, context: RequestContext
) -> bool:
    try:
        return _is_hidden(await store.load_item(thread.id, item_id, context))
    except NotFound:
        return False


def _is_hidden(item: ThreadItem) -> bool:
    return isinstance(item, HiddenContextItem | SDKHiddenContextItem)
