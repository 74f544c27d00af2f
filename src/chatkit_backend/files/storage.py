"""The bytes of attachments: in a folder, or in a bucket of S3, Google Cloud or Azure.

What is known of an attachment stands in the database; here are only its bytes, under a name that is
made of a hash of the owner and of the attachment's id, so that no id can lead anywhere else.

Nothing is read or written as a whole: files may be larger than the memory.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, from_url

from chatkit_backend.errors import FilesUnavailable, InvalidRequest, NotFound, SettingsError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_SETTING: Final = "CHATKIT_FILES_URL"

# No user, password or query: those would be shown wherever the address is.
_BUCKET: Final = re.compile(r"(?:s3|gs|az)://[^/@?#\s]+(?:/[^@?#\s]*)?")

# S3 takes no smaller part of a file, but for the last; two of them and one that fills are all that
# a file has in memory.
_PART_BYTES: Final = 5 * 1024 * 1024
_PARTS_AT_ONCE: Final = 2
_READ_BYTES: Final = 256 * 1024
_LISTED_AT_ONCE: Final = 1_000

# The longest name that every file system takes is 255 bytes; what is not finished yet has a longer
# one than what is.
_MAX_NAME: Final = 240
# Lower case only: on some file systems, two names that differ in case are one.
_UNSAFE: Final = re.compile(rb"[^a-z0-9_-]")
_ESCAPED: Final = re.compile(rb"=([0-9a-f]{2})")
_OURS: Final = re.compile(r"([0-9a-f]{64})/((?:[a-z0-9_-]|=[0-9a-f]{2})+)")
# What `object_store` writes to before it has all: https://docs.rs/object_store, `LocalFileSystem`.
_UNFINISHED: Final = re.compile(r"[a-z0-9_=-]+#\d+")
_OWNER: Final = re.compile(r"[0-9a-f]{64}")
_CLAIM: Final = "database"

# A part has to be through in that time; a file as a whole may take as long as it takes.
_CLIENT: Final[ClientConfig] = {
    "allow_http": True,  # only where the address of the service says so: a MinIO next door
    "connect_timeout": "5s",
    "read_timeout": "30s",
    "timeout": "10m",
}
# Somebody waits: three tries, not the ten in three minutes of the package's own.
_RETRIES: Final[RetryConfig] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}

_OS_ERROR: Final = re.compile(r"os error (\d+)")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_DENIED: Final = "access was denied; check its credentials"
_MISSING: Final = "there is no such folder or bucket"
_TOLD: Final = {"401": _DENIED, "403": _DENIED, "404": _MISSING}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there.

    Attributes:
        owner_hash: Whose it is, as `owner_hash` tells it.
        attachment_id: Of which attachment.
        modified_at: When it was stored.
        path: Its name in the storage.
    """

    owner_hash: str
    attachment_id: str
    modified_at: datetime
    path: str


def owner_hash(owner_id: str) -> str:
    """What stands for an owner in the names of files: 64 hexadecimal digits."""
    return hashlib.sha256(owner_id.encode("utf-8", "surrogatepass")).hexdigest()


