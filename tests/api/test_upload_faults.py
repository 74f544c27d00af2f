"""Uploads that go wrong in every way leave nothing behind, and many small ones are no trouble."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import obstore
import pytest
import structlog
from chatkit.types import (
    Attachment,
    AttachmentCreateParams,
    AttachmentDeleteParams,
    AttachmentsDeleteReq,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from chatkit_backend.api import attachments as route
from chatkit_backend.api.multipart import form_file
from chatkit_backend.api.services import Services
from chatkit_backend.app import create_app
from chatkit_backend.chat.files.attachments import Attachments
from chatkit_backend.chat.files.uploads import as_uploaded
from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import Conflict, DatabaseUnavailable, FilesUnavailable
from chatkit_backend.files.storage import FileStorage, owner_hash
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import attachments
from chatkit_backend.sweep import sweep
from tests.chatting import Chat
from tests.conftest import Serve, SettingsFor
from tests.store.examples import thread
from tests.uploading import ATTACHMENTS, announce, files_in, put, send

LATER = datetime.now(UTC) + timedelta(hours=1)
Change = Callable[[Attachment], Attachment]

ADA = RequestContext(User("ada"), server_url="http://localhost")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chatkit-files"


async def rows(database_file: Path) -> int:
    """How many attachments the database knows."""
    database = await Database.open(f"sqlite:///{database_file}")
    try:
        async with database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(attachments)) or 0
    finally:
        await database.close()


async def cut(url: str, request: bytes) -> None:
    """Sends the beginning of a request and closes the connection."""
    address = urlsplit(url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request)
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()


async def emptied(folder: Path) -> None:
    """Returns when no file is left."""
    async with asyncio.timeout(5):
        while files_in(folder):
            await asyncio.sleep(0.02)


async def test_connections_that_are_cut_leave_nothing(
    serve: Serve, folder: Path, tmp_path: Path
) -> None:
    served = serve()
    async with Chat(served.url) as chat:
        content = b"a" * 12_000_000
        attachment = await announce(chat, content)
        address = urlsplit(attachment["upload_descriptor"]["url"])
        head = (
            f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        ).encode()
        form = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        direct = (
            f"POST {ATTACHMENTS} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            "Content-Type: multipart/form-data; boundary=xx\r\n"
            f"Content-Length: {len(content) + len(form)}\r\n\r\n"
        ).encode() + form
        with structlog.testing.capture_logs() as logs:
            for sent in (0, 1, 100_000, 11_000_000):
                await cut(served.url, head + content[:sent])
                await cut(served.url, direct + content[:sent])
        await emptied(folder)
        assert [line for line in logs if line["log_level"] == "error"] == []
        assert await rows(tmp_path / "chat.db") == 1
        assert (await put(attachment, content)).status_code == 204


async def test_a_client_that_falls_silent_is_let_go(
    serve: Serve, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "_SILENCE_SECONDS", 0.2)
    async with Chat(serve().url) as chat:
        attachment = await announce(chat, b"abcdef")

        async def slow() -> AsyncIterator[bytes]:
            yield b"abc"
            await asyncio.sleep(1)
            yield b"def"

        response = await put(attachment, slow(), headers={"Content-Length": "6"})
        assert (response.status_code, "breaks off" in response.text) == (400, True)
    assert files_in(folder) == []


async def test_an_attachment_that_is_deleted_during_its_upload_leaves_nothing(
    serve: Serve, folder: Path, tmp_path: Path
) -> None:
    async with Chat(serve().url) as chat:
        attachment = await announce(chat, b"abcdef")

        async def interrupted() -> AsyncIterator[bytes]:
            yield b"abc"
            await chat.ask("attachments.delete", attachment_id=attachment["id"])
            yield b"def"

        response = await put(attachment, interrupted())
        assert response.status_code == 404
    assert files_in(folder) == []
    assert await rows(tmp_path / "chat.db") == 0


async def test_files_that_cannot_be_stored_are_a_503_and_a_line_in_the_log(
    serve: Serve, folder: Path, tmp_path: Path
) -> None:
    async with Chat(serve().url) as chat:
        attachment = await announce(chat, b"abc")
        folder.write_text("in the way")
        with structlog.testing.capture_logs() as logs:
            for response in (await put(attachment, b"abc"), await send(chat, b"abc")):
                assert response.status_code == 503
                assert response.json()["error"]["code"] == "files_unavailable"
                assert str(folder) not in response.text
                assert int(response.headers["retry-after"]) > 0
        assert [line["event"] for line in logs].count("files unavailable") == 2
        folder.unlink()
        assert (await put(attachment, b"abc")).status_code == 204
    assert await rows(tmp_path / "chat.db") == 1


async def test_where_the_database_fails_after_the_bytes_came_they_are_deleted(
    settings_for: SettingsFor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings_for())
    async with app.router.lifespan_context(app):
        taking: Attachments = app.state.services.attachments

        async def fail(*_: object) -> None:
            raise DatabaseUnavailable("It is away.")

        monkeypatch.setattr(app.state.services.store, "save_attachment", fail)
        with pytest.raises(DatabaseUnavailable):
            await taking.add("a.txt", "text/plain", _pieces(b"abc"), ADA)
    assert files_in(folder) == []


@pytest.fixture
async def services(settings_for: SettingsFor) -> AsyncIterator[Services]:
    app = create_app(settings_for())
    async with app.router.lifespan_context(app):
        yield app.state.services


@pytest.fixture
def taking(services: Services) -> Attachments:
    assert services.attachments is not None
    return services.attachments


@pytest.fixture
async def pending(services: Services, taking: Attachments) -> Attachment:
    """One whose three bytes are still to come."""
    params = AttachmentCreateParams(name="a.txt", size=3, mime_type="text/plain")
    attachment = await taking.create_attachment(params, ADA)
    await services.store.save_attachment(attachment, ADA)
    return attachment


async def test_of_two_uploads_at_once_the_first_that_is_whole_stays(
    taking: Attachments, pending: Attachment, folder: Path
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"old"
        await taking.receive(pending.id, 3, _pieces(b"new"), ADA)

    with pytest.raises(Conflict):
        await taking.receive(pending.id, 3, slow(), ADA)
    (stored,) = files_in(folder)
    assert stored.read_bytes() == b"new"


async def test_of_two_uploads_that_end_at_once_the_one_that_is_taken_stays(
    taking: Attachments, pending: Attachment, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_writer = obstore.open_writer_async
    late: list[BaseException | None] = []

    class Slow:
        """Closes the first file once another upload has come."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.writer = open_writer(*arguments, **options)
            monkeypatch.setattr(obstore, "open_writer_async", open_writer)

        async def write(self, piece: bytes) -> None:
            await self.writer.write(piece)

        async def close(self) -> None:
            second = taking.receive(pending.id, 3, _pieces(b"new"), ADA)
            late.extend(await asyncio.gather(second, return_exceptions=True))
            await self.writer.close()

    monkeypatch.setattr(obstore, "open_writer_async", Slow)
    await taking.receive(pending.id, 3, _pieces(b"old"), ADA)
    assert [type(outcome) for outcome in late] == [Conflict]
    (stored,) = files_in(folder)
    assert stored.read_bytes() == b"old"


