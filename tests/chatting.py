"""A ChatKit client for tests: real HTTP, every event checked against the SDK's own types."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import httpx2
from chatkit.types import ThreadStreamEvent
from pydantic import TypeAdapter

_EVENT: TypeAdapter[ThreadStreamEvent] = TypeAdapter(ThreadStreamEvent)

Event = dict[str, Any]

# Servers of tests speak plain HTTP, and loading certificates for each client takes longer than
# most tests.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Chat:
    """One user's client of one server.

    Args:
        url: Address of the server.
        user: Whom to chat as.
        metadata: Sent with every operation.
        headers: Sent with every request.
    """

    def __init__(
        self,
        url: str,
        user: str | None = None,
        metadata: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.url = url
        self.metadata = metadata
        self.http = httpx2.AsyncClient(
            base_url=url,
            params={"userId": user} if user else None,
            headers=headers,
            timeout=60,  # a busy machine takes long to start workers
            verify=_NO_CERTIFICATES,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    def body(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        metadata = {"metadata": self.metadata} if self.metadata is not None else {}
        return {"type": operation, "params": params, **metadata}

    async def post(self, operation: str, **params: Any) -> httpx2.Response:
        """The whole answer, whatever its status."""
        return await self.http.post("/api/chatkit", json=self.body(operation, params))

    async def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """The JSON of an operation that must succeed."""
        response = await self.post(operation, **params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    @asynccontextmanager
    async def streaming(self, operation: str, **params: Any) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of an operation as they arrive; leaving the block leaves the server."""
        body = self.body(operation, params)
        async with self.http.stream("POST", "/api/chatkit", json=body) as response:
            assert response.status_code == 200, await response.aread()
            yield events_of(response)

    async def stream(self, operation: str, **params: Any) -> list[Event]:
        """All events of a streaming operation."""
        async with self.streaming(operation, **params) as events:
            return [event async for event in events]

    async def say(self, text: str, thread_id: str | None = None, **extra: Any) -> list[Event]:
        """The events that answer a message."""
        if thread_id is None:
            return await self.stream("threads.create", input=message(text, **extra))
        return await self.stream(
            "threads.add_user_message", thread_id=thread_id, input=message(text, **extra)
        )

    async def items(self, thread_id: str) -> list[dict[str, Any]]:
        """What the server shows of a thread, oldest first."""
        page = await self.ask("items.list", thread_id=thread_id, limit=1000, order="asc")
        items: list[dict[str, Any]] = page["data"]
        return items


def message(text: str, **extra: Any) -> dict[str, Any]:
    """The `input` of a message."""
    plain = {
        "content": [{"type": "input_text", "text": text}],
        "attachments": [],
        "inference_options": {},
    }
    return plain | extra


def thread_of(events: list[Event]) -> str:
    """The id of the thread that a stream created."""
    return next(str(e["thread"]["id"]) for e in events if e["type"] == "thread.created")


def texts_of(items: list[dict[str, Any]], kind: str = "assistant_message") -> list[str]:
    """The text of each message of a kind."""
    return [
        "".join(part["text"] for part in item["content"]) for item in items if item["type"] == kind
    ]


def streamed_text(events: list[Event]) -> str:
    """What the deltas of a stream add up to."""
    return "".join(
        e["update"].get("delta", "") for e in events if e["type"] == "thread.item.updated"
    )


async def read_until(events: AsyncIterator[Event], text: str) -> list[Event]:
    """The events up to the one with which the answer so far is `text`."""
    seen: list[Event] = []
    async for event in events:
        seen.append(event)
        if streamed_text(seen) == text:
            break
    return seen


async def events_of(response: httpx2.Response) -> AsyncIterator[Event]:
    """The events of a streamed response as they arrive."""
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            event = json.loads(line.removeprefix("data: "))
            _EVENT.validate_python(event)
            yield event
