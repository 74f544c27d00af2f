"""A ChatKit client that takes nothing on trust: each answer is held against the SDK's types."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.chatting import Chat, message
from tests.conformance.protocol import ANSWERS, EVENT, OPERATION, names_in, strictly
from tests.conformance.thread_view import JSON, ThreadView


@dataclass
class Client:
    """One user in one thread.

    Attributes:
        chat: Sends the operations.
        seen: The names of the protocol's types that went over HTTP, in operations that worked.
        view: What a page would show.
    """

    chat: Chat
    seen: set[str]
    view: ThreadView = field(default_factory=ThreadView)

    async def say(self, text: str, **extra: Any) -> list[JSON]:
        """The events that answer a message: the first one creates the thread."""
        return await self.send(message(text, **extra))

    async def send(self, wanted: JSON) -> list[JSON]:
        """The events that answer a message's `input`."""
        if not self.view.thread:
            return await self.stream("threads.create", input=wanted)
        return await self.stream("threads.add_user_message", **self._here, input=wanted)

    async def answer_tool(self, result: Any) -> list[JSON]:
        """The page's output of the tool that waits for it."""
        self.view.complete_call(result)
        return await self.stream("threads.add_client_tool_output", **self._here, result=result)

    async def retry(self, item_id: str) -> list[JSON]:
        """Another answer to a message."""
        self.view.forget_after(item_id)
        return await self.stream("threads.retry_after_item", **self._here, item_id=item_id)

    async def stream(self, operation: str, **params: Any) -> list[JSON]:
        """All events of a streaming operation; the stream must come to its end."""
        async with self.streaming(operation, **params) as events:
            told = [event async for event in events]
        self.view.end()
        return told

    @asynccontextmanager
    async def streaming(self, operation: str, **params: Any) -> AsyncIterator[AsyncIterator[JSON]]:
        """The events as they arrive; leaving the block leaves the server."""
        body = self._checked(operation, params)
        async with self.chat.http.stream("POST", "/api/chatkit", json=body) as response:
            await self._require_success(response, operation, "text/event-stream")
            self.seen.update(names_in(OPERATION.validate_python(body)))
            self.view.begin()
            yield self._events(response)

    async def ask(self, operation: str, **params: Any) -> JSON:
        """The answer of an operation that does not stream."""
        body = self._checked(operation, params)
        response = await self.chat.http.post("/api/chatkit", json=body)
        await self._require_success(response, operation, "application/json")
        self.seen.update(names_in(OPERATION.validate_python(body)))
        adapter = ANSWERS[operation]
        if adapter is not None:
            self.seen.update(names_in(strictly(adapter, response.content)))
        answer: JSON = response.json()
        assert adapter is not None or answer == {}
        return answer

    async def check(self) -> None:
        """What was streamed is what the server tells afterwards, in every way to ask it."""
        stored = _unsigned(await self.stored())
        assert stored == _unsigned(list(self.view.items.values()))
        thread = await self.ask("threads.get_by_id", **self._here)
        page = thread.pop("items")
        assert _unsigned(page["data"]) == stored[: len(page["data"])]
        assert page["has_more"] or len(page["data"]) == len(stored)
        assert thread == self.view.thread
        listed = (await self.ask("threads.list", limit=1))["data"][0]
        assert listed.pop("items")["data"] == []
        assert listed == thread

    async def stored(self) -> list[JSON]:
        """The items as the server lists them, oldest first."""
        page = await self.ask("items.list", **self._here, limit=100, order="asc")
        items: list[JSON] = page["data"]
        return items

    async def until_stored(self, count: int) -> list[JSON]:
        """The items, once there are so many: a server keeps an answer after its client has left."""
        async with asyncio.timeout(5):
            while len(items := await self.stored()) < count:
                await asyncio.sleep(0.01)
        return items

    @property
    def _here(self) -> dict[str, str]:
        return {"thread_id": self.view.id}

    def _checked(self, operation: str, params: JSON) -> JSON:
        body = self.chat.body(operation, params)
        OPERATION.validate_python(body)
        return body

    async def _events(self, response: httpx2.Response) -> AsyncIterator[JSON]:
        async for line in response.aiter_lines():
            if not line or line.startswith(":"):
                continue  # the end of an event, or a sign of life
            name, _, data = line.partition(": ")
            assert name == "data"
            self.seen.update(names_in(strictly(EVENT, data)))
            event = json.loads(data)
            self.view.apply(event)
            yield event

    async def _require_success(
        self, response: httpx2.Response, operation: str, media_type: str
    ) -> None:
        text = (await response.aread()).decode() if response.status_code != 200 else ""
        assert response.status_code == 200, f"{operation}: {response.status_code} {text}"
        assert response.headers["content-type"].startswith(media_type)


def _unsigned(told: Any) -> Any:
    """The same without the signatures in addresses: each answer may sign them anew."""
    if isinstance(told, list):
        return [_unsigned(part) for part in told]
    if isinstance(told, dict):
        return {
            key: value.partition("?")[0] if key in {"url", "preview_url"} else _unsigned(value)
            for key, value in told.items()
        }
    return told
