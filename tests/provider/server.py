"""A scripted OpenAI-compatible server: real HTTP, so that tests run the real client code.

Use it as a context manager; it listens on a free port of 127.0.0.1 from a thread of its own. It
answers what it was told to, never what would please the code under test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.provider import chat_completions, responses
from tests.provider.frames import Frame, Ids
from tests.provider.steps import Answer, ErrorEvent, Failure, Scripted, Text
from tests.serving import ServedApp

DEFAULT_ANSWER = Text("Hello from the scripted provider.")
# What every recording says.
TRANSCRIPT = "What do foxes eat?"
# uvicorn logs a body that ends too early as an error; here it is what the test asked for.
_SILENT = logging.getLogger("tests.provider.uvicorn")
_SILENT.setLevel(logging.CRITICAL + 1)


class Flavour(Protocol):
    """One of the two APIs: the modules `chat_completions` and `responses`."""

    @property
    def stream(self) -> Callable[[Answer, dict[str, Any], Ids], Iterator[Frame]]: ...
    @property
    def error(self) -> Callable[[ErrorEvent, dict[str, Any], Ids], bytes]: ...
    @property
    def whole(self) -> Callable[[Answer, dict[str, Any], Ids], dict[str, Any]]: ...


@dataclass(slots=True)
class RecordedRequest:
    """A model call as it arrived.

    Attributes:
        path: Such as `/v1/responses`.
        headers: Names in lower case.
        body: The JSON body.
        closed_early: The client went away before the answer was complete.
        finished: The answer was sent as far as its step goes.
        sent_deltas: Number of streamed pieces of output so far.
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    closed_early: bool = False
    finished: bool = False
    sent_deltas: int = 0

    async def until_closed_early(self, timeout_seconds: float = 5.0) -> bool:
        """Waits for the client to leave; False when it has not by then."""
        return await _until(lambda: self.closed_early, timeout_seconds)


@dataclass(slots=True)
class ScriptedProvider:
    """A provider that does what `script` tells it to.

    Attributes:
        same_ids: Reuse the ids of responses and items, as many real servers do (ids that
            correlate a function call with its output are always new).
        requests: The model calls so far, oldest first. `GET /v1/models` is not one.
    """

    same_ids: bool = True
    requests: list[RecordedRequest] = field(default_factory=list)
    _steps: deque[Scripted] = field(default_factory=deque)
    _counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _closing: threading.Event = field(default_factory=threading.Event)
    _server: ServedApp | None = None

    @property
    def base_url(self) -> str:
        """The address for a client; ends in `/v1`."""
        if self._server is None:
            raise RuntimeError("The scripted provider is not running; use `with`.")
        return f"{self._server.url}/v1"

    def script(self, *steps: Scripted) -> None:
        """Queues one step for each coming model call; a retry is a call of its own.

        A step may be a function of the request's JSON body. With the queue empty, calls get
        `DEFAULT_ANSWER`.
        """
        self._steps.extend(steps)

    @property
    def unused_steps(self) -> int:
        """Number of steps that no call has taken yet."""
        return len(self._steps)

    def reset(self, *, same_ids: bool = True) -> None:
        """Forgets requests and steps, and ends streams that hang, for use by another test."""
        self._closing.set()
        self._closing = threading.Event()
        self.requests = []
        self._steps = deque()
        self.same_ids = same_ids

    async def until_called(self, times: int, timeout_seconds: float = 5.0) -> bool:
        """Waits until `times` model calls have arrived; False when they have not by then."""
        return await _until(lambda: len(self.requests) >= times, timeout_seconds)

    def __enter__(self) -> Self:
        self._server = ServedApp(self._app(), http=_QuietProtocol, ws="none", lifespan="off")
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.stop()

    def _app(self) -> Starlette:
        async def chat(request: Request) -> Response:
            return await self._answer(request, chat_completions)

        async def respond(request: Request) -> Response:
            return await self._answer(request, responses)

        return Starlette(
            routes=[
                Route("/v1/chat/completions", chat, methods=["POST"]),
                Route("/v1/responses", respond, methods=["POST"]),
                Route("/v1/models", _models, methods=["GET"]),
                Route("/v1/audio/transcriptions", _transcribe, methods=["POST"]),
            ]
        )

    async def _answer(self, request: Request, flavour: Flavour) -> Response:
        body = await request.json()
        headers = {name.lower(): value for name, value in request.headers.items()}
        record = RecordedRequest(request.url.path, headers, body)
        closing, ids = self._closing, Ids(self.same_ids, self._counter)
        scripted = self._steps.popleft() if self._steps else DEFAULT_ANSWER
        self.requests.append(record)
        answer = (scripted(body) if callable(scripted) else scripted).answer()
        if isinstance(answer, Failure):
            await asyncio.sleep(answer.first_byte_delay)
            record.finished = True
            return _failure(answer)
        return _AnswerResponse(answer, flavour, record, ids, closing)


