"""A thread as a client sees it: what the events make of it, and the order that they must keep."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

JSON = dict[str, Any]

HIDDEN_TYPES = {"hidden_context_item", "sdk_hidden_context"}
# What `done` may tell of a workflow for the first time.
_TOLD_AT_THE_END = {"summary", "expanded"}


@dataclass
class ThreadView:
    """What a client shows of a thread. `apply` refuses events that no client can follow.

    Attributes:
        thread: The thread as it was told last, without items.
        items: The items by id, in the order in which they appeared.
        open: Ids of the items that are not finished yet.
    """

    thread: JSON = field(default_factory=dict)
    items: dict[str, JSON] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    _gone: set[str] = field(default_factory=set)
    _answering: bool = False
    _failed: bool = False

    @property
    def id(self) -> str:
        """The thread's id."""
        return str(self.thread["id"])

    def of_type(self, kind: str) -> list[JSON]:
        """The items of a type, oldest first."""
        return [item for item in self.items.values() if item["type"] == kind]

    # One stream

    def begin(self) -> None:
        """A new operation starts to stream."""
        self._answering = self._failed = False

    def apply(self, event: JSON) -> None:
        """The next event of the stream."""
        kind = event["type"]
        assert not self._failed or kind == "thread.updated", "An event after the error."
        match kind:
            case "thread.created" | "thread.updated":
                assert bool(self.thread) == (kind == "thread.updated")
                self._set_thread(event["thread"])
            case "stream_options":
                assert not self._answering, "Stream options a second time."
                self._answering = True
            case "error":
                assert event["message"], "An error without words."
                self._failed = True
            case "progress_update" | "client_effect" | "notice":
                assert self._answering
            case _:
                self._change_item(kind.removeprefix("thread.item."), event)

    def _change_item(self, change: str, event: JSON) -> None:
        match change:
            case "added":
                self._add(event["item"])
            case "updated":
                self._update(event["item_id"], event["update"])
            case "done":
                self._finish(event["item"])
            case "replaced":
                self._replace(event["item"])
            case "removed":
                self._remove(event["item_id"])
            case _:
                raise AssertionError(f"No client knows {event['type']}.")

    def end(self) -> None:
        """The stream has ended: nothing is left half told."""
        assert self._answering, "The stream never said what it allows."
        # A workflow may go on in the next turn.
        left = [item for item in self.open if self.items[item]["type"] != "workflow"]
        assert not left, f"Never finished: {left}"

    # What a client does by itself

    def forget_after(self, item_id: str) -> None:
        """A retry: all that came after the item goes."""
        ids = list(self.items)
        for later in ids[ids.index(item_id) + 1 :]:
            self._remove(later)

    def complete_call(self, result: Any) -> None:
        """The page has run the tool that waits."""
        [waiting] = [i for i in self.of_type("client_tool_call") if i["status"] == "pending"]
        waiting.update(status="completed", output=result)

    # The items

    def _set_thread(self, thread: JSON) -> None:
        told = dict(thread)
        assert told.pop("items") == {"data": [], "has_more": False}
        _require_now(told["created_at"])
        for lasting in ("id", "created_at"):
            assert self.thread.get(lasting, told[lasting]) == told[lasting]
        self.thread = told

    def _add(self, item: JSON) -> None:
        self._require_fresh(item)
        assert item["type"] != "user_message"
        self.items[item["id"]] = copy.deepcopy(item)
        self.open.add(item["id"])

    def _update(self, item_id: str, update: JSON) -> None:
        assert item_id in self.open, f"An update of {item_id}, which is not open."
        kind, _, change = update["type"].partition(".")
        item = self.items[item_id]
        assert kind == item["type"]
        _CHANGES[kind, change](item, update)

    def _finish(self, item: JSON) -> None:
        if item["id"] in self.open:
            told, final = (_without_ending(each) for each in (self.items[item["id"]], item))
            assert told == final, f"The finished item is not what was streamed: {told} {final}"
            self.open.discard(item["id"])
        else:
            self._require_fresh(item)
        self.items[item["id"]] = copy.deepcopy(item)

    def _replace(self, item: JSON) -> None:
        assert item["id"] in self.items, f"{item['id']} replaces nothing."
        self._require_sound(item)
        self.open.discard(item["id"])
        self.items[item["id"]] = copy.deepcopy(item)

    def _remove(self, item_id: str) -> None:
        assert item_id in self.items, f"{item_id} is removed, and was not there."
        del self.items[item_id]
        self.open.discard(item_id)
        self._gone.add(item_id)

    def _require_fresh(self, item: JSON) -> None:
        assert item["id"] not in {*self.items, *self._gone}, f"{item['id']} a second time."
        self._require_sound(item)

    def _require_sound(self, item: JSON) -> None:
        assert self._answering == (item["type"] != "user_message"), "Not its place in the stream."
        assert item["type"] not in HIDDEN_TYPES, "A hidden item was sent."
        assert item["thread_id"] == self.id
        _require_now(item["created_at"])


