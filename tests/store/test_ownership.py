"""Pitfall 14: who owns what is entirely ours to check, in every method there is."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from chatkit.types import Page, ThreadMetadata
from sqlalchemy import select

from chatkit_backend.context import RequestContext
from chatkit_backend.store.engine import Database
from chatkit_backend.store.feedback import FeedbackStore
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.tables import metadata
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import call, file_attachment, message, thread, user_message


def rename(found: ThreadMetadata) -> None:
    found.title = "Stolen"


Call = Callable[[ThreadStore, RequestContext], Awaitable[Any]]

# Each with the ids of what alice owns. A new method fails the test below until it stands here.
CALLS: dict[str, Call] = {
    "load_thread": lambda store, who: store.load_thread("thr_1", who),
    "save_thread": lambda store, who: store.save_thread(thread(title="Stolen"), who),
    "change_thread": lambda store, who: store.change_thread("thr_1", rename, who),
    "load_thread_items": lambda store, who: store.load_thread_items("thr_1", None, 9, "asc", who),
    "save_attachment": lambda store, who: store.save_attachment(file_attachment(), who),
    "change_attachment": lambda store, who: store.change_attachment(
        file_attachment().id, lambda same: same, who
    ),
    "load_attachment": lambda store, who: store.load_attachment("atc_1", who),
    "delete_attachment": lambda store, who: store.delete_attachment("atc_1", who),
    "load_threads": lambda store, who: store.load_threads(9, None, "asc", who),
    "newest_thread_ids": lambda store, who: store.newest_thread_ids(9, who),
    "add_thread_item": lambda store, who: store.add_thread_item("thr_1", message("new"), who),
    "begin_thread": lambda store, who: store.begin_thread(
        thread("new"), user_message("said", "atc_1", thread_id="new"), who
    ),
    "add_user_message": lambda store, who: store.add_user_message(
        "thr_1", user_message("said", "atc_1"), who
    ),
    "save_item": lambda store, who: store.save_item("thr_1", message("call", "stolen"), who),
    "change_item": lambda store, who: store.change_item("thr_1", call("call"), who),
    "answer_item": lambda store, who: store.answer_item("thr_1", call("call"), who),
    "load_item": lambda store, who: store.load_item("thr_1", "call", who),
    "delete_thread": lambda store, who: store.delete_thread("thr_1", who),
    "delete_thread_item": lambda store, who: store.delete_thread_item("thr_1", "call", who),
    "latest_client_tool_call": lambda store, who: store.latest_client_tool_call("thr_1", who),
    "count_items": lambda store, who: store.count_items(["thr_1"], who),
    "record": lambda store, who: FeedbackStore(store._database).record(
        "thr_1", ["call"], "positive", who
    ),
}

# These name nothing of alice's, or several things, and answer with nothing instead.
EMPTY: dict[str, object] = {"load_threads": Page(), "newest_thread_ids": set(), "count_items": {}}


@pytest.fixture
async def belongings_of_alice(store: ThreadStore, alice: RequestContext) -> None:
    await store.save_thread(thread(), alice)
    await store.add_thread_item("thr_1", call("call"), alice)
    await store.save_attachment(file_attachment(), alice)


async def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    async with database.read() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


def test_every_public_method_stands_in_the_table() -> None:
    stores = (ThreadStore, FeedbackStore)
    methods = [of for store in stores for of in inspect.getmembers(store, is_asynchronous)]
    assert {name for name, _ in methods if not name.startswith("_")} == set(CALLS)


def is_asynchronous(member: object) -> bool:
    return inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member)


@pytest.mark.usefixtures("belongings_of_alice")
@pytest.mark.parametrize("name", CALLS)
async def test_what_belongs_to_another_user_is_neither_found_nor_changed(
    database: Database, store: ThreadStore, bob: RequestContext, name: str
) -> None:
    before = await contents(database)
    if name in EMPTY:
        assert await CALLS[name](store, bob) == EMPTY[name]
    else:
        with pytest.raises(NotFoundInStore):
            await CALLS[name](store, bob)
    assert await contents(database) == before


@pytest.mark.usefixtures("belongings_of_alice")
@pytest.mark.parametrize("name", CALLS)
async def test_the_same_call_by_the_owner_succeeds(
    store: ThreadStore, alice: RequestContext, name: str
) -> None:
    """Otherwise a call that is wrong for everybody would pass the test above."""
    await CALLS[name](store, alice)


@pytest.mark.usefixtures("belongings_of_alice")
@pytest.mark.parametrize(
    "name", sorted(CALLS.keys() - EMPTY.keys() - {"save_thread", "save_attachment"})
)
async def test_foreign_and_missing_things_cannot_be_told_apart(
    store: ThreadStore, alice: RequestContext, bob: RequestContext, name: str
) -> None:
    with pytest.raises(NotFoundInStore) as foreign:
        await CALLS[name](store, bob)
    await store.delete_thread("thr_1", alice)
    await store.delete_attachment("atc_1", alice)
    with pytest.raises(NotFoundInStore) as missing:
        await CALLS[name](store, bob)
    assert str(foreign.value) == str(missing.value)
    assert foreign.value.field == missing.value.field
