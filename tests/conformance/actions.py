"""What the buttons of the conformance agent's widgets do."""

from __future__ import annotations

from chatkit.types import ThreadItemReplacedEvent

from chatkit_backend import Actions, ActionTurn
from tests.conformance.agent import card, text

actions = Actions()


@actions.on("close")
async def close(ticket: int, turn: ActionTurn) -> ThreadItemReplacedEvent:
    """Closes the ticket that the widget shows."""
    return turn.replace(card(text(f"Ticket {ticket}"), status={"text": "Closed"}))
