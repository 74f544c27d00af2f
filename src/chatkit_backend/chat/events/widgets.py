"""Widgets in a thread: shown at once or as they grow, followed, and told to the model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from chatkit.types import (
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdate,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WidgetComponentUpdated,
    WidgetItem,
    WidgetRootUpdated,
    WidgetStreamingTextValueDelta,
)
from chatkit.widgets import DynamicWidgetRoot, WidgetRoot
from pydantic import BaseModel

from chatkit_backend.store.ids import new_id

# A long table of a widget must not fill the model's context: about a thousand tokens.
MAX_TOLD = 4_000
_STREAMING_TEXT: Final = frozenset({"Markdown", "Text"})

Updates = list[WidgetStreamingTextValueDelta | WidgetRootUpdated]


async def show_widget(
    thread: ThreadMetadata,
    widget: WidgetRoot | AsyncIterable[WidgetRoot],
    copy_text: str | None = None,
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """The events that show a widget, or one that grows.

    Each state is a copy, so a generator may change one widget in place and yield it again. When
    the states fail, the widget is finished as it was last shown; without any state there is no
    event. The SDK's `stream_widget` does neither, and fails on widgets of templates whose fields
    come and go.

    Args:
        thread: Where the widget goes.
        widget: The widget, or its states one after the other.
        copy_text: What the widget says in words, for the clipboard and the model.

    Raises:
        Exception: Whatever making the states raises.
    """
    item: WidgetItem | None = None
    try:
        async for state in _states(widget):
            if item is None:
                item = _new_item(thread, state, copy_text)
                if isinstance(widget, AsyncIterable):
                    yield ThreadItemAddedEvent(item=item)
                continue
            for update in widget_updates(item.widget, state):
                yield ThreadItemUpdatedEvent(item_id=item.id, update=update)
            item = item.model_copy(update={"widget": state})
    except Exception:
        if item is not None:
            yield ThreadItemDoneEvent(item=item)
        raise
    if item is not None:
        yield ThreadItemDoneEvent(item=item)


async def _states(
    widget: WidgetRoot | AsyncIterable[WidgetRoot],
) -> AsyncGenerator[WidgetRoot, None]:
    if not isinstance(widget, AsyncIterable):
        yield widget.model_copy(deep=True)
        return
    async for state in widget:
        yield state.model_copy(deep=True)


def _new_item(thread: ThreadMetadata, widget: WidgetRoot, copy_text: str | None) -> WidgetItem:
    return WidgetItem(
        id=new_id("message"),
        thread_id=thread.id,
        created_at=datetime.now(UTC),
        widget=widget,
        copy_text=copy_text,
    )


def widget_updates(before: WidgetRoot, after: WidgetRoot) -> Updates:
    """What to send so that a client that shows `before` shows `after`; nothing if they are alike.

    Text that grew, in a `Text` or `Markdown` with an id, is sent as what was added; whatever else
    changed sends the whole widget.
    """
    grown = _growth(_plain(before), _plain(after))
    return [WidgetRootUpdated(widget=after)] if grown is None else [*grown]


def _growth(before: Any, after: Any) -> list[WidgetStreamingTextValueDelta] | None:
    """How texts grew from one JSON value to another; None if anything else changed.

    Compared as JSON, because a field of a template is an attribute only while it is there.
    """
    if before == after:
        return []
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return _growth_of(zip(before, after, strict=True))
    if not isinstance(before, dict) or not isinstance(after, dict) or before.keys() != after.keys():
        return None
    added = _added_text(before, after)
    if added is None:
        return _growth_of((before[key], after[key]) for key in before)
    done = not after.get("streaming")
    return [WidgetStreamingTextValueDelta(component_id=after["id"], delta=added, done=done)]


def _growth_of(
    pairs: Iterable[tuple[Any, Any]],
) -> list[WidgetStreamingTextValueDelta] | None:
    grown = []
    for before, after in pairs:
        growth = _growth(before, after)
        if growth is None:
            return None
        grown += growth
    return grown


def _added_text(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """What was added to a text that can grow, where nothing else of it changed."""
    old, new = before.get("value"), after.get("value")
    if not (after.get("id") and after.get("type") in _STREAMING_TEXT):
        return None
    if not (isinstance(old, str) and isinstance(new, str) and new.startswith(old)):
        return None
    return new[len(old) :] if {**before, "value": new} == after else None


def apply_widget_update(item: WidgetItem, update: ThreadItemUpdate) -> None:
    """Makes `item` show what a client shows after `update`; other items' updates change nothing."""
    match update:
        case WidgetRootUpdated():
            item.widget = update.widget.model_copy(deep=True)
        case WidgetStreamingTextValueDelta():
            for component in _components(item.widget, update.component_id):
                _grow(component, update.delta)
        case WidgetComponentUpdated():
            new = _plain(update.component)
            changed = _with_component(_plain(item.widget), update.component_id, new)
            item.widget = DynamicWidgetRoot.model_validate(changed)
        case _:
            pass


def _components(node: Any, component_id: str) -> Iterator[Any]:
    """The components with that id: models, or plain objects where a template brought them."""
    if isinstance(node, list):
        for part in node:
            yield from _components(part, component_id)
        return
    values = dict(node) if isinstance(node, BaseModel | dict) else {}
    if values.get("id") == component_id:
        yield node
    for value in values.values():
        yield from _components(value, component_id)


def _grow(component: Any, delta: str) -> None:
    if isinstance(component, dict):
        component["value"] = component.get("value", "") + delta
    else:
        component.value = getattr(component, "value", "") + delta


def _with_component(node: Any, component_id: str, new: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_with_component(part, component_id, new) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("id") == component_id:
        return new
    return {key: _with_component(value, component_id, new) for key, value in node.items()}


def widget_in_words(item: WidgetItem) -> str:
    """What the model is told of a widget: its words, else its JSON, at most `MAX_TOLD` of it."""
    told = item.copy_text or item.widget.model_dump_json(exclude_unset=True, exclude_none=True)
    cut = f"{told[:MAX_TOLD]}… (cut)" if len(told) > MAX_TOLD else told
    return f"The following widget (id: {item.id}) was shown to the user:\n{cut}"


def _plain(widget: BaseModel) -> Any:
    return widget.model_dump(mode="json", exclude_none=True)
