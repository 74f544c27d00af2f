"""A collection follows the files on disk, and whatever goes wrong leaves whole documents."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.retrieval.files import Found, Selection, read
from chatkit_backend.retrieval.ingest import FileResult, Ingestion
from chatkit_backend.retrieval.watching import watched
from chatkit_backend.store.chunks import ChunkStore
from tests.passages import lexical
from tests.retrieval.papers import docx, pdf

LONG = "The moon is made of rock. " * 200


def write(folder: Path, **files: str) -> None:
    """Makes Markdown files; two underscores in a name are a slash."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Collection:
    """Ingests a folder into a collection, again and again."""

    def __init__(self, store: ChunkStore, converter: Converter, folder: Path) -> None:
        self.store = store
        self._converter = converter
        self._folder = folder

    async def ingest(
        self,
        *roots: Path,
        prune: bool = False,
        base_url: str | None = None,
        max_bytes: int = 1_000_000,
        **patterns: Any,
    ) -> dict[str, str]:
        """What became of each file: its outcome, or why it failed."""
        found = Selection(roots or (self._folder,), **patterns).find()
        ingestion = Ingestion(
            self.store, self._converter, "moon", base_url=base_url, max_bytes=max_bytes
        )
        results = [result async for result in ingestion.run(found, prune=prune)]
        return {result.source: result.reason or result.outcome for result in results}

    async def chunks(self) -> dict[str, int]:
        return {d.source: d.chunks async for d in self.store.documents("moon")}


@pytest.fixture
def collection(store: ChunkStore, converter: Converter, folder: Path) -> Collection:
    return Collection(store, converter, folder)


async def test_files_of_every_kind_are_taken_in(collection: Collection, folder: Path) -> None:
    write(folder, a="# A\n\nMoon.", guide__b="Rock.")
    (folder / "c.txt").write_text("Dust.", encoding="utf-8")
    (folder / "d.html").write_text("<h1>Crater</h1>", encoding="utf-8")
    (folder / "e.pdf").write_bytes(pdf("Orbit."))
    (folder / "f.docx").write_bytes(docx(("Normal", "Tide.")))
    (folder / "g.png").write_bytes(b"\x89PNG")
    done = await collection.ingest()
    assert done == dict.fromkeys(
        ["a.md", "c.txt", "d.html", "e.pdf", "f.docx", "guide/b.md"], "added"
    )
    for word in ("moon", "rock", "dust", "crater", "orbit", "tide"):
        assert await lexical(collection.store, "moon", word, 5), word


async def test_what_has_not_changed_is_skipped_and_what_has_is_replaced(
    collection: Collection, folder: Path
) -> None:
    write(folder, a="cheese", b="rock")
    await collection.ingest()
    os.utime(folder / "b.md")
    write(folder, a="dust")
    assert await collection.ingest() == {"a.md": "replaced", "b.md": "unchanged"}
    assert await lexical(collection.store, "moon", "cheese", 5) == []
    assert set((await collection.ingest()).values()) == {"unchanged"}


async def test_another_address_replaces_the_documents(collection: Collection, folder: Path) -> None:
    write(folder, a="rock")
    await collection.ingest()
    assert await collection.ingest(base_url="https://x.org") == {"a.md": "replaced"}
    ((chunk, _),) = await lexical(collection.store, "moon", "rock", 5)
    assert chunk.url == "https://x.org/a.md"
    assert await collection.ingest(base_url="https://x.org") == {"a.md": "unchanged"}


async def test_what_has_vanished_stays_unless_it_is_pruned(
    collection: Collection, folder: Path
) -> None:
    write(folder, a="rock", b="dust")
    await collection.ingest()
    (folder / "b.md").unlink()
    assert await collection.ingest() == {"a.md": "unchanged"}
    assert await collection.ingest(prune=True) == {"a.md": "unchanged", "b.md": "removed"}
    assert await collection.chunks() == {"a.md": 1}


async def test_an_empty_folder_prunes_nothing(collection: Collection, folder: Path) -> None:
    write(folder, a="rock")
    await collection.ingest()
    (folder / "a.md").unlink()
    assert await collection.ingest(prune=True) == {}
    assert await collection.chunks() == {"a.md": 1}


async def test_what_could_not_be_looked_at_is_not_pruned(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, a="rock", guide__b="dust")
    await collection.ingest()
    scandir = os.scandir

    def refuse(path: Path) -> Any:
        if path.name == "guide":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    done = await collection.ingest(prune=True)
    assert done == {"guide/": "cannot be read (Permission denied)", "a.md": "unchanged"}
    assert len(await collection.chunks()) == 2


