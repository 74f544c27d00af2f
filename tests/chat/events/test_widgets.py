"""Widgets that grow: what the SDK's `stream_widget` fails on, and what the model is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from chatkit.server import diff_widget, stream_widget
from chatkit.types import (
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WidgetComponentUpdated,
    WidgetItem,
    WidgetRootUpdated,
    WidgetStreamingTextValueDelta,
)
from chatkit.widgets import Card, DynamicWidgetComponent, DynamicWidgetRoot, Text, WidgetRoot

from chatkit_backend.chat.events.widgets import (
    MAX_TOLD,
    apply_widget_update,
    show_widget,
    widget_in_words,
    widget_updates,
)

THREAD = ThreadMetadata(id="thr_1", created_at=datetime.now(UTC))


def card(*children: dict[str, Any], **fields: Any) -> DynamicWidgetRoot:
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": [*children], **fields})


def text(value: str, **fields: Any) -> dict[str, Any]:
    return {"type": "Text", "id": "t", "value": value, **fields}


def around(value: str) -> DynamicWidgetRoot:
    """A card whose `children` is a single component."""
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": text(value)})


def grew(delta: str, done: bool = True) -> WidgetStreamingTextValueDelta:
    return WidgetStreamingTextValueDelta(component_id="t", delta=delta, done=done)


async def events(widget: Any) -> list[ThreadStreamEvent]:
    return [event async for event in show_widget(THREAD, widget)]


def types(shown: list[ThreadStreamEvent]) -> list[str]:
    return [event.type for event in shown]


def updates(shown: list[ThreadStreamEvent]) -> list[Any]:
    return [event.update for event in shown if isinstance(event, ThreadItemUpdatedEvent)]


async def states(*widgets: WidgetRoot) -> AsyncIterator[WidgetRoot]:
    for widget in widgets:
        yield widget


async def test_one_widget_is_done_at_once() -> None:
    (event,) = await events(card(text("Hello")))
    assert isinstance(event, ThreadItemDoneEvent)
    assert isinstance(event.item, WidgetItem)
    assert event.item.widget == card(text("Hello"))
    assert len(event.item.id.removeprefix("msg_")) == 32  # the SDK's has 8 digits
    assert event.item.created_at.tzinfo is UTC


async def test_text_that_grows_is_sent_as_what_was_added() -> None:
    shown = await events(
        states(
            card(text("He", streaming=True)),
            card(text("Hello", streaming=True)),
            card(text("Hello", streaming=True)),
        )
    )
    assert types(shown) == ["thread.item.added", "thread.item.updated", "thread.item.done"]
    assert updates(shown) == [grew("llo", done=False)]
    assert isinstance(shown[0], ThreadItemAddedEvent)
    assert isinstance(shown[-1], ThreadItemDoneEvent)
    assert shown[0].item.id == shown[-1].item.id
    assert isinstance(shown[-1].item, WidgetItem)
    assert shown[-1].item.widget == card(text("Hello", streaming=True))


async def test_texts_beside_each_other_grow_together() -> None:
    before = card(text("a"), {"type": "Row", "children": [{**text("1"), "id": "deep"}]})
    after = card(text("ab"), {"type": "Row", "children": [{**text("12"), "id": "deep"}]})
    deep = WidgetStreamingTextValueDelta(component_id="deep", delta="2", done=True)
    assert widget_updates(before, after) == [grew("b"), deep]


@pytest.mark.parametrize(
    "after",
    [
        card(text("Other")),
        card(text("Hello", size="lg")),
        card(text("Hello"), text("more")),
        card({"type": "Title", "id": "t", "value": "Hello"}),
        card(text("Hello"), status={"text": "Saved"}),
    ],
)
def test_any_other_change_sends_the_whole_widget(after: DynamicWidgetRoot) -> None:
    assert widget_updates(card(text("Hell")), after) == [WidgetRootUpdated(widget=after)]


def test_a_field_of_a_template_may_come_and_go() -> None:
    plain, large = card(), card(size="lg")
    for before, after in ((plain, large), (large, plain)):
        with pytest.raises(AttributeError):
            diff_widget(before, after)
        assert widget_updates(before, after) == [WidgetRootUpdated(widget=after)]


def test_text_under_a_single_child_grows() -> None:
    assert diff_widget(around("a"), around("ab")) == []
    assert widget_updates(around("a"), around("ab")) == [grew("b")]


def test_text_without_an_id_sends_the_whole_widget() -> None:
    before, after = card({"type": "Text", "value": "a"}), card({"type": "Text", "value": "ab"})
    assert diff_widget(before, after) == []
    assert widget_updates(before, after) == [WidgetRootUpdated(widget=after)]


def test_the_strict_classes_grow_as_well() -> None:
    before = Card(children=[Text(id="t", value="a")])
    assert widget_updates(before, Card(children=[Text(id="t", value="ab")])) == [grew("b")]


async def test_a_widget_that_is_changed_in_place_is_sent_again() -> None:
    async def growing() -> AsyncIterator[WidgetRoot]:
        widget = card(text("a"))
        yield widget
        assert isinstance(widget.children, list)
        widget.children[0].value = "ab"  # type: ignore[attr-defined] # a field of the template
        yield widget

    naive = [event async for event in stream_widget(THREAD, growing())]  # type: ignore[arg-type] # a generator
    assert types(naive) == ["thread.item.added", "thread.item.done"]
    shown = await events(growing())
    assert updates(shown) == [grew("b")]
    # What waits to be sent is as it was when it was shown.
    assert isinstance(shown[0], ThreadItemAddedEvent)
    assert isinstance(shown[0].item, WidgetItem)
    assert shown[0].item.widget == card(text("a"))


async def test_a_widget_without_any_state_is_not_shown() -> None:
    with pytest.raises(RuntimeError):
        [event async for event in stream_widget(THREAD, states())]  # type: ignore[arg-type] # a generator
    assert await events(states()) == []


async def test_a_widget_that_fails_is_finished_as_it_was_last_shown() -> None:
    async def failing() -> AsyncIterator[WidgetRoot]:
        yield card(text("a"))
        yield card(text("ab"))
        raise ValueError("no more")

    naive, ours = [], []
    with pytest.raises(ValueError, match="no more"):
        async for event in stream_widget(THREAD, failing()):  # type: ignore[arg-type] # a generator
            naive.append(event)  # noqa: PERF401 - those before the failure count
    assert types(naive)[-1] == "thread.item.updated"  # never done, so gone after a reload
    with pytest.raises(ValueError, match="no more"):
        async for event in show_widget(THREAD, failing()):
            ours.append(event)  # noqa: PERF401 - as above
    assert isinstance(ours[-1], ThreadItemDoneEvent)
    assert isinstance(ours[-1].item, WidgetItem)
    assert ours[-1].item.widget == card(text("ab"))


def shown_item(widget: WidgetRoot, **fields: Any) -> WidgetItem:
    return WidgetItem(
        id="msg_1", thread_id="thr_1", created_at=datetime.now(UTC), widget=widget, **fields
    )


@pytest.mark.parametrize("before", [card(text("a")), around("a"), card(header=text("a"))])
def test_a_followed_widget_shows_what_the_client_shows(before: DynamicWidgetRoot) -> None:
    item = shown_item(before.model_copy(deep=True))
    apply_widget_update(item, grew("b"))
    assert item.widget.model_dump(mode="json") == _replaced(before.model_dump(mode="json"))
    apply_widget_update(item, WidgetRootUpdated(widget=before))
    assert item.widget == before
    apply_widget_update(item, grew("c"))
    assert item.widget != before  # an event that waits to be sent is not changed


def _replaced(dumped: Any) -> Any:
    if isinstance(dumped, list):
        return [_replaced(part) for part in dumped]
    if isinstance(dumped, dict):
        return {key: "ab" if key == "value" else _replaced(value) for key, value in dumped.items()}
    return dumped


def test_a_component_that_is_updated_alone_is_followed() -> None:
    item = shown_item(card(text("a"), {"type": "Badge", "label": "new"}))
    title = DynamicWidgetComponent.model_validate({"type": "Title", "id": "t", "value": "b"})
    apply_widget_update(item, WidgetComponentUpdated(component_id="t", component=title))
    expected = card({"type": "Title", "id": "t", "value": "b"}, {"type": "Badge", "label": "new"})
    assert item.widget.model_dump() == expected.model_dump()


def test_the_model_is_told_the_words_of_a_widget_else_its_json() -> None:
    assert widget_in_words(shown_item(card(text("Hi")), copy_text="A greeting.")) == (
        "The following widget (id: msg_1) was shown to the user:\nA greeting."
    )
    assert widget_in_words(shown_item(card(text("Hi")))).endswith(
        '{"type":"Card","children":[{"id":"t","type":"Text","value":"Hi"}]}'
    )


def test_the_model_is_not_told_more_of_a_widget_than_its_context_can_take() -> None:
    told = widget_in_words(shown_item(card(text("x" * 100_000))))
    assert len(told) < MAX_TOLD + 100
    assert told.endswith("x… (cut)")