async def test_an_upload_that_cannot_be_stored_leaves_room_for_the_next(
    taking: Attachments, pending: Attachment, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(owner_id: str, attachment_id: str, content: AsyncIterator[bytes]) -> int:
        async for _ in content:
            pass
        raise FilesUnavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(taking._files, "put", fail)
        with pytest.raises(FilesUnavailable):
            await taking.receive(pending.id, 3, _pieces(b"old"), ADA)
    await taking.receive(pending.id, 3, _pieces(b"new"), ADA)
    (stored,) = files_in(folder)
    assert stored.read_bytes() == b"new"


async def test_an_upload_that_comes_too_late_takes_nothing_from_a_message(
    services: Services, taking: Attachments, pending: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, change = services.store, services.store.change_attachment

    async def sent_before(attachment_id: str, become: Change, context: RequestContext) -> None:
        sent = as_uploaded(pending).model_copy(update={"thread_id": "thr_1"})
        await store.save_attachment(sent, context)
        await change(attachment_id, become, context)

    await store.save_thread(thread(), ADA)
    monkeypatch.setattr(store, "change_attachment", sent_before)
    await taking._files.put("ada", pending.id, _pieces(b"those of the message"))
    with pytest.raises(Conflict):
        await taking.receive(pending.id, 3, _pieces(b"abc"), ADA)
    assert (await store.load_attachment(pending.id, ADA)).thread_id == "thr_1"
    assert await taking._files.size("ada", pending.id) == 20


async def test_bytes_that_come_while_their_attachment_is_deleted_are_deleted(
    services: Services,
    taking: Attachments,
    pending: Attachment,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forget = services.store.delete_attachment

    async def late(attachment_id: str, context: RequestContext) -> None:
        await taking.receive(attachment_id, 3, _pieces(b"abc"), context)
        await forget(attachment_id, context)

    monkeypatch.setattr(services.store, "delete_attachment", late)
    params = AttachmentDeleteParams(attachment_id=pending.id)
    await services.chat.answer(AttachmentsDeleteReq(params=params), ADA)
    assert files_in(folder) == []


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_large_file_is_never_held_in_memory(
    settings_for: SettingsFor, folder: Path
) -> None:
    size = 100_000_000
    piece = b"a" * 65_536

    async def content() -> AsyncIterator[bytes]:
        for _ in range(size // len(piece)):
            yield piece

    async def form() -> AsyncIterator[bytes]:
        yield b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        async for part in content():
            yield part
        yield b"\r\n--xx--\r\n"

    app = create_app(settings_for(upload_max_bytes=size))
    async with app.router.lifespan_context(app):
        taking: Attachments = app.state.services.attachments
        tracemalloc.start()
        try:
            file = await form_file("multipart/form-data; boundary=xx", form())
            await taking.add(file.name, "text/plain", file.content, ADA)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()
    (stored,) = files_in(folder)
    assert stored.stat().st_size > size - len(piece)


NAMES = st.text(max_size=40) | st.sampled_from(
    ["../../a", "..\\..\\a", "/etc/passwd", "C:\\a", "a\0b", ".", "..", "CON", "~", "a" * 400]
)
TYPES = st.sampled_from(["text/plain", "image/png", "", "text/html", "a/b", "x"]) | st.text(
    max_size=9
)


def form_of(name: str, mime_type: str, content: bytes) -> bytes:
    """A form, put together without a look at what is in it."""
    head = f'--xx\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    kind = f"Content-Type: {mime_type}\r\n" if mime_type else ""
    return (head + kind + "\r\n").encode(errors="replace") + content + b"\r\n--xx--\r\n"


@pytest.fixture
def fuzzed(settings_for: SettingsFor) -> Iterator[Callable[[bytes], httpx2.Response]]:
    """Posts a form to an application that stays open from one example to the next."""
    app = create_app(settings_for(requests_per_minute=1_000_000))
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}

    async def post(form: bytes) -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post(ATTACHMENTS, content=form, headers=headers)

    with asyncio.Runner() as runner:
        opened = app.router.lifespan_context(app)
        runner.run(opened.__aenter__())
        yield lambda form: runner.run(post(form))
        runner.run(opened.__aexit__(None, None, None))


def test_any_form_is_taken_whole_or_leaves_nothing(
    fuzzed: Callable[[bytes], httpx2.Response], folder: Path
) -> None:
    @settings(max_examples=150, deadline=None)
    @given(
        form=st.builds(form_of, NAMES, TYPES, st.binary(max_size=300) | st.text().map(str.encode)),
        mangled=st.sampled_from(["", "cut", "inserted", "replaced"]),
        at=st.integers(0, 400),
        data=st.binary(min_size=1, max_size=8),
    )
    def fuzz(form: bytes, mangled: str, at: int, data: bytes) -> None:
        end = {"": form[at:], "cut": b"", "inserted": data + form[at:]}
        sent = form[:at] + end.get(mangled, data + form[at + len(data) :])
        response = fuzzed(sent)
        assert response.status_code in {200, 400, 413, 415}, response.text
        kept = files_in(folder)
        assert len(kept) == response.is_success
        for path in kept:
            assert path.parent.parent == folder
            assert path.read_bytes() in sent
            path.unlink()

    fuzz()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_thousands_of_tiny_files_are_taken_and_swept(
    settings_for: SettingsFor, folder: Path, tmp_path: Path
) -> None:
    app = create_app(settings_for(requests_per_minute=1_000_000))
    async with app.router.lifespan_context(app):
        taking: Attachments = app.state.services.attachments
        database: Database = app.state.services.store._database

        async def upload(numbers: range) -> None:
            for number in numbers:
                name, content = f"../{number}.txt", str(number).encode()
                await taking.add(name, "text/plain", _pieces(content), ADA)

        await asyncio.gather(*(upload(range(first, 3_000, 50)) for first in range(50)))
        kept = files_in(folder)
        assert len(kept) == 3_000
        assert {path.parent.name for path in kept} == {owner_hash("ada")}
        assert await sweep(database, FileStorage.open(str(folder)), LATER) == 3_000
    assert files_in(folder) == []
    assert await rows(tmp_path / "chat.db") == 0
