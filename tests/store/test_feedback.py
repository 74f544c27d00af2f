"""What users think of items: kept once for each, all or nothing, with a change of mind."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from chatkit.types import EndOfTurnItem, HiddenContextItem, SDKHiddenContextItem, ThreadItem
from sqlalchemy import select, update

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import InvalidRequest
from chatkit_backend.store.engine import Database
from chatkit_backend.store.feedback import MAX_ITEMS, FeedbackStore
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.tables import feedback
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import NOON, message, thread


@pytest.fixture
async def opinions(database: Database, store: ThreadStore, alice: RequestContext) -> FeedbackStore:
    """A store of feedback, and a thread of alice with three items."""
    await store.save_thread(thread(), alice)
    for name in ("a", "b", "c"):
        await store.add_thread_item("thr_1", message(name), alice)
    return FeedbackStore(database)


async def kept(database: Database) -> list[dict[str, Any]]:
    async with database.read() as connection:
        rows = await connection.execute(select(feedback).order_by(feedback.c.item_id))
        return [dict(row._mapping) for row in rows]


async def set_back(database: Database) -> datetime:
    """Makes what is kept old."""
    early = datetime(2026, 1, 1, tzinfo=UTC)
    async with database.write() as connection:
        await connection.execute(update(feedback).values(created_at=early, updated_at=early))
    return early


async def test_every_named_item_gets_the_opinion_its_user_and_the_time(
    database: Database, opinions: FeedbackStore, alice: RequestContext
) -> None:
    before = datetime.now(UTC)
    await opinions.record("thr_1", ["c", "a", "a"], "positive", alice)
    rows = await kept(database)
    assert [(row["thread_id"], row["item_id"], row["owner_id"], row["kind"]) for row in rows] == [
        ("thr_1", "a", "alice", "positive"),
        ("thr_1", "c", "alice", "positive"),
    ]
    assert all(before <= row["created_at"] <= datetime.now(UTC) for row in rows)
    assert all(row["updated_at"] == row["created_at"] for row in rows)


async def test_a_change_of_mind_takes_the_place_of_the_opinion_and_keeps_its_first_time(
    database: Database, opinions: FeedbackStore, alice: RequestContext
) -> None:
    await opinions.record("thr_1", ["a"], "positive", alice)
    early = await set_back(database)
    await opinions.record("thr_1", ["a", "b"], "negative", alice)
    changed, new = await kept(database)
    assert (changed["kind"], changed["created_at"]) == ("negative", early)
    assert changed["updated_at"] == new["updated_at"] > early


async def test_the_same_opinion_once_more_changes_nothing(
    database: Database, opinions: FeedbackStore, alice: RequestContext
) -> None:
    await opinions.record("thr_1", ["a"], "positive", alice)
    await set_back(database)
    before = await kept(database)
    await opinions.record("thr_1", ["a"], "positive", alice)
    assert await kept(database) == before


async def test_one_unknown_item_is_named_and_nothing_is_kept(
    database: Database, opinions: FeedbackStore, alice: RequestContext
) -> None:
    with pytest.raises(NotFoundInStore, match="no item 'x' in this thread") as refused:
        await opinions.record("thr_1", ["a", "x", "b", "y"], "positive", alice)
    assert refused.value.field == "params.item_ids"
    assert await kept(database) == []


async def test_an_item_of_another_thread_is_unknown(
    database: Database, store: ThreadStore, opinions: FeedbackStore, alice: RequestContext
) -> None:
    await store.save_thread(thread("thr_2"), alice)
    with pytest.raises(NotFoundInStore, match="no item 'a'"):
        await opinions.record("thr_2", ["a"], "positive", alice)
    assert await kept(database) == []


HEAD: dict[str, Any] = {"id": "hidden", "thread_id": "thr_1", "created_at": NOON}


@pytest.mark.parametrize(
    "hidden",
    [
        HiddenContextItem(**HEAD, content="x"),
        SDKHiddenContextItem(**HEAD, content="x"),
        EndOfTurnItem(**HEAD),
    ],
    ids=lambda item: item.type,
)
async def test_what_users_do_not_see_cannot_be_rated(
    database: Database,
    store: ThreadStore,
    opinions: FeedbackStore,
    alice: RequestContext,
    hidden: ThreadItem,
) -> None:
    await store.add_thread_item("thr_1", hidden, alice)
    with pytest.raises(NotFoundInStore, match="no item 'hidden'"):
        await opinions.record("thr_1", ["a", "hidden"], "negative", alice)
    assert await kept(database) == []


@pytest.mark.parametrize("count", [0, MAX_ITEMS + 1])
async def test_no_items_and_too_many_are_refused(
    opinions: FeedbackStore, alice: RequestContext, count: int
) -> None:
    with pytest.raises(InvalidRequest, match="name 1 to 100 items") as refused:
        await opinions.record("thr_1", ["a"] * count, "positive", alice)
    assert refused.value.field == "params.item_ids"


@pytest.mark.parametrize("gone", ["item", "thread"])
async def test_feedback_goes_with_what_it_is_about(
    database: Database,
    store: ThreadStore,
    opinions: FeedbackStore,
    alice: RequestContext,
    gone: str,
) -> None:
    await opinions.record("thr_1", ["a"], "positive", alice)
    if gone == "item":
        await store.delete_thread_item("thr_1", "a", alice)
    else:
        await store.delete_thread("thr_1", alice)
    assert await kept(database) == []


async def test_items_that_are_deleted_meanwhile_are_kept_or_not_found_and_break_nothing(
    database: Database, store: ThreadStore, opinions: FeedbackStore, alice: RequestContext
) -> None:
    for number in range(20):
        name = f"i{number}"
        await store.add_thread_item("thr_1", message(name), alice)
        results = await asyncio.gather(
            opinions.record("thr_1", [name, "a"], "positive", alice),
            opinions.record("thr_1", ["a", name], "negative", alice),
            store.delete_thread_item("thr_1", name, alice),
            return_exceptions=True,
        )
        assert {type(result) for result in results} <= {type(None), NotFoundInStore}, results
    assert {row["item_id"] for row in await kept(database)} <= {"a"}
