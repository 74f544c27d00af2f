"""What the protocol has, read from the SDK's own types, so that a new version is noticed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from chatkit.types import (
    Attachment,
    ChatKitReq,
    Page,
    SyncCustomActionResponse,
    Thread,
    ThreadItem,
    ThreadStreamEvent,
    TranscriptionResult,
)
from pydantic import BaseModel, TypeAdapter

_Value = TypeVar("_Value")

# Widgets have a vocabulary of their own, which this server only carries.
_NOT_OURS = {"chatkit.widgets", "chatkit.icons"}

# Never sent: an item of these is a leak.
HIDDEN = frozenset({"HiddenContextItem", "SDKHiddenContextItem"})

OPERATION: TypeAdapter[ChatKitReq] = TypeAdapter(ChatKitReq)
EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)
# What each operation that does not stream answers; None for `{}`.
ANSWERS: Mapping[str, TypeAdapter[Any] | None] = {
    "threads.get_by_id": TypeAdapter(Thread),
    "threads.list": TypeAdapter(Page[Thread]),
    "items.list": TypeAdapter(Page[ThreadItem]),
    "threads.update": TypeAdapter(Thread),
    "threads.delete": None,
    "items.feedback": None,
    "attachments.create": TypeAdapter(Attachment),
    "attachments.delete": None,
    "input.transcribe": TypeAdapter(TranscriptionResult),
    "threads.sync_custom_action": TypeAdapter(SyncCustomActionResponse),
}


def everything() -> set[str]:
    """The names of all types that travel between a client and a server."""
    roots = [ChatKitReq, ThreadStreamEvent, Attachment, Page[Thread], Page[ThreadItem]]
    roots += [SyncCustomActionResponse, TranscriptionResult]
    found: set[type[BaseModel]] = set()
    for root in roots:
        _collect(root, found)
    return {_name(model) for model in found} - HIDDEN


def names_in(value: object) -> Iterator[str]:
    """The names of the protocol's types in a value, nested ones included."""
    if isinstance(value, BaseModel):
        if type(value).__module__ in _NOT_OURS:
            return
        yield _name(type(value))
        yield from names_in(list(value.__dict__.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from names_in(part)
    elif isinstance(value, dict):
        yield from names_in(list(value.values()))


def strictly(adapter: TypeAdapter[_Value], body: str | bytes) -> _Value:
    """The value of a JSON text that says nothing else than what the SDK's types know."""
    value = adapter.validate_json(body)
    again = json.loads(adapter.dump_json(value, by_alias=True, exclude_none=True))
    unknown = "There are fields that the protocol does not know."
    assert _without_widgets(again) == _without_widgets(json.loads(body)), unknown
    return value


def _without_widgets(told: Any) -> Any:
    # A widget of a template may have any field, and the SDK's types drop some when they read it.
    if isinstance(told, list):
        return [_without_widgets(part) for part in told]
    if isinstance(told, dict):
        carried = ("widget", "component")
        return {k: k if k in carried else _without_widgets(v) for k, v in told.items()}
    return told


def _collect(annotation: Any, found: set[type[BaseModel]]) -> None:
    for argument in get_args(annotation):
        _collect(argument, found)
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    if not is_model or annotation in found or annotation.__module__ in _NOT_OURS:
        return
    found.add(annotation)
    annotation.model_rebuild()  # a class that was written before its fields' types is incomplete
    for field in annotation.model_fields.values():
        _collect(field.annotation, found)


def _name(model: type[BaseModel]) -> str:
    # `Page[Thread]` is a class of its own.
    return model.__name__.partition("[")[0]
