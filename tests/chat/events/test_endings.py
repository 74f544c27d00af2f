"""How what an answer has begun ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
)

from chatkit_backend.chat.events.endings import closing_what_was_opened
from tests.chat.conftest import MakeChat

THREAD = ThreadMetadata(id="thr_1", created_at=datetime.now(UTC))


def message(*texts: str) -> AssistantMessageItem:
    return AssistantMessageItem(
        id="msg_1",
        thread_id=THREAD.id,
        created_at=THREAD.created_at,
        content=[AssistantMessageContent(text=text, annotations=[]) for text in texts],
    )


@pytest.mark.parametrize(
    ("texts", "ending"),
    [
        ((), "thread.item.removed"),
        (("", " \n"), "thread.item.removed"),
        (("Woof",), "thread.item.done"),
    ],
)
async def test_a_message_that_ends_without_a_word_is_taken_away(
    make_chat: MakeChat, texts: tuple[str, ...], ending: str
) -> None:
    async def events() -> AsyncIterator[ThreadStreamEvent]:
        yield ThreadItemAddedEvent(item=message())
        yield ThreadItemDoneEvent(item=message(*texts))

    shown = closing_what_was_opened(make_chat().server, THREAD, events())
    assert [event.type async for event in shown] == ["thread.item.added", ending]
