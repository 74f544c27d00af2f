"""The listing for holders of an API key: the threads of every user, a page in either direction."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from chatkit.types import EndOfTurnItem, HiddenContextItem, SDKHiddenContextItem, ThreadItem
from sqlalchemy import Table, update
from structlog.testing import capture_logs

from chatkit_backend.context import RequestContext
from chatkit_backend.store.all_threads import AllThreads, ListingPage, ListingRequest, OwnedThread
from chatkit_backend.store.engine import Database
from chatkit_backend.store.moments import Moment
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.tables import items, threads
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import NOON, message, one_of_each, thread

HIDDEN: list[ThreadItem] = [
    HiddenContextItem(id="hidden", thread_id="thr_1", created_at=NOON, content="x"),
    SDKHiddenContextItem(id="sdk_hidden", thread_id="thr_1", created_at=NOON, content="x"),
    EndOfTurnItem(id="end", thread_id="thr_1", created_at=NOON),
]


@pytest.fixture
def everything(database: Database) -> AllThreads:
    return AllThreads(database)


@pytest.fixture
async def of_two_users(store: ThreadStore, alice: RequestContext, bob: RequestContext) -> None:
    """thr_0 to thr_9, the even ones of alice, the odd ones of bob."""
    for number in range(10):
        await store.save_thread(thread(f"thr_{number}"), (alice, bob)[number % 2])


@pytest.fixture
async def with_items(store: ThreadStore, alice: RequestContext) -> None:
    """item_0 to item_9 in alice's thr_1, and after each of them what no client sees."""
    await store.save_thread(thread(), alice)
    for number in range(10):
        await store.add_thread_item("thr_1", message(f"item_{number}"), alice)
        for hidden in HIDDEN:
            again = hidden.model_copy(update={"id": f"{hidden.id}_{number}"})
            await store.add_thread_item("thr_1", again, alice)


def numbers(page: ListingPage[OwnedThread] | ListingPage[ThreadItem]) -> list[int]:
    ids = [one.thread.id if isinstance(one, OwnedThread) else one.id for one in page.data]
    assert (page.first_id, page.last_id) == ((ids[0], ids[-1]) if ids else (None, None))
    return [int(one.rpartition("_")[2]) for one in ids]


# One thread


async def test_a_thread_of_any_user_is_found_with_its_owner(
    everything: AllThreads, store: ThreadStore, alice: RequestContext, bob: RequestContext
) -> None:
    await store.save_thread(thread("thr_a", title="Hers"), alice)
    await store.save_thread(thread("thr_b", metadata={"k": [1]}), bob)
    found = [await everything.find(name) for name in ("thr_a", "thr_b")]
    assert found == [
        OwnedThread(thread("thr_a", title="Hers"), "alice"),
        OwnedThread(thread("thr_b", metadata={"k": [1]}), "bob"),
    ]
    assert type(found[0].thread.created_at) is Moment


async def test_a_thread_that_never_was_is_not_found(everything: AllThreads) -> None:
    with pytest.raises(NotFoundInStore, match="no thread 'thr_x'") as raised:
        await everything.find("thr_x")
    assert raised.value.field == "thread_id"


