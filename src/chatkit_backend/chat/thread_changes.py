"""What a turn changes in its thread: stored without undoing what others change meanwhile."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from copy import deepcopy
from typing import Any, Final

import structlog
from chatkit.types import ThreadMetadata, ThreadStreamEvent

from chatkit_backend.chat.events.closing import closing
from chatkit_backend.chat.titles import TurnTitle
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import NotFound
from chatkit_backend.store.threads import ThreadStore

_log = structlog.get_logger(__name__)

# What tools and agents may set; the id and the time of creation never change.
_FIELDS: Final = ("title", "status", "allowed_image_domains", "metadata")


class ThreadChanges:
    """The thread of a turn, and how it differs from what is stored.

    A tool sets `thread.status` or `thread.metadata` on the object that the turn was given. Only
    the fields that it changed are stored, so that a rename in another window stays; and what has
    changed in the store is taken over into the object.

    Args:
        thread: The object that the turn's tools are given.
        store: Keeps it.
        context: Who asks.
        title: The title that the thread gets meanwhile, if it gets one.
    """

    def __init__(
        self,
        thread: ThreadMetadata,
        store: ThreadStore,
        context: RequestContext,
        title: TurnTitle | None = None,
    ) -> None:
        self._thread = thread
        self._known = thread.model_copy(deep=True)
        self._store = store
        self._context = context
        self._title = title

    async def after(self, event: ThreadStreamEvent) -> bool:
        """Keeps what has changed by the time of an event; whether the client has to be told.

        Raises:
            NotFoundInStore: The thread was deleted.
        """
        if self._title:
            self._title.follow(event)
        return await self.keep()

    async def keep(self) -> bool:
        """Keeps what has changed; whether the client has to be told.

        Raises:
            NotFoundInStore: The thread was deleted.
        """
        titled = self._take_title()
        # Copies: the turn goes on to change its own while these are stored.
        seen = {name: deepcopy(getattr(self._thread, name)) for name in _FIELDS}
        changed = {name: value for name, value in seen.items() if self._differs(name)}
        if not changed:
            return titled

        def change(stored: ThreadMetadata) -> None:
            for name, value in changed.items():
                setattr(stored, name, value)

        stored = await self._store.change_thread(self._thread.id, change, self._context)
        self._take(stored, seen)
        return True

    async def last(self) -> bool:
        """Waits a moment for the title; whether the client has to be told."""
        if self._title is None:
            return False
        await self._title.wait()
        return self._take_title()

    async def break_off(self) -> None:
        """Keeps what has changed in a turn that was stopped."""
        try:
            if self._title:
                await self._title.stop()
            await self.keep()
        except NotFound:
            _log.info("changes dropped: their thread was deleted", thread_id=self._thread.id)

    def _differs(self, name: str) -> bool:
        return bool(getattr(self._thread, name) != getattr(self._known, name))

    def _take_title(self) -> bool:
        """Takes over the title, if it has come; whether it has.

        And nothing else of the thread it came with, which may be older than what the turn has
        changed since.
        """
        titled = self._title.arrived() if self._title else None
        if titled is None:
            return False
        if not self._differs("title"):
            self._thread.title = titled.title
        self._known.title = titled.title
        return True

    def _take(self, stored: ThreadMetadata, seen: Mapping[str, Any]) -> None:
        """Takes over what is stored, where the turn has not changed it since.

        Args:
            stored: The thread as it is stored now.
            seen: What the turn had made of each field when that was stored.
        """
        known = stored.model_copy(deep=True)
        for name in _FIELDS:
            now = getattr(self._thread, name)
            # What is alike stays the object that tools may hold.
            if now == seen[name] and now != getattr(stored, name):
                setattr(self._thread, name, getattr(stored, name))
        self._known = known


async def keeping_changes(
    events: AsyncIterator[ThreadStreamEvent],
    changes: ThreadChanges,
    updated: Callable[[], ThreadStreamEvent],
) -> AsyncGenerator[ThreadStreamEvent, None]:
    """The events, and after each the changes of the thread that came with it.

    Args:
        events: The answer.
        changes: Of its thread.
        updated: Tells the client how the thread is now.

    Raises:
        Exception: Whatever the answer raises; what it has changed by then is kept.
    """
    try:
        async with closing(events):
            async for event in events:
                yield event
                if await changes.after(event):
                    yield updated()
    except Exception:
        if await changes.keep():
            yield updated()
        raise
    if await changes.keep():
        yield updated()
