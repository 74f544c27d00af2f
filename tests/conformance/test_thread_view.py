"""The rules of the conformance suite notice when they are broken."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conformance.protocol import EVENT, strictly
from tests.conformance.thread_view import JSON, ThreadView

NOW = "the time of the test"
OPTIONS = {"type": "stream_options", "stream_options": {"allow_cancel": True}}


def item(item_id: str = "msg_1", **more: Any) -> JSON:
    said = {"type": "output_text", "text": "Hi", "annotations": []}
    plain = {"id": item_id, "thread_id": "thr_1", "created_at": NOW, "type": "assistant_message"}
    return {**plain, "content": [said], **more}


def added(**more: Any) -> JSON:
    return {"type": "thread.item.added", "item": item(**more)}


def done(**more: Any) -> JSON:
    return {"type": "thread.item.done", "item": item(**more)}


def delta(item_id: str = "msg_1") -> JSON:
    change = {
        "type": "assistant_message.content_part.text_delta",
        "content_index": 0,
        "delta": " there",
    }
    return {"type": "thread.item.updated", "item_id": item_id, "update": change}


HIDDEN = {"type": "hidden_context_item", "content": "secret"}

BROKEN = {
    "an answer before the stream options": [done()],
    "stream options twice": [OPTIONS, OPTIONS],
    "an item twice": [OPTIONS, done(), done()],
    "an item again after it was removed": [
        OPTIONS,
        done(),
        {"type": "thread.item.removed", "item_id": "msg_1"},
        done(),
    ],
    "an update before its item": [OPTIONS, delta()],
    "an update after the item was done": [OPTIONS, done(), delta()],
    "an end that is not what was streamed": [OPTIONS, added(), delta(), done()],
    "an item that never ends": [OPTIONS, added()],
    "a local time": [OPTIONS, done(created_at="2026-11-26T12:00:00+01:00")],
    "a time without a zone": [OPTIONS, done(created_at="2026-11-26T12:00:00")],
    "a foreign thread": [OPTIONS, done(thread_id="thr_2")],
    "a hidden item": [OPTIONS, done(**HIDDEN)],
    "a replacement of nothing": [OPTIONS, {"type": "thread.item.replaced", "item": item()}],
    "a removal of nothing": [OPTIONS, {"type": "thread.item.removed", "item_id": "msg_1"}],
    "words after the error": [OPTIONS, {"type": "error", "message": "Sorry."}, done()],
    "an error without words": [OPTIONS, {"type": "error", "message": None}],
    "no stream options": [],
}


def follow(events: list[JSON]) -> None:
    view = ThreadView(thread={"id": "thr_1"})
    view.begin()
    now = datetime.now(UTC).isoformat()
    for event in events:
        view.apply(json.loads(json.dumps(event).replace(NOW, now)))
    view.end()


@pytest.mark.parametrize("events", BROKEN.values(), ids=BROKEN)
def test_it_notices(events: list[JSON]) -> None:
    with pytest.raises(AssertionError):
        follow(events)


def test_what_keeps_the_rules_passes() -> None:
    whole = item()["content"][0] | {"text": "Hi there"}
    follow([OPTIONS, added(), delta(), done(content=[whole])])


def test_a_field_that_the_protocol_does_not_know_is_noticed() -> None:
    with pytest.raises(AssertionError):
        strictly(EVENT, b'{"type": "progress_update", "text": "Looking", "percent": 3}')
