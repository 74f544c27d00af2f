"""From exceptions to HTTP answers: the plane of errors before the first byte.

Every error has the same JSON body:
`{"error": {"code": "not_found", "message": "…", "field": "params.thread_id"}}`.
"""

from __future__ import annotations

from uuid import uuid4

import structlog
from chatkit.store import NotFoundError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatkit_backend.errors import (
    BodyTooLarge,
    Conflict,
    DatabaseUnavailable,
    Forbidden,
    InvalidRequest,
    NotFound,
    NotSupported,
    RequestError,
)

_log = structlog.get_logger(__name__)

_STATUS: dict[type[RequestError], int] = {
    InvalidRequest: 400,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    BodyTooLarge: 413,
    NotSupported: 501,
}
# Long enough for a database that restarts, short enough for a person who waits.
_RETRY_AFTER_SECONDS = 5


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error as every route answers it."""
    error = {"code": code, "message": message}
    if field:
        error["field"] = field
    return JSONResponse({"error": error}, status_code=status, headers=headers)


async def _request_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)  # noqa: S101 - registered for this type only
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return error_response(status, error.code, error.message, field=error.field)


async def _sdk_not_found(_: Request, __: Exception) -> JSONResponse:
    return error_response(404, NotFound.code, "There is no such thread, item or attachment.")


async def _database_unavailable(_: Request, error: Exception) -> JSONResponse:
    _log.error("database unavailable", cause=repr(error.__cause__))
    return error_response(
        503,
        "database_unavailable",
        "The database does not answer. Try again in a moment.",
        headers={"Retry-After": str(_RETRY_AFTER_SECONDS)},
    )


async def _invalid_parameter(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return error_response(400, InvalidRequest.code, f"{field}: {first['msg']}.", field=field)


async def _http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    message = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not allowed at {request.url.path}.",
    }.get(error.status_code, error.detail)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    headers = dict(error.headers) if error.headers else None
    return error_response(error.status_code, code, message, headers=headers)


def add_error_handlers(app: FastAPI) -> None:
    """Makes `app` answer every exception of this package with its status."""
    app.add_exception_handler(RequestError, _request_error)
    app.add_exception_handler(NotFoundError, _sdk_not_found)
    app.add_exception_handler(DatabaseUnavailable, _database_unavailable)
    app.add_exception_handler(RequestValidationError, _invalid_parameter)
    app.add_exception_handler(HTTPException, _http_exception)


class UnexpectedErrors:
    """Answers what nothing else has caught with a 500 that names a line of the log.

    It is a middleware, because Starlette answers unhandled exceptions outside of CORS: a page
    on another origin could not read that answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        except Exception:
            error_id = uuid4().hex[:12]
            _log.exception("unexpected error", error_id=error_id, path=scope["path"])
            if started:
                raise
            answer = error_response(
                500, "internal_error", f"Something went wrong here (error {error_id})."
            )
            await answer(scope, receive, send)
