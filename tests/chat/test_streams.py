"""How an operation ends that breaks off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ThreadItemAddedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
)

from tests.chat.conftest import LocalChat, MakeChat
from tests.chatting import Event, message, thread_of


@pytest.fixture
async def work() -> asyncio.Task[None]:
    """What an answer waits for."""
    return asyncio.create_task(asyncio.sleep(60))


@pytest.fixture
def chat(make_chat: MakeChat, work: Awaitable[None], monkeypatch: pytest.MonkeyPatch) -> LocalChat:
    """A chat whose answers begin with a word, change the title, and then wait."""

    async def respond(thread: ThreadMetadata, *_: object) -> AsyncIterator[ThreadStreamEvent]:
        word = AssistantMessageItem(
            id="msg_1",
            thread_id=thread.id,
            created_at=datetime.now(UTC),
            content=[AssistantMessageContent(text="Well")],
        )
        yield ThreadItemAddedEvent(item=word)
        thread.title = "Changed"
        await work

    chat = make_chat()
    monkeypatch.setattr(chat.server, "respond", respond)
    return chat


async def test_an_answer_whose_work_is_cancelled_by_others_fails_in_words(
    chat: LocalChat, work: asyncio.Task[None], capsys: pytest.CaptureFixture[str]
) -> None:
    events: list[Event] = []
    async for event in chat.events("threads.create", input=message("Hello")):
        events.append(event)
        if event["type"] == "thread.item.added":
            work.cancel()
    assert [event["type"] for event in events[-3:]] == [
        "thread.item.done",
        "thread.updated",
        "error",
    ]
    items = await chat.items(thread_of(events))
    assert [item.type for item in items] == ["user_message", "assistant_message"]
    assert "answer failed" in capsys.readouterr().out


async def test_a_stopped_answer_that_cannot_be_kept_is_logged_and_its_changes_are_kept(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def breaks(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(chat.server, "handle_stream_cancelled", breaks)
    turn = chat.start("threads.create", input=message("A secret"))
    events: list[Event] = []
    async for chunk in turn:
        events.append(json.loads(chunk.removeprefix(b"data: ")))
        if events[-1]["type"] == "thread.item.added":
            break
    await turn.stop()
    assert turn.task.cancelled()
    thread = thread_of(events)
    assert (await chat.store.load_thread(thread, chat.context)).title == "Changed"
    logged = capsys.readouterr().out
    assert "interrupted answer not kept" in logged
    assert f"thread_id={thread}" in logged
    assert "secret" not in logged