async def test_a_file_that_fails_does_not_stop_the_others(
    collection: Collection, folder: Path
) -> None:
    write(folder, a="rock", z="dust")
    (folder / "b.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (folder / "c.md").write_bytes(b"caf\xe9")
    (folder / "d.pdf").write_bytes(b"rubbish")
    assert await collection.ingest() == {
        "a.md": "added",
        "b.md": "is no text but a binary file, whatever its name says",
        "c.md": "is not UTF-8 text (byte 0xe9 in line 1); save it as UTF-8",
        "d.pdf": "is no PDF, whatever its name says",
        "z.md": "added",
    }


async def test_a_file_that_fails_now_keeps_what_was_taken_in_before(
    collection: Collection, folder: Path
) -> None:
    write(folder, a="rock")
    await collection.ingest()
    (folder / "a.md").write_bytes(b"\0")
    await collection.ingest(prune=True)
    assert await collection.chunks() == {"a.md": 1}


async def test_a_huge_file_is_refused_without_reading_it(
    collection: Collection, folder: Path
) -> None:
    with (folder / "a.pdf").open("wb") as file:
        file.truncate(200_000_000)
    began = time.monotonic()
    assert await collection.ingest(max_bytes=50_000_000) == {
        "a.pdf": "has 200.0 MB, over the 50.0 MB of CHATKIT_INGEST_MAX_BYTES"
    }
    assert time.monotonic() - began < 1


async def test_an_empty_file_is_a_document_without_chunks(
    collection: Collection, folder: Path
) -> None:
    write(folder, a="rock")
    await collection.ingest()
    write(folder, a=" \n")
    assert await collection.ingest() == {"a.md": "replaced"}
    assert await collection.chunks() == {"a.md": 0}
    assert await collection.ingest() == {"a.md": "unchanged"}


async def test_symbolic_links_are_not_followed(
    collection: Collection, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    write(outside, secret="password")
    write(folder, a="rock", guide__b="dust")
    (folder / "file.md").symlink_to(outside / "secret.md")
    (folder / "folder").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "guide" / "up").symlink_to("..")
    (folder / "dangling.md").symlink_to("nowhere.md")
    assert set(await collection.ingest()) == {"a.md", "guide/b.md"}
    assert Selection([folder]).find().links == 5
    for link in (folder / "file.md", folder / "folder"):
        found = Selection([link]).find()
        assert found.files == {}
        assert found.problems == [(str(link), "is a symbolic link; name what it leads to")]


async def test_nothing_is_pruned_where_a_link_took_the_place_of_a_folder(
    collection: Collection, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    write(folder, a="rock")
    write(other, b="dust")
    await collection.ingest(folder, other)
    other.rename(tmp_path / "elsewhere")
    other.symlink_to(tmp_path / "elsewhere")
    outcomes = await collection.ingest(folder, other, prune=True)
    assert outcomes[str(other)].startswith("is a symbolic link")
    assert set(await collection.chunks()) == {"a.md", "b.md"}


async def test_a_link_that_took_the_place_of_a_file_is_not_followed(
    collection: Collection, folder: Path, tmp_path: Path
) -> None:
    write(folder, a="rock")
    found = Selection([folder]).find()
    (tmp_path / "secret").write_text("password", encoding="utf-8")
    (folder / "a.md").unlink()
    (folder / "a.md").symlink_to(tmp_path / "secret")
    ingestion = Ingestion(collection.store, Converter(), "moon", base_url=None, max_bytes=1_000_000)
    (result,) = [result async for result in ingestion.run(found, prune=False)]
    assert result.outcome == "failed"


async def test_what_is_no_file_is_passed_by(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    found = Selection([folder]).find()
    assert (found.files, found.other_types) == ({}, 1)
    assert Selection([folder / "pipe.md"]).find().problems == [("pipe.md", "is no regular file")]


def test_hidden_files_and_what_tools_leave_behind_are_passed_by(folder: Path) -> None:
    write(folder, a="x", node_modules__b="x")
    for name in (".git", ".obsidian"):
        (folder / name).mkdir()
        (folder / name / "c.md").write_text("x", encoding="utf-8")
    (folder / ".d.md").write_text("x", encoding="utf-8")
    assert list(Selection([folder]).find().files) == ["a.md"]
    assert list(Selection([folder / ".git"]).find().files) == ["c.md"]


@pytest.mark.parametrize(
    ("patterns", "sources"),
    [
        ({"include": ["*.txt"]}, ["c.txt"]),
        ({"include": ["guide/"]}, ["guide/b.md", "guide/drafts/d.md"]),
        ({"exclude": ["drafts/"]}, ["a.md", "c.txt", "guide/b.md"]),
        ({"include": ["*.md"], "exclude": ["/a.md"]}, ["guide/b.md", "guide/drafts/d.md"]),
        ({"exclude": ["*", "!c.txt"]}, ["c.txt"]),
        ({"include": ["**/d.md"]}, ["guide/drafts/d.md"]),
    ],
)
def test_patterns_choose_files(
    folder: Path, patterns: dict[str, list[str]], sources: list[str]
) -> None:
    write(folder, a="x", guide__b="x", guide__drafts__d="x")
    (folder / "c.txt").write_text("x", encoding="utf-8")
    assert list(Selection([folder], **patterns).find().files) == sources


def test_files_that_are_named_are_told_why_they_are_not_taken(folder: Path) -> None:
    (folder / "a.png").write_bytes(b"x")
    found = Selection([folder / "a.png", folder / "gone.md"]).find()
    assert found.problems[0] == (
        "a.png",
        "is none of .md .markdown .mdx .txt .text .rst .html .htm .pdf .docx",
    )
    assert found.problems[1][1] == "cannot be read (No such file or directory)"


def test_two_files_with_the_same_path_in_their_folders_do_not_replace_each_other(
    folder: Path,
) -> None:
    write(folder, one__a="x", two__a="y")
    found = Selection([folder / "one", folder / "two", folder / "one" / "a.md"]).find()
    assert found.files["a.md"].path == folder / "one" / "a.md"
    (problem,) = found.problems
    assert problem[0] == str(folder / "two" / "a.md")
    assert problem[1].endswith("use two collections")


async def test_names_may_be_odd(collection: Collection, folder: Path) -> None:
    names = ["new\nline.md", "'quote\" ; $(x).md", "[bold]b.md", "émoji 🌙.md", "%s.md"]
    for name in names:
        (folder / name).write_text("rock", encoding="utf-8")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("rock", encoding="utf-8")
    sources = {*names, "caf\\xe9.md"}
    assert await collection.ingest() == dict.fromkeys(sources, "added")
    assert await collection.ingest(prune=True) == dict.fromkeys(sources, "unchanged")
    assert set(await collection.chunks()) == sources


def test_folders_may_be_nested_deep(folder: Path) -> None:
    deep = folder
    for _ in range(400):
        deep /= "d"
        deep.mkdir()
    (deep / "a.md").write_text("x", encoding="utf-8")
    assert list(Selection([folder]).find().files) == ["d/" * 400 + "a.md"]


@pytest.mark.parametrize("moment", range(1, 40, 3))
async def test_stopping_it_anywhere_leaves_whole_documents(
    collection: Collection, folder: Path, moment: int
) -> None:
    write(folder, a=LONG, b=LONG, c=LONG)
    task = asyncio.create_task(collection.ingest())
    for _ in range(moment):
        await asyncio.sleep(0.001)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    whole = len(LONG) // 1_200 + 1
    assert all(chunks >= whole for chunks in (await collection.chunks()).values())
    again = await collection.ingest()
    assert set(again.values()) <= {"added", "unchanged"}
    assert len(await collection.chunks()) == 3


async def test_a_database_that_goes_away_stops_the_run(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: object) -> None:
        raise DatabaseUnavailable("It is gone.")

    write(folder, a="rock")
    monkeypatch.setattr(ChunkStore, "put_document", unavailable)
    with pytest.raises(DatabaseUnavailable, match=r"It is gone\. It was to store 'a\.md'"):
        await collection.ingest()
    monkeypatch.undo()
    assert await collection.ingest() == {"a.md": "added"}


async def test_what_a_deletion_that_was_stopped_left_behind_is_taken_in_anew(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(*_: object) -> None:
        raise DatabaseUnavailable

    write(folder, a="rock", b="dust")
    await collection.ingest()
    with monkeypatch.context() as patch, pytest.raises(DatabaseUnavailable):
        patch.setattr(ChunkStore, "_delete_hidden", stop)
        await collection.store.delete_collection("moon")
    assert await collection.ingest() == {"a.md": "added", "b.md": "added"}
    assert len(await lexical(collection.store, "moon", "rock", 10)) == 1
    async with collection.store._database.read() as connection:
        names = await connection.exec_driver_sql("SELECT name FROM collections")
        assert names.scalars().all() == ["moon"]


async def test_a_file_that_may_be_read_again_is_taken_in_by_the_same_watch(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, a="rock")
    found = Selection([folder]).find()
    ingestion = Ingestion(collection.store, Converter(), "moon", base_url=None, max_bytes=1_000_000)
    with monkeypatch.context() as patch:
        # No test may rely on modes: root reads everything.
        patch.setattr(os, "open", refused)
        (result,) = [result async for result in ingestion.run(found, prune=False)]
        assert result.reason == "cannot be read (Permission denied)"
    (result,) = [result async for result in ingestion.run(found, prune=False)]
    assert result.outcome == "added"


def refused(*_: object) -> int:
    raise PermissionError(errno.EACCES, "Permission denied")


async def test_hundreds_of_files_in_many_folders_are_taken_in_and_then_left_alone(
    collection: Collection, folder: Path
) -> None:
    write(folder, **{f"part{n % 20}__page{n}": f"# Page {n}\n\n{LONG[:500]}" for n in range(400)})
    assert len(await collection.ingest()) == 400
    assert set((await collection.ingest()).values()) == {"unchanged"}


async def next_of(finds: AsyncIterator[Found]) -> Found:
    return await asyncio.wait_for(anext(finds), 10)


async def test_a_watch_tells_of_changes_in_old_and_new_folders(folder: Path) -> None:
    write(folder, a="rock")
    finds = watched(Selection([folder]).find)
    assert set((await next_of(finds)).files) == {"a.md"}
    write(folder, b="dust")
    assert set((await next_of(finds)).files) == {"a.md", "b.md"}
    write(folder, new__c="crater")
    found = await next_of(finds)
    while "new/c.md" not in found.files:
        found = await next_of(finds)
    before = found.files["new/c.md"].signature
    write(folder, new__c="crater and rim")
    assert (await next_of(finds)).files["new/c.md"].signature != before
    (folder / "a.md").unlink()
    assert set((await next_of(finds)).files) == {"b.md", "new/c.md"}
    await finds.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_what_changes_before_the_watch_begins_is_not_missed(folder: Path) -> None:
    write(folder, a="rock")

    def find() -> Found:
        found = Selection([folder]).find()
        write(folder, b="dust")
        return found

    finds = watched(find)
    assert set((await next_of(finds)).files) == {"a.md", "b.md"}
    await finds.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_watch_does_not_wake_for_other_files(folder: Path) -> None:
    write(folder, a="rock")
    finds = watched(Selection([folder]).find)
    await next_of(finds)
    (folder / "chatkit.db").write_bytes(b"x")
    waiting = asyncio.ensure_future(anext(finds))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    write(folder, b="dust")
    assert set((await asyncio.wait_for(waiting, 10)).files) == {"a.md", "b.md"}
    await finds.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_watch_outlives_its_folder(folder: Path) -> None:
    write(folder, a="rock")
    finds = watched(Selection([folder]).find)
    await next_of(finds)
    (folder / "a.md").unlink()
    folder.rmdir()
    found = await next_of(finds)
    while found.folders:
        found = await next_of(finds)
    assert not found.is_complete
    write(folder, b="dust")
    while not found.files:
        found = await next_of(finds)
    assert set(found.files) == {"b.md"}
    await finds.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_system_that_watches_no_more_folders_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused:
        def __init__(self, *_: object) -> None:
            raise RuntimeError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.main.RustNotify", Refused)
    finds = watched(Selection([folder]).find)
    await next_of(finds)
    with pytest.raises(SettingsError, match=r"watch limit reached.*max_user_watches"):
        await next_of(finds)


async def test_what_failed_is_not_tried_again_before_it_changes(
    collection: Collection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, a="rock")
    (folder / "b.md").write_bytes(b"\0")
    ingestion = Ingestion(collection.store, Converter(), "moon", base_url=None, max_bytes=1_000_000)
    reads: list[Path] = []

    def counted(path: Path, max_bytes: int) -> bytes:
        reads.append(path)
        return read(path, max_bytes)

    monkeypatch.setattr("chatkit_backend.retrieval.ingest.read", counted)

    async def run() -> list[FileResult]:
        found = Selection([folder]).find()
        return [result async for result in ingestion.run(found, prune=False)]

    first, second = await run(), await run()
    assert [result.outcome for result in first] == ["added", "failed"]
    assert [result.outcome for result in second] == ["unchanged", "failed"]
    assert first[1] == second[1]
    assert len(reads) == 2
    (folder / "b.md").write_text("mended", encoding="utf-8")
    assert [result.outcome for result in await run()] == ["unchanged", "added"]
