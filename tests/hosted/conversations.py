"""Conversations to be imported: three users, every type of item, more than a page of messages."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from chatkit.types import ImageAttachment, ThreadItem, UserMessageItem

from chatkit_backend.context import RequestContext, User
from chatkit_backend.hosted.items import hosted_item
from chatkit_backend.store.all_threads import AllThreads, ListingRequest
from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import NOON, file_attachment, message, one_of_each, thread

USERS = ("ada", "Grace Hopper <grace@example.com>", "ünï 🚀")
THREADS_OF_A_USER = 11
# Longer than a page, at the API's largest.
LONG_THREAD, LONG = "thr_0_3", 230

PREVIEW = "https://files.example.com/{}.png"


def items_of(thread_id: str) -> list[ThreadItem]:
    """An item of every type; ids of attachments are told apart by their thread."""
    items = [item.model_copy(update={"thread_id": thread_id}) for item in one_of_each()]
    return [_with_own_attachments(item) if item.type == "user_message" else item for item in items]


def _with_own_attachments(item: UserMessageItem) -> UserMessageItem:
    if not item.attachments:
        return item
    image = f"image_{item.thread_id}"
    return item.model_copy(
        update={
            "attachments": [
                file_attachment(f"file_{item.thread_id}", item.thread_id),
                ImageAttachment.model_validate(
                    {
                        "id": image,
                        "name": "a.png",
                        "mime_type": "image/png",
                        "thread_id": item.thread_id,
                        "preview_url": PREVIEW.format(image),
                    }
                ),
            ]
        }
    )


async def write_conversations(database: Database) -> int:
    """Fills a database, in the order in which people would have.

    Returns:
        How many items there are that clients get to see.
    """
    store, count = ThreadStore(database), 0
    for number in range(THREADS_OF_A_USER):
        for index, user in enumerate(USERS):
            context = RequestContext(user=User(user))
            name = f"thr_{index}_{number}"
            began = NOON + timedelta(days=number, minutes=index)
            title = f"Thread {number} of {user}" if number % 2 else None
            await store.save_thread(thread(name, created_at=began, title=title), context)
            items = items_of(name)
            if name == LONG_THREAD:
                items += [message(f"m{n}", f"Message {n}", name) for n in range(LONG)]
            for item in items:
                await store.add_thread_item(name, item, context)
            count += sum(hosted_item(item) is not None for item in items)
    return count


async def as_seen(database: Database) -> dict[str, Any]:
    """What the hosted API would say of every thread, without the order of users."""
    everything = AllThreads(database)
    threads = (await everything.page(None, ListingRequest(limit=1_000, ascending=True))).data
    return {
        owned.thread.id: {
            "owner": owned.owner_id,
            "title": owned.thread.title,
            "status": owned.thread.status.model_dump(),
            "created_at": owned.thread.created_at.replace(microsecond=0),
            "items": [
                _read(shown.model_dump())
                for item in (
                    await everything.items(
                        owned.thread.id, ListingRequest(limit=1_000, ascending=True)
                    )
                ).data
                if (shown := hosted_item(item)) is not None
            ],
        }
        for owned in threads
    }


def _read(item: dict[str, Any]) -> dict[str, Any]:
    """The item with what it has as JSON text read: PostgreSQL keeps no order of keys."""
    texts = {name: item[name] for name in ("arguments", "output", "widget") if item.get(name)}
    return item | {name: json.loads(text) for name, text in texts.items()}


def completed(seen: dict[str, Any]) -> dict[str, Any]:
    """The same, as if every client tool call had been answered with null."""
    for shown in seen.values():
        for item in shown["items"]:
            if item.get("status") == "in_progress":
                item |= {"status": "completed", "output": None}
    return seen
