"""What is made of files is bounded, and forgotten with the file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from chatkit_backend.chat.files.readable_files import ReadableFiles, ReadText, Unreadable
from chatkit_backend.errors import NotFound
from chatkit_backend.files import pictures
from chatkit_backend.files.pictures import PICTURES_AT_ONCE, Picture
from chatkit_backend.files.storage import FileStorage
from tests.chat.files.test_attached_files import photo


@pytest.fixture
async def files() -> FileStorage:
    async def content() -> AsyncIterator[bytes]:
        yield photo()

    files = FileStorage.open("memory://")
    await files.put("ada", "atc_1", content())
    return files


async def test_a_file_that_is_deleted_is_not_shown_from_memory(files: FileStorage) -> None:
    readable = ReadableFiles(files, 100)
    assert isinstance(await readable.picture("ada", "atc_1"), Picture)
    await files.delete("ada", "atc_1")
    with pytest.raises(NotFound):
        await readable.picture("ada", "atc_1")


async def test_two_turns_that_miss_the_same_file_are_told_so_alike(files: FileStorage) -> None:
    readable = ReadableFiles(files, 100)
    await readable.picture("ada", "atc_1")
    await files.delete("ada", "atc_1")
    asked = [readable.picture("ada", "atc_1") for _ in range(2)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NotFound, NotFound]


async def test_a_document_that_a_busy_machine_gave_up_is_tried_again_later(
    files: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"<p>Hello"

    await files.put("ada", "atc_2", content())
    readable = ReadableFiles(files, 100, failed_seconds=0.5)
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", "/nowhere/python")
        failed = await readable.text("ada", "atc_2", "html")
    assert isinstance(failed, Unreadable)
    assert await readable.text("ada", "atc_2", "html") == failed
    await asyncio.sleep(0.6)
    assert await readable.text("ada", "atc_2", "html") == ReadText("Hello", 0, whole=True)


async def test_a_document_that_is_broken_is_not_tried_again(
    files: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    readable = ReadableFiles(files, 100)
    broken = await readable.text("ada", "atc_1", "pdf")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert await readable.text("ada", "atc_1", "pdf") == broken


async def test_pictures_of_turns_that_were_stopped_still_count(
    files: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def slow(content: bytes, longest_side: int) -> None:
        begun.append(longest_side)
        go_on.wait(10)

    monkeypatch.setattr(pictures, "picture", slow)
    readable = ReadableFiles(files, 100)
    try:
        for _ in range(PICTURES_AT_ONCE + 2):
            turn = asyncio.create_task(readable.picture("ada", "atc_1"))
            await asyncio.sleep(0.05)
            turn.cancel()
        assert len(begun) == PICTURES_AT_ONCE
    finally:
        go_on.set()
