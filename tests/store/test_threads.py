"""What every store of threads does, whatever database it is on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from chatkit.store import NotFoundError
from chatkit.types import (
    ClientToolCallItem,
    GeneratedImage,
    GeneratedImageItem,
    HiddenContextItem,
    ImageAttachment,
    ThreadMetadata,
    WorkflowItem,
)
from pydantic import AnyUrl
from sqlalchemy import event, insert, select, text, update
from structlog.testing import capture_logs

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import InvalidRequest, NotFound
from chatkit_backend.store.addresses import placeholder
from chatkit_backend.store.engine import Database
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.pages import MAX_PAGE
from chatkit_backend.store.tables import attachments, items, threads
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import (
    NOON,
    call,
    file_attachment,
    message,
    thread,
    user_message,
    workflow,
)


async def add(store: ThreadStore, alice: RequestContext, *item_ids: str) -> None:
    for item_id in item_ids:
        await store.add_thread_item("thr_1", message(item_id), alice)


def made_image(image_id: str) -> ImageAttachment:
    return ImageAttachment(
        id=image_id,
        name="image.png",
        mime_type="image/png",
        thread_id="thr_1",
        preview_url=AnyUrl(placeholder(image_id)),
        metadata={"generated": True},
    )


def shows(image_id: str) -> GeneratedImageItem:
    image = GeneratedImage(id=image_id, url=placeholder(image_id))
    return GeneratedImageItem(id="image", thread_id="thr_1", created_at=NOON, image=image)


async def all_ids(store: ThreadStore, alice: RequestContext, order: str = "asc") -> list[str]:
    page = await store.load_thread_items("thr_1", None, 100, order, alice)
    return [item.id for item in page.data]


@pytest.fixture
async def with_thread(store: ThreadStore, alice: RequestContext) -> None:
    await store.save_thread(thread(), alice)


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are sent, without those that begin and end transactions."""
    sent: list[str] = []
    engine = database._engine.sync_engine

    def note(*arguments: object) -> None:
        statement = str(arguments[2])
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def test_what_is_not_found_is_so_for_the_sdk_and_for_us(
    store: ThreadStore, alice: RequestContext
) -> None:
    with pytest.raises(NotFoundInStore, match="no thread 'thr_x'") as raised:
        await store.load_thread("thr_x", alice)
    assert isinstance(raised.value, NotFoundError)
    assert isinstance(raised.value, NotFound)
    assert raised.value.field == "params.thread_id"
    assert raised.value.code == "not_found"


# Threads


async def test_saving_a_thread_again_changes_it_but_not_its_place_nor_its_creation(
    store: ThreadStore, alice: RequestContext
) -> None:
    for number in (1, 2, 3):
        await store.save_thread(thread(f"thr_{number}"), alice)
    later = NOON + timedelta(days=1)
    await store.save_thread(thread("thr_1", title="New", created_at=later), alice)
    page = await store.load_threads(10, None, "asc", alice)
    assert [found.id for found in page.data] == ["thr_1", "thr_2", "thr_3"]
    assert page.data[0].title == "New"
    assert page.data[0].created_at == NOON


async def test_saving_a_thread_again_keeps_its_items(
    store: ThreadStore, alice: RequestContext, with_thread: None
) -> None:
    await add(store, alice, "a")
    await store.save_thread(thread(title="New"), alice)
    await add(store, alice, "b")
    assert await all_ids(store, alice) == ["a", "b"]


async def test_a_change_of_a_thread_keeps_what_others_have_changed(
    store: ThreadStore, alice: RequestContext, with_thread: None
) -> None:
    await add(store, alice, "a")

    def add_to(name: str) -> Callable[[ThreadMetadata], None]:
        return lambda found: found.metadata.update({name: True})

    changes = [store.change_thread("thr_1", add_to(str(n)), alice) for n in range(20)]
    changed = await asyncio.gather(*changes)
    loaded = await store.load_thread("thr_1", alice)
    assert set(loaded.metadata) == {str(n) for n in range(20)}
    assert loaded in changed
    assert loaded.created_at == NOON
    assert await all_ids(store, alice) == ["a"]


