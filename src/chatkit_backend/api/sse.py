"""Server-sent events: sends a turn to the client, and stops it when the client leaves.

The chunks arrive framed and are sent as they are. Nothing is sent before the first of them is
there, so what fails before it still gets a status of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog
from chatkit.types import ErrorEvent
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chatkit_backend.chat.turns import Turn
from chatkit_backend.errors import RequestError

_log = structlog.get_logger(__name__)

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    # An answer is for one reader; `no-store` also stops proxies that buffer to cache.
    "Cache-Control": "no-store",
    # nginx and what is built on it hold back a response unless told not to.
    "X-Accel-Buffering": "no",
}
# A line that starts with a colon is a comment (HTML standard, "Server-sent events").
_HEARTBEAT = b": keep-alive\n\n"


async def event_stream(turn: Turn, heartbeat_seconds: float) -> Response:
    """The response that streams `turn`.

    Raises:
        Exception: Whatever the turn raised before its first event.
    """
    try:
        first = await anext(turn, b"")
    except asyncio.CancelledError:
        await turn.stop()
        raise
    return _EventStream(first, turn, heartbeat_seconds)


class _EventStream(Response):
    def __init__(self, first: bytes, turn: Turn, heartbeat_seconds: float) -> None:
        # Response's own __init__ would compute a Content-Length.
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)
        self._first = first
        self._turn = turn
        self._heartbeat_seconds = heartbeat_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(_disconnected(receive), name="watch for disconnect")
        sending = asyncio.create_task(self._send_all(send), name="send events")
        try:
            await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                sending.cancel()
        except asyncio.CancelledError:
            # The server stops. The stopped turn ends its stream; raising would be logged as a
            # mistake of the application.
            _log.info("answer stopped with the server")
        leaving.cancel()
        await self._turn.stop()
        _, sent = await asyncio.gather(leaving, sending, return_exceptions=True)
        if isinstance(sent, Exception) and not isinstance(sent, OSError):
            raise sent  # an OSError is a client that left

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _send_part(send, self._first)
        async for chunk in self._with_heartbeats():
            await _send_part(send, chunk)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _with_heartbeats(self) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    chunk = await anext(self._turn)
            except TimeoutError:
                chunk = _HEARTBEAT
            except StopAsyncIteration:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
                _log.exception("stream failed")
                yield _error_event(error)
                return
            yield chunk


async def _send_part(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _error_event(error: Exception) -> bytes:
    """What the client is told of a failure after the first byte, when a status is too late."""
    event = ErrorEvent(
        code="custom",
        message="Something went wrong on the server. What was not answered can be sent again.",
        allow_retry=not isinstance(error, RequestError),
    )
    return b"data: " + event.model_dump_json(exclude_none=True).encode() + b"\n\n"
