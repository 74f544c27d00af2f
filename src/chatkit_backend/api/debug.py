"""`GET /debug/threads`: what is really stored of the asking user's threads.

Open only with CHATKIT_DEBUG=1. Like every other route it shows nobody else's threads.
"""

from __future__ import annotations

from typing import Annotated, Any

from chatkit.types import (
    AssistantMessageItem,
    HiddenContextItem,
    SDKHiddenContextItem,
    ThreadItem,
    ThreadListParams,
    ThreadMetadata,
    UserMessageItem,
)
from fastapi import APIRouter, Query

from chatkit_backend.api.dependencies import CurrentIdentity
from chatkit_backend.api.services import CurrentServices
from chatkit_backend.chat.permissions import page_of_threads
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import NotFound

router = APIRouter()

_MOST_THREADS = 100
_MOST_ITEMS = 500


@router.get("/debug/threads", summary="Threads with items, types and texts")
async def debug_threads(
    services: CurrentServices,
    identity: CurrentIdentity,
    limit: Annotated[int, Query(ge=1, le=_MOST_THREADS)] = 20,
    after: str | None = None,
    items: Annotated[int, Query(ge=0, le=_MOST_ITEMS)] = 100,
) -> dict[str, Any]:
    """The user's threads, newest first, each with its newest items in order.

    Raises:
        NotFound: The debug view is closed.
    """
    if not services.debug:
        raise NotFound("There is nothing at /debug/threads.")
    context = RequestContext(user=identity.user, session=identity.session)
    asked = ThreadListParams(limit=limit, after=after)
    page = await page_of_threads(asked, limit, services.store, context)
    counts = await services.store.count_items([thread.id for thread in page.data], context)
    threads = [
        await _thread(services, context, thread, counts.get(thread.id, 0), items)
        for thread in page.data
    ]
    return {
        "user_id": identity.user.id,
        "thread_count": len(threads),
        "item_count": sum(counts.values()),
        "has_more": page.has_more,
        "after": page.after,
        "threads": threads,
    }


async def _thread(
    services: CurrentServices,
    context: RequestContext,
    thread: ThreadMetadata,
    item_count: int,
    most_items: int,
) -> dict[str, Any]:
    shown: list[ThreadItem] = []
    if most_items:
        page = await services.store.load_thread_items(thread.id, None, most_items, "desc", context)
        shown = page.data[::-1]
    return {
        "id": thread.id,
        "title": thread.title,
        "created_at": thread.created_at,
        "status": thread.status.type,
        "metadata": thread.metadata,
        "item_count": item_count,
        "items": [_item(item) for item in shown],
    }


def _item(item: ThreadItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "type": item.type,
        "created_at": item.created_at,
        "text": _text(item),
    }


def _text(item: ThreadItem) -> str:
    match item:
        case UserMessageItem() | AssistantMessageItem():
            return "".join(part.text for part in item.content)
        case HiddenContextItem() | SDKHiddenContextItem():
            return str(item.content)
        case _:
            return item.model_dump_json(exclude={"id", "thread_id", "created_at", "type"})
