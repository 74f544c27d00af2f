"""Bytes come back as they went in, whole or not at all, and no id leads anywhere else."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_backend.errors import FilesUnavailable, InvalidRequest, NotFound, SettingsError
from chatkit_backend.files import storage
from chatkit_backend.files.storage import FileStorage, owner_hash
from tests.files.s3 import Bucket
from tests.serving import ServedApp

MEGABYTE = 1024 * 1024


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


async def content(files: FileStorage, owner: str, attachment: str) -> bytes:
    return b"".join([piece async for piece in files.read(owner, attachment)])


async def found(files: FileStorage) -> set[tuple[str, str]]:
    return {(file.owner_hash, file.attachment_id) async for page in files.all() for file in page}


def everything_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket named `b`, and an environment that leads to it."""
    served = Bucket()
    with ServedApp(served.app) as at:
        monkeypatch.setenv("AWS_ENDPOINT_URL", at.url)
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-that-stays-one")
        yield served


@pytest.fixture(params=["folder", "memory", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStorage:
    """Every kind of storage."""
    if request.param == "s3":
        request.getfixturevalue("bucket")
    urls = {"folder": str(tmp_path / "files"), "memory": "memory://", "s3": "s3://b/pre/fix"}
    return FileStorage.open(urls[request.param])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def local(folder: Path) -> FileStorage:
    return FileStorage.open(str(folder))


# Every kind


@pytest.mark.parametrize(
    "pieces",
    [(), (b"",), (b"a",), (b"a" * 7, b"", b"b" * MEGABYTE), (b"x" * MEGABYTE,) * 13],
    ids=["nothing", "an empty piece", "a byte", "pieces", "several parts"],
)
async def test_bytes_come_back_as_they_went_in(
    files: FileStorage, pieces: tuple[bytes, ...]
) -> None:
    size = await files.put("ada", "atc_1", stream(*pieces))
    assert size == len(b"".join(pieces))
    assert await files.size("ada", "atc_1") == size
    assert await content(files, "ada", "atc_1") == b"".join(pieces)


async def test_a_second_file_under_the_same_id_replaces_the_first(files: FileStorage) -> None:
    await files.put("ada", "atc_1", stream(b"x" * 10))
    await files.put("ada", "atc_1", stream(b"new"))
    assert await content(files, "ada", "atc_1") == b"new"


async def test_the_same_id_of_two_users_is_two_files(files: FileStorage) -> None:
    await files.put("ada", "atc_1", stream(b"ada's"))
    await files.put("bob", "atc_1", stream(b"bob's"))
    await files.delete("ada", "atc_1")
    assert await files.size("ada", "atc_1") is None
    assert await content(files, "bob", "atc_1") == b"bob's"


async def test_what_is_not_there_is_not_found_and_as_good_as_deleted(files: FileStorage) -> None:
    for _ in range(2):  # before the first file, and after it
        assert await files.size("ada", "none") is None
        with pytest.raises(NotFound):
            await content(files, "ada", "none")
        await files.delete("ada", "none")
        assert await files.delete_of_owner("nobody") == 0
        await files.put("ada", "atc_1", stream(b"a"))


async def test_everything_of_a_user_is_deleted_and_nothing_else(
    files: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_LISTED_AT_ONCE", 2)
    for number in range(7):
        await files.put("ada", f"atc_{number}", stream(b"a"))
    await files.put("bob", "atc_1", stream(b"b"))
    assert await files.delete_of_owner("ada") == 7
    assert await found(files) == {(owner_hash("bob"), "atc_1")}


async def test_files_are_listed_with_owner_id_and_time(files: FileStorage) -> None:
    await files.put("ada", "Weird Id/…", stream(b"a"))
    ((file,),) = [page async for page in files.all()]
    assert (file.owner_hash, file.attachment_id) == (owner_hash("ada"), "Weird Id/…")
    assert abs(datetime.now(UTC) - file.modified_at) < timedelta(minutes=1)
    await files.discard([file, file])
    assert await found(files) == set()


class Cut(Exception):
    """The stream broke off."""


async def cut_stream(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield b"x" * MEGABYTE
    raise Cut


@pytest.mark.parametrize("megabytes", [0, 1, 13])
async def test_a_stream_that_breaks_off_leaves_what_was_there(
    files: FileStorage, megabytes: int
) -> None:
    with pytest.raises(Cut):
        await files.put("ada", "atc_1", cut_stream(megabytes))
    assert await files.size("ada", "atc_1") is None
    await files.put("ada", "atc_1", stream(b"first"))
    with pytest.raises(Cut):
        await files.put("ada", "atc_1", cut_stream(megabytes))
    assert await content(files, "ada", "atc_1") == b"first"


@pytest.mark.parametrize("megabytes", [1, 13])
async def test_a_cancelled_upload_leaves_nothing(files: FileStorage, megabytes: int) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(megabytes):
            yield b"x" * MEGABYTE
        await asyncio.sleep(60)

    upload = asyncio.create_task(files.put("ada", "atc_1", endless()))
    await asyncio.sleep(0.3)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert await files.size("ada", "atc_1") is None
    assert await found(files) == set()


async def test_the_first_database_that_asks_claims_the_files(files: FileStorage) -> None:
    assert await files.claim("sqlite:///chatkit.db") == "sqlite:///chatkit.db"
    assert await files.claim("sqlite:///other.db") == "sqlite:///chatkit.db"
    await files.put("ada", "database", stream(b"an id like any other"))
    assert await files.claim("sqlite:///chatkit.db") == "sqlite:///chatkit.db"
    assert await files.claim("new", formerly="sqlite:///chatkit.db") == "new"
    assert await files.claim("other", formerly="sqlite:///chatkit.db") == "new"
    assert await found(files) == {(owner_hash("ada"), "database")}


async def test_a_storage_that_can_be_written_to_is_left_as_it_was(files: FileStorage) -> None:
    await files.require_writable()
    assert await found(files) == set()


# Ids

HOSTILE = [
    "../../etc/passwd",
    "..",
    ".",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "C:\\a",
    "a\0b",
    "a#1",
    "%2e%2e%2f",
    "=41",
    "A",
    "a",
    "ü",
    "\ud83d",
    "a\nb",
    "con",
    "-rf",
    "~",
    "*",
    " ",
]


async def test_no_id_leads_out_of_the_folder_or_to_another_file(
    local: FileStorage, folder: Path, tmp_path: Path
) -> None:
    for number, name in enumerate(HOSTILE):
        await local.put(name, "same", stream(b"owner %d" % number))
        await local.put("same", name, stream(b"attachment %d" % number))
    for number, name in enumerate(HOSTILE):
        assert await content(local, name, "same") == b"owner %d" % number
        assert await content(local, "same", name) == b"attachment %d" % number
    assert len(everything_in(folder)) == 2 * len(HOSTILE)
    assert everything_in(tmp_path) == everything_in(folder)
    assert {name for _, name in await found(local)} == {*HOSTILE, "same"}
    names = [path.name.lower() for path in everything_in(folder / owner_hash("same"))]
    assert len(names) == len(set(names))


@given(st.text(min_size=1, max_size=20))
def test_every_id_is_read_back_from_the_name_of_its_file(attachment_id: str) -> None:
    path = storage._path("ada", attachment_id)
    assert storage._OURS.fullmatch(path)
    assert storage._decoded(path.partition("/")[2]) == attachment_id


@pytest.mark.parametrize("attachment_id", ["", "a" * 241, "ü" * 41])
async def test_an_id_that_makes_no_file_name_is_refused(
    files: FileStorage, attachment_id: str
) -> None:
    with pytest.raises(InvalidRequest):
        await files.put("ada", attachment_id, stream(b"a"))
    with pytest.raises(InvalidRequest):
        await files.size("ada", attachment_id)


def test_an_owner_is_told_by_a_hash_alone() -> None:
    assert owner_hash("ada") == hashlib.sha256(b"ada").hexdigest()


# Folders


async def test_a_folder_comes_with_its_first_file_and_is_nobody_elses_to_read(
    local: FileStorage, folder: Path
) -> None:
    assert not folder.exists()
    await local.put("ada", "atc_1", stream(b"a"))
    assert folder.stat().st_mode & 0o077 == 0


async def test_a_folder_of_an_owner_without_files_is_gone(local: FileStorage, folder: Path) -> None:
    await local.put("ada", "atc_1", stream(b"a"))
    await local.delete("ada", "atc_1")
    assert list(folder.iterdir()) == []


async def test_a_folder_that_disappears_comes_again(local: FileStorage, folder: Path) -> None:
    await local.put("ada", "atc_1", stream(b"a"))
    await local.delete("ada", "atc_1")
    folder.rmdir()
    assert await local.size("ada", "atc_1") is None
    assert await found(local) == set()
    await local.put("ada", "atc_1", stream(b"a"))
    assert await content(local, "ada", "atc_1") == b"a"


async def test_a_folder_is_the_one_that_was_meant_when_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = FileStorage.open("relative")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    await files.put("ada", "atc_1", stream(b"a"))
    assert (tmp_path / "relative").is_dir()


@pytest.mark.parametrize("megabytes", [1, 13])
async def test_nothing_half_written_stays_in_a_folder(
    local: FileStorage, folder: Path, megabytes: int
) -> None:
    with pytest.raises(Cut) as raised:
        await local.put("ada", "atc_1", cut_stream(megabytes))
    deadline = time.monotonic() + 5
    while everything_in(folder) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert everything_in(folder) == []
    assert raised.value.__traceback__  # whoever keeps the error keeps no half file with it


async def test_what_a_killed_process_left_is_found_when_it_is_old(
    local: FileStorage, folder: Path
) -> None:
    await local.put("ada", "atc_1", stream(b"a"))
    owner = folder / owner_hash("ada")
    now = datetime.now(UTC)
    old = (now - timedelta(days=2)).timestamp()
    for path in (owner / "atc_2#1", owner / "atc_3#12", owner / "notes#txt", folder / "mine#1"):
        path.write_bytes(b"half")
        if path.name != "atc_3#12":
            os.utime(path, (old, old))
    assert local.discard_unfinished(now - timedelta(days=1)) == 1
    assert [path.name for path in everything_in(owner)] == ["atc_1", "atc_3#12", "notes#txt"]
    assert (folder / "mine#1").exists()


async def test_what_goes_away_while_unfinished_files_are_looked_for_is_no_failure(
    local: FileStorage, folder: Path
) -> None:
    await local.put("ada", "atc_1", stream(b"a"))
    # A link to nowhere is listed, and is not there when it is looked at.
    for gone in (folder / owner_hash("ada") / "atc_2#1", folder / owner_hash("bob")):
        gone.symlink_to("nowhere")
    assert local.discard_unfinished(datetime.now(UTC) + timedelta(days=1)) == 0


async def test_files_of_others_in_the_folder_are_none_of_ours(
    local: FileStorage, folder: Path
) -> None:
    await local.put("ada", "atc_1", stream(b"a"))
    for path in ("notes.txt", "sub/notes.txt", f"{owner_hash('ada')}/Notes.txt"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(b"mine")
    assert await found(local) == {(owner_hash("ada"), "atc_1")}
    assert await local.delete_of_owner("ada") == 1
    assert len(everything_in(folder)) == 3


@pytest.mark.slow
async def test_a_file_larger_than_the_memory_it_may_take_goes_in_and_out(
    local: FileStorage,
) -> None:
    async def many() -> AsyncIterator[bytes]:
        piece = os.urandom(MEGABYTE)
        for _ in range(300):
            yield piece

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await local.put("ada", "atc_1", many()) == 300 * MEGABYTE
    size = 0
    async for piece in local.read("ada", "atc_1"):
        size += len(piece)
    assert size == 300 * MEGABYTE
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 100


# What cannot be used


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "no folder"),
        ("  ", "no folder"),
        ("a-file", "no folder"),
        ("missing/files", "does not exist"),
        ("s3://", "must be"),
        ("s3://key:secret@bucket", "must be"),
        ("az://container?sig=secret", "must be"),
        ("ftp://host/files", "must be"),
        ("file:///tmp", "must be"),
        ("az://container", "cannot be used"),
    ],
)
def test_what_is_no_storage_is_refused_with_the_name_of_the_setting(
    tmp_path: Path, url: str, sentence: str
) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(SettingsError, match=sentence) as raised:
        FileStorage.open(url)
    assert str(raised.value).startswith("CHATKIT_FILES_URL: ")
    assert "secret" not in str(raised.value)


async def test_a_folder_that_cannot_be_made_is_told_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = FileStorage.open(str(tmp_path / "files"))
    (tmp_path / "files").write_bytes(b"a file in its place")
    for call in (
        files.put("ada", "atc_1", stream(b"a")),
        files.claim("sqlite:///chatkit.db"),
        files.require_writable(),
    ):
        with pytest.raises(FilesUnavailable, match="File exists"):
            await call


async def test_a_bucket_that_refuses_is_told_without_its_words(bucket: Bucket) -> None:
    files = FileStorage.open("s3://b")
    bucket.broken = True
    for call in (
        files.put("ada", "atc_1", stream(b"a")),
        files.size("ada", "atc_1"),
        content(files, "ada", "atc_1"),
        files.delete_of_owner("ada"),
        files.claim("sqlite:///chatkit.db"),
    ):
        with pytest.raises(FilesUnavailable, match=r"s3://b .*access was denied") as raised:
            await call
        assert "secret" not in str(raised.value)


async def test_a_small_file_is_one_request_to_a_bucket(bucket: Bucket) -> None:
    files = FileStorage.open("s3://b/pre")
    await files.put("ada", "atc_1", stream(b"a", b"b"))
    assert bucket.requests == ["PUT"]
    assert list(bucket.objects) == [f"pre/{owner_hash('ada')}/atc_1"]


async def test_a_large_file_that_breaks_off_is_never_seen_in_a_bucket(bucket: Bucket) -> None:
    files = FileStorage.open("s3://b")
    with pytest.raises(Cut):
        await files.put("ada", "atc_1", cut_stream(13))
    assert bucket.uploads
    assert bucket.objects == {}
