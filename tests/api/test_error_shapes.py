"""Every error has a status, a code and headers, in the shape of the API that was asked."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import openai
import pytest
from fastapi import FastAPI
from openai import AsyncOpenAI

from chatkit_backend.api.errors import add_error_handlers
from chatkit_backend.errors import (
    BodyTooLarge,
    ChatKitBackendError,
    Conflict,
    DatabaseUnavailable,
    FilesUnavailable,
    Forbidden,
    HostedApiError,
    InvalidRequest,
    KeysUnavailable,
    NotFound,
    NotSignedIn,
    NotSupported,
    RequestError,
    TooManyRequests,
    UnsupportedType,
)
from tests.serving import ServedApp

BEARER = {"www-authenticate": "Bearer"}
SOON = {"retry-after": "5"}

# Which status, code, headers and class of the `openai` package each becomes.
ERRORS: list[tuple[ChatKitBackendError, int, str, dict[str, str], type[openai.APIStatusError]]] = [
    (InvalidRequest("x", field="f"), 400, "invalid_request", {}, openai.BadRequestError),
    (NotSignedIn("x"), 401, "not_signed_in", BEARER, openai.AuthenticationError),
    (
        NotSignedIn("x", code="token_expired"),
        401,
        "token_expired",
        BEARER,
        openai.AuthenticationError,
    ),
    (Forbidden("x"), 403, "forbidden", {}, openai.PermissionDeniedError),
    (NotFound("x", field="f"), 404, "not_found", {}, openai.NotFoundError),
    (Conflict("x"), 409, "conflict", {}, openai.ConflictError),
    (BodyTooLarge("x"), 413, "body_too_large", {}, openai.APIStatusError),
    (UnsupportedType("x"), 415, "unsupported_type", {}, openai.APIStatusError),
    (
        TooManyRequests("x", retry_after_seconds=17),
        429,
        "rate_limit_exceeded",
        {"retry-after": "17"},
        openai.RateLimitError,
    ),
    (NotSupported("x"), 501, "not_supported", {}, openai.InternalServerError),
    (HostedApiError("x"), 502, "hosted_api_error", {}, openai.InternalServerError),
    (KeysUnavailable("x"), 503, "keys_unavailable", SOON, openai.InternalServerError),
    (DatabaseUnavailable("x"), 503, "database_unavailable", SOON, openai.InternalServerError),
    (FilesUnavailable("x"), 503, "files_unavailable", SOON, openai.InternalServerError),
]
TYPES = {429: "rate_limit_error", **dict.fromkeys((501, 502, 503), "server_error")}


def subclasses(kind: type[ChatKitBackendError]) -> set[type[ChatKitBackendError]]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


def test_every_error_of_a_request_stands_in_the_table() -> None:
    here = {kind for kind in subclasses(RequestError) if kind.__module__ == RequestError.__module__}
    assert here - {RequestError} <= {type(error) for error, *_ in ERRORS}


@pytest.fixture
def raising() -> Iterator[str]:
    """A server whose routes raise each of the errors."""
    app = FastAPI()

    @app.get("/{anywhere:path}")
    async def fail(anywhere: str) -> None:
        raise ERRORS[int(anywhere.rpartition("/")[2])][0]

    add_error_handlers(app)
    with ServedApp(app) as served:
        yield served.url


async def test_every_error_has_its_status_its_headers_and_the_shape_of_the_api_that_was_asked(
    raising: str,
) -> None:
    async with (
        httpx2.AsyncClient(base_url=raising) as http,
        AsyncOpenAI(base_url=f"{raising}/v1", api_key="any", max_retries=0) as client,
    ):
        for number, (error, status, code, headers, kind) in enumerate(ERRORS):
            with pytest.raises(kind) as raised:
                await client.get(f"/{number}", cast_to=object)
            assert type(raised.value) is kind
            ours = await http.get(f"/api/{number}")
            theirs = raised.value.response
            for response in (ours, theirs):
                assert response.status_code == status
                assert {name: response.headers.get(name) for name in headers} == headers
            field = getattr(error, "field", None)
            body = ours.json()["error"]
            assert body == {"code": code, "message": body["message"]} | (
                {"field": field} if field else {}
            )
            assert theirs.json()["error"] == {
                "code": code,
                "message": body["message"],
                "param": field,
                "type": TYPES.get(status, "invalid_request_error"),
            }
            # What an error says is told; of those that say it to the log, a sentence.
            assert body["message"] == "x" or "Try again" in body["message"]


async def test_behind_a_prefix_the_shape_is_openais_all_the_same() -> None:
    outer = FastAPI()
    inner = FastAPI()
    add_error_handlers(inner)
    outer.mount("/chat", inner)
    with ServedApp(outer) as served:
        async with httpx2.AsyncClient(base_url=served.url) as http:
            assert "type" in (await http.get("/chat/v1/x")).json()["error"]
            assert "type" not in (await http.get("/chat/api/x")).json()["error"]