def _require_now(moment: str) -> None:
    when = datetime.fromisoformat(moment)
    assert when.utcoffset() == timedelta(0), f"{moment} is not UTC."
    assert abs(datetime.now(when.tzinfo) - when) < timedelta(minutes=2), f"{moment} is not now."


def _without_ending(item: JSON) -> JSON:
    if item["type"] != "workflow":
        return item
    told = {k: v for k, v in item["workflow"].items() if k not in _TOLD_AT_THE_END}
    return {**item, "workflow": told}


# Updates of an assistant message


def _add_part(item: JSON, update: JSON) -> None:
    assert update["content_index"] == len(item["content"])
    item["content"].append(copy.deepcopy(update["content"]))


def _add_text(item: JSON, update: JSON) -> None:
    item["content"][update["content_index"]]["text"] += update["delta"]


def _add_annotation(item: JSON, update: JSON) -> None:
    annotations = item["content"][update["content_index"]]["annotations"]
    assert update["annotation_index"] == len(annotations)
    annotations.append(update["annotation"])


def _finish_part(item: JSON, update: JSON) -> None:
    part = item["content"][update["content_index"]]
    assert part["text"] == update["content"]["text"], "The finished part is not what was streamed."


# Updates of a widget


def _replace_root(item: JSON, update: JSON) -> None:
    item["widget"] = copy.deepcopy(update["widget"])


def _replace_component(item: JSON, update: JSON) -> None:
    component = _component(item, update["component_id"])
    component.clear()
    component.update(copy.deepcopy(update["component"]))


def _add_value(item: JSON, update: JSON) -> None:
    component = _component(item, update["component_id"])
    component["value"] += update["delta"]


def _component(item: JSON, component_id: str) -> JSON:
    [found] = [c for c in _components(item["widget"]) if c.get("id") == component_id]
    return found


def _components(component: JSON) -> Iterator[JSON]:
    yield component
    for child in component.get("children", []):
        yield from _components(child)


# Updates of the others


def _add_task(item: JSON, update: JSON) -> None:
    assert update["task_index"] == len(item["workflow"]["tasks"])
    item["workflow"]["tasks"].append(copy.deepcopy(update["task"]))


def _replace_task(item: JSON, update: JSON) -> None:
    item["workflow"]["tasks"][update["task_index"]] = copy.deepcopy(update["task"])


def _replace_image(item: JSON, update: JSON) -> None:
    item["image"] = copy.deepcopy(update["image"])


_CHANGES: dict[tuple[str, str], Callable[[JSON, JSON], None]] = {
    ("assistant_message", "content_part.added"): _add_part,
    ("assistant_message", "content_part.text_delta"): _add_text,
    ("assistant_message", "content_part.annotation_added"): _add_annotation,
    ("assistant_message", "content_part.done"): _finish_part,
    ("widget", "root.updated"): _replace_root,
    ("widget", "component.updated"): _replace_component,
    ("widget", "streaming_text.value_delta"): _add_value,
    ("workflow", "task.added"): _add_task,
    ("workflow", "task.updated"): _replace_task,
    ("generated_image", "updated"): _replace_image,
}
