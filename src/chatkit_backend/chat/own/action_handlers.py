"""A team's function that answers an action: what it takes, and what it gives."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from dataclasses import dataclass
from typing import Any, Final, get_args, get_type_hints

from chatkit.types import ThreadStreamEvent
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import to_json

from chatkit_backend.chat.own.action_turns import ActionTurn
from chatkit_backend.errors import InvalidRequest

_EVENTS: Final[tuple[type, ...]] = get_args(get_args(ThreadStreamEvent)[0])
_NAMED: Final = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}

Function = Callable[..., object]


@dataclass(frozen=True, slots=True)
class ActionHandler:
    """A function that answers an action.

    Attributes:
        type: The action's.
        function: The team's.
        payload_name: Its parameter for the payload; None if it takes none.
        payload: Checks the payload.
        turn_name: Its parameter for the `ActionTurn`; None if it takes none.
    """

    type: str
    function: Function
    payload_name: str | None
    payload: TypeAdapter[Any]
    turn_name: str | None

    @property
    def streams(self) -> bool:
        """Whether it gives its events one after the other."""
        return inspect.isasyncgenfunction(self.function)

    def fit(self, payload: object) -> object:
        """The payload, as the function wants it.

        Raises:
            InvalidRequest: It does not fit; names the first field that does not.
        """
        try:
            # As JSON, so that strict models take what JSON has no type for, such as dates.
            return self.payload.validate_json(to_json(payload))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            field = ".".join(str(part) for part in ("params.action.payload", *first["loc"]))
            raise InvalidRequest(
                f"{field}: {first['msg']} (action {self.type!r}).", field=field
            ) from None

    async def call(self, payload: object, turn: ActionTurn) -> object:
        """What the function gives.

        A plain `def` runs in a thread, because it may wait for a database or another server.

        Raises:
            Exception: Whatever the function raises.
        """
        arguments: dict[str, object] = {}
        if self.payload_name is not None:
            arguments[self.payload_name] = payload
        if self.turn_name is not None:
            arguments[self.turn_name] = turn
        if self.streams or inspect.iscoroutinefunction(self.function):
            given = self.function(**arguments)
        else:
            given = await asyncio.to_thread(self.function, **arguments)
        return await given if inspect.isawaitable(given) else given


def read_handler(action_type: str, function: Function) -> ActionHandler:
    """What a function takes, by the annotations of its parameters.

    Raises:
        TypeError: It is no function, or a parameter cannot be filled.
    """
    place = f"@actions.on({action_type!r})"
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise TypeError(f"{place} goes on a function, not on {type(function).__name__}.")
    place = f"{place}, {function.__module__}.{function.__qualname__}"
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"{place}: a function that yields has to be an `async def`.")
    payload_name = turn_name = None
    for name, wanted in _parameters(function, place).items():
        if wanted is ActionTurn and turn_name is None:
            turn_name = name
        elif wanted is not ActionTurn and payload_name is None:
            payload_name, payload = name, wanted
        else:
            raise TypeError(
                f"{place}: it takes one payload and one ActionTurn at most, so nothing can be "
                f"given as {name!r}."
            )
    adapter = _adapter(payload, place) if payload_name else TypeAdapter(Any)
    return ActionHandler(action_type, function, payload_name, adapter, turn_name)


def _parameters(function: Function, place: str) -> dict[str, Any]:
    """The annotation of each parameter."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{place}: the type {error.name!r} is not known to its module when it runs. Define or "
            "import it at the top of the module, and not under TYPE_CHECKING."
        ) from error
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        if parameter.kind not in _NAMED:
            raise TypeError(f"{place}: {parameter} cannot be filled; name each parameter.")
        if name not in hints:
            raise TypeError(
                f"{place}: annotate {name!r} with the type of the payload, such as a pydantic "
                "model, or with ActionTurn."
            )
    return {name: hints[name] for name in parameters}


def _adapter(wanted: Any, place: str) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(wanted)
    except PydanticUserError as error:
        raise TypeError(f"{place}: pydantic cannot check {wanted!r}: {error.message}") from error


async def events_in(given: object) -> AsyncGenerator[ThreadStreamEvent, None]:
    """The events in what a function gave: one, several, one after the other, or none.

    Raises:
        TypeError: Something in it is no event.
    """
    if given is None:
        return
    if isinstance(given, _EVENTS):
        yield given  # type: ignore[misc] # a tuple of classes tells mypy less than the union
        return
    async for part in _parts(given):
        async for event in events_in(part):
            yield event


async def _parts(given: object) -> AsyncGenerator[object, None]:
    # Events and widgets are iterable, too: pydantic gives their fields.
    if isinstance(given, list | tuple):
        for part in given:
            yield part
    elif isinstance(given, AsyncIterable):
        async for part in given:
            yield part
    else:
        raise TypeError(
            f"The function of an action gave {type(given).__name__}, which is no event: text is "
            "shown with turn.say, a widget with turn.show or turn.replace."
        )
