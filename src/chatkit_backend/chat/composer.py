"""What a user may choose for a message: the model that answers, and the tool that it uses first."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from agents import Model
from chatkit.types import InferenceOptions, UserMessageItem

from chatkit_backend.errors import InvalidRequest

_OPTIONS: Final = "params.input.inference_options"
_MAX_SHOWN: Final = 100  # characters of what a client sent, in a sentence about it


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user has chosen for a turn; None for what they leave to the server.

    Attributes:
        model: Id of a model of the composer.
        tool: Name of the tool that comes first.
    """

    model: str | None = None
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Composer:
    """What this server lets its users choose.

    Attributes:
        models: The models by their ids, such as `openai/gpt-5.4`; they are this object's own.
        tools: Names of tools.
        usual_models: Names of the models that answer where nobody has chosen, the first first.
    """

    models: Mapping[str, Model] = field(default_factory=dict)
    tools: Collection[str] = ()
    usual_models: tuple[str, ...] = ()

    def require_offered(self, options: InferenceOptions) -> None:
        """Make sure that what a message asks for can be had.

        Raises:
            InvalidRequest: This server does not offer it; names what it does offer.
        """
        if options.model is not None:
            _require(options.model, self.models, "model", "CHATKIT_MODELS", f"{_OPTIONS}.model")
        if options.tool_choice is not None:
            place = f"{_OPTIONS}.tool_choice.id"
            _require(options.tool_choice.id, self.tools, "tool", "CHATKIT_COMPOSER_TOOLS", place)

    def choice(self, message: UserMessageItem | None, *, continued: bool) -> Choice:
        """What was chosen for a turn.

        What is not offered any more counts as not chosen.

        Args:
            message: The message that the turn answers.
            continued: Whether it goes on with an answer that waited for the client. The model
                stays the same; the tool was used already.
        """
        if message is None:
            return Choice()
        model = message.inference_options.model
        asked = message.inference_options.tool_choice
        tool = asked.id if asked and not continued else None
        return Choice(model if model in self.models else None, tool if tool in self.tools else None)

    def model(self, choice: Choice) -> Model | None:
        """The model that was chosen; None where the usual one answers."""
        return None if choice.model is None else self.models[choice.model]

    def model_names(self, choice: Choice) -> tuple[str, ...]:
        """Names of the models that may answer, such as `("openai/gpt-5.4",)`, the first first."""
        return self.usual_models if choice.model is None else (choice.model,)

    async def close(self) -> None:
        """Closes the models."""
        await asyncio.gather(*(model.close() for model in self.models.values()))


def _require(asked: str, offered: Collection[str], what: str, setting: str, place: str) -> None:
    if asked in offered:
        return
    remedy = f"choose one of {', '.join(offered)}." if offered else f"{setting} is not set."
    raise InvalidRequest(
        f"{place}: this server offers no {what} {asked[:_MAX_SHOWN]!r}; {remedy}", field=place
    )
