"""From a request to the values that the rooms below work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from pydantic import AnyUrl, ValidationError

from chatkit_backend.api.services import CurrentServices, Services, services_of
from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import BodyTooLarge

# How a body with a recording names its operation.
_DICTATION: Final = b"input.transcribe"


def credentials_of(request: Request) -> Credentials:
    """What the request carries that may say who sent it."""
    return Credentials(
        headers=dict(request.headers),
        cookies=request.cookies,
        query=dict(request.query_params),
        method=request.method,
        peer=request.client.host if request.client else None,
    )


async def current_identity(request: Request, services: CurrentServices) -> Identity:
    """Who asks.

    Raises:
        NotSignedIn: The credentials belong to nobody.
        Forbidden: They must not be used from where the request comes.
        TooManyRequests: The user sends too many.
    """
    identity = await services.authenticate(credentials_of(request))
    await services.limits.count_request(identity.user.id)
    return identity


async def limited_body(request: Request, services: CurrentServices) -> bytes:
    """The request's body, never holding more of it than the limit.

    Raises:
        BodyTooLarge: It is larger than the settings allow.
    """
    return bytes(await _body(request, services.max_body_bytes))


async def operation_body(request: Request, services: CurrentServices) -> bytearray:
    """The body of a ChatKit operation, which may be larger where it holds a recording.

    Raises:
        BodyTooLarge: It is larger than the settings allow.
    """
    body = await _body(request, services.max_dictation_bytes)
    # Not parsed just to find out that it is something else, which `api/chatkit` does in the end.
    if len(body) > services.max_body_bytes and _DICTATION not in body:
        raise too_large(services.max_body_bytes)
    return body


async def _body(request: Request, limit: int) -> bytearray:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise too_large(limit)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise too_large(limit)
    return body


def context_of(request: Request, identity: Identity, metadata: Mapping[str, Any]) -> RequestContext:
    """The context of an operation, from its request and the `metadata` of its body.

    Raises:
        InvalidRequest: A field of the metadata has the wrong type.
    """
    language = request.headers.get("accept-language")
    server_url = server_url_of(request, services_of(request))
    return RequestContext.for_request(
        identity.user, metadata, language, identity.session, server_url
    )


def server_url_of(request: Request, services: Services) -> str | None:
    """How whoever asks reaches this server, without a slash at its end.

    None where the Host header, which the client writes, names no host.
    """
    if services.public_url is not None:
        return services.public_url.rstrip("/")
    url = str(request.base_url).rstrip("/")
    try:
        AnyUrl(url)  # Starlette lets some through that are none, such as 1.2.3.4.5
    except ValidationError:
        return None
    return url


def too_large(limit: int) -> BodyTooLarge:
    """What is said of a body over the limit, in bytes."""
    return BodyTooLarge(
        f"The body is larger than {limit} bytes. CHATKIT_MAX_BODY_BYTES sets the limit, for "
        "dictation CHATKIT_TRANSCRIPTION_MAX_BYTES does."
    )


CurrentIdentity = Annotated[Identity, Depends(current_identity)]
LimitedBody = Annotated[bytes, Depends(limited_body)]
OperationBody = Annotated[bytearray, Depends(operation_body)]
