"""Conversations come along whole, once, and in order; whatever happens on the way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from chatkit.types import UserMessageItem
from openai import AsyncOpenAI
from sqlalchemy import select
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import FilesUnavailable, HostedApiError
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.hosted import downloads, source
from chatkit_backend.hosted.downloads import Downloads, web_client
from chatkit_backend.hosted.import_report import ImportReport, LostAttachment, Progress
from chatkit_backend.hosted.importing import Import, Wanted
from chatkit_backend.hosted.source import HostedSource, KeyRefused, SourceRefused, Waiting
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.imports import ImportedThreads
from chatkit_backend.store.tables import metadata
from chatkit_backend.store.threads import NotFoundInStore, ThreadStore
from tests.conftest import Serve
from tests.hosted.conversations import (
    THREADS_OF_A_USER,
    USERS,
    as_seen,
    completed,
)
from tests.hosted.stub import KEY, HostedStub, endless, error, image, item, message
from tests.serving import ServedApp
from tests.store import examples

ADA, BOB = (RequestContext(user=User(name)) for name in ("ada", "bob"))
ALL = Wanted()


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'target.db'}"


@pytest.fixture
async def target(address: str) -> AsyncIterator[Database]:
    """An empty database to import into."""
    database = await Database.open(address)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def store(target: Database) -> ThreadStore:
    return ThreadStore(target)


@pytest.fixture
def files(tmp_path: Path) -> FileStorage:
    return FileStorage.open(str(tmp_path / "files"))


@pytest.fixture
def stub() -> HostedStub:
    return HostedStub()


@pytest.fixture
def served_stub(stub: HostedStub) -> Iterator[ServedApp]:
    with ServedApp(stub.app) as served:
        yield served


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that a test can wait for."""
    monkeypatch.setattr(source, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(downloads, "_PAUSES", (0.01, 0.01))


class Importer:
    """Imports from one address into one database, again and again."""

    def __init__(self, url: str, key: str, target: Database, files: FileStorage) -> None:
        self.requests: list[str] = []
        self.steps: list[Progress] = []
        self.web: httpx2.AsyncClient = web_client()
        self.most_bytes = 1_000_000
        self.report = ImportReport()
        self._target = target
        self._files = files
        http = httpx2.AsyncClient(event_hooks={"request": [self._note]})
        self.client = AsyncOpenAI(
            base_url=f"{url}/v1", api_key=key, max_retries=0, http_client=http
        )

    async def _note(self, request: httpx2.Request) -> None:
        self.requests.append(request.url.path)

    def run(self, wanted: Wanted = ALL) -> AsyncIterator[Progress]:
        self.report = ImportReport()
        return Import(
            HostedSource(self.client),
            ThreadStore(self._target),
            ImportedThreads(self._target),
            Downloads(self._files, self.web, self.most_bytes),
            wanted=wanted,
            report=self.report,
        ).run()

    async def __call__(self, wanted: Wanted = ALL) -> ImportReport:
        """One whole import."""
        self.requests.clear()
        self.steps = [step async for step in self.run(wanted)]
        return self.report

    async def close(self) -> None:
        await self.client.close()
        await self.web.aclose()


@pytest.fixture
async def importer(
    stub: HostedStub, served_stub: ServedApp, target: Database, files: FileStorage
) -> AsyncIterator[Importer]:
    """Imports from the stub."""
    importer = Importer(served_stub.url, KEY, target, files)
    yield importer
    await importer.close()


async def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database."""
    async with database.read() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


async def ids(store: ThreadStore, thread_id: str, context: RequestContext = ADA) -> list[str]:
    page = await store.load_thread_items(thread_id, None, 10_000, "asc", context)
    return [found.id for found in page.data]


# From one running server of ours into another


@pytest.fixture
async def moving(
    serve: Serve, origin: Database, target: Database, files: FileStorage, tmp_path: Path
) -> AsyncIterator[Importer]:
    """Imports from a server that serves them. Images are where their URLs say."""
    served = serve(database_url=f"sqlite:///{tmp_path / 'origin.db'}", files_url="memory://")
    key = (await ApiKeyStore(origin).create("import"))[1]
    importer = Importer(served.url, key, target, files)
    pictures = httpx2.MockTransport(lambda asked: httpx2.Response(200, content=asked.url.path))
    importer.web = httpx2.AsyncClient(transport=pictures)
    yield importer
    await importer.close()


async def test_everything_arrives_with_its_ids_times_and_texts(
    moving: Importer, origin: Database, target: Database, files: FileStorage
) -> None:
    report = await moving()
    assert report.is_complete
    assert await as_seen(target) == completed(await as_seen(origin))
    threads = len(USERS) * THREADS_OF_A_USER
    assert report.threads == {"new": threads}
    assert set(report.items) == {
        f"chatkit.{kind}"
        for kind in (
            "user_message",
            "assistant_message",
            "widget",
            "client_tool_call",
            "task",
            "task_group",
        )
    }
    assert report.items.total() == sum(len(t["items"]) for t in (await as_seen(origin)).values())
    assert report.files == threads
    assert len(report.lost) == threads  # files other than images have no URL
    for user in USERS:
        found = [file async for page in files.all() for file in page]
        assert len(found) == threads
        assert await files.size(user, f"image_thr_{USERS.index(user)}_0")
    assert moving.steps[-1] == Progress(threads, threads, report.items.total(), threads)


async def test_every_user_finds_the_threads_in_the_order_they_know(
    moving: Importer, origin: Database, target: Database
) -> None:
    await moving()
    for user in USERS:
        context = RequestContext(user=User(user))
        there = await ThreadStore(origin).load_threads(99, None, "desc", context)
        here = await ThreadStore(target).load_threads(99, None, "desc", context)
        assert [found.id for found in here.data] == [found.id for found in there.data]


async def test_a_second_import_changes_nothing_and_asks_once_for_each_thread(
    moving: Importer, target: Database
) -> None:
    first = await moving()
    before = await rows(target)
    report = await moving()
    threads = first.threads.total()
    assert report.threads == {"unchanged": threads}
    assert report.items.total() == report.files == len(report.lost) == 0
    assert report.is_complete
    assert await rows(target) == before
    assert sum(path.endswith("/items") for path in moving.requests) == threads
    assert len(moving.requests) == threads + 1


@pytest.mark.slow
async def test_an_import_that_is_cancelled_anywhere_goes_on_where_it_was(
    moving: Importer, origin: Database, target: Database
) -> None:
    runs, done, after = 0, 0, 0.2
    while True:
        runs += 1
        try:
            async with asyncio.timeout(after):
                await moving()
        except TimeoutError:
            # Each gets some way, or a little more time.
            items = len((await rows(target))["items"])
            after = 0.2 if items > done else after * 1.5
            done = items
        else:
            break
    assert runs > 3
    assert await as_seen(target) == completed(await as_seen(origin))


async def test_an_import_that_is_left_after_any_step_goes_on_where_it_was(
    importer: Importer, stub: HostedStub, store: ThreadStore, served_stub: ServedApp
) -> None:
    stub.page = 3
    stub.files["a.png"] = Response(b"png")
    for name in ("t1", "t2", "t3"):
        picture = image(f"atc_{name}", f"{served_stub.url}/files/a.png")
        stub.add(
            name,
            message(f"{name}.0", picture, thread_id=name),
            *(item(f"{name}.{number}", thread_id=name) for number in range(1, 8)),
        )
    stored, runs = 0, 0
    while True:
        runs += 1
        steps = 0
        async with aclosing(importer.run()) as progress:  # type: ignore[type-var] # a generator
            async for step in progress:
                steps += 1
                if step.items:
                    break
        stored += importer.report.items.total()
        if importer.report.threads.total() == 3 and not importer.report.items:
            break
    assert runs == 10
    assert stored == 24
    for name in ("t1", "t2", "t3"):
        assert await ids(store, name) == [f"{name}.{number}" for number in range(8)]


async def test_what_was_written_there_since_is_brought_and_what_went_on_here_stays(
    moving: Importer, origin: Database, store: ThreadStore
) -> None:
    await moving()
    here = await ids(store, "thr_0_0", RequestContext(user=User("ada")))
    await store.add_thread_item("thr_0_0", examples.message("here", thread_id="thr_0_0"), ADA)
    await store.save_item("thr_0_0", examples.message("bare", "changed", "thr_0_0"), ADA)
    there = ThreadStore(origin)
    await there.add_thread_item("thr_0_0", examples.message("there", thread_id="thr_0_0"), ADA)
    await there.save_thread(examples.thread("thr_new"), BOB)
    await there.add_thread_item("thr_new", examples.message("first", thread_id="thr_new"), BOB)
    report = await moving()
    assert report.threads == {"unchanged": 32, "continued": 1, "new": 1}
    assert report.items == {"chatkit.assistant_message": 2}
    assert await ids(store, "thr_0_0") == [*here, "here", "there"]
    assert (await store.load_item("thr_0_0", "bare", ADA)).type == "assistant_message"
    assert await ids(store, "thr_new", BOB) == ["first"]


async def test_only_the_threads_of_the_users_that_are_named_are_asked_for(
    moving: Importer, target: Database
) -> None:
    report = await moving(Wanted(users=(USERS[1], USERS[2], USERS[1])))
    assert report.threads == {"new": 2 * THREADS_OF_A_USER}
    seen = await as_seen(target)
    assert {thread["owner"] for thread in seen.values()} == set(USERS[1:])
    assert moving.requests.count("/v1/chatkit/threads") == 2
    assert (await moving(Wanted(users=("nobody",)))).threads.total() == 0


async def test_only_threads_that_were_begun_since_are_asked_for(
    moving: Importer, target: Database, origin: Database
) -> None:
    noon = examples.NOON.replace(microsecond=0)  # as the API tells it
    since = noon + timedelta(days=9)
    report = await moving(Wanted(since=since))
    assert report.threads == {"new": 6}
    seen = await as_seen(target)
    assert set(seen) == {f"thr_{user}_{number}" for user in range(3) for number in (9, 10)}
    report = await moving(Wanted(users=("ada",), since=since))
    assert report.threads == {"unchanged": 2}
    later = noon + timedelta(days=10, seconds=1)
    assert (await moving(Wanted(since=later))).threads == {"unchanged": 2}


async def test_an_import_from_the_database_itself_touches_nothing(
    serve: Serve, origin: Database, files: FileStorage, tmp_path: Path
) -> None:
    served = serve(database_url=f"sqlite:///{tmp_path / 'origin.db'}", files_url="memory://")
    key = (await ApiKeyStore(origin).create("import"))[1]
    before = await rows(origin)
    importer = Importer(served.url, key, origin, files)
    report = await importer()
    await importer.close()
    assert report.threads == {"not_by_import": 33}
    assert not report.is_complete
    assert await rows(origin) == before


# What is here already


async def test_a_thread_that_was_deleted_here_is_not_brought_back(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    stub.add("t1", item("a"))
    stub.add("t2", item("b"))
    await importer()
    await store.delete_thread("t1", ADA)
    stub.items["t1"].append(item("new"))
    report = await importer()
    assert report.threads == {"deleted_here": 1, "unchanged": 1}
    assert report.is_complete
    with pytest.raises(NotFoundInStore):
        await store.load_thread("t1", ADA)


async def test_a_thread_whose_id_is_taken_is_told_and_not_touched(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    await store.save_thread(examples.thread("t1", title="bob's"), BOB)
    await store.save_thread(examples.thread("t2", title="from here"), ADA)
    for name in ("t1", "t2", "t3"):
        stub.add(name, item(name))
    report = await importer()
    assert report.threads == {"of_another_user": 1, "not_by_import": 1, "new": 1}
    assert [left.thread_id for left in report.not_mapped] == ["t1", "t2"]
    assert await ids(store, "t1", BOB) == await ids(store, "t2", ADA) == []
    assert (await store.load_thread("t1", BOB)).title == "bob's"


async def test_a_thread_that_is_deleted_here_in_the_middle_stays_deleted(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    stub.page = 2
    stub.add("t", *(item(f"{number}") for number in range(6)))
    stub.add("next", item("x"))
    async for step in importer.run():
        if step.items == 2 and not step.threads_done:
            await store.delete_thread("t", ADA)
    assert importer.report.threads == {"deleted_here": 1, "new": 1}


async def test_a_thread_gets_the_title_that_it_got_there_since_unless_it_has_one_here(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    for name in ("t1", "t2"):
        stub.add(name)
    await importer()
    renamed = (await store.load_thread("t2", ADA)).model_copy(update={"title": "here"})
    await store.save_thread(renamed, ADA)
    for thread in stub.threads:
        thread["title"] = "there"
    assert (await importer()).threads == {"continued": 1, "unchanged": 1}
    assert (await store.load_thread("t1", ADA)).title == "there"
    assert (await store.load_thread("t2", ADA)).title == "here"
    assert (await importer()).threads == {"unchanged": 2}


# What changes there


async def test_where_the_last_item_is_gone_there_the_rest_is_found_nevertheless(
    importer: Importer, stub: HostedStub, store: ThreadStore, served_stub: ServedApp
) -> None:
    stub.files["a.png"] = Response(b"png")
    picture = image("atc", f"{served_stub.url}/files/a.png")
    stub.add("t", message("a", picture), item("b"))
    await importer()
    stub.items["t"] = [message("a", picture), item("c")]
    report = await importer()
    assert report.threads == {"continued": 1}
    assert report.items == {"chatkit.task": 1}
    assert await ids(store, "t") == ["a", "b", "c"]
    assert len(stub.asked_for("a.png")) == 1
    assert (await store.load_attachment("atc", ADA)).metadata


async def test_a_thread_that_is_deleted_there_meanwhile_leaves_no_empty_thread(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    stub.add("t1", item("a"))
    stub.add("t2")
    stub.add("t3")
    await importer()
    del stub.items["t1"]
    stub.add("t4")
    del stub.items["t4"]
    report = await importer()
    assert report.threads == {"gone_there": 2, "unchanged": 2}
    assert await ids(store, "t1") == ["a"]
    with pytest.raises(NotFoundInStore):
        await store.load_thread("t4", ADA)


# What cannot be mapped


async def test_what_cannot_be_mapped_is_told_and_the_rest_goes_on(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    stub.add(
        "t1",
        item("a"),
        item("hologram", "hologram", my_words="secret"),
        item("widget", "widget", widget='{"type": "Hologram"}'),
        item("broken", "client_tool_call", call_id="c", name="n", arguments="[]", status="x"),
        item("b"),
        item("last", "hologram"),
    )
    stub.add("t2", status={"type": "archived"})
    stub.add("t3", user="")
    stub.add("t4", item("c"))
    report = await importer()
    assert report.threads == {"new": 2}
    assert await ids(store, "t1") == ["a", "b"]
    assert await ids(store, "t4") == ["c"]
    assert [(left.thread_id, left.item_id, left.type) for left in report.not_mapped] == [
        ("t3", None, "chatkit.thread"),
        ("t2", None, "chatkit.thread"),
        ("t1", "hologram", "chatkit.hologram"),
        ("t1", "widget", "chatkit.widget"),
        ("t1", "broken", "chatkit.client_tool_call"),
        ("t1", "last", "chatkit.hologram"),
    ]
    assert all(left.reason.endswith(".") for left in report.not_mapped)
    assert "secret" not in json.dumps(report.as_json())
    assert not report.is_complete
    again = await importer()
    assert again.not_mapped == report.not_mapped[:2]  # items are told once


async def test_ids_and_types_that_are_no_text_are_told_as_none(
    importer: Importer, stub: HostedStub
) -> None:
    stub.add("t", {"id": {"a": 1}, "type": ["x"]})
    report = await importer()
    assert report.not_mapped[0].thread_id == "t"
    assert (report.not_mapped[0].item_id, report.not_mapped[0].type) == (None, None)


# Attachments


async def test_bytes_of_attachments_are_kept_and_what_they_are_is_noted(
    importer: Importer, stub: HostedStub, store: ThreadStore, served_stub: ServedApp,
    files: FileStorage,
) -> None:  # fmt: skip
    content = b"png" * 1_000
    stub.files["a.png"] = Response(content)
    stub.files["moved.png"] = RedirectResponse(f"{served_stub.url}/files/a.png")
    at = f"{served_stub.url}/files"
    pictures = [image("atc_1", f"{at}/a.png"), image("atc_2", f"{at}/moved.png")]
    stub.add("t", message("m", *pictures))
    report = await importer()
    assert (report.files, report.file_bytes, report.lost) == (2, 6_000, [])
    noted = {"stored": True, "size": 3_000, "sha256": hashlib.sha256(content).hexdigest()}
    kept = await store.load_item("t", "m", ADA)
    assert isinstance(kept, UserMessageItem)
    for attachment in kept.attachments:
        assert attachment.metadata == noted
        assert await store.load_attachment(attachment.id, ADA) == attachment
        assert b"".join([piece async for piece in files.read("ada", attachment.id)]) == content
    assert all(asked.endswith("?") for asked in stub.asked_for(".png"))  # without the key


async def test_an_attachment_whose_bytes_cannot_be_had_is_counted_and_the_import_goes_on(
    importer: Importer, stub: HostedStub, store: ThreadStore, served_stub: ServedApp,
    files: FileStorage,
) -> None:  # fmt: skip
    importer.most_bytes = 10_000
    at = f"{served_stub.url}/files"
    stub.files["announced.png"] = Response(b"x" * 10_001)
    stub.files["endless.png"] = endless(b"x" * 1_000, 1_000)
    stub.files["circle.png"] = RedirectResponse(f"{at}/circle.png")
    urls = {
        "dead": (f"{at}/dead.png", "Its URL answers with status 404."),
        "announced": (f"{at}/announced.png", "It has more than 10,000 bytes."),
        "endless": (f"{at}/endless.png", "It has more than 10,000 bytes."),
        "circle": (f"{at}/circle.png", "Its URL leads in circles."),
        "nobody": ("http://127.0.0.1:9/a.png", "Its URL does not answer."),
        "file": ("file:///etc/passwd", "Its URL is no web address."),
        "ftp": ("ftp://files.example/a.png", "Its URL is no web address."),
        "data": ("data:image/png;base64,AAAA", "Its URL is no web address."),
        "none": (None, "The hosted API gives no URL for it."),
        "x" * 250: (f"{at}/endless.png", "The id of the attachment is empty, or too long"),
    }
    stub.add("t", message("m", *(image(name, url) for name, (url, _) in urls.items())), item("b"))
    report = await importer()
    assert report.is_complete
    assert (report.files, report.file_bytes) == (0, 0)
    for lost, (name, (_, reason)) in zip(report.lost, urls.items(), strict=True):
        assert (lost.thread_id, lost.item_id, lost.attachment_id) == ("t", "m", name)
        assert lost.reason.startswith(reason)
        assert (await store.load_attachment(name, ADA)).metadata is None
    assert [page async for page in files.all()] == []
    assert await ids(store, "t") == ["m", "b"]


async def test_a_file_that_says_that_it_is_too_large_is_not_read(
    importer: Importer, stub: HostedStub
) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield pytest.fail("it was read")

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"Content-Length": "1000001"}, content=never())

    importer.web = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    stub.add("t", message("m", image("atc", "https://files.example/a.png")))
    assert [lost.reason for lost in (await importer()).lost] == [
        "It has more than 1,000,000 bytes."
    ]


async def test_a_file_server_that_stumbles_is_asked_again(
    importer: Importer, stub: HostedStub, served_stub: ServedApp
) -> None:
    stub.files["a.png"] = Response(b"png")
    stub.failures["/files/a.png"] = [Response(status_code=503), Response(status_code=429)]
    stub.add("t", message("m", image("atc", f"{served_stub.url}/files/a.png")))
    report = await importer()
    assert (report.files, report.lost) == (1, [])


async def test_a_file_server_that_is_silent_is_given_one_try_for_each_file_until_it_answers(
    importer: Importer, stub: HostedStub
) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if len(asked) <= 4:
            raise httpx2.ConnectTimeout("silent")
        return httpx2.Response(200 if "c" in request.url.path else 503)

    importer.web = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    stub.add("t", message("m", *(image(name, f"https://files.example/{name}") for name in "abcd")))
    report = await importer()
    assert [path.strip("/") for path in asked] == ["a", "a", "a", "b", "c", "d", "d", "d"]
    assert [lost.attachment_id for lost in report.lost] == ["a", "b", "d"]


async def test_an_attachment_whose_id_is_another_users_is_told_and_not_touched(
    importer: Importer, stub: HostedStub, store: ThreadStore, served_stub: ServedApp,
    files: FileStorage,
) -> None:  # fmt: skip
    theirs = examples.file_attachment("atc")
    await store.save_attachment(theirs, BOB)
    stub.files["a.png"] = Response(b"png")
    stub.add("t", message("m", image("atc", f"{served_stub.url}/files/a.png")), item("b"))
    report = await importer()
    reason = "Another thread or user has an attachment of this id here."
    assert report.lost == [LostAttachment("t", "m", "atc", reason)]
    assert await store.load_attachment("atc", BOB) == theirs
    assert await files.size("ada", "atc") is None
    assert await ids(store, "t") == ["m", "b"]


async def test_where_bytes_cannot_be_stored_the_import_stops_and_nothing_is_lost(
    importer: Importer, stub: HostedStub, store: ThreadStore, served_stub: ServedApp,
    tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "files").write_bytes(b"in its place")
    stub.files["a.png"] = Response(b"png")
    stub.add("t", message("m", image("atc", f"{served_stub.url}/files/a.png")))
    with pytest.raises(FilesUnavailable):
        await importer()
    (tmp_path / "files").unlink()
    report = await importer()
    assert (report.files, report.threads) == (1, {"continued": 1})


# A source that has its limits


async def test_a_rate_limit_is_waited_for_as_long_as_it_says(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    stub.add("t", item("a"))
    stub.failures["/v1/chatkit/threads"] = [error(429, retry_after="0.2")]
    stub.failures["/v1/chatkit/threads/t/items"] = [error(429, retry_after="0.1")] * 12
    began = asyncio.get_running_loop().time()
    report = await importer()
    assert asyncio.get_running_loop().time() - began > 1.3
    assert report.threads == {"new": 1}
    assert await ids(store, "t") == ["a"]
    waits = [step.waiting for step in importer.steps if step.waiting]
    assert waits == [Waiting(0.2, "rate limit"), *[Waiting(0.1, "rate limit")] * 12]


async def test_a_rate_limit_that_names_no_time_is_waited_for_longer_and_longer(
    importer: Importer, stub: HostedStub
) -> None:
    stub.add("t", item("a"))
    stub.failures["/v1/chatkit/threads/t/items"] = [
        error(429),
        error(429, retry_after="soon"),
        error(429, retry_after="-1"),
    ]
    assert (await importer()).threads == {"new": 1}
    waits = [step.waiting.seconds for step in importer.steps if step.waiting]
    assert waits == [0.01, 0.02, 0.04]


async def test_a_rate_limit_without_end_ends_the_import(
    importer: Importer, stub: HostedStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_LONGEST_PAUSE", 0.01)
    stub.add("t", item("a"))
    stub.failures["/v1/chatkit/threads"] = [error(429)] * 100
    with pytest.raises(HostedApiError, match="429"):
        await importer()
    assert len(stub.requests) == 31


async def test_one_thread_that_fails_is_told_and_the_next_import_goes_on_with_it(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    stub.page = 1
    for name in ("t1", "t2", "t3"):
        stub.add(name, item(f"{name}a"), item(f"{name}b"))
    stub.failures["/v1/chatkit/threads/t2/items"] = [error(500)] * 5
    report = await importer()
    assert report.threads == {"new": 2, "failed": 1}
    assert [failed.thread_id for failed in report.failed] == ["t2"]
    assert "status 500" in report.failed[0].reason
    assert not report.is_complete
    report = await importer()
    assert report.threads == {"unchanged": 2, "continued": 1}
    assert await ids(store, "t2") == ["t2a", "t2b"]


async def test_a_source_that_stumbles_is_asked_again(importer: Importer, stub: HostedStub) -> None:
    stub.add("t", item("a"))
    stub.failures["/v1/chatkit/threads/t/items"] = [error(500), error(503), error(408)]
    assert (await importer()).threads == {"new": 1}


async def test_a_source_that_fails_for_one_thread_after_the_other_ends_the_import(
    importer: Importer, stub: HostedStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_PAUSES", {"rate limit": 1, "no answer": 1})
    for number in range(9):
        stub.add(f"t{number}", item("a"))
        stub.failures[f"/v1/chatkit/threads/t{number}/items"] = [error(500)] * 2
    with pytest.raises(HostedApiError, match="one thread after the other"):
        await importer()
    assert importer.report.threads == {"failed": 3}


async def test_a_source_that_goes_away_ends_the_import(
    importer: Importer, stub: HostedStub, served_stub: ServedApp
) -> None:
    for number in range(9):
        stub.add(f"t{number}", item("a"))
    with pytest.raises(HostedApiError, match="one thread after the other"):
        async for step in importer.run():
            if step.threads_done == 2:
                served_stub.stop()
    assert importer.report.threads == {"new": 2, "failed": 3}


async def test_a_source_that_never_answered_is_not_waited_for(
    importer: Importer, served_stub: ServedApp
) -> None:
    served_stub.stop()
    with pytest.raises(SourceRefused, match=f"Nothing answers at {served_stub.url}"):
        await importer()
    assert importer.steps == []


@pytest.mark.parametrize(("status", "sentence"), [(401, "does not accept"), (403, "may not read")])
async def test_a_key_that_is_not_taken_ends_the_import_at_once_and_is_not_shown(
    importer: Importer, stub: HostedStub, status: int, sentence: str
) -> None:
    for number in range(3):
        stub.add(f"t{number}", item("a"))
    stub.failures["/v1/chatkit/threads/t1/items"] = [error(status, f"Wrong: {KEY}")]
    with pytest.raises(KeyRefused, match=sentence) as raised:
        await importer()
    assert raised.value.__context__ is None
    assert importer.report.threads == {"new": 1}


@pytest.mark.parametrize(
    "answer",
    [
        HTMLResponse("<h1>A web page</h1>"),
        Response("not JSON", media_type="application/json"),
        Response("[]", media_type="application/json"),
        Response('{"data": null}', media_type="application/json"),
        Response('{"data": {"a": 1}}', media_type="application/json"),
        Response('{"data": [null]}', media_type="application/json"),
        error(404, "Nothing here"),
    ],
    ids=["page", "no JSON", "list", "no data", "object", "null", "404"],
)
async def test_what_is_no_hosted_api_is_told_by_its_address(
    importer: Importer, stub: HostedStub, served_stub: ServedApp, answer: Response
) -> None:
    stub.failures["/v1/chatkit/threads"] = [answer]
    with pytest.raises(SourceRefused, match=served_stub.url):
        await importer()


async def test_a_request_that_is_refused_ends_the_import_without_asking_again(
    importer: Importer, stub: HostedStub
) -> None:
    stub.failures["/v1/chatkit/threads"] = [error(422)] * 2
    with pytest.raises(HostedApiError, match="422"):
        await importer()
    assert len(stub.requests) == 1


async def test_a_list_that_repeats_itself_has_an_end(importer: Importer, stub: HostedStub) -> None:
    stub.add("t")
    body = {"data": [item("a")], "has_more": True, "last_id": "a", "object": "list"}
    same = Response(json.dumps(body), media_type="application/json")
    stub.failures["/v1/chatkit/threads/t/items"] = [same] * 9
    report = await importer()
    assert report.threads == {"failed": 1}
    assert "repeats itself" in report.failed[0].reason
    assert len(stub.asked_for("items")) == 2


async def test_a_page_without_a_cursor_is_followed_by_its_last_item(
    importer: Importer, stub: HostedStub, store: ThreadStore
) -> None:
    stub.add("t", item("a"), item("b"))
    body = {"data": [item("a")], "has_more": True, "object": "list"}
    stub.failures["/v1/chatkit/threads/t/items"] = [
        Response(json.dumps(body), media_type="application/json")
    ]
    await importer()
    assert await ids(store, "t") == ["a", "b"]


async def test_an_address_of_the_source_is_told_without_its_password(
    target: Database, files: FileStorage
) -> None:
    importer = Importer("http://me:my-password@127.0.0.1:9", KEY, target, files)
    try:
        HostedSource(importer.client)
        assert HostedSource(importer.client)._address == "http://127.0.0.1:9/v1/"
    finally:
        await importer.close()
