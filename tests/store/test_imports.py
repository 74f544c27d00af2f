"""Imported threads: begun once, read page by page, never written over."""

from __future__ import annotations

import asyncio

import pytest
from chatkit.types import ThreadItem
from sqlalchemy import select

from chatkit_backend.context import RequestContext
from chatkit_backend.store.engine import Database
from chatkit_backend.store.imports import Beginning, ImportedThreads
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.tables import imported_threads, items
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.store.users import delete_user
from tests.store.examples import NOON, call, message, one_of_each, thread


@pytest.fixture
def imported(database: Database) -> ImportedThreads:
    return ImportedThreads(database)


async def texts(store: ThreadStore, context: RequestContext) -> list[str]:
    page = await store.load_thread_items("thr_1", None, 100, "asc", context)
    return [item.content[0].text for item in page.data if item.type == "assistant_message"]


def page(*texts_of_items: str) -> list[ThreadItem]:
    return [message(text, text) for text in texts_of_items]


async def test_a_new_thread_is_stored_with_its_time_and_without_items(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext
) -> None:
    assert await imported.begin(thread(title="T"), alice) == Beginning("new")
    assert await store.load_thread("thr_1", alice) == thread(title="T")
    assert await texts(store, alice) == []


async def test_a_page_is_stored_in_its_order_with_its_times_and_noted(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext
) -> None:
    await imported.begin(thread(), alice)
    first, second = page("a", "b"), page("c")
    assert await imported.add_page("thr_1", first, "b", alice) == first
    assert await imported.begin(thread(), alice) == Beginning("begun", "b")
    assert await imported.add_page("thr_1", second, "c", alice) == second
    assert await imported.begin(thread(), alice) == Beginning("begun", "c")
    loaded = (await store.load_thread_items("thr_1", None, 9, "asc", alice)).data
    assert loaded == [*first, *second]
    assert {item.created_at for item in loaded} == {NOON}


async def test_every_type_of_item_is_stored_as_the_store_itself_would(
    imported: ImportedThreads, database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    columns = select(items.c.id, items.c.type, items.c.status, items.c.created_at, items.c.data)
    columns = columns.order_by(items.c.position)
    await store.save_thread(thread(), alice)
    for item in one_of_each():
        await store.add_thread_item("thr_1", item, alice)
    async with database.read() as connection:
        expected = (await connection.execute(columns)).all()
    await store.delete_thread("thr_1", alice)
    await imported.begin(thread(), alice)
    await imported.add_page("thr_1", one_of_each(), "end", alice)
    async with database.read() as connection:
        assert (await connection.execute(columns)).all() == expected


async def test_what_is_here_is_not_stored_again_and_keeps_its_place(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext
) -> None:
    await imported.begin(thread(), alice)
    await imported.add_page("thr_1", page("a", "b"), "b", alice)
    await store.save_item("thr_1", message("a", "changed here"), alice)
    await store.add_thread_item("thr_1", message("local", "went on here"), alice)
    added = await imported.add_page("thr_1", page("a", "b", "c", "c"), "c", alice)
    assert added == page("c")
    assert await texts(store, alice) == ["changed here", "b", "went on here", "c"]


async def test_a_page_of_which_nothing_can_be_kept_is_noted_nevertheless(
    imported: ImportedThreads, alice: RequestContext
) -> None:
    await imported.begin(thread(), alice)
    assert await imported.add_page("thr_1", [], "unreadable", alice) == []
    assert await imported.begin(thread(), alice) == Beginning("begun", "unreadable")


async def test_an_imported_thread_that_was_deleted_stays_so(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext
) -> None:
    await imported.begin(thread(), alice)
    await store.delete_thread("thr_1", alice)
    assert await imported.add_page("thr_1", page("a"), "a", alice) is None
    assert await imported.begin(thread(), alice) == Beginning("deleted")
    with pytest.raises(NotFoundInStore):
        await store.load_thread("thr_1", alice)


async def test_a_thread_of_another_user_is_not_touched(
    imported: ImportedThreads,
    database: Database,
    store: ThreadStore,
    alice: RequestContext,
    bob: RequestContext,
) -> None:
    await store.save_thread(thread(title="bob's"), bob)
    assert await imported.begin(thread(title="alice's"), alice) == Beginning("foreign")
    assert await imported.add_page("thr_1", page("a"), "a", alice) is None
    assert (await store.load_thread("thr_1", bob)).title == "bob's"
    assert await texts(store, bob) == []
    async with database.read() as connection:
        assert (await connection.execute(select(imported_threads))).all() == []


async def test_a_thread_that_another_user_imported_and_deleted_is_theirs(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext, bob: RequestContext
) -> None:
    await imported.begin(thread(), bob)
    await store.delete_thread("thr_1", bob)
    assert await imported.begin(thread(), alice) == Beginning("foreign")


async def test_a_thread_of_ones_own_that_was_not_imported_is_not_touched(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext
) -> None:
    await store.save_thread(thread(title="here"), alice)
    await store.add_thread_item("thr_1", call("call"), alice)
    assert await imported.begin(thread(title="there"), alice) == Beginning("native")
    assert (await store.load_thread("thr_1", alice)).title == "here"


async def test_of_a_user_who_was_deleted_no_note_is_left(
    imported: ImportedThreads, database: Database, alice: RequestContext
) -> None:
    await imported.begin(thread(), alice)
    await delete_user(database, "alice")
    assert await imported.begin(thread(), alice) == Beginning("new")


async def test_two_imports_at_once_store_everything_once_and_in_order(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext
) -> None:
    async def one() -> None:
        await imported.begin(thread(), alice)
        for number in range(10):
            names = [f"{number}{letter}" for letter in "abc"]
            await imported.add_page("thr_1", page(*names), names[-1], alice)

    await asyncio.gather(*(one() for _ in range(4)))
    expected = [f"{number}{letter}" for number in range(10) for letter in "abc"]
    assert await texts(store, alice) == expected
    assert await imported.begin(thread(), alice) == Beginning("begun", "9c")


async def test_a_page_that_is_interrupted_is_stored_as_a_whole_or_not_at_all(
    imported: ImportedThreads, store: ThreadStore, alice: RequestContext
) -> None:
    await imported.begin(thread(), alice)
    names = [f"{number:03}" for number in range(100)]
    for steps in range(40):
        task = asyncio.create_task(imported.add_page("thr_1", page(*names), names[-1], alice))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        noted = (await imported.begin(thread(), alice)).last_item_id
        assert await texts(store, alice) == (names if noted else [])
    await imported.add_page("thr_1", page(*names), names[-1], alice)
    assert await texts(store, alice) == names