async def test_a_change_that_fails_changes_nothing(
    store: ThreadStore, alice: RequestContext, with_thread: None
) -> None:
    def fail(found: ThreadMetadata) -> None:
        found.title = "Half"
        raise RuntimeError("on the way")

    before = await store.load_thread("thr_1", alice)
    with pytest.raises(RuntimeError):
        await store.change_thread("thr_1", fail, alice)
    assert await store.load_thread("thr_1", alice) == before


async def test_threads_are_listed_by_creation_in_the_store_not_by_clock(
    store: ThreadStore, alice: RequestContext
) -> None:
    for number, hours in enumerate((5, -3, 0)):
        created_at = NOON + timedelta(hours=hours)
        await store.save_thread(thread(f"thr_{number}", created_at=created_at), alice)
    ascending = await store.load_threads(10, None, "asc", alice)
    descending = await store.load_threads(10, None, "desc", alice)
    assert [found.id for found in ascending.data] == ["thr_0", "thr_1", "thr_2"]
    assert [found.id for found in descending.data] == ["thr_2", "thr_1", "thr_0"]


async def test_a_list_of_threads_is_read_page_by_page(
    store: ThreadStore, alice: RequestContext
) -> None:
    for number in range(5):
        await store.save_thread(thread(f"thr_{number}"), alice)
    first = await store.load_threads(2, None, "desc", alice)
    second = await store.load_threads(2, first.after, "desc", alice)
    third = await store.load_threads(2, second.after, "desc", alice)
    found = [[one.id for one in page.data] for page in (first, second, third)]
    assert found == [["thr_4", "thr_3"], ["thr_2", "thr_1"], ["thr_0"]]
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    assert [page.after for page in (first, second, third)] == ["thr_3", "thr_1", None]


async def test_a_list_of_threads_holds_those_of_the_asking_user_only(
    store: ThreadStore, alice: RequestContext, bob: RequestContext
) -> None:
    for number in range(6):
        await store.save_thread(thread(f"thr_{number}"), alice if number % 2 else bob)
    page = await store.load_threads(2, None, "asc", alice)
    assert [found.id for found in page.data] == ["thr_1", "thr_3"]
    assert page.has_more
    with pytest.raises(NotFoundInStore) as raised:
        await store.load_threads(2, "thr_0", "asc", alice)
    assert raised.value.field == "params.after"


async def test_a_user_without_threads_has_an_empty_list(
    store: ThreadStore, alice: RequestContext
) -> None:
    page = await store.load_threads(20, None, "desc", alice)
    assert (page.data, page.has_more, page.after) == ([], False, None)


async def test_saving_a_thread_under_the_id_of_somebody_elses_overwrites_nothing(
    store: ThreadStore, alice: RequestContext, bob: RequestContext, with_thread: None
) -> None:
    with pytest.raises(NotFoundInStore) as raised:
        await store.save_thread(thread(title="Stolen"), bob)
    assert raised.value.field == "params.thread_id"
    assert await store.load_thread("thr_1", alice) == thread()
    assert (await store.load_threads(10, None, "asc", bob)).data == []


async def test_deleting_a_thread_deletes_its_items_and_attachments_and_no_others(
    database: Database, store: ThreadStore, alice: RequestContext, with_thread: None
) -> None:
    await store.save_thread(thread("thr_2"), alice)
    for thread_id in ("thr_1", "thr_2"):
        await store.add_thread_item(thread_id, message("m", thread_id=thread_id), alice)
        await store.save_attachment(file_attachment(f"atc_{thread_id}", thread_id), alice)
    await store.save_attachment(file_attachment("atc_free"), alice)
    await store.delete_thread("thr_1", alice)
    async with database.read() as connection:
        left = [
            sorted((await connection.scalars(select(column))).all())
            for column in (threads.c.id, items.c.thread_id, attachments.c.id)
        ]
    assert left == [["thr_2"], ["thr_2"], ["atc_free", "atc_thr_2"]]
    with pytest.raises(NotFoundInStore):
        await store.load_thread("thr_1", alice)


async def test_deleting_an_unknown_thread_is_not_found(
    store: ThreadStore, alice: RequestContext
) -> None:
    with pytest.raises(NotFoundInStore) as raised:
        await store.delete_thread("thr_x", alice)
    assert raised.value.field == "params.thread_id"


# Items


