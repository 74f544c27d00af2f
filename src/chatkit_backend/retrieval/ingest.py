"""Brings a collection up to date with the files on disk, one document in one transaction.

Whatever stops it leaves whole documents behind, and the next run goes on from there: a file is
read again only where the hash of its content differs from the one that is stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from chatkit_backend.errors import DatabaseUnavailable, UnreadableDocument
from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.retrieval.documents import address_of, document_of, text_of
from chatkit_backend.retrieval.files import Found, Signature, SourceFile, read
from chatkit_backend.store.chunks import ChunkStore, NewDocument

Outcome = Literal["added", "replaced", "unchanged", "removed", "failed"]

# Count it up whenever the same file gives other chunks than before: then it is split again.
_FORMAT: Final = 2

# Sources that one statement removes.
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file.

    Attributes:
        source: Its key in the collection, or the path that could not be looked at.
        chunks: How many it was cut into; 0 for files that were not.
        reason: Why it failed, to be read after its name.
    """

    source: str
    outcome: Outcome
    chunks: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What an earlier run of the same process found out about a file."""

    signature: Signature
    content_hash: str | None
    reason: str | None


class Ingestion:
    """Brings one collection up to date, as often as it is asked to.

    Args:
        store: Keeps the chunks.
        converter: Turns documents into text.
        collection: Its name.
        base_url: Address of the folder that is ingested, for the addresses of the files in it.
        max_bytes: Most bytes that a file may have.
    """

    def __init__(
        self,
        store: ChunkStore,
        converter: Converter,
        collection: str,
        *,
        base_url: str | None,
        max_bytes: int,
    ) -> None:
        self._store = store
        self._converter = converter
        self._collection = collection
        self._base_url = base_url
        self._max_bytes = max_bytes
        self._known: dict[Path, _Known] = {}

    async def run(self, found: Found, *, prune: bool) -> AsyncIterator[FileResult]:
        """Takes in what is new or has changed. One file that fails does not stop the others.

        Args:
            found: The files.
            prune: Also remove the documents whose files are not there any more. Nothing is removed
                where no file was found or a folder could not be read: a disk that is not mounted
                must not empty the collection.

        Raises:
            DatabaseUnavailable: The database does not answer. What was yielded is stored.
        """
        for name, reason in found.problems:
            yield FileResult(name, "failed", reason=reason)
        await self._store.finish_deleting()
        stored = await self._store.content_hashes(self._collection)
        for file in found.files.values():
            yield await self._bring_up_to_date(file, stored.get(file.source))
        if prune and found.files and found.is_complete:
            vanished = sorted(stored.keys() - found.files.keys())
            for first in range(0, len(vanished), _BATCH):
                batch = vanished[first : first + _BATCH]
                await self._store.delete_documents(self._collection, batch)
                for source in batch:
                    yield FileResult(source, "removed")

    async def _bring_up_to_date(self, file: SourceFile, stored: str | None) -> FileResult:
        known = self._known.get(file.path)
        if known and known.signature == file.signature:
            if known.reason:
                return FileResult(file.source, "failed", reason=known.reason)
            if known.content_hash == stored:
                return FileResult(file.source, "unchanged")
        try:
            content = await asyncio.to_thread(read, file.path, self._max_bytes)
        except UnreadableDocument as error:
            # Not to be remembered: who allows us to read it does not change its signature.
            return FileResult(file.source, "failed", reason=str(error))
        return await self._take_in(file, content, stored)

    async def _take_in(self, file: SourceFile, content: bytes, stored: str | None) -> FileResult:
        try:
            content_hash = self._hash(file, content)
            document = None
            if content_hash != stored:
                document = await self._document(file, content, content_hash)
        except UnreadableDocument as error:
            self._known[file.path] = _Known(file.signature, None, str(error))
            return FileResult(file.source, "failed", reason=str(error))
        if document:
            try:
                await self._store.put_document(self._collection, document)
            except DatabaseUnavailable as error:
                raise DatabaseUnavailable(f"{error} It was to store {file.source!a}.") from error
        self._known[file.path] = _Known(file.signature, content_hash, None)
        if document is None:
            return FileResult(file.source, "unchanged")
        return FileResult(file.source, "replaced" if stored else "added", len(document.chunks))

    async def _document(self, file: SourceFile, content: bytes, content_hash: str) -> NewDocument:
        text, title = await text_of(content, file.kind, self._converter)
        document = await asyncio.to_thread(
            document_of, text, title, file.kind, file.source, self._base_url
        )
        return NewDocument(
            source=file.source,
            content_hash=content_hash,
            title=document.title,
            url=document.url,
            chunks=document.chunks,
        )

    def _hash(self, file: SourceFile, content: bytes) -> str:
        """Of all that the chunks come from, so that a new address is noticed, too."""
        address = address_of(file.source, self._base_url)
        settings = json.dumps([_FORMAT, file.kind, address, self._base_url])
        return hashlib.sha256(settings.encode() + b"\0" + content).hexdigest()
