"""From exceptions to HTTP answers: the plane of errors before the first byte.

Every error has the same JSON body:
`{"error": {"code": "not_found", "message": "…", "field": "params.thread_id"}}`.
Under `/v1` it is that of OpenAI's API instead, which the `openai` package reads:
`{"error": {"code": "not_found", "message": "…", "type": "invalid_request_error", "param": null}}`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
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
    FilesUnavailable,
    Forbidden,
    HostedApiError,
    InvalidRequest,
    KeysUnavailable,
    ModelError,
    NotFound,
    NotSignedIn,
    NotSupported,
    RequestError,
    TooManyRequests,
    UnsupportedType,
)

_log = structlog.get_logger(__name__)

_STATUS: Final[dict[type[RequestError], int]] = {
    InvalidRequest: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    BodyTooLarge: 413,
    UnsupportedType: 415,
    TooManyRequests: 429,
    NotSupported: 501,
}
# Long enough for a database that restarts or a busy model, short enough for a person who waits.
_RETRY_AFTER: Final = {"Retry-After": "5"}


def error_response(
    scope: Scope,
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error as every route answers it, in the shape of the API that was asked.

    Args:
        scope: Of the request.
        status: The HTTP status.
        code: Which error it is, for programs.
        message: A sentence for the developer.
        field: The field of the request that is to blame.
        headers: Sent with it.
    """
    error: dict[str, Any] = {"code": code, "message": message}
    # A server behind a prefix has it in both.
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    if path == "/v1" or path.startswith("/v1/"):
        error |= {"type": _openai_type(status), "param": field}
    elif field:
        error["field"] = field
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def _openai_type(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    # A wrong key, too: OpenAI tells it by the code `invalid_api_key`.
    return "invalid_request_error"


async def _request_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)  # noqa: S101 - registered for this type only
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    headers = None
    if isinstance(error, NotSignedIn):
        headers = {"WWW-Authenticate": "Bearer"}
    elif isinstance(error, TooManyRequests):
        headers = {"Retry-After": str(error.retry_after_seconds)}
    return error_response(
        request.scope, status, error.code, error.message, field=error.field, headers=headers
    )


async def _sdk_not_found(request: Request, _: Exception) -> JSONResponse:
    message = "There is no such thread, item or attachment."
    return error_response(request.scope, 404, NotFound.code, message)


async def _database_unavailable(request: Request, error: Exception) -> JSONResponse:
    _log.error("database unavailable", cause=repr(error.__cause__))
    return error_response(
        request.scope,
        503,
        "database_unavailable",
        "The database does not answer. Try again in a moment.",
        headers=_RETRY_AFTER,
    )


async def _files_unavailable(request: Request, error: Exception) -> JSONResponse:
    # Its sentence names the folder or bucket, which is nobody's business but ours.
    _log.error("files unavailable", reason=str(error))
    return error_response(
        request.scope,
        503,
        "files_unavailable",
        "Files cannot be stored or read now. Try again in a moment.",
        headers=_RETRY_AFTER,
    )


async def _keys_unavailable(request: Request, _: Exception) -> JSONResponse:
    # Why, the log says already, once for each time they were asked for in vain.
    return error_response(
        request.scope,
        503,
        "keys_unavailable",
        "The identity provider's keys cannot be had, so nobody can be signed in. "
        "Try again in a moment.",
        headers=_RETRY_AFTER,
    )


async def _hosted_api_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HostedApiError)  # noqa: S101 - registered for this type only
    return error_response(request.scope, 502, "hosted_api_error", error.message)


async def _model_error(request: Request, error: Exception) -> JSONResponse:
    # What the provider said, the log has already.
    assert isinstance(error, ModelError)  # noqa: S101 - registered for this type only
    if error.allow_retry:
        return error_response(
            request.scope, 503, "model_unavailable", error.message, headers=_RETRY_AFTER
        )
    return error_response(request.scope, 502, "model_error", error.message)


async def _invalid_parameter(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    first = error.errors()[0]
    field = str(first["loc"][-1])
    message = f"{field}: {first['msg']}."
    return error_response(request.scope, 400, InvalidRequest.code, message, field=field)


async def _http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    message = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not allowed at {request.url.path}.",
    }.get(error.status_code, error.detail)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    headers = dict(error.headers) if error.headers else None
    return error_response(request.scope, error.status_code, code, message, headers=headers)


def add_error_handlers(app: FastAPI) -> None:
    """Makes `app` answer every exception of this package with its status."""
    app.add_exception_handler(RequestError, _request_error)
    app.add_exception_handler(NotFoundError, _sdk_not_found)
    app.add_exception_handler(DatabaseUnavailable, _database_unavailable)
    app.add_exception_handler(FilesUnavailable, _files_unavailable)
    app.add_exception_handler(KeysUnavailable, _keys_unavailable)
    app.add_exception_handler(HostedApiError, _hosted_api_error)
    app.add_exception_handler(ModelError, _model_error)
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
            message = f"Something went wrong here (error {error_id})."
            answer = error_response(scope, 500, "internal_error", message)
            await answer(scope, receive, send)
