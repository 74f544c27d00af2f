"""`/v1/chatkit`: the hosted API, for servers that call it through the `openai` package.

Whoever holds an API key may read and delete the threads of every user, so no other credential is
taken here, and no route is without it. Errors have OpenAI's shape (`api/errors.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from chatkit_backend.api.dependencies import LimitedBody, credentials_of, server_url_of
from chatkit_backend.api.services import CurrentServices, Services, client_secrets_of
from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import NotSignedIn
from chatkit_backend.hosted.items import deleted_thread, hosted_thread, item_list, thread_list
from chatkit_backend.hosted.sessions import SessionRequest, hosted_session
from chatkit_backend.store.all_threads import ListingRequest
from chatkit_backend.store.api_keys import ApiKey
from chatkit_backend.store.sessions import StoredSession
from chatkit_backend.store.tokens import API_KEY, MAX_TOKEN_LENGTH

_MAX_PAGE: Final = 100


async def current_api_key(request: Request, services: CurrentServices) -> ApiKey:
    """The API key that the request shows.

    Raises:
        NotSignedIn: It shows none, or one that does not work (any more).
        TooManyRequests: The key is used too often.
    """
    secret = credentials_of(request).bearer_token
    if secret is None:
        raise NotSignedIn(
            "You sent no API key: send one as `Authorization: Bearer ck_live_…`. "
            "`chatkit-backend keys create NAME` makes one.",
            code="invalid_api_key",
        )
    known = secret.startswith(API_KEY) and len(secret) <= MAX_TOKEN_LENGTH
    key = await services.api_keys.by_secret(secret) if known else None
    if key is None:
        raise NotSignedIn(
            "This API key is unknown or was revoked. `chatkit-backend keys create NAME` makes one.",
            code="invalid_api_key",
        )
    await services.limits.count_api_request(key.id)
    return key


router = APIRouter(
    prefix="/v1/chatkit", tags=["hosted API"], dependencies=[Depends(current_api_key)]
)


@router.post("/sessions", summary="Create a session for a user")
async def create_session(services: CurrentServices, body: LimitedBody) -> Response:
    """Hands out a client secret of a new session.

    Raises:
        InvalidRequest: The body is not that of the hosted API.
        Forbidden: This server takes no client secrets.
    """
    asked = SessionRequest.parse(body)
    issued = await client_secrets_of(services).create(
        asked.user,
        workflow=asked.workflow,
        configuration=asked.configuration,
        turns_per_minute=asked.turns_per_minute,
        ttl_seconds=asked.ttl_seconds,
    )
    return _session(services, issued.stored, issued.client_secret)


@router.post("/sessions/{session_id}/cancel", summary="End a session")
async def cancel_session(session_id: str, services: CurrentServices) -> Response:
    """Ends all client secrets of a session; one that is cancelled already stays so.

    Raises:
        NotFound: There is no such session.
    """
    return _session(services, await client_secrets_of(services).cancel(session_id), "")


def _session(services: Services, stored: StoredSession, client_secret: str) -> Response:
    shape = hosted_session(
        stored,
        client_secret=client_secret,
        turns_per_minute=services.turns_per_minute,
        now=datetime.now(UTC),
    )
    # With the secret in it, it must not be kept on its way.
    return _answer(shape, {"Cache-Control": "no-store"})


def listing_request(
    after: str | None = None,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> ListingRequest:
    """Which part of a listing the query asks for; its names and limits are the hosted API's."""
    return ListingRequest(after=after, before=before, limit=limit, ascending=order == "asc")


Listing = Annotated[ListingRequest, Depends(listing_request)]


@router.get("/threads", summary="List threads, of one user or of all")
async def list_threads(
    services: CurrentServices, listing: Listing, user: str | None = None
) -> Response:
    """A page of threads.

    Raises:
        NotFound: A cursor is not in the list.
    """
    return _answer(thread_list(await services.all_threads.page(user, listing)))


@router.get("/threads/{thread_id}", summary="Look at a thread")
async def retrieve_thread(thread_id: str, services: CurrentServices) -> Response:
    """The thread, without its items.

    Raises:
        NotFound: There is no such thread.
    """
    return _answer(hosted_thread(await services.all_threads.find(thread_id)))


@router.delete("/threads/{thread_id}", summary="Delete a thread")
async def delete_thread(thread_id: str, services: CurrentServices) -> Response:
    """Deletes the thread with all that belongs to it, and stops what is written to it.

    Raises:
        NotFound: There is no such thread.
    """
    owned = await services.all_threads.find(thread_id)
    # In the owner's name: the store lets nobody else change a thread.
    await services.store.delete_thread(thread_id, RequestContext(user=User(owned.owner_id)))
    await services.turns.stop_in(thread_id)
    return _answer(deleted_thread(thread_id))


@router.get("/threads/{thread_id}/items", summary="List the items of a thread")
async def list_items(
    thread_id: str, request: Request, services: CurrentServices, listing: Listing
) -> Response:
    """A page of the items that clients see.

    Raises:
        NotFound: There is no such thread, or a cursor is not in it.
    """
    url = server_url_of(request, services)
    return _answer(item_list(await services.all_threads.items(thread_id, listing, url)))


def _answer(shape: BaseModel, headers: dict[str, str] | None = None) -> Response:
    # Serialised once, by the `openai` package's own classes; FastAPI would go over it again.
    return Response(shape.model_dump_json(), media_type="application/json", headers=headers)