class FileStorage:
    """Files of attachments, each under its owner and its attachment's id.

    All methods raise `FilesUnavailable` where the folder or bucket does not answer or refuses, and
    `InvalidRequest` for an id that is empty or too long for a file name.

    Made by `FileStorage.open`. A folder comes into being with the first file.
    """

    def __init__(self, address: str, store: ObjectStore | None, folder: Path | None = None) -> None:
        self._address = address
        self._store = store
        self._folder = folder

    @classmethod
    def open(cls, url: str) -> Self:
        """The storage at `url`. Nothing is written, and no bucket is asked.

        Args:
            url: Path of a folder, `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`,
                `az://CONTAINER/PREFIX`, or `memory://` for what is gone with the process. What
                else a bucket needs is in the environment, under the names of its own tools.

        Raises:
            SettingsError: `url` is none of them, or cannot be used.
        """
        if url == "memory://":
            return cls(url, MemoryStore())
        if "://" not in url:
            return cls(url, None, _usable_folder(url))
        if not _BUCKET.fullmatch(url):
            raise SettingsError(
                f"{_SETTING}: must be the path of a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX "
                "or az://CONTAINER/PREFIX. Keys belong in variables of their own, such as "
                "AWS_SECRET_ACCESS_KEY."
            )
        try:
            return cls(url, from_url(url, client_options=_CLIENT, retry_config=_RETRIES))
        except (BaseError, ValueError) as error:
            said = str(error).partition("\n")[0]
            raise SettingsError(
                f"{_SETTING}: {url} cannot be used ({said}). docs/configuration.md says which "
                "variables it needs."
            ) from error

    @property
    def address(self) -> str:
        """Where it is, fit to be shown."""
        return self._address

    # One file

    async def put(self, owner_id: str, attachment_id: str, content: AsyncIterator[bytes]) -> int:
        """Store a file; one that is there is replaced, at once and as a whole.

        Where `content` raises or the task is cancelled, it is as if nothing had been stored. (A
        bucket keeps the parts of a large file that broke off out of sight, until a rule of the
        bucket's deletes them.)

        Args:
            owner_id: Whose.
            attachment_id: Of which attachment.
            content: Its bytes, in pieces of any size.

        Returns:
            How many bytes it has.
        """
        path = _path(owner_id, attachment_id)
        size = 0
        with self._answering():
            writer = obstore.open_writer_async(
                self._made(), path, buffer_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )
        try:
            async for piece in content:
                with self._answering():
                    await writer.write(piece)
                size += len(piece)
            with self._answering():
                await writer.close()
        finally:
            # One that is let go of unclosed takes back what it wrote.
            del writer
        return size

    async def read(self, owner_id: str, attachment_id: str) -> AsyncIterator[bytes]:
        """The bytes of a file, in pieces.

        Raises:
            NotFound: There is none.
        """
        path, store = _path(owner_id, attachment_id), self._there()
        none = NotFound(f"There is no file of attachment {attachment_id!r}.")
        if store is None:
            raise none
        with self._answering():
            try:
                found = await obstore.get_async(store, path)
            except FileNotFoundError:
                raise none from None
            pieces = found.stream(min_chunk_size=_READ_BYTES).__aiter__()
        while True:
            with self._answering():
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield bytes(piece)

    async def size(self, owner_id: str, attachment_id: str) -> int | None:
        """How many bytes a file has; None where there is none."""
        path, store = _path(owner_id, attachment_id), self._there()
        if store is None:
            return None
        with self._answering():
            try:
                return (await obstore.head_async(store, path))["size"]
            except FileNotFoundError:
                return None

    async def delete(self, owner_id: str, attachment_id: str) -> None:
        """Delete a file. One that is not there is as good as deleted."""
        await self._delete([_path(owner_id, attachment_id)])

    # Many files

    async def delete_of_owner(self, owner_id: str) -> int:
        """Delete every file of an owner.

        Returns:
            How many there were.
        """
        paths = [file.path async for page in self._listed(owner_hash(owner_id)) for file in page]
        for start in range(0, len(paths), _LISTED_AT_ONCE):
            await self._delete(paths[start : start + _LISTED_AT_ONCE])
        return len(paths)

    def all(self) -> AsyncIterator[Sequence[StoredFile]]:
        """Every file, page by page, in no particular order. What is not ours is left out."""
        return self._listed(None)

    async def discard(self, files: Sequence[StoredFile]) -> None:
        """Delete files that `all` found, of which some may be gone by now."""
        await self._delete([file.path for file in files])

    def discard_unfinished(self, before: datetime) -> int:
        """Delete what was left when a process was killed while it stored a file. Blocks.

        Args:
            before: What is younger may still be written to.

        Returns:
            How many there were. A bucket has none to be seen.
        """
        if self._folder is None or not self._folder.is_dir():
            return 0
        with self._answering():
            old = [
                file
                for owner in self._folder.iterdir()
                if _OWNER.fullmatch(owner.name)
                for file in _unfinished(owner, before)
            ]
            for file in old:
                file.unlink(missing_ok=True)
        return len(old)

    async def claim(self, database: str, formerly: str | None = None) -> str:
        """Note which database knows of these files, unless another is noted already.

        Whoever deletes files because a database does not know them must ask first whether it is
        that one.

        Args:
            database: What tells it from others.
            formerly: What an earlier version noted for it, and is replaced.

        Returns:
            The database that is noted.
        """
        noted = await self.claimant()
        if noted is not None and noted != formerly:
            return noted
        store = self._made()
        with self._answering():
            await obstore.put_async(store, _CLAIM, database.encode())
        return database

    async def claimant(self) -> str | None:
        """The database that `claim` has noted; None where there is none as yet."""
        store = self._there()
        if store is None:
            return None
        with self._answering():
            try:
                found = await (await obstore.get_async(store, _CLAIM)).bytes_async()
            except FileNotFoundError:
                return None
        return bytes(found).decode(errors="replace").strip()

    async def require_writable(self) -> None:
        """Make sure that files can be stored. It writes: nothing else shows it."""
        store = self._made()
        with self._answering():
            await obstore.put_async(store, "probe", b"")
            await obstore.delete_async(store, "probe")

    async def _listed(self, prefix: str | None) -> AsyncIterator[Sequence[StoredFile]]:
        store = self._there()
        if store is None:
            return
        with self._answering():
            pages = obstore.list(store, prefix, chunk_size=_LISTED_AT_ONCE)
        while True:
            with self._answering():
                page = await anext(pages, None)
            if page is None:
                return
            yield [
                StoredFile(named[1], _decoded(named[2]), meta["last_modified"], meta["path"])
                for meta in page
                if (named := _OURS.fullmatch(meta["path"]))
            ]

    async def _delete(self, paths: list[str]) -> None:
        store = self._there()
        if store is None or not paths:
            return
        with self._answering():
            try:
                await obstore.delete_async(store, paths)
            except FileNotFoundError:
                return  # the others are deleted nevertheless

    def _there(self) -> ObjectStore | None:
        """The store; None while it has no folder, and so no files."""
        if self._folder is not None and not self._folder.is_dir():
            return None
        return self._made()

    def _made(self) -> ObjectStore:
        """The store, with its folder."""
        with self._answering():
            if self._folder is not None:
                # What users upload is nobody else's to read.
                self._folder.mkdir(mode=0o700, exist_ok=True)
            if self._store is None:
                self._store = LocalStore(self._folder, automatic_cleanup=True)
        return self._store

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            raise FilesUnavailable(
                f"The files in {self._address} cannot be used ({_reason(error)})."
            ) from error