async def test_a_thread_that_this_version_cannot_read_is_not_found(
    everything: AllThreads, database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await store.save_thread(thread(), alice)
    await spoil(database, threads, "thr_1")
    with pytest.raises(NotFoundInStore):
        await everything.find("thr_1")


# The list of threads

UP, DOWN = [*range(10)], [*range(9, -1, -1)]

# Which request, and what comes of ten rows: their numbers, and whether there are more.
WINDOWS = [
    (ListingRequest(limit=10, ascending=True), UP, False),
    (ListingRequest(limit=10), DOWN, False),
    (ListingRequest(limit=9), DOWN[:9], True),
    (ListingRequest(limit=3, ascending=True), [0, 1, 2], True),
    (ListingRequest(after="2", limit=3, ascending=True), [3, 4, 5], True),
    (ListingRequest(after="6", limit=3, ascending=True), [7, 8, 9], False),
    (ListingRequest(after="9", limit=3, ascending=True), [], False),
    (ListingRequest(after="7", limit=3), [6, 5, 4], True),
    (ListingRequest(after="3", limit=3), [2, 1, 0], False),
    (ListingRequest(after="0", limit=3), [], False),
    (ListingRequest(before="7", limit=3, ascending=True), [4, 5, 6], True),
    (ListingRequest(before="3", limit=3, ascending=True), [0, 1, 2], False),
    (ListingRequest(before="0", limit=3, ascending=True), [], False),
    (ListingRequest(before="2", limit=3), [5, 4, 3], True),
    (ListingRequest(before="6", limit=3), [9, 8, 7], False),
    (ListingRequest(before="9", limit=3), [], False),
    (ListingRequest(after="2", before="6", limit=9, ascending=True), [3, 4, 5], False),
    (ListingRequest(after="2", before="6", limit=2, ascending=True), [3, 4], True),
    (ListingRequest(after="6", before="2", limit=9), [5, 4, 3], False),
    (ListingRequest(after="6", before="2", limit=2), [5, 4], True),
    (ListingRequest(after="6", before="2", limit=9, ascending=True), [], False),
    (ListingRequest(after="5", before="5", limit=9), [], False),
]


def of(prefix: str, request: ListingRequest) -> ListingRequest:
    return replace(
        request,
        after=request.after and prefix + request.after,
        before=request.before and prefix + request.before,
    )


def at(field: str, cursor: str) -> ListingRequest:
    return ListingRequest(after=cursor) if field == "after" else ListingRequest(before=cursor)


@pytest.mark.usefixtures("of_two_users")
@pytest.mark.parametrize(("request_", "expected", "more"), WINDOWS)
async def test_threads_of_all_users_are_listed_from_any_place_in_either_direction(
    everything: AllThreads, request_: ListingRequest, expected: list[int], more: bool
) -> None:
    page = await everything.page(None, of("thr_", request_))
    assert (numbers(page), page.has_more) == (expected, more)
    owners = [("alice", "bob")[number % 2] for number in expected]
    assert [one.owner_id for one in page.data] == owners


@pytest.mark.usefixtures("of_two_users")
@pytest.mark.parametrize("ascending", [True, False])
async def test_the_threads_of_one_user_can_be_had_alone(
    everything: AllThreads, ascending: bool
) -> None:
    hers = [0, 2, 4, 6, 8] if ascending else [8, 6, 4, 2, 0]
    whole = await everything.page("alice", ListingRequest(limit=5, ascending=ascending))
    first = await everything.page("alice", ListingRequest(limit=2, ascending=ascending))
    second = await everything.page(
        "alice", ListingRequest(after=first.last_id, limit=2, ascending=ascending)
    )
    back = await everything.page(
        "alice", ListingRequest(before=second.first_id, limit=9, ascending=ascending)
    )
    assert (numbers(whole), whole.has_more) == (hers, False)
    assert (numbers(first), first.has_more) == (hers[:2], True)
    assert (numbers(second), second.has_more) == (hers[2:4], True)
    assert (numbers(back), back.has_more) == (hers[:2], False)
    assert {one.owner_id for one in whole.data} == {"alice"}


@pytest.mark.usefixtures("of_two_users")
async def test_a_user_without_threads_has_an_empty_list(everything: AllThreads) -> None:
    for nobody in ("", "carol"):
        page = await everything.page(nobody, ListingRequest())
        assert page == ListingPage([], has_more=False, first_id=None, last_id=None)


@pytest.mark.usefixtures("of_two_users")
@pytest.mark.parametrize("field", ["after", "before"])
@pytest.mark.parametrize(
    ("owner", "cursor"), [(None, "thr_x"), ("alice", "thr_x"), ("alice", "thr_1")]
)
async def test_a_cursor_that_is_not_in_the_list_is_not_found(
    everything: AllThreads, owner: str | None, cursor: str, field: str
) -> None:
    with pytest.raises(NotFoundInStore, match=cursor) as raised:
        await everything.page(owner, at(field, cursor))
    assert raised.value.field == field


async def test_threads_are_listed_by_creation_in_the_store_not_by_clock(
    everything: AllThreads, store: ThreadStore, alice: RequestContext
) -> None:
    for number, hours in enumerate((5, -3, 0)):
        created_at = NOON + timedelta(hours=hours)
        await store.save_thread(thread(f"thr_{number}", created_at=created_at), alice)
    assert numbers(await everything.page(None, ListingRequest(ascending=True))) == [0, 1, 2]


@pytest.mark.usefixtures("of_two_users")
async def test_threads_that_cannot_be_read_are_left_out_and_logged_without_content(
    everything: AllThreads, database: Database
) -> None:
    for name in ("thr_9", "thr_6"):
        await spoil(database, threads, name)
    with capture_logs() as logs:
        page = await everything.page(None, ListingRequest(limit=4))
    assert [one.thread.id for one in page.data] == ["thr_8", "thr_7"]
    # The cursors are those of the rows, so that the next page does not begin with them again.
    assert (page.first_id, page.last_id, page.has_more) == ("thr_9", "thr_6", True)
    assert logs == [
        {"event": "rows_not_readable", "log_level": "warning", "count": 2, "table": "threads"}
    ]


# The items of a thread


@pytest.mark.usefixtures("with_items")
@pytest.mark.parametrize(("request_", "expected", "more"), WINDOWS)
async def test_items_are_listed_full_pages_without_what_no_client_sees(
    everything: AllThreads, request_: ListingRequest, expected: list[int], more: bool
) -> None:
    page = await everything.items("thr_1", of("item_", request_))
    assert (numbers(page), page.has_more) == (expected, more)


async def test_items_of_every_type_come_as_they_were_stored(
    everything: AllThreads, store: ThreadStore, alice: RequestContext
) -> None:
    await store.save_thread(thread(), alice)
    for item in one_of_each():
        await store.add_thread_item("thr_1", item, alice)
    page = await everything.items("thr_1", ListingRequest(limit=100, ascending=True))
    hidden = {"hidden", "sdk_hidden", "end"}
    assert page.data == [item for item in one_of_each() if item.id not in hidden]


async def test_items_of_another_thread_are_not_listed(
    everything: AllThreads, store: ThreadStore, alice: RequestContext
) -> None:
    for name in ("thr_1", "thr_2"):
        await store.save_thread(thread(name), alice)
        await store.add_thread_item(name, message(f"in_{name}", thread_id=name), alice)
    page = await everything.items("thr_2", ListingRequest())
    assert [item.id for item in page.data] == ["in_thr_2"]
    with pytest.raises(NotFoundInStore):
        await everything.items("thr_2", ListingRequest(after="in_thr_1"))


async def test_a_thread_without_items_has_an_empty_list(
    everything: AllThreads, store: ThreadStore, alice: RequestContext
) -> None:
    await store.save_thread(thread(), alice)
    page = await everything.items("thr_1", ListingRequest())
    assert page == ListingPage([], has_more=False, first_id=None, last_id=None)


async def test_the_items_of_a_thread_that_never_was_are_not_found(everything: AllThreads) -> None:
    for request in (ListingRequest(), ListingRequest(after="item_1")):
        with pytest.raises(NotFoundInStore) as raised:
            await everything.items("thr_x", request)
        assert raised.value.field == "thread_id"


@pytest.mark.usefixtures("with_items")
@pytest.mark.parametrize("field", ["after", "before"])
async def test_a_cursor_that_is_not_in_the_thread_is_not_found(
    everything: AllThreads, field: str
) -> None:
    with pytest.raises(NotFoundInStore, match="item_x") as raised:
        await everything.items("thr_1", at(field, "item_x"))
    assert raised.value.field == field


@pytest.mark.usefixtures("with_items")
async def test_items_that_cannot_be_read_are_left_out_and_logged_without_content(
    everything: AllThreads, database: Database
) -> None:
    await spoil(database, items, "item_9")
    with capture_logs() as logs:
        page = await everything.items("thr_1", ListingRequest(limit=2))
    assert [item.id for item in page.data] == ["item_8"]
    assert (page.first_id, page.last_id, page.has_more) == ("item_9", "item_8", True)
    assert [(log["event"], log["thread_id"]) for log in logs] == [("rows_not_readable", "thr_1")]


@pytest.mark.parametrize("ascending", [True, False])
async def test_walking_page_by_page_meets_every_item_once_in_either_direction(
    everything: AllThreads, store: ThreadStore, alice: RequestContext, ascending: bool
) -> None:
    await store.save_thread(thread(), alice)
    for number in range(12):
        hidden = HIDDEN[number % 3].model_copy(update={"id": f"hidden_{number}"})
        # Some of each kind next to each other, hidden ones at both ends.
        item = message(f"item_{number}") if number in {1, 2, 5, 7, 8, 9, 10} else hidden
        await store.add_thread_item("thr_1", item, alice)
    expected = [1, 2, 5, 7, 8, 9, 10] if ascending else [10, 9, 8, 7, 5, 2, 1]
    for limit in (1, 2, 3, 6, 7, 8):
        forth = await walk(everything, ListingRequest(limit=limit, ascending=ascending))
        back = await walk(
            everything,
            ListingRequest(before=f"item_{expected[-1]}", limit=limit, ascending=ascending),
        )
        assert [number for page in forth for number in page] == expected
        assert [number for page in back[::-1] for number in page] == expected[:-1]
        assert {len(page) for page in forth[:-1] + back[:-1]} <= {limit}
        assert [] not in (*forth, *back)


async def walk(everything: AllThreads, request: ListingRequest) -> list[list[int]]:
    """The numbers on each page, as a client asks for one page after the other."""
    pages = []
    while True:
        page = await everything.items("thr_1", request)
        pages.append(numbers(page))
        if not page.has_more:
            return pages
        if request.backwards:
            request = replace(request, before=page.first_id)
        else:
            request = replace(request, after=page.last_id)


async def spoil(database: Database, table: Table, row: str) -> None:
    """Makes a row what a later version of the protocol may have written."""
    document = json.dumps({"id": row, "type": "hologram", "secret": "my words"})
    async with database.write() as connection:
        await connection.execute(update(table).where(table.c.id == row).values(data=document))
