"""A stand-in for a language model, so that the examples run without a key: it follows a script.

A script is a function that reads the conversation and says what comes next: words for the user, or
a tool to call. It understands nothing. Leave this out of an app of yours, and its tests may use it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

from agents import Model, ModelResponse, Usage
from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseCreatedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)
from typing_extensions import override

_SECONDS_PER_WORD = 0.02  # about the pace of a real model


@dataclass(frozen=True)
class Call:
    """A tool to call; `arguments` is JSON text."""

    tool: str
    arguments: str = "{}"


@dataclass(frozen=True)
class Prompt:
    """What a script may look at.

    Attributes:
        instructions: What the agent is told about its job.
        said: The newest message: the user's, or a note that the server keeps for the model.
        results: What tools have answered since then.
    """

    instructions: str
    said: str
    results: list[str]


Script = Callable[[Prompt], str | Call]


class OfflineModel(Model):
    """Answers as a script says.

    Args:
        script: Called for each turn of the model.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    @override
    async def get_response(
        self, system_instructions: str | None, input: Any, *_: Any, **__: Any
    ) -> ModelResponse:
        """The whole answer at once."""
        item = _item(self._script(_read(system_instructions, input)))
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    @override
    async def stream_response(
        self, system_instructions: str | None, input: Any, *_: Any, **__: Any
    ) -> AsyncIterator[TResponseStreamEvent]:
        """The answer word by word, in the events of the Responses API."""
        for event in _events(_item(self._script(_read(system_instructions, input)))):
            if isinstance(event, ResponseTextDeltaEvent):
                await asyncio.sleep(_SECONDS_PER_WORD)
            yield event


def _read(instructions: str | None, items: str | list[Any]) -> Prompt:
    said, results = (items, []) if isinstance(items, str) else ("", [])
    for item in items if isinstance(items, list) else []:
        if item.get("type") == "function_call_output":
            results.append(str(item["output"]))
        elif item.get("role") == "user":
            said, results = _text(item["content"]), []
    return Prompt(instructions or "", said, results)


def _text(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if "text" in part)


def _item(reply: str | Call) -> ResponseOutputMessage | ResponseFunctionToolCall:
    if isinstance(reply, Call):
        return ResponseFunctionToolCall(
            type="function_call",
            id=f"fc_{uuid4().hex}",
            call_id=f"call_{uuid4().hex}",
            name=reply.tool,
            arguments=reply.arguments,
        )
    return ResponseOutputMessage(
        type="message",
        id=f"msg_{uuid4().hex}",
        role="assistant",
        status="completed",
        content=[ResponseOutputText(type="output_text", text=reply, annotations=[])],
    )


def _events(
    item: ResponseOutputMessage | ResponseFunctionToolCall,
) -> Iterator[TResponseStreamEvent]:
    numbers = count()
    response = Response(
        id=f"resp_{uuid4().hex}",
        object="response",
        created_at=time.time(),
        model="offline",
        output=[],
        parallel_tool_calls=False,
        tool_choice="auto",
        tools=[],
    )
    yield ResponseCreatedEvent(
        type="response.created", response=response, sequence_number=next(numbers)
    )
    is_message = isinstance(item, ResponseOutputMessage)
    opened = item.model_copy(update={"content": []}) if is_message else item
    yield ResponseOutputItemAddedEvent(
        type="response.output_item.added",
        item=opened,
        output_index=0,
        sequence_number=next(numbers),
    )
    if isinstance(item, ResponseOutputMessage):
        yield from _text_events(item, numbers)
    yield ResponseOutputItemDoneEvent(
        type="response.output_item.done", item=item, output_index=0, sequence_number=next(numbers)
    )
    yield ResponseCompletedEvent(
        type="response.completed",
        response=response.model_copy(update={"output": [item]}),
        sequence_number=next(numbers),
    )


def _text_events(
    message: ResponseOutputMessage, numbers: Iterator[int]
) -> Iterator[TResponseStreamEvent]:
    [part] = message.content
    assert isinstance(part, ResponseOutputText)  # noqa: S101 - made above
    place: dict[str, Any] = {"item_id": message.id, "output_index": 0, "content_index": 0}
    yield ResponseContentPartAddedEvent(
        type="response.content_part.added",
        part=part.model_copy(update={"text": ""}),
        sequence_number=next(numbers),
        **place,
    )
    for number, word in enumerate(part.text.split(" ")):
        yield ResponseTextDeltaEvent(
            type="response.output_text.delta",
            delta=f" {word}" if number else word,
            logprobs=[],
            sequence_number=next(numbers),
            **place,
        )
    yield ResponseTextDoneEvent(
        type="response.output_text.done",
        text=part.text,
        logprobs=[],
        sequence_number=next(numbers),
        **place,
    )
