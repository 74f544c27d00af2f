"""What a model was shown, read from a recorded request of either API."""

from __future__ import annotations

from typing import Any

from tests.provider.server import RecordedRequest


def shown(request: RecordedRequest) -> list[tuple[str, str]]:
    """Role and text of each message after the instructions; calls and results of tools too."""
    body = request.body
    parts = body["input"] if "input" in body else body["messages"]
    said = [entry for part in parts for entry in _entries(part)]
    return [entry for entry in said if entry[0] != "system"]


def instructions(request: RecordedRequest) -> str:
    """The system instructions."""
    if "instructions" in request.body:
        return str(request.body["instructions"])
    return _text(request.body["messages"][0]["content"])


def _entries(part: dict[str, Any]) -> list[tuple[str, str]]:
    match part:
        case {"type": "function_call", "name": name, "arguments": arguments}:
            return [("call", f"{name}{arguments}")]
        case {"type": "function_call_output", "output": output}:
            return [("result", output)]
        case {"role": "tool", "content": content}:
            return [("result", _text(content))]
        case {"role": role}:
            calls = part.get("tool_calls") or []
            functions = [call["function"] for call in calls]
            text = [(role, _text(part["content"]))] if part.get("content") else []
            return [*text, *(("call", f"{f['name']}{f['arguments']}") for f in functions)]
    raise AssertionError(f"Not a part of a conversation: {part}")


def _text(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content)
