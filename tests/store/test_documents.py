"""What is stored comes back as it was."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from chatkit.types import (
    Attachment,
    EndOfTurnItem,
    Page,
    Thread,
    ThreadItem,
    ThreadMetadata,
    WidgetItem,
)
from sqlalchemy import select

from chatkit_backend.context import RequestContext
from chatkit_backend.store import documents
from chatkit_backend.store.engine import Database
from chatkit_backend.store.moments import Moment
from chatkit_backend.store.tables import items, threads
from chatkit_backend.store.threads import ThreadStore
from tests.store import examples


def test_the_examples_cover_every_item_type_of_the_protocol() -> None:
    union = get_args(ThreadItem)[0]
    assert {type(item) for item in examples.one_of_each()} == set(get_args(union))


@pytest.mark.parametrize("item", examples.one_of_each(), ids=lambda item: item.id)
async def test_an_item_comes_back_as_it_was_stored(
    store: ThreadStore, alice: RequestContext, item: ThreadItem
) -> None:
    await store.save_thread(examples.thread(), alice)
    await store.add_thread_item("thr_1", item, alice)
    loaded = await store.load_item("thr_1", item.id, alice)
    page = await store.load_thread_items("thr_1", None, 1, "asc", alice)
    assert loaded == item
    assert type(loaded) is type(item)
    assert page.data == [item]
    # PostgreSQL orders the keys of JSON as it likes.
    assert loaded.model_dump(mode="json") == item.model_dump(mode="json")
    assert type(loaded.created_at) is Moment


@pytest.mark.parametrize("thread", examples.THREADS, ids=lambda thread: thread.id)
async def test_a_thread_comes_back_as_it_was_stored(
    store: ThreadStore, alice: RequestContext, thread: ThreadMetadata
) -> None:
    await store.save_thread(thread, alice)
    loaded = await store.load_thread(thread.id, alice)
    assert loaded == thread
    assert (await store.load_threads(1, None, "asc", alice)).data == [thread]
    assert type(loaded.created_at) is Moment


@pytest.mark.parametrize(
    "attachment", [examples.file_attachment(), examples.image_attachment()], ids=["file", "image"]
)
async def test_an_attachment_comes_back_with_its_metadata(
    store: ThreadStore, alice: RequestContext, attachment: Attachment
) -> None:
    await store.save_attachment(attachment, alice)
    assert await store.load_attachment(attachment.id, alice) == attachment


@pytest.mark.usefixtures("local_zone")
async def test_times_are_stored_as_utc_in_the_column_and_in_the_json(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    local = datetime(2026, 1, 1, 20, tzinfo=timezone(timedelta(hours=-5)))
    await store.save_thread(examples.thread(created_at=local), alice)
    item = EndOfTurnItem(
        id="i", thread_id="thr_1", created_at=local.astimezone().replace(tzinfo=None)
    )
    await store.add_thread_item("thr_1", item, alice)
    async with database.read() as connection:
        for table in (threads, items):
            row = (await connection.execute(select(table.c.created_at, table.c.data))).one()
            assert row.created_at.isoformat() == "2026-01-02T01:00:00+00:00"
            assert json.loads(row.data)["created_at"] == "2026-01-02T01:00:00Z"


async def test_storing_changes_nothing_in_the_item_of_the_caller(
    store: ThreadStore, alice: RequestContext
) -> None:
    naive = datetime.now()  # noqa: DTZ005 - what the SDK does
    thread = examples.thread(created_at=naive)
    item = EndOfTurnItem(id="i", thread_id="thr_1", created_at=naive)
    await store.save_thread(thread, alice)
    await store.add_thread_item("thr_1", item, alice)
    assert thread.created_at is naive
    assert item.created_at is naive


async def test_a_thread_is_stored_without_the_items_it_carries(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    full = Thread(**examples.thread().model_dump(), items=Page(data=[examples.message("m")]))
    await store.save_thread(full, alice)
    async with database.read() as connection:
        document = json.loads(await connection.scalar(select(threads.c.data)) or "")
    assert set(document) == set(ThreadMetadata.model_fields)


async def widget_json(store: ThreadStore, alice: RequestContext, widget: Any) -> Any:
    """The widget as the SDK's server puts it on the wire, after a reload."""
    item = WidgetItem(id="w", thread_id="thr_1", created_at=examples.NOON, widget=widget)
    await store.save_thread(examples.thread(), alice)
    await store.add_thread_item("thr_1", item, alice)
    loaded = await store.load_item("thr_1", "w", alice)
    return json.loads(loaded.model_dump_json(exclude_none=True))["widget"]


async def test_a_widget_keeps_fields_that_the_strict_classes_do_not_know(
    store: ThreadStore, alice: RequestContext
) -> None:
    shown = await widget_json(store, alice, examples.TEMPLATE_WIDGET)
    assert shown["accent"] == "red"
    assert shown["children"][0]["glow"] == {"radius": 3, "steps": [1, 2]}
    assert shown["children"][1]["children"][0]["type"] == "Dot"


async def test_a_known_widget_comes_back_as_its_strict_class(
    store: ThreadStore, alice: RequestContext
) -> None:
    shown = await widget_json(store, alice, examples.STRICT_WIDGET)
    assert shown == json.loads(examples.STRICT_WIDGET.model_dump_json(exclude_none=True))
    loaded = await store.load_item("thr_1", "w", alice)
    assert isinstance(loaded, WidgetItem)
    assert type(loaded.widget) is type(examples.STRICT_WIDGET)


@pytest.mark.parametrize("document", ["", "null", "{}", '{"type":"hologram"}', "not json"])
def test_what_cannot_be_read_is_none(document: str) -> None:
    assert documents.read_item(document, examples.NOON) is None
    assert documents.read_thread(document, examples.NOON) is None
    assert documents.read_attachment(document) is None
