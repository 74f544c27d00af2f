"""A support desk: tickets as a widget with buttons, a form, a question, and a tool of the page.

    export CHATKIT_AGENT=examples.support_desk.app:agent
    CHATKIT_ACTIONS=examples.support_desk.app:actions chatkit-backend serve

Then, in another terminal, `chatkit-backend chat "Show my tickets"`; to see the widgets, open a page
with ChatKit in it. Offline a script answers, which looks for words: "tickets", "new", "order 42",
"file". With CHATKIT_MODEL=openai/gpt-5.4-mini, say, and its key, a model does.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from agents import Agent, RunContextWrapper, StopAtTools, function_tool
from chatkit.agents import ClientToolCall
from chatkit.errors import CustomStreamError
from chatkit.types import (
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    ThreadItemDoneEvent,
    UserMessageItem,
)
from chatkit.widgets import DynamicWidgetRoot
from pydantic import BaseModel, Field

from chatkit_backend import Actions, ActionTurn, TurnContext
from examples.offline import OfflineModel
from examples.support_desk.script import script

Urgency = Literal["today", "this week", "whenever"]
Run = RunContextWrapper[TurnContext]


@dataclass
class Ticket:
    """What somebody needs help with."""

    number: int
    subject: str
    open: bool = True
    urgency: Urgency | None = None
    files: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        about = [self.urgency, *self.files, None if self.open else "closed"]
        return ", ".join([f"#{self.number} {self.subject}", *filter(None, about)])


# By user. A real desk asks its database here.
TICKETS: dict[str, list[Ticket]] = defaultdict(
    lambda: [Ticket(1, "The parcel is late"), Ticket(2, "The lamp flickers")]
)


def _ticket(owner: str, number: int) -> Ticket:
    for ticket in TICKETS[owner]:
        if ticket.number == number:
            return ticket
    raise CustomStreamError(f"You have no ticket #{number}.")


# The widgets


def ticket_list(owner: str) -> DynamicWidgetRoot:
    """All tickets of a user, each with the button that fits it."""
    rows = [_row(ticket) for ticket in TICKETS[owner]]
    return DynamicWidgetRoot.model_validate({"type": "ListView", "children": rows})


def _row(ticket: Ticket) -> dict[str, Any]:
    does, label = ("ticket.close", "Close") if ticket.open else ("ticket.reopen", "Reopen")
    button = {
        "type": "Button",
        "label": label,
        "onClickAction": {"type": does, "payload": {"ticket": ticket.number}},
    }
    return {
        "type": "ListViewItem",
        "key": str(ticket.number),
        "children": [{"type": "Text", "value": str(ticket)}, button],
    }


def ticket_form() -> DynamicWidgetRoot:
    """A form for a new ticket: what is typed into it comes as the payload of `ticket.new`."""
    return DynamicWidgetRoot.model_validate(
        {
            "type": "Card",
            "asForm": True,
            "confirm": {"label": "Send", "action": {"type": "ticket.new", "payload": {}}},
            "children": [
                {"type": "Label", "value": "What is it about?", "fieldName": "subject"},
                {"type": "Input", "name": "subject", "required": True},
            ],
        }
    )


# What the buttons do

actions = Actions()


class OneTicket(BaseModel):
    """The payload of a button."""

    ticket: int


class NewTicket(BaseModel):
    """The payload of the form."""

    subject: str = Field(min_length=1, max_length=200)


@actions.on("ticket.close")
async def close(payload: OneTicket, turn: ActionTurn) -> Any:
    """Closes a ticket: the list changes in its place, and the model knows of it."""
    return _opened_or_closed(payload.ticket, turn, is_open=False)


@actions.on("ticket.reopen")
async def reopen(payload: OneTicket, turn: ActionTurn) -> Any:
    """Opens a ticket again."""
    return _opened_or_closed(payload.ticket, turn, is_open=True)


def _opened_or_closed(number: int, turn: ActionTurn, *, is_open: bool) -> Any:
    owner = turn.context.user.id
    _ticket(owner, number).open = is_open
    done = "reopened" if is_open else "closed"
    return [turn.replace(ticket_list(owner)), turn.note(f"The user {done} ticket #{number}.")]


@actions.on("ticket.new")
async def new(form: NewTicket, turn: ActionTurn) -> Any:
    """Files a ticket; the list takes the form's place, and the assistant goes on from there."""
    owner = turn.context.user.id
    ticket = Ticket(len(TICKETS[owner]) + 1, form.subject)
    TICKETS[owner].append(ticket)
    # Without the subject: the model reads a note as ours, and anything may be typed into a form.
    note = f"The user filed ticket #{ticket.number}. Ask how urgent it is."
    return [turn.replace(ticket_list(owner)), turn.respond(note)]


# What the assistant can do


@function_tool
async def show_tickets(run: Run) -> str:
    """Shows the user's tickets, with buttons to close and reopen them."""
    owner = run.context.request_context.user.id
    await run.context.stream_widget(ticket_list(owner))
    return "Shown: " + "; ".join(map(str, TICKETS[owner]))


@function_tool
async def show_form(run: Run) -> str:
    """Shows a form in which the user can file a new ticket."""
    await run.context.stream_widget(ticket_form())
    return "The form is shown. The user fills it in and sends it."


@function_tool
async def ask_urgency(run: Run, ticket: int) -> str:
    """Asks the user how urgent a ticket is. The answer comes as a structured input."""
    choices: list[Urgency] = ["today", "this week", "whenever"]
    question = StructuredInputMultipleChoice(
        id="urgency",
        question=f"How urgent is ticket #{ticket}?",
        options=[StructuredInputMultipleChoiceOption(value=choice) for choice in choices],
    )
    item = StructuredInputItem(
        id=run.context.generate_id("message"),
        thread_id=run.context.thread.id,
        created_at=datetime.now(UTC),
        inputs=[question],
    )
    await run.context.stream(ThreadItemDoneEvent(item=item))
    return "The user was asked."


@function_tool(failure_error_function=None)
async def set_urgency(run: Run, ticket: int, urgency: Urgency) -> str:
    """Notes how urgent a ticket is."""
    _ticket(run.context.request_context.user.id, ticket).urgency = urgency
    return f"Ticket #{ticket} is noted as: {urgency}."


@function_tool
async def open_order(run: Run, order: int) -> str:
    """Opens the page of an order in the user's browser."""
    # Runs in the page: `onClientTool` of ChatKit gets the name and the arguments.
    run.context.client_tool_call = ClientToolCall(name="open_order", arguments={"order": order})
    return "The page was asked to open it."


@function_tool(failure_error_function=None)
async def add_files(run: Run, ticket: int) -> str:
    """Adds the files of the user's last message to a ticket."""
    turn, context = run.context, run.context.request_context
    page = await turn.store.load_thread_items(turn.thread.id, None, 20, "desc", context)
    said = next((item for item in page.data if isinstance(item, UserMessageItem)), None)
    names = [attachment.name for attachment in said.attachments] if said else []
    _ticket(context.user.id, ticket).files += names
    return f"Added to ticket #{ticket}: {', '.join(names) or 'nothing, no file was attached'}."


agent = Agent[TurnContext](
    name="support desk",
    instructions=(
        "You work at the support desk of a lamp shop. Use the tools: the user sees what they "
        "show. Be brief."
    ),
    model=None if os.environ.get("CHATKIT_MODEL") else OfflineModel(script),
    tools=[show_tickets, show_form, ask_urgency, set_urgency, open_order, add_files],
    # The answer waits for the user, or for the page.
    tool_use_behavior=StopAtTools(stop_at_tool_names=["ask_urgency", "open_order"]),
)
