"""The model that needs no key: offline, it streams like a real one and says what it is.

It answers from its input alone, so the same input gives the same text. Where documents were
searched, it quotes what was found. It never calls a tool, never pretends to understand, and must
not be mistaken for a language model.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from agents import (
    AgentOutputSchemaBase,
    Handoff,
    Model,
    ModelResponse,
    ModelSettings,
    ModelTracing,
    Tool,
    TResponseInputItem,
    Usage,
)
from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseInProgressEvent,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
    ResponseUsage,
)
from openai.types.responses.response_prompt_param import ResponsePromptParam
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails
from typing_extensions import override

from chatkit_backend.context import clean_text
from chatkit_backend.models.excerpts import excerpt_of

DELAY_SECONDS: Final = 0.02  # about the pace of a real model, 50 words a second
MAX_QUOTE: Final = 80  # characters; the answer stays short whatever was asked
MAX_NAME: Final = 40
MAX_TITLE: Final = 60
CHARACTERS_PER_TOKEN: Final = 4  # the usual estimate for English

MAX_QUOTES: Final = 3

_CONTEXT = re.compile(r"<browser_context>(.*?)</browser_context>", re.DOTALL)
_DOCUMENTS = re.compile(r"<documents>(.*?)</documents>", re.DOTALL)
# What a part that stands for an attached file begins with.
_FILE = re.compile(r"\[attached (?:file|picture): |The user attached this file\.")
# What a message of passages that were not found begins with.
_SEARCHED = "The documents were searched for"
_CONNECT = (
    "To connect a real model, set `OPENAI_API_KEY`, `GEMINI_API_KEY` or `ANTHROPIC_API_KEY` "
    "in the environment or in `.env`, and restart the server."
)

_MARKDOWN = re.compile(r"[\\`*\[\]<]")


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What the demo model reads of its input.

    Attributes:
        said: The user's messages, oldest first, without the browser's context.
        files: How many files are attached to the last one.
        name: What the browser calls the user.
        page: Title of the page they look at, or its address.
        passages: What was found in documents, best first; None where nobody has searched.
        characters: Size of the whole input.
    """

    said: tuple[str, ...]
    files: int
    name: str
    page: str
    passages: list[dict[str, Any]] | None
    characters: int


class DemoModel(Model):
    """A model for trying the server without a key.

    Args:
        delay_seconds: Pause before each word of a stream.
    """

    def __init__(self, delay_seconds: float = DELAY_SECONDS) -> None:
        self._delay = delay_seconds

    @override
    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> ModelResponse:
        """The whole answer at once."""
        read = _read(input)
        answer = _answer(read)
        usage = _usage(read, answer)
        return ModelResponse(
            output=[_message(answer)],
            usage=Usage(
                requests=1,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                total_tokens=usage.total_tokens,
            ),
            response_id=None,
        )

    @override
    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """The answer word by word, in the events of the Responses API."""
        read = _read(input)
        answer = _answer(read)
        for event in _events(answer, _usage(read, answer)):
            if event.type == "response.output_text.delta":
                await asyncio.sleep(self._delay)
            yield event


def _answer(read: _Prompt) -> str:
    greeting = f"Hello, {read.name}!" if read.name else "Hello!"
    parts = [f"{greeting} I am the **demo model**: no language model is connected."]
    if read.passages is not None:
        parts += _quotes(read.passages, read.said[-1] if read.said else "")
    elif read.said:
        quote = clean_text(read.said[-1], MAX_QUOTE)
        cut = "…" if len(quote) < len(clean_text(read.said[-1], MAX_QUOTE + 1)) else ""
        count = len(read.said)
        shown = "1 message" if count == 1 else f"{count} messages"
        parts.append(f"You wrote “{quote}{cut}”, and I was shown {shown} of yours in this thread.")
    if read.files:
        files = "a file" if read.files == 1 else f"{read.files} files"
        parts.append(f"You attached {files}, which a language model could read.")
    if read.page:
        parts.append(f"You are looking at “{read.page}”.")
    parts.append(_CONNECT)
    return "\n\n".join(parts)


def _quotes(passages: list[dict[str, Any]], question: str) -> Iterator[str]:
    """The best passages, each under the name of its source with the number to cite."""
    excerpts = ((passage, excerpt_of(passage.get("text"), question)) for passage in passages)
    quoted = list(islice(((one, excerpt) for one, excerpt in excerpts if excerpt), MAX_QUOTES))
    if not quoted:
        yield "I looked for that in the documents, and found nothing."
        return
    yield "I cannot answer by myself, but this is what the documents say:"
    for passage, excerpt in quoted:
        names = filter(None, (_text(passage, key, MAX_TITLE) for key in ("title", "section")))
        name = _MARKDOWN.sub(r"\\\g<0>", " > ".join(names)) or "Untitled"
        number = passage.get("number")
        yield f"**{name}** [{number}]" if type(number) is int else f"**{name}**"
        yield "\n".join(f"> {line}".rstrip() for line in excerpt.splitlines())


