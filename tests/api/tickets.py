"""An app that answers actions in every way there is: what `tests/api/test_actions.py` serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from chatkit.errors import CustomStreamError
from chatkit.types import (
    ClientEffectEvent,
    NoticeEvent,
    ProgressUpdateEvent,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    ThreadStreamEvent,
)
from chatkit.widgets import DynamicWidgetRoot, WidgetTemplate
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from chatkit_backend import Actions, ActionTurn
from chatkit_backend.errors import NotFound

CARD = WidgetTemplate.from_file("ticket.widget")
actions = Actions()


def card(ticket: int, notes: str = "", *, is_open: bool = True) -> DynamicWidgetRoot:
    return CARD.build({"ticket": ticket, "title": f"#{ticket}", "notes": notes, "open": is_open})


class Ticket(BaseModel):
    model_config = ConfigDict(strict=True)

    ticket: int = Field(gt=0)
    due: date | None = None


class Note(TypedDict):
    text: str


@actions.on("ticket.open")
def show(ticket: Ticket, turn: ActionTurn) -> Any:
    return turn.show(card(ticket.ticket), copy_text=f"Ticket {ticket.ticket}")


@actions.on("ticket.close")
async def close(ticket: Ticket, turn: ActionTurn) -> Any:
    if ticket.ticket == 404:
        raise NotFound("There is no ticket 404.", field="params.action.payload.ticket")
    if ticket.ticket == 13:
        raise CustomStreamError("Ticket 13 cannot be closed today.")
    if ticket.ticket == 500:
        raise ValueError("sk-secret")
    closed = turn.replace(card(ticket.ticket, f"closed, due {ticket.due}", is_open=False))
    return [closed, turn.note(f"The user closed ticket {ticket.ticket}.")]


@actions.on("ticket.read")
async def read(note: Note, turn: ActionTurn) -> AsyncIterator[Any]:
    async def growing() -> AsyncIterator[DynamicWidgetRoot]:
        for count in range(len(note["text"]) + 1):
            yield card(1, note["text"][:count])
        if note["text"].endswith("!"):
            raise ValueError("no more notes")
        if note["text"].endswith("?"):
            await asyncio.Event().wait()

    yield turn.show(growing())


@actions.on("ticket.discuss")
async def discuss(turn: ActionTurn) -> AsyncIterator[Any]:
    turn.thread.title = "A ticket"
    yield ProgressUpdateEvent(text="Looking")
    yield turn.say("Let me see.")
    yield turn.respond("The user wants to know more.")
    yield [NoticeEvent(level="info", message="Seen"), ClientEffectEvent(name="confetti")]


@actions.on("ticket.rate")
async def rate(turn: ActionTurn) -> Any:
    question = StructuredInputMultipleChoice(
        id="stars",
        question="How was it?",
        options=[StructuredInputMultipleChoiceOption(value="good")],
    )
    return turn.ask(question)


@actions.on("ticket.print")
async def print_it(turn: ActionTurn) -> ThreadStreamEvent:
    return turn.call_client_tool("print", {"copies": 2})


@actions.on("ticket.forget")
def forget() -> None:
    return None


@actions.on("ticket.rename")
async def rename(name: dict[str, str], turn: ActionTurn) -> None:
    turn.thread.title = name["title"]


@actions.on("ticket.wrong")
async def wrong() -> str:
    return "no event"
