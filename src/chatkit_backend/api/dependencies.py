"""From a request to the values that the rooms below work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request

from chatkit_backend.api.services import CurrentServices
from chatkit_backend.auth.credentials import Credentials
from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import BodyTooLarge


async def current_user(request: Request, services: CurrentServices) -> User:
    """Who asks.

    Raises:
        RequestError: The credentials belong to nobody.
    """
    return await services.authenticate(
        Credentials(
            headers=dict(request.headers),
            cookies=request.cookies,
            query=dict(request.query_params),
        )
    )


async def limited_body(request: Request, services: CurrentServices) -> bytes:
    """The request's body, never holding more of it than the limit.

    Raises:
        BodyTooLarge: It is larger than the settings allow.
    """
    limit = services.max_body_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def context_of(request: Request, user: User, metadata: Mapping[str, Any]) -> RequestContext:
    """The context of an operation, from its request and the `metadata` of its body.

    Raises:
        InvalidRequest: A field of the metadata has the wrong type.
    """
    return RequestContext.for_request(user, metadata, request.headers.get("accept-language"))


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than {limit} bytes. CHATKIT_MAX_BODY_BYTES sets the limit."
    )


CurrentUser = Annotated[User, Depends(current_user)]
LimitedBody = Annotated[bytes, Depends(limited_body)]
