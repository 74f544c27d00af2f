"""examples/support_desk: tickets, buttons, a form, a question, a tool of the page, files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from chatkit.types import FileAttachment

from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore
from tests.chatting import Chat, Event, streamed_text, thread_of
from tests.examples.conftest import Start

# Starting a server takes long where many tests run.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def url(start: Start) -> str:
    return start(
        "chatkit_backend",
        "serve",
        CHATKIT_AGENT="examples.support_desk.app:agent",
        CHATKIT_ACTIONS="examples.support_desk.app:actions",
    )


@pytest.fixture
async def chat(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    """Somebody with the first two tickets."""
    async with Chat(url, user=request.node.name) as chat:
        yield chat


def item_of(events: list[Event], kind: str) -> dict[str, Any]:
    """The one finished or replaced item of a type."""
    [found] = [event["item"] for event in events if event.get("item", {}).get("type") == kind]
    return dict(found)


async def act(chat: Chat, thread: str, widget: str, kind: str, **payload: Any) -> list[Event]:
    action = {"type": kind, "payload": payload}
    return await chat.stream(
        "threads.custom_action", thread_id=thread, item_id=widget, action=action
    )


async def test_tickets_are_shown_and_closed_with_a_button(chat: Chat) -> None:
    events = await chat.say("Show my tickets")
    thread, shown = thread_of(events), item_of(events, "widget")
    rows = shown["widget"]["children"]
    assert [row["children"][0]["value"] for row in rows] == [
        "#1 The parcel is late",
        "#2 The lamp flickers",
    ]
    button = rows[1]["children"][1]["onClickAction"]
    events = await act(chat, thread, shown["id"], button["type"], **button["payload"])
    row = item_of(events, "widget")["widget"]["children"][1]
    assert row["children"][0]["value"] == "#2 The lamp flickers, closed"
    assert row["children"][1]["label"] == "Reopen"
    events = await act(chat, thread, shown["id"], "ticket.reopen", ticket=2)
    row = item_of(events, "widget")["widget"]["children"][1]
    assert row["children"][1]["label"] == "Close"
    missing = await act(chat, thread, shown["id"], "ticket.close", ticket=9)
    assert missing[-1]["message"] == "You have no ticket #9."


async def test_a_new_ticket_is_filed_and_its_urgency_asked(chat: Chat) -> None:
    events = await chat.say("I have a new problem")
    thread, form = thread_of(events), item_of(events, "widget")
    assert form["widget"]["confirm"]["action"]["type"] == "ticket.new"
    events = await act(chat, thread, form["id"], "ticket.new", subject="A bulb is missing")
    asked = item_of(events, "structured_input")
    assert asked["inputs"][0]["question"] == "How urgent is ticket #3?"
    events = await chat.stream(
        "threads.add_structured_input",
        thread_id=thread,
        item_id=asked["id"],
        input={"answers": {"urgency": {"values": ["today"]}}},
    )
    assert streamed_text(events) == "Ticket #3 is noted as: today."
    shown = item_of(await chat.say("Show my tickets", thread), "widget")
    assert shown["widget"]["children"][2]["children"][0]["value"] == "#3 A bulb is missing, today"


async def test_an_order_is_opened_in_the_page(chat: Chat) -> None:
    events = await chat.say("Open order 42")
    call = item_of(events, "client_tool_call")
    assert (call["name"], call["arguments"]) == ("open_order", {"order": 42})
    events = await chat.stream(
        "threads.add_client_tool_output", thread_id=thread_of(events), result={"opened": True}
    )
    assert streamed_text(events) == "It is open in your browser."


async def test_files_are_added_to_a_ticket(
    chat: Chat, folder: Path, request: pytest.FixtureRequest
) -> None:
    database = await Database.open(f"sqlite:///{folder / 'chat.db'}")
    photo = FileAttachment(id="atc_" + "1" * 32, name="lamp.pdf", mime_type="application/pdf")
    await ThreadStore(database).save_attachment(photo, RequestContext(User(request.node.name)))
    await database.close()
    events = await chat.say("Please add the file to ticket 2", attachments=[photo.id])
    assert streamed_text(events) == "Added to ticket #2: lamp.pdf."