@pytest.mark.usefixtures("with_thread")
class TestItems:
    async def test_items_come_in_the_order_of_their_storing_not_of_their_clocks(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        for item_id, minutes in (("a", 9), ("b", -9), ("c", 0)):
            item = message(item_id)
            item.created_at = NOON + timedelta(minutes=minutes)
            await store.add_thread_item("thr_1", item, alice)
        assert await all_ids(store, alice) == ["a", "b", "c"]
        assert await all_ids(store, alice, "desc") == ["c", "b", "a"]

    @pytest.mark.parametrize("method", ["add_thread_item", "save_item"])
    async def test_storing_an_item_again_replaces_it_in_its_place(
        self, store: ThreadStore, alice: RequestContext, method: str
    ) -> None:
        await add(store, alice, "a", "b", "c")
        again = message("a", "changed")
        again.created_at = NOON + timedelta(days=1)
        await getattr(store, method)("thr_1", again, alice)
        page = await store.load_thread_items("thr_1", None, 10, "asc", alice)
        assert [item.id for item in page.data] == ["a", "b", "c"]
        assert page.data[0] == message("a", "changed")
        assert page.data[0].created_at == NOON

    async def test_an_unfinished_workflow_can_be_added_again_when_it_is_done(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        """Pitfall 3: the SDK adds it at the end of one run and again in the next."""
        await store.add_thread_item("thr_1", workflow(), alice)
        await add(store, alice, "answer")
        await store.add_thread_item("thr_1", workflow(done=True), alice)
        page = await store.load_thread_items("thr_1", None, 10, "asc", alice)
        assert [item.id for item in page.data] == ["wf_1", "answer"]
        assert isinstance(page.data[0], WorkflowItem)
        assert page.data[0].workflow.summary is not None

    async def test_saving_an_unknown_item_adds_it_as_the_newest(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await add(store, alice, "a")
        await store.save_item("thr_1", message("b"), alice)
        assert await all_ids(store, alice) == ["a", "b"]

    async def test_an_item_may_change_its_type(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await add(store, alice, "x")
        await store.add_thread_item("thr_1", call("x"), alice)
        assert await store.latest_client_tool_call("thr_1", alice) == call("x")
        await add(store, alice, "x")
        assert await store.latest_client_tool_call("thr_1", alice) is None
        assert await store.load_item("thr_1", "x", alice) == message("x")

    async def test_threads_may_have_items_of_the_same_id(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await store.save_thread(thread("thr_2"), alice)
        await store.add_thread_item("thr_1", message("m", "one"), alice)
        await store.add_thread_item("thr_2", message("m", "two"), alice)
        assert await store.load_item("thr_1", "m", alice) == message("m", "one")
        assert await store.load_item("thr_2", "m", alice) == message("m", "two")

    async def test_the_place_of_a_deleted_item_is_not_given_out_again(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await add(store, alice, "a", "b")
        cursor = (await store.load_thread_items("thr_1", None, 1, "asc", alice)).after
        await store.delete_thread_item("thr_1", "b", alice)
        await add(store, alice, "c")
        page = await store.load_thread_items("thr_1", cursor, 5, "asc", alice)
        assert [item.id for item in page.data] == ["c"]

    async def test_an_item_of_a_missing_thread_is_not_stored(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        for put in (store.add_thread_item, store.save_item):
            with pytest.raises(NotFoundInStore) as raised:
                await put("thr_x", message("m"), alice)
            assert raised.value.field == "params.thread_id"

    async def test_an_unknown_item_and_an_unknown_thread_are_told_apart(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        with pytest.raises(NotFoundInStore) as item:
            await store.load_item("thr_1", "x", alice)
        with pytest.raises(NotFoundInStore) as of_thread:
            await store.load_item("thr_x", "x", alice)
        assert item.value.field == "params.item_id"
        assert of_thread.value.field == "params.thread_id"

    async def test_deleting_an_item_twice_is_no_error_but_its_thread_must_exist(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await add(store, alice, "a", "b")
        await store.delete_thread_item("thr_1", "a", alice)
        await store.delete_thread_item("thr_1", "a", alice)
        assert await all_ids(store, alice) == ["b"]
        with pytest.raises(NotFoundInStore) as raised:
            await store.delete_thread_item("thr_x", "a", alice)
        assert raised.value.field == "params.thread_id"

    async def test_a_generated_image_is_forgotten_with_the_item_that_shows_it(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        for image_id in ("first", "second"):
            await store.save_attachment(made_image(image_id), alice)
        await store.add_thread_item("thr_1", shows("first"), alice)
        await store.add_thread_item("thr_1", shows("first"), alice)
        await store.load_attachment("first", alice)
        await store.save_item("thr_1", shows("second"), alice)
        with pytest.raises(NotFoundInStore):
            await store.load_attachment("first", alice)
        await store.load_attachment("second", alice)
        await store.delete_thread_item("thr_1", "image", alice)
        with pytest.raises(NotFoundInStore):
            await store.load_attachment("second", alice)

    async def test_what_a_user_attached_stays_when_an_image_of_it_goes(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await store.save_attachment(file_attachment("atc_1", "thr_1"), alice)
        await store.add_thread_item("thr_1", shows("atc_1"), alice)
        await store.delete_thread_item("thr_1", "image", alice)
        await store.load_attachment("atc_1", alice)

    async def test_changes_of_items_are_changes_of_the_thread(
        self, database: Database, store: ThreadStore, alice: RequestContext
    ) -> None:
        async def updated_at() -> object:
            async with database.read() as connection:
                return await connection.scalar(select(threads.c.updated_at))

        times = [await updated_at()]
        await add(store, alice, "a")
        times.append(await updated_at())
        await store.delete_thread_item("thr_1", "a", alice)
        times.append(await updated_at())
        assert times[0] < times[1] < times[2]  # type: ignore[operator]


@pytest.mark.usefixtures("with_thread")
class TestPagesOfItems:
    @pytest.mark.parametrize("order", ["asc", "desc"])
    async def test_a_thread_is_read_page_by_page(
        self, store: ThreadStore, alice: RequestContext, order: str
    ) -> None:
        await add(store, alice, *"abcde")
        pages = [await store.load_thread_items("thr_1", None, 2, order, alice)]
        while pages[-1].has_more:
            assert pages[-1].after == pages[-1].data[-1].id
            pages.append(await store.load_thread_items("thr_1", pages[-1].after, 2, order, alice))
        found = ["".join(item.id for item in page.data) for page in pages]
        assert found == (["ab", "cd", "e"] if order == "asc" else ["ed", "cb", "a"])
        assert pages[-1].after is None

    async def test_a_page_that_holds_the_last_item_has_no_more(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await add(store, alice, "a", "b")
        page = await store.load_thread_items("thr_1", None, 2, "asc", alice)
        assert (len(page.data), page.has_more, page.after) == (2, False, None)

    async def test_a_page_stays_the_same_while_items_are_added_and_deleted(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await add(store, alice, *"abcd")
        first = await store.load_thread_items("thr_1", None, 2, "desc", alice)
        await add(store, alice, "e")
        await store.delete_thread_item("thr_1", "d", alice)
        second = await store.load_thread_items("thr_1", first.after, 2, "desc", alice)
        assert [item.id for item in second.data] == ["b", "a"]

    async def test_an_unknown_cursor_is_not_found(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await store.save_thread(thread("thr_2"), alice)
        await store.add_thread_item("thr_2", message("other"), alice)
        for after in ("x", "", "other"):
            with pytest.raises(NotFoundInStore) as raised:
                await store.load_thread_items("thr_1", after, 2, "asc", alice)
            assert raised.value.field == "params.after"
            with pytest.raises(NotFoundInStore) as raised:
                await store.load_threads(2, f"x{after}", "asc", alice)
            assert raised.value.field == "params.after"

    async def test_an_empty_thread_has_an_empty_page_and_a_missing_one_none(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        page = await store.load_thread_items("thr_1", None, 2, "asc", alice)
        assert (page.data, page.has_more, page.after) == ([], False, None)
        with pytest.raises(NotFoundInStore) as raised:
            await store.load_thread_items("thr_x", None, 2, "asc", alice)
        assert raised.value.field == "params.thread_id"

    @pytest.mark.parametrize("limit", [0, -1])
    async def test_a_limit_that_is_not_positive_is_refused(
        self, store: ThreadStore, alice: RequestContext, limit: int
    ) -> None:
        with pytest.raises(InvalidRequest) as of_items:
            await store.load_thread_items("thr_1", None, limit, "asc", alice)
        with pytest.raises(InvalidRequest) as of_threads:
            await store.load_threads(limit, None, "asc", alice)
        assert of_items.value.field == of_threads.value.field == "params.limit"

    async def test_an_order_that_is_none_is_refused(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        with pytest.raises(InvalidRequest) as raised:
            await store.load_thread_items("thr_1", None, 1, "sideways", alice)
        assert raised.value.field == "params.order"

    async def test_a_page_is_never_longer_than_the_longest(
        self, database: Database, store: ThreadStore, alice: RequestContext
    ) -> None:
        row = {"thread_id": "thr_1", "type": "end_of_turn", "created_at": NOON}
        data = (
            '{"type":"end_of_turn","id":"i","thread_id":"thr_1","created_at":"2026-01-01T00:00Z"}'
        )
        async with database.write() as connection:
            await connection.execute(
                insert(items),
                [row | {"id": f"{n}", "position": n, "data": data} for n in range(MAX_PAGE + 1)],
            )
        page = await store.load_thread_items("thr_1", None, 10**30, "asc", alice)
        assert len(page.data) == MAX_PAGE
        assert page.has_more
        assert page.after == f"{MAX_PAGE - 1}"


@pytest.mark.usefixtures("with_thread")
class TestItemsOfALaterVersion:
    @pytest.fixture(autouse=True)
    async def hologram(
        self,
        database: Database,
        store: ThreadStore,
        alice: RequestContext,
        with_thread: None,
    ) -> None:
        """Items a to d; b and d are of a type that is not invented yet."""
        await add(store, alice, *"abcd")
        document = '{"type":"hologram","id":"b","secret":"my words"}'
        async with database.write() as connection:
            await connection.execute(
                update(items)
                .where(items.c.id.in_(["b", "d"]))
                .values(type="hologram", data=document)
            )

    async def test_they_are_left_out_and_more_is_still_right(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        first = await store.load_thread_items("thr_1", None, 2, "asc", alice)
        assert [item.id for item in first.data] == ["a"]
        assert (first.has_more, first.after) == (True, "b")
        second = await store.load_thread_items("thr_1", first.after, 2, "asc", alice)
        assert [item.id for item in second.data] == ["c"]
        assert (second.has_more, second.after) == (False, None)

    async def test_they_are_logged_once_a_page_without_their_content(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        with capture_logs() as logs:
            await all_ids(store, alice)
        assert len(logs) == 1
        assert logs[0]["log_level"] == "warning"
        assert logs[0]["count"] == 2
        assert "my words" not in str(logs)

    async def test_a_page_of_known_items_logs_nothing(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        with capture_logs() as logs:
            await store.load_thread_items("thr_1", None, 1, "asc", alice)
        assert logs == []

    async def test_one_of_them_is_not_found_and_stays_in_the_table(
        self, database: Database, store: ThreadStore, alice: RequestContext
    ) -> None:
        with pytest.raises(NotFoundInStore) as raised:
            await store.load_item("thr_1", "b", alice)
        assert raised.value.field == "params.item_id"
        assert await store.count_items(["thr_1"], alice) == {"thr_1": 4}

    async def test_a_known_type_of_an_unknown_shape_is_one_of_them(
        self, database: Database, store: ThreadStore, alice: RequestContext
    ) -> None:
        document = '{"type":"end_of_turn","id":"c"}'
        async with database.write() as connection:
            await connection.execute(update(items).where(items.c.id == "c").values(data=document))
        assert await all_ids(store, alice) == ["a"]

    async def test_a_thread_of_a_later_version_is_left_out_and_not_found(
        self, database: Database, store: ThreadStore, alice: RequestContext
    ) -> None:
        await store.save_thread(thread("thr_2"), alice)
        async with database.write() as connection:
            await connection.execute(
                update(threads).where(threads.c.id == "thr_1").values(data='{"v":2}')
            )
        page = await store.load_threads(1, None, "asc", alice)
        assert (page.data, page.has_more, page.after) == ([], True, "thr_1")
        with pytest.raises(NotFoundInStore):
            await store.load_thread("thr_1", alice)


@pytest.mark.usefixtures("with_thread")
class TestClientToolCalls:
    async def test_the_newest_call_is_found_under_whatever_lies_on_top(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        """Pitfall 5: the SDK looks at the last item only."""
        await store.add_thread_item("thr_1", call("old"), alice)
        await store.add_thread_item("thr_1", call("new"), alice)
        hidden = HiddenContextItem(id="h", thread_id="thr_1", created_at=NOON, content="x")
        await store.add_thread_item("thr_1", hidden, alice)
        assert await store.latest_client_tool_call("thr_1", alice) == call("new")

    async def test_a_completed_call_is_still_the_latest(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await store.add_thread_item("thr_1", call("old"), alice)
        await store.add_thread_item("thr_1", call("a"), alice)
        done = call("a", completed=True, output={"ok": True})
        await store.save_item("thr_1", done, alice)
        latest = await store.latest_client_tool_call("thr_1", alice)
        assert isinstance(latest, ClientToolCallItem)
        assert latest.output == {"ok": True}

    async def test_a_thread_without_calls_has_none(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        await store.save_thread(thread("thr_2"), alice)
        await store.add_thread_item("thr_2", call("a", thread_id="thr_2"), alice)
        await add(store, alice, "m")
        assert await store.latest_client_tool_call("thr_1", alice) is None

    async def test_the_calls_of_a_missing_thread_are_not_found(
        self, store: ThreadStore, alice: RequestContext
    ) -> None:
        with pytest.raises(NotFoundInStore) as raised:
            await store.latest_client_tool_call("thr_x", alice)
        assert raised.value.field == "params.thread_id"


async def test_items_are_counted_per_thread_of_the_user(
    store: ThreadStore, alice: RequestContext, bob: RequestContext, with_thread: None
) -> None:
    await store.save_thread(thread("thr_2"), alice)
    await store.save_thread(thread("thr_b"), bob)
    await store.add_thread_item("thr_b", message("m"), bob)
    await add(store, alice, "a", "b")
    asked = ["thr_1", "thr_2", "thr_b", "thr_x"]
    assert await store.count_items(asked, alice) == {"thr_1": 2, "thr_2": 0}
    assert await store.count_items([], alice) == {}
    with pytest.raises(InvalidRequest):
        await store.count_items(["t"] * (MAX_PAGE + 1), alice)


# Attachments


async def test_saving_an_attachment_again_changes_it(
    store: ThreadStore, alice: RequestContext, with_thread: None
) -> None:
    await store.save_attachment(file_attachment(), alice)
    uploaded = file_attachment(thread_id="thr_1").model_copy(update={"upload_descriptor": None})
    await store.save_attachment(uploaded, alice)
    assert await store.load_attachment("atc_1", alice) == uploaded
    await store.delete_thread("thr_1", alice)
    with pytest.raises(NotFoundInStore):
        await store.load_attachment("atc_1", alice)


async def test_saving_an_attachment_under_the_id_of_somebody_elses_overwrites_nothing(
    store: ThreadStore, alice: RequestContext, bob: RequestContext
) -> None:
    await store.save_attachment(file_attachment(), alice)
    with pytest.raises(NotFoundInStore) as raised:
        await store.save_attachment(file_attachment().model_copy(update={"name": "Stolen"}), bob)
    assert raised.value.field == "params.input.attachments"
    assert await store.load_attachment("atc_1", alice) == file_attachment()


async def test_an_attachment_goes_into_a_thread_of_its_owner_only(
    store: ThreadStore, bob: RequestContext, with_thread: None
) -> None:
    for thread_id in ("thr_1", "thr_x"):
        with pytest.raises(NotFoundInStore) as raised:
            await store.save_attachment(file_attachment(thread_id=thread_id), bob)
        assert raised.value.field == "params.thread_id"
    with pytest.raises(NotFoundInStore):
        await store.load_attachment("atc_1", bob)


async def test_a_deleted_attachment_is_not_found(store: ThreadStore, alice: RequestContext) -> None:
    await store.save_attachment(file_attachment(), alice)
    await store.delete_attachment("atc_1", alice)
    with pytest.raises(NotFoundInStore) as loading:
        await store.load_attachment("atc_1", alice)
    with pytest.raises(NotFoundInStore) as deleting:
        await store.delete_attachment("atc_1", alice)
    assert loading.value.field == "params.input.attachments"
    assert deleting.value.field == "params.attachment_id"


# At once, and after a restart


async def test_twenty_writers_at_once_lose_no_item_and_share_no_place(
    database: Database, store: ThreadStore, alice: RequestContext, with_thread: None
) -> None:
    async def write(writer: int) -> None:
        await add(store, alice, *(f"{writer}.{number}" for number in range(5)))

    await asyncio.gather(*(write(writer) for writer in range(20)))
    found = await all_ids(store, alice)
    assert sorted(found) == sorted(f"{w}.{n}" for w in range(20) for n in range(5))
    for writer in range(20):
        own = [item_id for item_id in found if item_id.startswith(f"{writer}.")]
        assert own == [f"{writer}.{number}" for number in range(5)]
    async with database.read() as connection:
        positions = (await connection.scalars(select(items.c.position))).all()
    assert len(set(positions)) == 100


async def test_two_servers_on_one_database_add_to_one_thread_at_once(
    shared_url: str, alice: RequestContext
) -> None:
    databases = [await Database.open(shared_url) for _ in range(2)]
    stores = [ThreadStore(database) for database in databases]
    await databases[0].migrate()
    await stores[0].save_thread(thread(), alice)
    writers = [add(stores[n % 2], alice, *(f"{n}.{i}" for i in range(10))) for n in range(6)]
    await asyncio.gather(*writers)
    found = [await all_ids(store, alice) for store in stores]
    assert found[0] == found[1]
    assert len(set(found[0])) == 60
    for database in databases:
        await database.close()


async def test_a_thread_is_there_after_a_restart(shared_url: str, alice: RequestContext) -> None:
    before = await Database.open(shared_url)
    await before.migrate()
    await ThreadStore(before).save_thread(thread(title="Kept"), alice)
    await add(ThreadStore(before), alice, "a")
    await before.close()

    after = await Database.open(shared_url)
    await after.migrate()
    store = ThreadStore(after)
    assert await store.load_thread("thr_1", alice) == thread(title="Kept")
    await add(store, alice, "b")
    assert await all_ids(store, alice) == ["a", "b"]
    await after.close()


# What it costs


async def test_no_call_takes_more_than_three_statements(
    statements: list[str],
    database: Database,
    store: ThreadStore,
    alice: RequestContext,
    with_thread: None,
) -> None:
    adding = 1 if database.dialect.writes_inside_with else 2
    await add(store, alice, *(f"{number}" for number in range(30)))
    await store.save_attachment(file_attachment(), alice)
    calls = {
        "load_thread": (store.load_thread("thr_1", alice), 1),
        "save_thread": (store.save_thread(thread(), alice), 1),
        "change_thread": (store.change_thread("thr_1", lambda _: None, alice), 2),
        "load_threads": (store.load_threads(20, None, "asc", alice), 1),
        "next threads": (store.load_threads(20, "thr_1", "asc", alice), 2),
        "load_thread_items": (store.load_thread_items("thr_1", None, 20, "asc", alice), 1),
        "next items": (store.load_thread_items("thr_1", "3", 20, "asc", alice), 1),
        "add_thread_item": (store.add_thread_item("thr_1", message("m"), alice), adding),
        "save_item": (store.save_item("thr_1", message("m"), alice), adding),
        "begin_thread": (store.begin_thread(thread("thr_3"), user_message("u"), alice), 3),
        "add_user_message": (store.add_user_message("thr_1", user_message("u"), alice), adding),
        "with a file": (
            store.add_user_message("thr_1", user_message("u", "atc_1", thread_id="thr_1"), alice),
            3,
        ),
        "load_item": (store.load_item("thr_1", "m", alice), 1),
        "latest": (store.latest_client_tool_call("thr_1", alice), 2),
        "count_items": (store.count_items(["thr_1", "thr_2"], alice), 1),
        "load_attachment": (store.load_attachment("atc_1", alice), 1),
        "save_attachment": (store.save_attachment(file_attachment("new"), alice), 1),
        "delete_attachment": (store.delete_attachment("atc_1", alice), 1),
        "delete_thread_item": (store.delete_thread_item("thr_1", "m", alice), 2),
        "delete_thread": (store.delete_thread("thr_1", alice), 1),
    }
    counted = {}
    for name, (made, _) in calls.items():
        statements.clear()
        await made
        counted[name] = len(statements)
    assert counted == {name: most for name, (_, most) in calls.items()}


async def test_no_connection_is_kept_after_a_call(
    database: Database, store: ThreadStore, alice: RequestContext, with_thread: None
) -> None:
    await add(store, alice, "a")
    await all_ids(store, alice)
    with pytest.raises(NotFoundInStore):
        await store.load_thread("thr_x", alice)
    async with database.read() as connection:
        await connection.execute(text("SELECT 1"))
    assert database._engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.usefixtures("with_thread")
async def test_of_two_answers_at_once_one_is_stored(
    store: ThreadStore, alice: RequestContext
) -> None:
    await store.add_thread_item("thr_1", call("call"), alice)
    answers = [
        call("call").model_copy(update={"status": "completed", "output": city})
        for city in ("Oslo", "Rome")
    ]
    stored = await asyncio.gather(
        *(store.answer_item("thr_1", answer, alice) for answer in answers)
    )
    assert sorted(stored) == [False, True]
    kept = await store.load_item("thr_1", "call", alice)
    assert isinstance(kept, ClientToolCallItem)
    assert kept.output == answers[stored.index(True)].output


async def test_of_four_messages_at_once_one_gets_the_attachments_that_all_name(
    database: Database, database_url: str, alice: RequestContext
) -> None:
    # A second server, where the database is not in this one's memory.
    other = database if database_url == "memory://" else await Database.open(database_url)
    stores = [ThreadStore(database), ThreadStore(other)] * 2
    # In either order: each would wait for what another has.
    orders = [("a", "b"), ("a", "b"), ("b", "a"), ("b", "a")]
    names = [f"thr_{number}" for number in range(4)]
    for name in ("a", "b"):
        await stores[0].save_attachment(file_attachment(name), alice)
    results = await asyncio.gather(
        *(
            store.begin_thread(thread(name), user_message("m", *files, thread_id=name), alice)
            for store, name, files in zip(stores, names, orders, strict=True)
        ),
        return_exceptions=True,
    )
    refused = [error for error in results if error is not None]
    assert [type(error) for error in refused] == [NotFoundInStore] * 3
    assert {getattr(error, "field", None) for error in refused} == {"params.input.attachments"}
    taken = {(await stores[0].load_attachment(name, alice)).thread_id for name in ("a", "b")}
    assert taken == {names[results.index(None)]}
    # Of those that were refused nothing is there.
    found = await stores[1].load_threads(9, None, "desc", alice)
    assert {thread.id for thread in found.data} == taken
    await other.close()


async def test_a_message_whose_second_attachment_another_thread_has_takes_not_even_the_first(
    store: ThreadStore, alice: RequestContext
) -> None:
    for thread_id in ("thr_1", "thr_2"):
        await store.save_thread(thread(thread_id), alice)
    await store.save_attachment(file_attachment("a"), alice)
    await store.save_attachment(file_attachment("z", "thr_1"), alice)
    with pytest.raises(NotFoundInStore) as raised:
        await store.add_user_message("thr_2", user_message("m", "a", "z", thread_id="thr_2"), alice)
    assert raised.value.field == "params.input.attachments"
    assert (await store.load_attachment("a", alice)).thread_id is None
    assert (await store.load_thread_items("thr_2", None, 9, "asc", alice)).data == []
    await store.add_user_message("thr_1", user_message("m", "a", "z", thread_id="thr_1"), alice)
    assert (await store.load_attachment("a", alice)).thread_id == "thr_1"


async def test_saving_an_attachment_takes_it_from_no_other_thread(
    store: ThreadStore, alice: RequestContext
) -> None:
    for thread_id in ("thr_1", "thr_2"):
        await store.save_thread(thread(thread_id), alice)
    await store.save_attachment(file_attachment(thread_id="thr_1"), alice)
    elsewhere = [file_attachment(thread_id=thread_id) for thread_id in ("thr_2", None)]
    for attachment in elsewhere:
        with pytest.raises(NotFoundInStore):
            await store.save_attachment(attachment, alice)
    assert (await store.load_attachment("atc_1", alice)).thread_id == "thr_1"


@pytest.mark.usefixtures("with_thread")
async def test_a_change_brings_no_deleted_item_back(
    store: ThreadStore, alice: RequestContext
) -> None:
    await add(store, alice, "a", "b")
    await store.change_item("thr_1", message("a", "changed"), alice)
    await store.delete_thread_item("thr_1", "b", alice)
    with pytest.raises(NotFoundInStore):
        await store.change_item("thr_1", message("b", "changed"), alice)
    assert await all_ids(store, alice) == ["a"]
