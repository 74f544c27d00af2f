"""A server of the transcriptions API, over real HTTP, that answers as it is told to."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import ServedApp

WORDS = "What is the capital of France?"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; by default the usual one.

    Attributes:
        body: Sent as it is.
        delay: Seconds before the status line.
    """

    status: int = 200
    body: str = json.dumps({"text": WORDS, "usage": {"type": "duration", "seconds": 2}})
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


def refusal(status: int, message: str, code: str | None = None) -> Reply:
    """An error as OpenAI words it."""
    return Reply(status, json.dumps({"error": {"message": message, "code": code}}))


@dataclass(frozen=True, slots=True)
class Received:
    """A form as it arrived.

    Attributes:
        headers: Names in lower case.
        fields: Without the file.
        name: The file's.
        media_type: The file's.
        recording: The file's bytes.
    """

    headers: dict[str, str]
    fields: dict[str, str]
    name: str | None
    media_type: str | None
    recording: bytes


@dataclass(slots=True)
class TranscriptionServer:
    """Answers every recording with `WORDS`, or with the next reply that it was told.

    Attributes:
        requests: The calls so far, oldest first.
        replies: For the next calls; a retry is a call of its own.
    """

    requests: list[Received] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    url: str = ""

    def served(self) -> ServedApp:
        """The server, to be entered."""
        routes = [Route("/v1/audio/transcriptions", self._answer, methods=["POST"])]
        served = ServedApp(Starlette(routes=routes), ws="none", lifespan="off")
        self.url = f"{served.url}/v1"
        return served

    def reset(self) -> None:
        """Forgets requests and replies, for use by another test."""
        self.requests, self.replies = [], deque()

    async def _answer(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            fields = {name: str(value) for name, value in form.items() if name != "file"}
            data = await file.read()
        self.requests.append(Received(headers, fields, file.filename, file.content_type, data))
        reply = self.replies.popleft() if self.replies else Reply()
        await asyncio.sleep(reply.delay)
        sent = {"retry-after-ms": "1", "content-type": "application/json", **reply.headers}
        return Response(reply.body, reply.status, sent)
