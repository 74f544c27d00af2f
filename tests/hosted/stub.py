"""A hosted ChatKit API that says whatever a test wants it to: also what our own never says."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

KEY = "sk-a-key-that-stays-secret"
BEGAN = 1_760_000_000


@dataclass
class HostedStub:
    """Threads and items as JSON, and what happens when they are asked for.

    Attributes:
        threads: The oldest first.
        items: Of each thread, the oldest first.
        failures: Answers that come first, by path; each once.
        files: What `/files/NAME` answers.
        requests: What was asked, path and query, in order.
        page: Most entries on a page, whatever is asked for.
        delay_seconds: How long each answer takes.
    """

    threads: list[dict[str, Any]] = field(default_factory=list)
    items: dict[str, list[Any]] = field(default_factory=dict)
    failures: dict[str, list[Response]] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, Response] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    page: int = 100
    delay_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.app = Starlette(
            routes=[
                Route("/v1/chatkit/threads", self._list_threads),
                Route("/v1/chatkit/threads/{thread}/items", self._list_items),
                Route("/files/{name}", self._file),
            ]
        )

    def add(self, thread_id: str, *items: Any, user: str = "ada", **fields: Any) -> None:
        """A thread, a minute after the one before, with items."""
        created_at = BEGAN + 60 * len(self.threads)
        self.threads.append(
            {
                "id": thread_id,
                "object": "chatkit.thread",
                "created_at": created_at,
                "status": {"type": "active"},
                "title": None,
                "user": user,
                **fields,
            }
        )
        self.items[thread_id] = list(items)

    def asked_for(self, ending: str) -> list[str]:
        """The requests whose path ends so."""
        return [asked for asked in self.requests if asked.partition("?")[0].endswith(ending)]

    async def _list_threads(self, request: Request) -> Response:
        user = request.query_params.get("user")
        rows = [thread for thread in self.threads if user in {None, thread["user"]}]
        return await self._answer(request, rows)

    async def _list_items(self, request: Request) -> Response:
        return await self._answer(request, self.items.get(request.path_params["thread"]))

    async def _answer(self, request: Request, rows: Sequence[Any] | None) -> Response:
        self.requests.append(f"{request.url.path}?{request.url.query}")
        await asyncio.sleep(self.delay_seconds)
        if self.failures[request.url.path]:
            return self.failures[request.url.path].pop(0)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return error(401, f"Incorrect API key provided: {KEY[:8]}…")
        after = request.query_params.get("after")
        if rows is None or (after and after not in [row["id"] for row in rows]):
            return error(404, "No such thread or item")
        return self._page(rows, request.query_params)

    def _page(self, rows: Sequence[Any], query: Mapping[str, str]) -> Response:
        if query.get("order") != "asc":
            rows = rows[::-1]
        if "after" in query:
            rows = rows[[row["id"] for row in rows].index(query["after"]) + 1 :]
        part = rows[: min(self.page, int(query["limit"]))]
        ids = [row["id"] for row in part]
        return JSONResponse(
            {
                "object": "list",
                "data": part,
                "has_more": len(part) < len(rows),
                "first_id": ids[0] if ids else None,
                "last_id": ids[-1] if ids else None,
            }
        )

    async def _file(self, request: Request) -> Response:
        self.requests.append(f"{request.url.path}?{request.headers.get('authorization', '')}")
        path = request.url.path
        if self.failures[path]:
            return self.failures[path].pop(0)
        return self.files.get(request.path_params["name"], Response(status_code=404))


def error(status: int, message: str = "No", **headers: str) -> Response:
    """An error as OpenAI answers it."""
    body = {"error": {"message": message, "type": "server_error", "code": None, "param": None}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status_code=status, headers=named)


def item(item_id: str, kind: str = "task", thread_id: str = "t", **fields: Any) -> dict[str, Any]:
    """An item; by default a task of which nothing is said."""
    body = {"task_type": "custom", "heading": f"I am {item_id}"} if kind == "task" else {}
    return {
        "id": item_id,
        "object": "chatkit.thread_item",
        "type": f"chatkit.{kind}",
        "thread_id": thread_id,
        "created_at": BEGAN,
        **body,
        **fields,
    }


def message(item_id: str, *attachments: dict[str, Any], thread_id: str = "t") -> dict[str, Any]:
    """A message of the user."""
    return item(
        item_id,
        "user_message",
        thread_id,
        content=[{"type": "input_text", "text": f"I am {item_id}"}],
        attachments=list(attachments),
        inference_options=None,
    )


def image(attachment_id: str, url: str | None) -> dict[str, Any]:
    """An attachment that is shown from a URL."""
    return {
        "id": attachment_id,
        "name": f"{attachment_id}.png",
        "mime_type": "image/png",
        "type": "image",
        "preview_url": url,
    }


def endless(piece: bytes, pieces: int) -> StreamingResponse:
    """A file of which nobody knows how long it is."""

    async def content() -> Any:
        for _ in range(pieces):
            yield piece

    return StreamingResponse(content())
