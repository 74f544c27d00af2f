"""What an answer changes in its thread is stored before the client is told of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from chatkit.types import (
    HiddenContextItem,
    SDKHiddenContextItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
)

from chatkit_backend.chat.events.closing import closing
from chatkit_backend.context import RequestContext
from chatkit_backend.store.threads import ThreadStore


async def stored(
    events: AsyncIterator[ThreadStreamEvent],
    thread: ThreadMetadata,
    store: ThreadStore,
    context: RequestContext,
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """The events, each after what it changes is stored; a finished hidden item is stored only.

    Raises:
        DatabaseUnavailable: Something could not be stored.
        NotFoundInStore: The thread was deleted.
        Exception: Whatever the answer raises.
    """
    async with closing(events):
        async for event in events:
            match event:
                case ThreadItemDoneEvent(item=item):
                    await store.add_thread_item(thread.id, item, context)
                    if isinstance(item, HiddenContextItem | SDKHiddenContextItem):
                        continue
                case ThreadItemReplacedEvent(item=item):
                    await store.save_item(thread.id, item, context)
                case ThreadItemRemovedEvent(item_id=item_id):
                    await store.delete_thread_item(thread.id, item_id, context)
                case _:
                    pass
            yield event
