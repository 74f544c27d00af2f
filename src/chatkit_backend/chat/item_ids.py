"""Gives every item of a run an id of ours, because providers' ids collide.

Chat-completions models give every message and every tool call the same placeholder id, and some
Responses servers repeat theirs from answer to answer (openai/chatkit-python#36,
openai/chatkit-js#58). An id that repeats makes the store overwrite an older message.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

from agents import RunItemStreamEvent, StreamEvent
from agents.items import ToolCallItem, TResponseStreamEvent
from chatkit.store import StoreItemType
from openai.types.responses import (
    ResponseCreatedEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
)

_ItemEvent = TypeVar("_ItemEvent", ResponseOutputItemAddedEvent, ResponseOutputItemDoneEvent)


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
