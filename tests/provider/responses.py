"""An `Answer` as the Responses API writes it, streamed and whole.

Follows https://platform.openai.com/docs/api-reference/responses-streaming: every event has its
type, a rising sequence number and, where it belongs to an item, the item's id and index.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.provider.frames import CREATED, Frame, Ids, split_in_two, sse
from tests.provider.steps import (
    Answer,
    Call,
    Drawing,
    ErrorEvent,
    Finish,
    Message,
    Thought,
    pieces,
)

USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 18,
}
INCOMPLETE: dict[Finish, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass(slots=True)
class _Writer:
    """Numbers the events of one stream."""

    numbers: itertools.count[int]

    def frame(self, kind: str, *, output: bool = False, **fields: Any) -> Frame:
        payload = {"type": kind, "sequence_number": next(self.numbers), **fields}
        return Frame(sse(payload, event=kind), output)


def stream(answer: Answer, request: dict[str, Any], ids: Ids) -> Iterator[Frame]:
    """The events of a streamed answer, the terminal one included."""
    writer = _Writer(itertools.count())
    body = _body(request, ids, status="in_progress")
    yield writer.frame("response.created", response=body)
    yield writer.frame("response.in_progress", response=body)
    output = []
    for index, item in enumerate(answer.items):
        done = _item(item, ids)
        yield from _item_frames(writer, index, item, done)
        output.append(done)
    final = _finished(body, output, answer.finish)
    yield writer.frame(f"response.{final['status']}", response=final)


def error(event: ErrorEvent, request: dict[str, Any], ids: Ids) -> bytes:
    """An error in the middle of a stream, in the form the step asks for."""
    number = 1_000  # past every number that a scripted stream uses
    told = {"code": event.code, "message": event.message}
    match event.form:
        case "object":
            return sse({"error": {**told, "type": event.code, "param": None}}, event="error")
        case "failed":
            body = {**_body(request, ids, status="failed"), "error": told}
            payload = {"type": "response.failed", "sequence_number": number, "response": body}
            return sse(payload, event="response.failed")
        case "event":
            fields = {"sequence_number": number, "param": None}
            return sse({"type": "error", **told, **fields}, event="error")


def whole(answer: Answer, request: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """The body of an answer that is not streamed."""
    body = _body(request, ids, status="completed")
    if answer.error:
        told = {"code": answer.error.code, "message": answer.error.message}
        return {**body, "status": "failed", "error": told}
    return _finished(body, [_item(item, ids) for item in answer.items], answer.finish)


def _finished(body: dict[str, Any], output: list[Any], finish: Finish) -> dict[str, Any]:
    reason = INCOMPLETE.get(finish)
    return {
        **body,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": USAGE,
    }


def _body(request: dict[str, Any], ids: Ids, status: str) -> dict[str, Any]:
    return {
        "id": ids.item("resp"),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "metadata": {},
        "model": request["model"],
        "output": [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.get("tools", []),
        "top_p": 1.0,
        "usage": None,
    }


def _item(item: Message | Call | Thought | Drawing, ids: Ids) -> dict[str, Any]:
    match item:
        case Message():
            return {
                "id": ids.item("msg"),
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [_part(item, item.text)],
            }
        case Call(name, arguments, call_id):
            return {
                "id": ids.item("fc"),
                "type": "function_call",
                "status": "completed",
                "call_id": call_id or ids.call(),
                "name": name,
                "arguments": arguments,
            }
        case Thought(text):
            summary = [{"type": "summary_text", "text": text}]
            return {"id": ids.item("rs"), "type": "reasoning", "summary": summary}
        case Drawing(image):
            return {
                "id": ids.item("ig"),
                "type": "image_generation_call",
                "status": "completed",
                "result": base64.b64encode(image).decode(),
            }


def _part(message: Message, text: str) -> dict[str, Any]:
    if message.refusal:
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _item_frames(
    writer: _Writer, index: int, item: Message | Call | Thought | Drawing, done: dict[str, Any]
) -> Iterator[Frame]:
    place = {"output_index": index, "item_id": done["id"]}
    match item:
        case Message():
            opening = {**done, "status": "in_progress", "content": []}
            inner = _message_frames(writer, place, item)
        case Call():
            opening = {**done, "status": "in_progress", "arguments": ""}
            inner = _call_frames(writer, place, item)
        case Thought():
            opening = {**done, "summary": []}
            inner = _thought_frames(writer, place, item)
        case Drawing():
            opening = {**done, "status": "in_progress", "result": None}
            inner = _drawing_frames(writer, place, item)
    yield writer.frame("response.output_item.added", output_index=index, item=opening)
    yield from inner
    yield writer.frame("response.output_item.done", output_index=index, item=done)


def _message_frames(writer: _Writer, place: dict[str, Any], item: Message) -> Iterator[Frame]:
    place = {**place, "content_index": 0}
    yield writer.frame("response.content_part.added", **place, part=_part(item, ""))
    if item.refusal:
        for piece in pieces(item):
            yield writer.frame("response.refusal.delta", output=True, **place, delta=piece)
        yield writer.frame("response.refusal.done", **place, refusal=item.text)
    else:
        for piece in pieces(item):
            fields = {**place, "delta": piece, "logprobs": []}
            yield writer.frame("response.output_text.delta", output=True, **fields)
        yield writer.frame("response.output_text.done", **place, text=item.text, logprobs=[])
    yield writer.frame("response.content_part.done", **place, part=_part(item, item.text))


def _call_frames(writer: _Writer, place: dict[str, Any], item: Call) -> Iterator[Frame]:
    kind = "response.function_call_arguments"
    for part in split_in_two(item.arguments):
        yield writer.frame(f"{kind}.delta", output=True, **place, delta=part)
    yield writer.frame(f"{kind}.done", **place, name=item.name, arguments=item.arguments)


def _thought_frames(writer: _Writer, place: dict[str, Any], item: Thought) -> Iterator[Frame]:
    place = {**place, "summary_index": 0}
    kind = "response.reasoning_summary"
    empty = {"type": "summary_text", "text": ""}
    yield writer.frame(f"{kind}_part.added", **place, part=empty)
    for part in split_in_two(item.text):
        yield writer.frame(f"{kind}_text.delta", output=True, **place, delta=part)
    yield writer.frame(f"{kind}_text.done", **place, text=item.text)
    yield writer.frame(f"{kind}_part.done", **place, part={**empty, "text": item.text})


def _drawing_frames(writer: _Writer, place: dict[str, Any], item: Drawing) -> Iterator[Frame]:
    kind = "response.image_generation_call"
    yield writer.frame(f"{kind}.in_progress", **place)
    yield writer.frame(f"{kind}.generating", **place)
    for number, image in enumerate(item.partial):
        fields = {
            "partial_image_index": number,
            "partial_image_b64": base64.b64encode(image).decode(),
        }
        yield writer.frame(f"{kind}.partial_image", output=True, **place, **fields)
    yield writer.frame(f"{kind}.completed", **place)
