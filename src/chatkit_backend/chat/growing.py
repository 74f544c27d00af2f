"""What an item that grows has become so far, where the SDK does not follow its updates."""

from __future__ import annotations

from collections.abc import Iterator

from chatkit.types import (
    GeneratedImageItem,
    GeneratedImageUpdated,
    ThreadItem,
    ThreadItemUpdate,
    WidgetComponentUpdated,
    WidgetItem,
    WidgetRootUpdated,
    WidgetStreamingTextValueDelta,
)
from chatkit.widgets import WidgetComponentBase


def grow(item: ThreadItem, update: ThreadItemUpdate) -> None:
    """Applies an update to a widget or a generated image; any other item is the SDK's to follow.

    What the update holds is copied: its sender goes on working with it.
    """
    match item, update:
        case WidgetItem(), WidgetRootUpdated(widget=widget):
            item.widget = widget.model_copy(deep=True)
        case WidgetItem(), WidgetComponentUpdated(component_id=component_id, component=component):
            _replace(item.widget, component_id, component.model_copy(deep=True))
        case WidgetItem(), WidgetStreamingTextValueDelta(component_id=component_id, delta=delta):
            for part in _components(item.widget):
                if part.id == component_id:
                    value = getattr(part, "value", None) or ""
                    setattr(part, "value", value + delta)  # noqa: B010 - its class may be any
        case GeneratedImageItem(), GeneratedImageUpdated(image=image):
            item.image = image.model_copy()
        case _:
            pass


def _replace(root: WidgetComponentBase, component_id: str, new: WidgetComponentBase) -> None:
    for parent in _components(root):
        children = getattr(parent, "children", None)
        if isinstance(children, list):
            children[:] = [new if child.id == component_id else child for child in children]
        elif children is not None and children.id == component_id:
            setattr(parent, "children", new)  # noqa: B010 - its class may be any


def _components(component: WidgetComponentBase) -> Iterator[WidgetComponentBase]:
    yield component
    children = getattr(component, "children", None) or []
    for child in children if isinstance(children, list) else [children]:
        yield from _components(child)
