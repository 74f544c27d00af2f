"""Gives every item of a run an id of ours, because providers' ids collide.

Chat-completions models give every message and every tool call the same placeholder id, and some
Responses servers repeat theirs from answer to answer (openai/chatkit-python#36,
openai/chatkit-js#58). An id that repeats makes the store overwrite an older message.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

from agents import RunItemStreamEvent, StreamEvent
from agents.items import ToolCallItem, TResponseStreamEvent
from chatkit.store import StoreItemType
from chatkit.types import (
    AssistantMessageItem,
    ClientToolCallItem,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
)
from openai.types.responses import (
    ResponseCreatedEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)

from chatkit_backend.store.ids import new_id as new_item_id

_ItemEvent = TypeVar("_ItemEvent", ResponseOutputItemAddedEvent, ResponseOutputItemDoneEvent)
_WithItem = TypeVar("_WithItem", ThreadItemAddedEvent, ThreadItemDoneEvent, ThreadItemReplacedEvent)

# `agents.models.fake_id.FAKE_RESPONSES_ID`, which is no public name.
PLACEHOLDER: Final = "__fake_id__"


class FreshItemIds:
    """Rewrites the ids in one run's events, before anything reads them.

    An item is known by its place: the `output_index` within the model's current response. The
    provider's id says nothing, so one mapping from old ids to new ones for the whole run would
    still merge two messages of that run.

    Args:
        new_id: Makes an id of ours for a kind of item.
    """

    def __init__(self, new_id: Callable[[StoreItemType], str]) -> None:
        self._new_id = new_id
        self._by_place: dict[int, str] = {}

    def rewrite(self, event: StreamEvent) -> StreamEvent:
        """`event` with ids of ours; events without an item pass as they are."""
        if event.type == "raw_response_event":
            event.data = self._rewrite_response_event(event.data)
        elif isinstance(event, RunItemStreamEvent) and isinstance(event.item, ToolCallItem):
            event.item = self._rewrite_tool_call(event.item)
        return event

    def _rewrite_response_event(self, event: TResponseStreamEvent) -> TResponseStreamEvent:
        if isinstance(event, ResponseCreatedEvent):
            self._by_place.clear()
        elif isinstance(event, ResponseOutputItemAddedEvent):
            self._by_place.pop(event.output_index, None)
            return self._rewrite_item_event(event)
        elif isinstance(event, ResponseOutputItemDoneEvent):
            return self._rewrite_item_event(event)
        elif (place := getattr(event, "output_index", None)) is not None:
            # Deltas are made for this stream alone; changing one in place saves a copy a token.
            event.item_id = self._id_at(place)  # type: ignore[union-attr] # all of them have it
        return event

    def _rewrite_item_event(self, event: _ItemEvent) -> _ItemEvent:
        # The SDK keeps the same item for the run's result, so it gets a copy.
        item = event.item.model_copy(update={"id": self._id_at(event.output_index)})
        return event.model_copy(update={"item": item})

    def _rewrite_tool_call(self, item: ToolCallItem) -> ToolCallItem:
        rewritten = copy.copy(item)
        new_id = self._new_id("tool_call")
        if isinstance(item.raw_item, dict):
            rewritten.raw_item = {**item.raw_item, "id": new_id}
        else:
            rewritten.raw_item = item.raw_item.model_copy(update={"id": new_id})
        return rewritten

    def _id_at(self, place: int) -> str:
        if place not in self._by_place:
            self._by_place[place] = self._new_id("message")
        return self._by_place[place]


class UnusedItemIds:
    """Keeps the items of one stream from overwriting others, where the ids are not ours.

    An item that starts under an id that is taken, in the thread or earlier in the stream, or
    under the placeholder, gets an id of ours. Ids that harm nobody stay: whoever made them may
    look for them later.

    Args:
        stored: The thread's item with an id; None where there is none.
    """

    def __init__(self, stored: Callable[[str], Awaitable[ThreadItem | None]]) -> None:
        self._stored = stored
        # All by the id that the stream uses.
        self._open: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._made: dict[str, list[str]] = {}

    async def rewritten(
        self, events: AsyncIterator[ThreadStreamEvent]
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """The events under ids that are safe. `events` is closed when this ends."""
        try:
            async for event in events:
                for safe in await self._rewrite(event):
                    yield safe
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()

    async def _rewrite(self, event: ThreadStreamEvent) -> Iterable[ThreadStreamEvent]:
        match event:
            case ThreadItemAddedEvent():
                self._open[event.item.id] = await self._started(event.item)
                return (_under(event, self._open[event.item.id]),)
            case ThreadItemDoneEvent():
                return (_under(event, await self._finished(event.item)),)
            case ThreadItemReplacedEvent():
                return (_under(event, self._known(event.item.id)),)
            case ThreadItemUpdatedEvent():
                safe_id = self._known(event.item_id)
                same = safe_id == event.item_id
                return (event if same else event.model_copy(update={"item_id": safe_id}),)
            case ThreadItemRemovedEvent():
                return self._removed(event.item_id)
            case _:
                return (event,)

    async def _started(self, item: ThreadItem) -> str:
        """The id for an item that was not there before."""
        taken = (
            item.id == PLACEHOLDER
            or item.id in self._made
            or await self._stored(item.id) is not None
        )
        safe_id = new_item_id(_kind_of(item)) if taken else item.id
        self._made.setdefault(item.id, []).append(safe_id)
        self._last[item.id] = safe_id
        return safe_id

    async def _finished(self, item: ThreadItem) -> str:
        """The id for an item that is complete: opened before, all new, or an older one's update."""
        if (opened := self._open.pop(item.id, None)) is not None:
            return opened
        # Messages and calls are written once. Anything else may be finished in a later turn, as
        # the SDK does with a workflow.
        if item.id == PLACEHOLDER or isinstance(item, AssistantMessageItem | ClientToolCallItem):
            return await self._started(item)
        if item.id not in self._made and await self._stored(item.id) is None:
            return await self._started(item)
        return self._known(item.id)

    def _known(self, item_id: str) -> str:
        return self._last.get(item_id, item_id)

    def _removed(self, item_id: str) -> Iterable[ThreadStreamEvent]:
        """Removes what this stream has made under the id; else what the thread has."""
        self._open.pop(item_id, None)
        made = self._made.pop(item_id, () if item_id == PLACEHOLDER else (item_id,))
        self._last.pop(item_id, None)
        return [ThreadItemRemovedEvent(item_id=safe_id) for safe_id in made]


def _kind_of(item: ThreadItem) -> StoreItemType:
    match item.type:
        case "client_tool_call":
            return "tool_call"
        case "workflow" | "task" | "sdk_hidden_context":
            return item.type
        case _:
            return "message"


def _under(event: _WithItem, safe_id: str) -> _WithItem:
    """The event with its item under another id; the item itself may still be written to."""
    if event.item.id == safe_id:
        return event
    return event.model_copy(update={"item": event.item.model_copy(update={"id": safe_id})})
