"""Actions of widgets: which function of the team's answers which."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from chatkit.actions import Action
from chatkit.errors import BaseStreamError, CustomStreamError
from chatkit.types import (
    HiddenContextItem,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadStreamEvent,
)

from chatkit_backend.chat.events.endings import failing_where_others_cancel
from chatkit_backend.chat.own.action_handlers import (
    ActionHandler,
    Function,
    events_in,
    read_handler,
)
from chatkit_backend.chat.own.action_turns import ActionTurn
from chatkit_backend.chat.own.loading import load
from chatkit_backend.errors import (
    Conflict,
    InvalidRequest,
    NotSupported,
    RequestError,
    SettingsError,
)

_log = structlog.get_logger(__name__)

_F = TypeVar("_F", bound=Function)
_SETTING = "CHATKIT_ACTIONS"
_MAX_QUOTED = 100  # characters of what a client sent
FAILED = "Something went wrong with this action. Please try again."


class Actions:
    """The functions that answer the actions of widgets, each by its action's type.

        actions = Actions()

        @actions.on("ticket.close")
        async def close(ticket: CloseTicket, turn: ActionTurn): ...

    A function takes the payload, an `ActionTurn`, both, or neither, by annotation. It returns
    events, or yields them; None for none.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, ActionHandler] = {}

    def on(self, action_type: str) -> Callable[[_F], _F]:
        """Registers a function for a type of action.

        Raises:
            TypeError: No type was given. From the decorator: the function has a parameter that
                cannot be filled.
            ValueError: From the decorator: the type has a function already.
        """
        # Without parentheses, the function itself comes here.
        if not isinstance(action_type, str) or not action_type:  # type: ignore[redundant-expr] # it may
            raise TypeError('Name the type of the action, such as @actions.on("ticket.close").')

        def register(function: _F) -> _F:
            handler = read_handler(action_type, function)
            if other := self._handlers.get(action_type):
                raise ValueError(
                    f"@actions.on({action_type!r}) stands on two functions: "
                    f"{_name(other.function)} and {_name(function)}."
                )
            self._handlers[action_type] = handler
            return function

        return register

    def fitting(self, action: Action[str, Any]) -> FittingAction:
        """The action with its function.

        Raises:
            NotSupported: There is no function at all.
            InvalidRequest: There is none for this type, or the payload does not fit.
        """
        self.require_any()
        handler = self._handlers.get(action.type)
        if handler is None:
            raise InvalidRequest(
                f"params.action.type: this server has no action {action.type[:_MAX_QUOTED]!r}.",
                field="params.action.type",
            )
        return FittingAction(handler, handler.fit(action.payload))

    def require_any(self) -> None:
        """Make sure that there is a function.

        Raises:
            NotSupported: There is none.
        """
        if not self._handlers:
            raise NotSupported("This server handles no actions.", field="params.action.type")


@dataclass(frozen=True, slots=True)
class FittingAction:
    """An action whose payload fits its function."""

    _handler: ActionHandler
    _payload: object

    async def events(self, turn: ActionTurn) -> AsyncGenerator[ThreadStreamEvent, None]:
        """What the function shows.

        Raises:
            BaseStreamError: The function failed, or refused; what the user is told.
        """
        try:
            with failing_where_others_cancel():
                async for event in events_in(await self._handler.call(self._payload, turn)):
                    yield event
        except BaseStreamError:
            raise
        except RequestError as refusal:
            raise CustomStreamError(refusal.message, allow_retry=False) from refusal
        except Exception as error:
            _log.exception("action failed", action=turn.type, thread_id=turn.thread.id)
            # The retry of a client is one of the user's last message, not of the action.
            raise CustomStreamError(FAILED, allow_retry=False) from error

    async def update(self, turn: ActionTurn) -> SyncCustomActionResponse:
        """What the function changes, where there is no stream to show more in.

        Its notes to the model are stored; the item that it replaces is for the caller to store.

        Raises:
            InvalidRequest: The function gave more than that.
            RequestError: The function refused.
            Exception: Whatever else the function raises.
        """
        if self._handler.streams:
            raise _needs_a_stream(turn)
        try:
            with failing_where_others_cancel():
                given = await self._handler.call(self._payload, turn)
        except CustomStreamError as refusal:
            raise Conflict(refusal.message) from refusal
        notes, updated = await _without_stream(given, turn)
        for note in notes:
            await turn.store.add_thread_item(turn.thread.id, note, turn.context)
        return SyncCustomActionResponse(updated_item=updated)


async def _without_stream(
    given: object, turn: ActionTurn
) -> tuple[list[HiddenContextItem], ThreadItem | None]:
    """The notes and the replaced item among the events."""
    notes: list[HiddenContextItem] = []
    updated: ThreadItem | None = None
    parts = given if isinstance(given, list | tuple) else [given]
    if any(isinstance(part, AsyncIterable) for part in parts):
        raise _needs_a_stream(turn)
    async for event in events_in(given):
        match event:
            case ThreadItemReplacedEvent() if updated is None:
                updated = event.item
            case ThreadItemDoneEvent(item=HiddenContextItem() as note):
                notes.append(note)
            case _:
                raise _needs_a_stream(turn)
    return notes, updated


def _needs_a_stream(turn: ActionTurn) -> InvalidRequest:
    return InvalidRequest(
        f"The action {turn.type!r} shows more than one changed widget: send it as "
        "threads.custom_action (in the widget, leave out `streaming: false`).",
        field="type",
    )


def load_actions(path: str | None) -> Actions:
    """The actions that the settings name; empty ones if they name none.

    Args:
        path: Such as `my_app.tickets:actions`.

    Raises:
        SettingsError: They cannot be imported, or are something else.
    """
    if path is None:
        return Actions()
    loaded = load(_SETTING, path)
    if not isinstance(loaded, Actions):
        raise SettingsError(f"{_SETTING}: {path} is no chatkit_backend.Actions.")
    return loaded


def _name(function: Function) -> str:
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}"
