"""An `Answer` as the Chat Completions API writes it, streamed and whole.

Follows https://platform.openai.com/docs/api-reference/chat-streaming. Every response has the id
`chatcmpl-same`, as many compatible servers do, so that code that trusts ids fails its tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.provider.frames import CREATED, Frame, Ids, split_in_two, sse
from tests.provider.steps import Answer, Call, ErrorEvent, Message, Thought, pieces

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
RESPONSE_ID = "chatcmpl-same"


def stream(answer: Answer, request: dict[str, Any], ids: Ids) -> Iterator[Frame]:
    """The events of a streamed answer, `[DONE]` included."""
    yield Frame(_chunk(request, {"role": "assistant", "content": ""}))
    messages = calls = 0
    for item in answer.items:
        match item:
            case Message():
                yield from _message(request, item, first=messages == 0)
                messages += 1
            case Thought(text):
                yield Frame(_chunk(request, {"reasoning_content": text}), delta=True)
            case Call():
                yield from _call(request, item, calls, ids)
                calls += 1
    yield Frame(_chunk(request, {}, finish="tool_calls" if calls else answer.finish))
    if (request.get("stream_options") or {}).get("include_usage"):
        yield Frame(sse({**_head(request, "chat.completion.chunk"), "choices": [], "usage": USAGE}))
    yield Frame(b"data: [DONE]\n\n")


def error(event: ErrorEvent, _request: dict[str, Any], _ids: Ids) -> bytes:
    """An error in the middle of a stream."""
    return sse({"error": {"message": event.message, "type": event.code, "code": event.code}})


def whole(answer: Answer, request: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """The body of an answer that is not streamed."""
    if answer.error:
        return {"error": {"message": answer.error.message, "code": answer.error.code}}
    messages = [item for item in answer.items if isinstance(item, Message)]
    said = "\n\n".join(m.text for m in messages if not m.refusal)
    refused = "\n\n".join(m.text for m in messages if m.refusal)
    thoughts = "".join(item.text for item in answer.items if isinstance(item, Thought))
    calls = [_tool_call(item, ids) for item in answer.items if isinstance(item, Call)]
    message = {"role": "assistant", "content": said or None, "refusal": refused or None}
    if thoughts:
        message["reasoning_content"] = thoughts
    body: dict[str, Any] = {**message, "tool_calls": calls} if calls else {**message}
    choice = {
        "index": 0,
        "message": body,
        "finish_reason": "tool_calls" if calls else answer.finish,
    }
    return {**_head(request, "chat.completion"), "choices": [choice], "usage": USAGE}


def _message(request: dict[str, Any], message: Message, *, first: bool) -> Iterator[Frame]:
    key = "refusal" if message.refusal else "content"
    for number, piece in enumerate(pieces(message)):
        text = piece if first or number else f"\n\n{piece}"
        yield Frame(_chunk(request, {key: text}), delta=True)


def _call(request: dict[str, Any], call: Call, index: int, ids: Ids) -> Iterator[Frame]:
    opening = _tool_call(call, ids)
    opening["function"]["arguments"] = ""
    yield Frame(_chunk(request, {"tool_calls": [{"index": index, **opening}]}))
    for part in split_in_two(call.arguments):
        delta = {"index": index, "function": {"arguments": part}}
        yield Frame(_chunk(request, {"tool_calls": [delta]}), delta=True)


def _tool_call(call: Call, ids: Ids) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id or ids.call(), "type": "function", "function": function}


def _chunk(request: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return sse({**_head(request, "chat.completion.chunk"), "choices": [choice]})


def _head(request: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": RESPONSE_ID, "object": kind, "created": CREATED, "model": request["model"]}
