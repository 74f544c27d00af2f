"""Deletes attachments that were never sent, and files whose attachment is gone.

The database deletes attachments in many ways: with their thread, their user, by the retention. The
bytes of one that is deleted stay until they are found here.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from chatkit_backend.errors import FilesUnavailable
from chatkit_backend.files.storage import FileStorage, owner_hash
from chatkit_backend.store.attachments import delete_unused, owners_of
from chatkit_backend.store.engine import Database
from chatkit_backend.store.signing_keys import signing_key

_log = structlog.get_logger(__name__)

# Bytes may come before their attachment is stored, and be a while on their way.
_LEAST_AGE: Final = timedelta(days=1)


async def sweep_old(database: Database, files: FileStorage) -> None:
    """Delete what nobody needs and has been there for a day.

    Args:
        database: Which knows the attachments.
        files: Where the bytes are.
    """
    gone = await sweep(database, files, datetime.now(UTC) - _LEAST_AGE)
    if gone:
        _log.info("files are swept", deleted_files=gone)


async def sweep(database: Database, files: FileStorage, before: datetime) -> int:
    """Delete attachments that no message has, and files of attachments that are not there.

    It ends early where another replica is at it, and does nothing where the files are those of
    another database: that one knows them.

    Args:
        database: Which knows the attachments.
        files: Where the bytes are.
        before: What was stored later is left alone.

    Returns:
        How many files were deleted.
    """
    forgotten = await delete_unused(database, before)
    if forgotten:
        _log.info("unused attachments are swept", deleted_attachments=forgotten)
    gone = await asyncio.to_thread(files.discard_unfinished, before)
    async for page in files.all():
        if not await _are_ours(database, files):
            return gone
        old = [file for file in page if file.modified_at < before]
        owners = await owners_of(database, [file.attachment_id for file in old])
        if owners is None:
            return gone
        # An id may be another user's by now, who has other bytes.
        hashes = {attachment_id: owner_hash(owner) for attachment_id, owner in owners.items()}
        orphans = [file for file in old if hashes.get(file.attachment_id) != file.owner_hash]
        await files.discard(orphans)
        gone += len(orphans)
    return gone


async def _are_ours(database: Database, files: FileStorage) -> bool:
    ours = await _identity(database)
    claimant = await claim(database, files)
    if claimant == ours:
        return True
    _log.warning("files are not swept", reason=_of_another(files, claimant, ours))
    return False


async def require_ours(database: Database, files: FileStorage) -> None:
    """Make sure that files are not those of another database. Nothing is written.

    Raises:
        FilesUnavailable: They are.
    """
    claimant = await files.claimant()
    if claimant is None or claimant == database.address:  # as an earlier version noted it
        return
    ours = await _identity(database)
    if claimant != ours:
        raise FilesUnavailable(_of_another(files, claimant, ours))


def _of_another(files: FileStorage, claimant: str, ours: str) -> str:
    return (
        f"The files in {files.address} are those of {claimant}, and this server works with "
        f"{ours}. If these are one database under two addresses, delete the file `database` there."
    )


async def claim(database: Database, files: FileStorage) -> str:
    """Note that a database knows of the files, unless another is noted already.

    Returns:
        The database that is noted.
    """
    return await files.claim(await _identity(database), formerly=database.address)


async def _identity(database: Database) -> str:
    """What tells a database from all others.

    Its address does not: a relative path is another file in another folder, and a host's name
    another server in another network. What is in it does not either: a copy has the same.
    """
    key = await signing_key(database, "files")
    return f"{database.address} (id {hashlib.sha256(key).hexdigest()[:16]})"
