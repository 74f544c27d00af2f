"""A server of the embeddings API, over real HTTP, that answers as it is told to."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.provider.server import RecordedRequest
from tests.serving import ServedApp

Entries = list[dict[str, Any]]
DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is no success, or not the usual one.

    Attributes:
        body: Sent as it is; what a good answer holds when None.
        change: Makes the entries of a good answer into those that are sent.
        delay: Seconds before the status line.
    """

    status: int = 200
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    change: Callable[[Entries], Entries] = lambda entries: entries
    delay: float = 0.0


@dataclass(slots=True)
class EmbeddingServer:
    """Answers with `vector_of` each text, or with the next reply that it was told.

    Attributes:
        requests: The calls so far, oldest first.
        replies: For the next calls; a retry is a call of its own.
        always: For the calls after these.
        refused: Calls with this in a text are refused, whatever else was told.
    """

    requests: list[RecordedRequest] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    always: Reply = Reply()
    refused: str | None = None
    url: str = ""

    def served(self) -> ServedApp:
        """The server, to be entered."""
        routes = [Route("/v1/embeddings", self._answer, methods=["POST"])]
        served = ServedApp(Starlette(routes=routes), ws="none", lifespan="off")
        self.url = f"{served.url}/v1"
        return served

    @property
    def inputs(self) -> list[list[str]]:
        """The texts of each call."""
        return [request.body["input"] for request in self.requests]

    def reset(self) -> None:
        """Forgets requests and replies, for use by another test."""
        self.requests, self.replies, self.always, self.refused = [], deque(), Reply(), None

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(RecordedRequest(request.url.path, headers, body))
        reply = self.replies.popleft() if self.replies else self.always
        if self.refused is not None and self.refused in "".join(body["input"]):
            reply = Reply(400, '{"error": {"message": "The input is too long."}}')
        await asyncio.sleep(reply.delay)
        text = reply.body if reply.body is not None else _good_answer(body, reply.change)
        return Response(text, reply.status, {"retry-after-ms": "1", **reply.headers})


def vector_of(text: str, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    """What the server answers for a text; not of length 1."""
    random = np.random.default_rng(zlib.crc32(text.encode()))
    return random.normal(size=dimensions).astype(np.float32) * 3


def unit(text: str, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    """What a model is to make of that answer."""
    vector = vector_of(text, dimensions)
    return vector / np.linalg.norm(vector)


def _good_answer(body: dict[str, Any], change: Callable[[Entries], Entries]) -> str:
    entries = []
    for index, text in enumerate(body["input"]):
        vector = vector_of(text, body.get("dimensions", DIMENSIONS))
        packed = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        embedding = packed if body["encoding_format"] == "base64" else vector.tolist()
        entries.append({"object": "embedding", "index": index, "embedding": embedding})
    # Written with NaN and Infinity, which are no JSON, as servers written in Python do.
    return json.dumps({"object": "list", "model": body["model"], "data": change(entries)})
