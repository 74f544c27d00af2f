"""Notices that files have changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from chatkit_backend.errors import SettingsError
from chatkit_backend.retrieval.documents import kind_of
from chatkit_backend.retrieval.files import Found

# While a folder is away there is nothing to watch, only to look again.
_LOOK_AGAIN_SECONDS: Final = 1.0

_CANNOT_WATCH: Final = (
    "--watch: the system refuses to watch so many folders ({}). Raise fs.inotify.max_user_watches, "
    "or set WATCHFILES_FORCE_POLLING=1."
)


async def watched(find: Callable[[], Found]) -> AsyncIterator[Found]:
    """What there is, now and again after every change, without end.

    Args:
        find: Looks for the files.

    Raises:
        SettingsError: The system has no more watches.
    """
    watch = _Watch()
    try:
        while True:
            found = await asyncio.to_thread(find)
            if await watch.moved_to(found.folders):
                # What changed before the watch began has to be looked for.
                found = await asyncio.to_thread(find)
            yield found
            await watch.change()
    finally:
        await watch.stop()


class _Watch:
    """Waits for changes in a set of folders that may be replaced by another set."""

    def __init__(self) -> None:
        self._folders: set[Path] | None = None
        self._changes: AsyncIterator[Any] = _changes(set())
        self._next: asyncio.Future[Any] | None = None

    async def moved_to(self, folders: set[Path]) -> bool:
        """Watches these folders; False where it already does."""
        if folders == self._folders:
            return False
        await self.stop()
        self._folders, self._changes = folders, _changes(folders)
        self._next = asyncio.ensure_future(anext(self._changes))
        await asyncio.sleep(0)  # it begins to watch in its first step
        return True

    async def change(self) -> None:
        """Waits for one."""
        if self._next:
            await self._next
        self._next = asyncio.ensure_future(anext(self._changes))

    async def stop(self) -> None:
        """Watches no more."""
        if self._next:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)
            self._next = None


async def _changes(folders: set[Path]) -> AsyncIterator[Any]:
    """An item whenever something that matters changed in one of the folders themselves."""
    from watchfiles import Change, awatch  # noqa: PLC0415 - seldom used

    absolute = {folder.absolute() for folder in folders}

    def matters(_: Change, name: str) -> bool:
        # A database in a folder that is watched changes with every look at it.
        return kind_of(name) is not None or Path(name) in absolute or Path(name).is_dir()

    while True:
        there = [os.fspath(folder) for folder in folders if folder.is_dir()]
        # One that vanishes between the two looks is noticed at the next.
        with suppress(FileNotFoundError):
            try:
                # Not recursive: it would follow symbolic links, and look at what is passed by.
                if there:
                    async for batch in awatch(*there, recursive=False, watch_filter=matters):
                        yield batch
            except RuntimeError as error:
                raise SettingsError(_CANNOT_WATCH.format(error)) from error
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        yield None
