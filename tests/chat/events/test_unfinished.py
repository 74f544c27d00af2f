"""What an answer has begun and not ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    GeneratedImage,
    GeneratedImageItem,
    GeneratedImageUpdated,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WidgetItem,
    WidgetRootUpdated,
    WidgetStreamingTextValueDelta,
)
from chatkit.widgets import Card, Text

from chatkit_backend.chat.events.unfinished import Unfinished
from tests.chat.conftest import MakeChat

COMMON = {"thread_id": "thr_1", "created_at": datetime(2026, 1, 2, tzinfo=UTC)}
MESSAGE = AssistantMessageItem(id="msg_1", content=[], **COMMON)


@pytest.fixture
def unfinished(make_chat: MakeChat) -> Unfinished:
    return Unfinished(make_chat().server)


def text_of(item: ThreadItem | None) -> list[str]:
    assert isinstance(item, AssistantMessageItem)
    return [part.text for part in item.content]


def test_items_are_there_from_their_beginning_to_their_end_in_the_order_of_beginning(
    unfinished: Unfinished,
) -> None:
    others = [MESSAGE.model_copy(update={"id": f"msg_{number}"}) for number in range(2, 5)]
    for item in (MESSAGE, *others):
        unfinished.follow(ThreadItemAddedEvent(item=item))
    unfinished.follow(ThreadItemDoneEvent(item=others[0]))
    unfinished.follow(ThreadItemRemovedEvent(item_id="msg_3"))
    assert [item.id for item in unfinished.items] == ["msg_1", "msg_4"]
    assert unfinished.get("msg_2") is None
    unfinished.follow(ThreadItemReplacedEvent(item=MESSAGE))
    assert [item.id for item in unfinished.items] == ["msg_4"]


def test_of_two_that_follow_the_same_events_each_has_every_word_once(
    make_chat: MakeChat,
) -> None:
    server = make_chat().server
    both = [Unfinished(server), Unfinished(server)]
    part = AssistantMessageContent(text="Wo", annotations=[])
    added = AssistantMessageContentPartAdded(content_index=0, content=part)
    delta = AssistantMessageContentPartTextDelta(content_index=0, delta="of")
    events: list[ThreadStreamEvent] = [
        ThreadItemAddedEvent(item=MESSAGE),
        *(ThreadItemUpdatedEvent(item_id="msg_1", update=update) for update in (added, delta)),
    ]
    for event in events:
        for one in both:
            one.follow(event)
    assert [text_of(one.get("msg_1")) for one in both] == [["Woof"], ["Woof"]]
    assert part.text == "Wo", "the event stays as it is"


def test_widgets_and_images_are_as_far_as_they_came(unfinished: Unfinished) -> None:
    card = Card(children=[Text(id="text", value="Wo", streaming=True)])
    image = GeneratedImage(id="img_1", url="data:image/png;base64,AA==")
    updates = [
        ("wdg_1", WidgetRootUpdated(widget=card)),
        ("wdg_1", WidgetStreamingTextValueDelta(component_id="text", delta="of", done=True)),
        ("img_item_1", GeneratedImageUpdated(image=image, progress=0.5)),
    ]
    unfinished.follow(
        ThreadItemAddedEvent(item=WidgetItem(id="wdg_1", widget=Card(children=[]), **COMMON))
    )
    unfinished.follow(ThreadItemAddedEvent(item=GeneratedImageItem(id="img_item_1", **COMMON)))
    for item_id, update in updates:
        unfinished.follow(ThreadItemUpdatedEvent(item_id=item_id, update=update))
    widget, shown = unfinished.items
    assert isinstance(widget, WidgetItem)
    assert '"value":"Woof"' in widget.model_dump_json()
    assert isinstance(shown, GeneratedImageItem)
    assert shown.image == image
    assert '"value":"Wo"' in card.model_dump_json(), "the event stays as it is"