def _unfinished(folder: Path, before: datetime) -> list[Path]:
    """Old files in a folder of an owner's that were never finished."""
    found = []
    # The folder goes with its last file, and a file gets its name while we look.
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            with suppress(FileNotFoundError):
                if _UNFINISHED.fullmatch(file.name) and file.stat().st_mtime < before.timestamp():
                    found.append(file)
    return found


def _usable_folder(path: str) -> Path:
    # The working directory may change later.
    folder = Path(path).absolute()
    if not path.strip() or (folder.exists() and not folder.is_dir()):
        raise SettingsError(f"{_SETTING}: {path!r} is no folder. Name one, or a bucket.")
    if not folder.parent.is_dir():
        raise SettingsError(
            f"{_SETTING}: the folder {folder.parent} does not exist. Create it, or name another."
        )
    if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise SettingsError(
            f"{_SETTING}: {folder} cannot be written to. Give this user the right to, or name "
            "another folder."
        )
    return folder


def _path(owner_id: str, attachment_id: str) -> str:
    name = _UNSAFE.sub(
        lambda byte: b"=%02x" % byte[0][0], attachment_id.encode("utf-8", "surrogatepass")
    )
    if not name or len(name) > _MAX_NAME:
        raise InvalidRequest("The id of the attachment is empty, or too long for a file name.")
    return f"{owner_hash(owner_id)}/{name.decode('ascii')}"


def _decoded(name: str) -> str:
    as_bytes = _ESCAPED.sub(lambda escape: bytes.fromhex(escape[1].decode()), name.encode())
    try:
        return as_bytes.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return name  # written by another hand; no attachment has such an id


def _reason(error: Exception) -> str:
    """Why, without the service's own words: those may repeat what stands for a password."""
    if status := _STATUS.search(str(error)):
        return _TOLD.get(status[1], f"it answers with status {status[1]}")
    number = _OS_ERROR.search(str(error))
    if code := int(number[1]) if number else getattr(error, "errno", None):
        return os.strerror(code)
    return _MISSING if isinstance(error, FileNotFoundError) else "it does not answer"