class _AnswerResponse(Response):
    """An answer on its way out; watches for the client leaving."""

    def __init__(
        self,
        answer: Answer,
        flavour: Flavour,
        record: RecordedRequest,
        ids: Ids,
        closing: threading.Event,
    ) -> None:
        super().__init__()
        self.answer, self.flavour, self.record = answer, flavour, record
        self.ids, self.closing = ids, closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            self.record.closed_early = not sending.done()
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        if not await self._pause(self.answer.first_byte_delay):
            return
        streamed = bool(self.record.body.get("stream"))
        kind = b"text/event-stream; charset=utf-8" if streamed else b"application/json"
        headers = [(b"content-type", kind), (b"x-request-id", b"req_scripted")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        complete = await (self._send_stream(send) if streamed else self._send_whole(send))
        self.record.finished = True
        if complete:
            await send({"type": "http.response.body", "body": b""})
        # Otherwise uvicorn closes the connection without the last chunk: a torn body.

    async def _send_stream(self, send: Send) -> bool:
        for frame in self.flavour.stream(self.answer, self.record.body, self.ids):
            if frame.delta and self._is_at_the_end():
                break
            if frame.delta and self.record.sent_deltas and not await self._pause(self.answer.delay):
                return False
            await _send_bytes(send, frame.data)
            self.record.sent_deltas += frame.delta
            if self._is_at_the_end() and self.record.sent_deltas:
                break
        return await self._end(send)

    def _is_at_the_end(self) -> bool:
        broken = self.answer.ending != "complete"
        return broken and self.record.sent_deltas >= self.answer.stop_after

    async def _end(self, send: Send) -> bool:
        match self.answer.ending:
            case "cut":
                # The client must have read what came before, or the kernel may drop it.
                await self._pause(0.3)
                return False
            case "hang":
                await self._pause(3_600)
                return False
            case "error" if self.answer.error:
                error = self.flavour.error(self.answer.error, self.record.body, self.ids)
                await _send_bytes(send, error)
        return True

    async def _send_whole(self, send: Send) -> bool:
        body = json.dumps(self.flavour.whole(self.answer, self.record.body, self.ids)).encode()
        if self.answer.ending in {"cut", "hang"}:
            await _send_bytes(send, body[: len(body) // 2])
            return await self._end(send)
        await self._pause(self.answer.delay)
        await _send_bytes(send, body)
        return True

    async def _pause(self, seconds: float) -> bool:
        """Sleeps; False when the provider closes meanwhile."""
        end = time.monotonic() + seconds
        # Closing is told from another thread, which no asyncio.Event may be set from.
        while (left := end - time.monotonic()) > 0 and not self.closing.is_set():
            await asyncio.sleep(min(left, 0.05))
        return not self.closing.is_set()


class _QuietProtocol(H11Protocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _SILENT


def _failure(failure: Failure) -> Response:
    told = {"message": failure.message, "type": failure.type, "param": None, "code": failure.code}
    body = {"error": told} if failure.body is None else failure.body
    headers = {"retry-after-ms": "1", "x-request-id": "req_scripted", **failure.headers}
    return JSONResponse(body, failure.status, headers)


async def _transcribe(request: Request) -> Response:
    await request.body()
    return JSONResponse({"text": TRANSCRIPT})


async def _models(_request: Request) -> Response:
    models = [{"id": "scripted", "object": "model", "created": 0, "owned_by": "tests"}]
    return JSONResponse({"object": "list", "data": models})


async def _send_bytes(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
    # uvicorn's send returns at once; give the loop a turn so that pieces go out one by one.
    await asyncio.sleep(0)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            while not condition():
                await asyncio.sleep(0.01)
    return condition()
