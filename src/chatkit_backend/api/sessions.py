"""`POST /api/chatkit/session` and `/refresh`: a signed-in browser gets a client secret.

Who may get one, the sign-in modes decide. Where the settings say so, the sessions are those of
OpenAI-hosted ChatKit.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from chatkit_backend.api.dependencies import LimitedBody, credentials_of
from chatkit_backend.api.services import CurrentServices, Services, client_secrets_of
from chatkit_backend.auth.client_secrets import Issued
from chatkit_backend.context import User
from chatkit_backend.errors import Forbidden, InvalidRequest

router = APIRouter()

_NOT_TO_BE_KEPT = {"Cache-Control": "no-store"}
_NAMES = ("currentClientSecret", "client_secret", "token")


class NewSession(BaseModel):
    """A client secret, and how long it is good.

    Attributes:
        client_secret: Sent as `Authorization: Bearer …` with every request.
        session_id: Of the session; no secret.
        expires_at: When the client secret ends, in seconds since 1970, as in OpenAI's API.
        user_id: Whose session it is.
    """

    client_secret: str
    session_id: str
    expires_at: int
    user_id: str


class _Refresh(BaseModel):
    client_secret: Annotated[str, Field(min_length=1, validation_alias=AliasChoices(*_NAMES))]


@router.post("/api/chatkit/session", summary="Create a session for the signed-in user")
async def create_session(
    request: Request, response: Response, services: CurrentServices
) -> NewSession:
    """Hands a client secret to whoever is signed in.

    Raises:
        NotSignedIn: Nobody is.
        Forbidden: A page of another site asks, or this server has no way to sign in, or takes no
            client secrets.
        TooManyRequests: The user asks too often.
        HostedApiError: OpenAI gives no session.
    """
    user = await _signed_in(request, services)
    response.headers.update(_NOT_TO_BE_KEPT)
    if services.hosted_sessions is not None:
        return NewSession(**await services.hosted_sessions.create(user.id))
    return _answer(await client_secrets_of(services).create(user))


@router.post("/api/chatkit/refresh", summary="Replace a client secret by a new one")
async def refresh_session(
    request: Request, response: Response, services: CurrentServices, body: LimitedBody
) -> NewSession:
    """Replaces a client secret; needs nothing but it.

    A session of OpenAI's is made anew for the signed-in user instead.

    Raises:
        NotSignedIn: The client secret cannot be refreshed; its `code` tells why.
        InvalidRequest: The body holds none.
        TooManyRequests: The user asks too often.
        HostedApiError: OpenAI gives no session.
    """
    if services.hosted_sessions is not None:
        return await create_session(request, response, services)
    response.headers.update(_NOT_TO_BE_KEPT)
    secrets, secret = client_secrets_of(services), _secret_in(body)
    # Counted before it is replaced: a refusal must not cost the client its secret.
    holder = await secrets.refreshable(secret)
    await services.limits.count_request(holder.user.id)
    return _answer(await secrets.refresh(secret))


async def _signed_in(request: Request, services: Services) -> User:
    if services.sign_in is None:
        raise Forbidden(
            "This server has no sign-in: its sessions are created by your server, at "
            "/v1/chatkit/sessions. For sessions of signed-in users add cookie or bearer to "
            "CHATKIT_AUTH."
        )
    identity = await services.sign_in(credentials_of(request))
    await services.limits.count_request(identity.user.id)
    return identity.user


def _secret_in(body: bytes) -> str:
    try:
        return _Refresh.model_validate_json(body).client_secret
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise InvalidRequest("The body is not JSON.") from None
        raise InvalidRequest(
            f"Send the client secret to refresh as one of {', '.join(_NAMES)}.", field=_NAMES[0]
        ) from None


def _answer(issued: Issued) -> NewSession:
    return NewSession(
        client_secret=issued.client_secret,
        session_id=issued.stored.session.id,
        expires_at=int(issued.stored.expires_at.timestamp()),
        user_id=issued.stored.user.id,
    )
