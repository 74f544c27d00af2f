"""What the scripted provider can be told to do: one step for one incoming model call.

Every step is turned into an `Answer`, the one shape that both API flavours write out. Nothing
here knows HTTP or the wire format of a flavour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Literal, Protocol

Finish = Literal["stop", "length", "content_filter"]
Ending = Literal["complete", "cut", "hang", "silence", "error"]


@dataclass(frozen=True, slots=True)
class Message:
    """An assistant message; `chunks` is the number of pieces it is streamed in."""

    text: str
    chunks: int | None = None
    refusal: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; `arguments` is JSON text, and `id` correlates the call with its output."""

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Thought:
    """What a reasoning model says of its thinking."""

    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A generated image; `partial` are the unfinished ones that are streamed before it."""

    image: bytes
    partial: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What both flavours write out.

    Attributes:
        items: The items of the response, in order.
        finish: Why the model stopped.
        ending: How the HTTP body ends: `complete`, `cut` (the connection goes away in the middle),
            `hang` (nothing more comes), `silence` (the body ends well, the protocol does not), or
            `error` (`error` is sent and the body ends).
        stop_after: Number of deltas after which a `cut`, `hang`, `silence` or `error` happens.
        delay: Seconds between deltas.
        first_byte_delay: Seconds before the status line.
    """

    items: tuple[Message | Call | Thought | Drawing, ...]
    finish: Finish = "stop"
    ending: Ending = "complete"
    stop_after: int = 0
    delay: float = 0.0
    first_byte_delay: float = 0.0
    error: ErrorEvent | None = None


class Step(Protocol):
    """Anything that can answer a model call."""

    def answer(self) -> Answer | Failure:
        """What to write out; a `Failure` has no body to stream and is sent as it is."""
        ...


# A function of the request's JSON body may stand in for a step.
Scripted = Step | Callable[[dict[str, Any]], Step]


@dataclass(frozen=True, slots=True)
class Text:
    """A plain answer, streamed in `chunks` pieces (default: one a word), `delay` seconds apart."""

    text: str
    delay: float = 0.0
    chunks: int | None = None
    finish: Finish = "stop"

    def answer(self) -> Answer:
        message = Message(self.text, self.chunks)
        return Answer((message,), finish=self.finish, delay=self.delay)


@dataclass(frozen=True, slots=True)
class Messages:
    """Several messages in one response; chat completions, which have one, get them joined."""

    texts: Sequence[str]
    delay: float = 0.0

    def answer(self) -> Answer:
        return Answer(tuple(Message(text) for text in self.texts), delay=self.delay)


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """Function calls as (name, arguments as JSON text), after an optional message.

    `ids` fixes the call ids of the first calls; every other one gets an id never used before.
    """

    calls: Sequence[tuple[str, str]]
    text_before: str = ""
    ids: Sequence[str] = ()

    def answer(self) -> Answer:
        before = (Message(self.text_before),) if self.text_before else ()
        pairs = zip_longest(self.calls, self.ids[: len(self.calls)])
        calls = (Call(name, arguments, call_id) for (name, arguments), call_id in pairs)
        return Answer((*before, *calls))


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Thinking, then an answer. Chat completions get it as `reasoning_content`."""

    thought: str
    text: str

    def answer(self) -> Answer:
        return Answer((Thought(self.thought), Message(self.text)))


@dataclass(frozen=True, slots=True)
class Draws:
    """An image from the provider's own tool, then an answer. Only the Responses API has one.

    With `cut`, the connection goes away after the unfinished images; with `hang`, it stays open.
    """

    image: bytes
    text: str = "There you are."
    partial: Sequence[bytes] = ()
    cut: bool = False
    hang: bool = False

    def answer(self) -> Answer:
        items = (Drawing(self.image, self.partial), Message(self.text))
        ending: Ending = "cut" if self.cut else "hang" if self.hang else "complete"
        return Answer(items, ending=ending, stop_after=len(self.partial))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model declines in words of its own."""

    text: str

    def answer(self) -> Answer:
        return Answer((Message(self.text, refusal=True),))


@dataclass(frozen=True, slots=True)
class Failure:
    """An HTTP error.

    `body` replaces the usual `{"error": {"message", "type", "param", "code"}}`; `headers` go out
    with it. `Retry-After-Ms: 1` is sent unless `headers` says otherwise, so that a client that
    retries does not slow the tests down.
    """

    status: int
    code: str | None = None
    message: str = "The request failed."
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "invalid_request_error"
    body: Any = None
    first_byte_delay: float = 0.0

    def answer(self) -> Failure:
        return self


@dataclass(frozen=True, slots=True)
class SlowFirstByte:
    """Nothing, not even a status line, for `seconds`; then another step."""

    seconds: float
    then: Step = field(default_factory=lambda: Text("Sorry to keep you waiting."))

    def answer(self) -> Answer | Failure:
        return replace(self.then.answer(), first_byte_delay=self.seconds)


@dataclass(frozen=True, slots=True)
class CutAfter:
    """The TCP connection goes away after `chunks` deltas: an incomplete chunked body.

    0 cuts after the opening events, before the first delta.
    """

    chunks: int
    text: str = "These words are cut off before they come to their end."

    def answer(self) -> Answer:
        return Answer((Message(self.text),), ending="cut", stop_after=self.chunks)


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing more after `chunks` deltas, and the connection stays open until the client leaves."""

    chunks: int
    text: str = "These words stop and the connection stays open for ever."

    def answer(self) -> Answer:
        return Answer((Message(self.text),), ending="hang", stop_after=self.chunks)


@dataclass(frozen=True, slots=True)
class EndsWithoutFinish:
    """The body ends well, but no finish reason, `[DONE]` or `response.completed` ever came."""

    text: str

    def answer(self) -> Answer:
        message = Message(self.text)
        return Answer((message,), ending="silence", stop_after=len(pieces(message)))


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """An error told inside a stream whose status was 200.

    Attributes:
        code: The provider's error code, such as `server_error`.
        message: The provider's words.
        text_before: Text that is streamed before the error.
        form: How the Responses API says it: `event` is `{"type": "error", "code": …}`, `object` is
            `{"error": {…}}`, `failed` is a `response.failed` event. Chat completions know only
            `object`.
    """

    code: str = "server_error"
    message: str = "The server had an error while processing your request."
    text_before: str = ""
    form: Literal["event", "object", "failed"] = "event"

    def answer(self) -> Answer:
        before = Message(self.text_before)
        count = len(pieces(before)) if self.text_before else 0
        return Answer((before,), ending="error", stop_after=count, error=self)


def pieces(message: Message) -> list[str]:
    """The deltas of a message; joined they are its text."""
    words = message.text.split(" ")
    parts = [word if n == 0 else f" {word}" for n, word in enumerate(words)]
    if message.chunks is None:
        return parts
    size = max(1, -(-len(message.text) // message.chunks))
    return [message.text[start : start + size] for start in range(0, len(message.text), size)]
