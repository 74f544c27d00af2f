"""What is made of files is bounded, and forgotten with the file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from chatkit_backend.chat.files.readable_files import ReadableFiles
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