def _read(given: str | list[TResponseInputItem]) -> _Prompt:
    messages = [[given]] if isinstance(given, str) else list(_user_messages(given))
    said, files, context, passages = [], 0, {}, None
    for parts in messages:
        text = "\n".join(part for part in parts if not _FILE.match(part))
        if match := _CONTEXT.search(text):
            context = _object_of(_parsed(match[1]))
        elif match := _DOCUMENTS.search(text):
            passages = _objects_of(_parsed(match[1]))
        elif text.startswith(_SEARCHED):
            passages = []
        else:
            said.append(text)
            files = sum(bool(_FILE.match(part)) for part in parts)
    user, page = _object(context, "user"), _object(context, "page")
    return _Prompt(
        said=tuple(said),
        files=files,
        name=_text(user, "name", MAX_NAME),
        page=_text(page, "title", MAX_TITLE) or _text(page, "url", MAX_TITLE),
        passages=passages,
        characters=len(given if isinstance(given, str) else str(given)),
    )


def _user_messages(items: list[TResponseInputItem]) -> Iterator[list[str]]:
    """The texts in each message of the user."""
    # The SDK's item types are a union of forty; a message is the only one with a role.
    for item in items:
        message: dict[str, Any] = dict(item)
        if message.get("role") == "user":
            yield _texts(message.get("content"))


def _texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return [text for text in texts if isinstance(text, str)]


def _parsed(block: str) -> object:
    """What a block of JSON says; None when it is not the JSON that was agreed on."""
    try:
        return json.loads(block)
    except (ValueError, RecursionError):
        return None


def _object_of(parsed: object) -> dict[str, Any]:
    return parsed if isinstance(parsed, dict) else {}


def _objects_of(parsed: object) -> list[dict[str, Any]]:
    return [one for one in parsed if isinstance(one, dict)] if isinstance(parsed, list) else []


def _object(context: dict[str, Any], key: str) -> dict[str, Any]:
    return _object_of(context.get(key))


def _text(fields: dict[str, Any], key: str, limit: int) -> str:
    value = fields.get(key)
    return clean_text(value, limit) if isinstance(value, str) else ""


def _usage(read: _Prompt, answer: str) -> ResponseUsage:
    received = -(-read.characters // CHARACTERS_PER_TOKEN)
    sent = -(-len(answer) // CHARACTERS_PER_TOKEN)
    return ResponseUsage(
        input_tokens=received,
        input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
        output_tokens=sent,
        output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
        total_tokens=received + sent,
    )


def _message(answer: str) -> ResponseOutputMessage:
    return ResponseOutputMessage(
        id=f"msg_{uuid4().hex}",
        type="message",
        role="assistant",
        status="completed",
        content=[_part(answer)],
    )


def _part(text: str) -> ResponseOutputText:
    return ResponseOutputText(type="output_text", text=text, annotations=[], logprobs=[])


def _response() -> Response:
    return Response(
        id=f"resp_{uuid4().hex}",
        object="response",
        created_at=time.time(),
        model="demo",
        status="in_progress",
        output=[],
        parallel_tool_calls=False,
        tool_choice="none",
        tools=[],
    )


def _events(answer: str, usage: ResponseUsage) -> Iterator[TResponseStreamEvent]:
    """The events of a response with one message, as the Responses API orders them."""
    response, message = _response(), _message(answer)
    opened = message.model_copy(update={"content": [], "status": "in_progress"})
    done = response.model_copy(update={"status": "completed", "output": [message], "usage": usage})
    yield ResponseCreatedEvent(type="response.created", response=response, sequence_number=0)
    yield ResponseInProgressEvent(type="response.in_progress", response=response, sequence_number=1)
    yield ResponseOutputItemAddedEvent(
        type="response.output_item.added", item=opened, output_index=0, sequence_number=2
    )
    number = 3
    for event in _text_events(answer, message.id, number):
        yield event
        number += 1
    yield ResponseOutputItemDoneEvent(
        type="response.output_item.done", item=message, output_index=0, sequence_number=number
    )
    yield ResponseCompletedEvent(
        type="response.completed", response=done, sequence_number=number + 1
    )


def _text_events(answer: str, item_id: str, number: int) -> Iterator[TResponseStreamEvent]:
    place: dict[str, Any] = {"item_id": item_id, "output_index": 0, "content_index": 0}
    yield ResponseContentPartAddedEvent(
        type="response.content_part.added", part=_part(""), sequence_number=number, **place
    )
    words = re.findall(r"\S+\s*", answer)
    for at, word in enumerate(words, number + 1):
        yield ResponseTextDeltaEvent(
            type="response.output_text.delta",
            delta=word,
            logprobs=[],
            sequence_number=at,
            **place,
        )
    number += len(words)
    yield ResponseTextDoneEvent(
        type="response.output_text.done",
        text=answer,
        logprobs=[],
        sequence_number=number + 1,
        **place,
    )
    yield ResponseContentPartDoneEvent(
        type="response.content_part.done", part=_part(answer), sequence_number=number + 2, **place
    )
