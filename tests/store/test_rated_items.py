"""The feedback of all users, as it is read out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chatkit.types import (
    FeedbackKind,
    InferenceOptions,
    ThreadItem,
    UserMessageItem,
    UserMessageTextContent,
)
from sqlalchemy import update

from chatkit_backend.context import RequestContext
from chatkit_backend.store import rated_items as module
from chatkit_backend.store.engine import Database
from chatkit_backend.store.feedback import FeedbackStore
from chatkit_backend.store.rated_items import RatedItem, rated_items
from chatkit_backend.store.tables import feedback, items
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import NOON, message, one_of_each, thread


def question(item_id: str, text: str, model: str | None = None) -> UserMessageItem:
    return UserMessageItem(
        id=item_id,
        thread_id="thr_1",
        created_at=NOON,
        content=[UserMessageTextContent(text=text)],
        inference_options=InferenceOptions(model=model),
    )


async def said(store: ThreadStore, context: RequestContext, *said_items: ThreadItem) -> None:
    await store.save_thread(thread(), context)
    for item in said_items:
        await store.add_thread_item("thr_1", item, context)


async def rate(
    database: Database, context: RequestContext, item_id: str, kind: FeedbackKind, when: datetime
) -> None:
    await FeedbackStore(database).record("thr_1", [item_id], kind, context)
    of_item = update(feedback).where(feedback.c.item_id == item_id)
    async with database.write() as connection:
        await connection.execute(of_item.values(created_at=when, updated_at=when))


async def read(database: Database, *options: Any, **named: Any) -> list[RatedItem]:
    return [item async for item in rated_items(database, *options, **named)]


async def test_a_rated_item_comes_with_its_words_and_the_message_right_before_it(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await said(
        store,
        alice,
        question("q1", "First?"),
        message("a1", "One."),
        question("q2", "Second?", "openai/x"),
        message("a2", "Two."),
        message("a3", "Three."),
        question("q3", "Third?"),
    )
    await rate(database, alice, "a3", "negative", NOON)
    assert await read(database) == [
        RatedItem(
            thread_id="thr_1",
            item_id="a3",
            user="alice",
            kind="negative",
            created_at=NOON,
            updated_at=NOON,
            item_type="assistant_message",
            text="Three.",
            question="Second?",
            model="openai/x",
        )
    ]


async def test_items_of_every_type_can_be_read_out(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await said(store, alice, *one_of_each())
    shown = [item for item in one_of_each() if item.id not in {"hidden", "sdk_hidden", "end"}]
    await FeedbackStore(database).record("thr_1", [item.id for item in shown], "positive", alice)
    found = {item.item_id: item for item in await read(database)}
    assert {name: item.item_type for name, item in found.items()} == {
        item.id: item.type for item in shown
    }
    assert found["strict"].text == "copy"
    assert found["user"].question == ""
    assert found["user"].text.endswith("@Ann")


async def test_an_item_that_this_version_cannot_read_is_there_without_words(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await said(store, alice, message("a"))
    await rate(database, alice, "a", "positive", NOON)
    async with database.write() as connection:
        await connection.execute(update(items).values(data='{"type": "of_the_future"}'))
    (item,) = await read(database)
    assert (item.item_id, item.text) == ("a", "")


@pytest.mark.parametrize("at_once", [1, 2, 3, 200])
async def test_they_come_by_the_time_of_the_last_change_each_once(
    database: Database,
    store: ThreadStore,
    alice: RequestContext,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    monkeypatch.setattr(module, "_READ_AT_ONCE", at_once)
    await said(store, alice, *(message(f"{number}") for number in range(6)))
    for number in range(6):
        # Two at each time, and the later items first.
        when = NOON - timedelta(minutes=number // 2)
        await rate(database, alice, f"{number}", "negative" if number % 2 else "positive", when)
    assert [item.item_id for item in await read(database)] == ["4", "5", "2", "3", "0", "1"]
    since = NOON - timedelta(minutes=1)
    assert [item.item_id for item in await read(database, since)] == ["2", "3", "0", "1"]
    negative = await read(database, since, "negative")
    assert [item.item_id for item in negative] == ["3", "1"]


async def test_an_export_shows_one_moment(
    shared_url: str, alice: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_READ_AT_ONCE", 1)
    database = await Database.open(shared_url)
    await database.migrate()
    await said(ThreadStore(database), alice, message("a"), message("b"))
    for name in ("a", "b"):
        await rate(database, alice, name, "positive", NOON)
    found = rated_items(database)
    ids = [(await anext(found)).item_id]
    # Later than all others by now: it would come a second time.
    await FeedbackStore(database).record("thr_1", ["a"], "negative", alice)
    ids += [item.item_id async for item in found]
    assert ids == ["a", "b"]
    await database.close()


async def test_times_are_utc(database: Database, store: ThreadStore, alice: RequestContext) -> None:
    await said(store, alice, message("a"))
    await FeedbackStore(database).record("thr_1", ["a"], "positive", alice)
    (item,) = await read(database)
    assert item.created_at.tzinfo is item.updated_at.tzinfo is UTC
