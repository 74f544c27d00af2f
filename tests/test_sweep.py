"""Files without an attachment go; all others stay, above all those of another database."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import NotFound
from chatkit_backend.files.storage import FileStorage, owner_hash
from chatkit_backend.store.attachments import _UNUSED, delete_unused
from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.sweep import sweep, sweep_old
from tests.conftest import Serve
from tests.serving import ServedApp
from tests.store.examples import file_attachment, thread

ADA, BOB = (RequestContext(user=User(name)) for name in ("ada", "bob"))
SOON = timedelta(minutes=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> ThreadStore:
    return ThreadStore(database)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chatkit-files"


@pytest.fixture
def files(folder: Path) -> FileStorage:
    return FileStorage.open(str(folder))


async def put(files: FileStorage, owner: str, *attachment_ids: str) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"bytes"

    for attachment_id in attachment_ids:
        await files.put(owner, attachment_id, content())


async def left(files: FileStorage) -> set[str]:
    return {file.attachment_id async for page in files.all() for file in page}


def age(folder: Path, days: int, *names: str) -> None:
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for path in folder.rglob("*"):
        if path.is_file() and (not names or path.name in names):
            os.utime(path, (then, then))


async def test_files_of_attachments_that_are_gone_are_deleted(
    database: Database, store: ThreadStore, files: FileStorage
) -> None:
    await store.save_thread(thread(), ADA)
    await store.save_attachment(file_attachment("kept", "thr_1"), ADA)
    await put(files, "ada", "kept", "gone", "gone too")
    assert await sweep(database, files, datetime.now(UTC) + SOON) == 2
    assert await left(files) == {"kept"}
    await store.delete_thread("thr_1", ADA)
    assert await sweep(database, files, datetime.now(UTC) + SOON) == 1
    assert await left(files) == set()


async def test_attachments_that_no_message_has_are_deleted_with_their_bytes_after_a_day(
    database: Database, store: ThreadStore, files: FileStorage
) -> None:
    await store.save_thread(thread(), ADA)
    await store.save_attachment(file_attachment("sent", "thr_1"), ADA)
    for attachment_id in ("never sent", "never uploaded"):
        await store.save_attachment(file_attachment(attachment_id), ADA)
    await put(files, "ada", "sent", "never sent")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert await sweep(database, files, yesterday) == 0
    await store.load_attachment("never uploaded", ADA)
    assert await sweep(database, files, datetime.now(UTC) + SOON) == 1
    assert await left(files) == {"sent"}
    await store.load_attachment("sent", ADA)
    for attachment_id in ("never sent", "never uploaded"):
        with pytest.raises(NotFound):
            await store.load_attachment(attachment_id, ADA)


async def test_more_unused_attachments_than_are_deleted_at_once_are_deleted(
    database: Database, store: ThreadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_backend.store.attachments._DELETED_AT_ONCE", 2)
    monkeypatch.setattr("chatkit_backend.store.attachments._UNUSED", _UNUSED.limit(2))
    for number in range(5):
        await store.save_attachment(file_attachment(f"atc_{number}"), ADA)
    assert await delete_unused(database, datetime.now(UTC) + SOON) == 5
    assert await delete_unused(database, datetime.now(UTC) + SOON) == 0


async def test_a_file_under_an_id_that_is_another_users_now_is_deleted(
    database: Database, store: ThreadStore, files: FileStorage
) -> None:
    await store.save_thread(thread(), BOB)
    await store.save_attachment(file_attachment("atc_1", "thr_1"), BOB)
    await put(files, "ada", "atc_1")
    await put(files, "bob", "atc_1")
    assert await sweep(database, files, datetime.now(UTC) + SOON) == 1
    assert await files.size("bob", "atc_1") == 5
    assert await files.size("ada", "atc_1") is None


async def test_young_files_are_left_alone(
    database: Database, files: FileStorage, folder: Path
) -> None:
    await put(files, "ada", "old", "young")
    half = folder / owner_hash("ada") / "half#1"
    half.touch()
    age(folder, 2, "old", "half#1")
    assert await sweep(database, files, datetime.now(UTC) - timedelta(days=1)) == 2
    assert await left(files) == {"young"}
    assert not half.exists()


async def test_files_of_another_database_are_left_alone_and_the_log_says_so(
    database: Database, files: FileStorage
) -> None:
    await files.claim("sqlite:///the-other.db")
    await put(files, "ada", "unknown here")
    with structlog.testing.capture_logs() as logs:
        assert await sweep(database, files, datetime.now(UTC) + SOON) == 0
    assert await left(files) == {"unknown here"}
    (line,) = logs
    assert line["log_level"] == "warning"
    assert "sqlite:///the-other.db" in line["reason"]
    assert database.address in line["reason"]


async def test_a_database_that_has_the_same_address_elsewhere_is_another(
    files: FileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "address", "sqlite:///chat.db")
    swept = []
    for name in ("here", "elsewhere"):
        database = await Database.open(f"sqlite:///{tmp_path / name}.db")
        await database.migrate()
        await put(files, "ada", f"unknown {name}")
        swept.append(await sweep(database, files, datetime.now(UTC) + SOON))
        await database.close()
    assert swept == [1, 0]


async def test_files_that_an_earlier_version_claimed_are_claimed_anew(
    database: Database, files: FileStorage, folder: Path
) -> None:
    await files.claim(database.address)
    await put(files, "ada", "gone")
    assert await sweep(database, files, datetime.now(UTC) + SOON) == 1
    assert (folder / "database").read_text().startswith(f"{database.address} (id ")


async def test_nothing_is_made_where_there_are_no_files(
    database: Database, files: FileStorage, folder: Path
) -> None:
    assert await sweep(database, files, datetime.now(UTC)) == 0
    assert not folder.exists()


async def test_another_replica_at_it_ends_the_sweep(files: FileStorage, postgres_url: str) -> None:
    database, other = await Database.open(postgres_url), await Database.open(postgres_url)
    try:
        await put(files, "ada", "gone")
        async with other.write() as connection:
            assert await other.dialect.try_lock(connection, "files")
            assert await sweep(database, files, datetime.now(UTC) + SOON) == 0
        assert await sweep(database, files, datetime.now(UTC) + SOON) == 1
    finally:
        await database.close()
        await other.close()


async def test_what_came_today_is_left_alone(
    database: Database, files: FileStorage, folder: Path
) -> None:
    await put(files, "ada", "old")
    age(folder, 2)
    await put(files, "ada", "new")
    await sweep_old(database, files)
    assert await left(files) == {"new"}


async def test_a_running_server_sweeps(serve: Serve, tmp_path: Path, folder: Path) -> None:
    files = FileStorage.open(str(folder))
    await put(files, "ada", "gone")
    age(folder, 2)
    serve(files_url=str(folder))
    async with asyncio.timeout(10):
        while await left(files):
            await asyncio.sleep(0.02)


async def test_a_server_with_a_database_in_memory_deletes_no_files(
    serve: Serve, folder: Path
) -> None:
    files = FileStorage.open(str(folder))
    await put(files, "ada", "of another database")
    age(folder, 2)
    served: ServedApp = serve(files_url=str(folder), database_url="memory://")
    await asyncio.sleep(0.5)
    served.stop()
    assert await left(files) == {"of another database"}
    assert not (folder / "database").exists()
