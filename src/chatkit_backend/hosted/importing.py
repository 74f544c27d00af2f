"""Brings conversations along from OpenAI-hosted ChatKit: threads, items and attachments' bytes.

It may be interrupted anywhere and run again: it goes on where it was, brings what is new, and
changes nothing that is here. It deletes nothing there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chatkit.types import Attachment, ThreadItem, ThreadMetadata, UserMessageItem
from openai.types.beta.chatkit import ChatKitThread, ChatKitThreadUserMessageItem
from openai.types.beta.chatkit.chatkit_thread_item_list import Data

from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import HostedApiError
from chatkit_backend.hosted.downloads import Downloads, Lost
from chatkit_backend.hosted.import_report import (
    FailedThread,
    ImportReport,
    LostAttachment,
    NotMapped,
    Outcome,
    Progress,
)
from chatkit_backend.hosted.imports import Unmappable, item_of, thread_of
from chatkit_backend.hosted.source import (
    HostedSource,
    SourceMisses,
    SourceRefused,
    Waiting,
)
from chatkit_backend.store.all_threads import OwnedThread
from chatkit_backend.store.imports import ImportedThreads, Standing
from chatkit_backend.store.threads import NotFoundInStore, ThreadStore

# One thread may be beyond the source; if several in a row are, it is the source that fails.
_FAILURES_IN_A_ROW: Final = 3

_LEFT_ALONE: Final[dict[Standing, Outcome]] = {
    "deleted": "deleted_here",
    "foreign": "of_another_user",
    "native": "not_by_import",
}
_TAKEN: Final[dict[Outcome, str]] = {
    "of_another_user": "Another user has a thread of this id here.",
    "not_by_import": "A thread of this id is here, and did not come from an import.",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which threads are to be imported.

    Attributes:
        users: Of these users; empty for all.
        since: Begun at this time or later; None for all.
    """

    users: tuple[str, ...] = ()
    since: datetime | None = None


class _DeletedHere(Exception):
    """Somebody deleted the thread while it was being imported."""


class Import:
    """One import, to be run once.

    Threads come one after the other, in the order in which they were begun: the lists here have
    them in the order in which they were stored.

    Args:
        source: Where they are.
        store: Where they are to be.
        imported: Which of them are, and how far.
        downloads: Fetches attachments' bytes and keeps them.
        wanted: Which threads.
        report: Where it counts what it does, for whoever looks on.
    """

    def __init__(
        self,
        source: HostedSource,
        store: ThreadStore,
        imported: ImportedThreads,
        downloads: Downloads,
        *,
        wanted: Wanted,
        report: ImportReport,
    ) -> None:
        self._source = source
        self._store = store
        self._imported = imported
        self._downloads = downloads
        self._wanted = wanted
        self._report = report
        self._known = 0
        self._failures_in_a_row = 0

    async def run(self) -> AsyncIterator[Progress]:
        """Do it, and say after each step how far it is.

        Raises:
            SourceRefused: The source does not take the key, or is no such API.
            HostedApiError: The source fails again and again.
            DatabaseUnavailable: The database does not answer.
            FilesUnavailable: Bytes cannot be stored.
        """
        threads: deque[OwnedThread] = deque()
        for user_id in dict.fromkeys(self._wanted.users) or (None,):
            found: list[OwnedThread] = []
            async for progress in self._list(user_id, found):
                yield progress
            threads.extend(reversed(found))
        while threads:
            async for progress in self._bring_thread(threads.popleft()):
                yield progress

    def _progress(self, waiting: Waiting | None = None) -> Progress:
        done, items = self._report.threads.total(), self._report.items.total()
        return Progress(self._known, done, items, self._report.files, waiting)

    # Threads

    async def _list(self, user_id: str | None, found: list[OwnedThread]) -> AsyncIterator[Progress]:
        """Put a user's threads into `found`, the newest first."""
        since = self._wanted.since
        async with aclosing(self._source.threads(user_id)) as pages:
            async for page in pages:
                if isinstance(page, Waiting):
                    yield self._progress(page)
                    continue
                for owned in filter(None, map(self._thread, page.data)):
                    if since is not None and owned.thread.created_at < since:
                        return
                    found.append(owned)
                    self._known += 1
                yield self._progress()

    def _thread(self, hosted: ChatKitThread) -> OwnedThread | None:
        try:
            thread = thread_of(hosted)
        except Unmappable as error:
            self._leave_out(_text(hosted.id), error.reason)
            return None
        if not thread.id or not hosted.user:
            self._leave_out(thread.id, "Its id, or its user's, is empty.")
            return None
        return OwnedThread(thread, hosted.user)

    def _leave_out(self, thread_id: str | None, reason: str) -> None:
        self._report.not_mapped.append(NotMapped(thread_id, None, "chatkit.thread", reason))

    async def _bring_thread(self, owned: OwnedThread) -> AsyncIterator[Progress]:
        thread, context = owned.thread, RequestContext(user=User(owned.owner_id))
        begun = await self._imported.begin(thread, context)
        outcome: Outcome
        if begun.standing in _LEFT_ALONE:
            outcome = self._leave_alone(thread, begun.standing)
        else:
            items_before = self._report.items.total()
            outcome = "new" if begun.standing == "new" else "unchanged"
            try:
                if begun.standing == "begun" and await self._bring_title(thread, context):
                    outcome = "continued"
                async for progress in self._bring_items(thread, begun.last_item_id, context):
                    yield progress
            except (_DeletedHere, HostedApiError) as error:
                outcome = await self._end_early(thread, context, error)
            else:
                self._failures_in_a_row = 0
                if outcome == "unchanged" and self._report.items.total() > items_before:
                    outcome = "continued"
        self._report.threads[outcome] += 1
        yield self._progress()
        if self._failures_in_a_row == _FAILURES_IN_A_ROW:
            raise HostedApiError("The source fails for one thread after the other.")

    def _leave_alone(self, thread: ThreadMetadata, standing: Standing) -> Outcome:
        outcome = _LEFT_ALONE[standing]
        if outcome in _TAKEN:
            self._leave_out(thread.id, _TAKEN[outcome])
        return outcome

    async def _end_early(
        self, thread: ThreadMetadata, context: RequestContext, error: Exception
    ) -> Outcome:
        """What has become of the thread, of which no more can be had now.

        Raises:
            SourceRefused: It was that; no other thread can be had either.
        """
        if isinstance(error, SourceRefused):
            raise error
        if isinstance(error, _DeletedHere):
            return "deleted_here"
        if isinstance(error, SourceMisses):
            # Before anything of it could be read, perhaps: nobody needs an empty thread.
            if (await self._store.count_items([thread.id], context)).get(thread.id) == 0:
                with suppress(NotFoundInStore):
                    await self._store.delete_thread(thread.id, context)
            return "gone_there"
        self._report.failed.append(FailedThread(thread.id, str(error)))
        self._failures_in_a_row += 1
        return "failed"

    async def _bring_title(self, thread: ThreadMetadata, context: RequestContext) -> bool:
        """Give the thread the title that it got there since; whether it was so."""
        if thread.title is None:
            return False
        try:
            here = await self._store.load_thread(thread.id, context)
            if here.title is not None:
                return False
            await self._store.save_thread(here.model_copy(update={"title": thread.title}), context)
        except NotFoundInStore:
            raise _DeletedHere from None
        return True

    # Items

    async def _bring_items(
        self, thread: ThreadMetadata, after: str | None, context: RequestContext
    ) -> AsyncIterator[Progress]:
        try:
            async for progress in self._bring_pages(thread, after, context):
                yield progress
        except SourceMisses:
            if after is None:
                raise
            # The item may be gone, and not the thread. What is here already is not stored again.
            async for progress in self._bring_pages(thread, None, context):
                yield progress

    async def _bring_pages(
        self, thread: ThreadMetadata, after: str | None, context: RequestContext
    ) -> AsyncIterator[Progress]:
        async with aclosing(self._source.items(thread.id, after)) as pages:
            async for page in pages:
                if isinstance(page, Waiting):
                    yield self._progress(page)
                    continue
                items: list[tuple[ThreadItem, str]] = []
                for hosted in page.data:
                    item = self._item(hosted, thread.id)
                    if isinstance(item, UserMessageItem) and item.attachments:
                        item = await self._with_files(item, hosted, thread.id, context)
                        yield self._progress()
                    if item is not None:
                        items.append((item, hosted.type))
                await self._store_page(thread.id, page.last_id, items, context)
                yield self._progress()

    def _item(self, hosted: Data, thread_id: str) -> ThreadItem | None:
        try:
            return item_of(hosted)
        except Unmappable as error:
            self._report.not_mapped.append(
                NotMapped(thread_id, _text(hosted.id), _text(hosted.type), error.reason)
            )
            return None

    async def _store_page(
        self,
        thread_id: str,
        last_id: str | None,
        typed: list[tuple[ThreadItem, str]],
        context: RequestContext,
    ) -> None:
        if last_id is None:
            return  # nothing new
        items = [item for item, _ in typed]
        added = await self._imported.add_page(thread_id, items, last_id, context)
        if added is None:
            raise _DeletedHere
        types = {item.id: hosted_type for item, hosted_type in typed}
        self._report.items.update(types[item.id] for item in added)

    # Attachments

    async def _with_files(
        self, item: UserMessageItem, hosted: Data, thread_id: str, context: RequestContext
    ) -> UserMessageItem:
        """The message, its attachments stored; as far as can be had with their bytes."""
        assert isinstance(hosted, ChatKitThreadUserMessageItem)  # noqa: S101 - of what else?
        attachments = [
            await self._with_file(attachment, there.preview_url, item.id, thread_id, context)
            for attachment, there in zip(item.attachments, hosted.attachments, strict=True)
        ]
        return item.model_copy(update={"attachments": attachments})

    async def _with_file(
        self,
        attachment: Attachment,
        url: str | None,
        item_id: str,
        thread_id: str,
        context: RequestContext,
    ) -> Attachment:
        if (here := await self._stored(attachment.id, context)) is not None:
            return here
        owner_id, kept, reason = context.user.id, None, ""
        try:
            kept = await self._downloads.keep(url, owner_id, attachment.id)
        except Lost as lost:
            reason = lost.reason
        noted = kept and {"stored": True, "size": kept.size, "sha256": kept.sha256}
        saved = attachment.model_copy(update={"thread_id": thread_id, "metadata": noted})
        try:
            await self._store.save_attachment(saved, context)
        except NotFoundInStore as error:
            if kept is not None:
                await self._downloads.forget(owner_id, attachment.id)
            if error.field == "params.thread_id":
                raise _DeletedHere from None
            kept, reason = None, "Another thread or user has an attachment of this id here."
            saved = attachment
        if kept is None:
            self._report.lost.append(LostAttachment(thread_id, item_id, attachment.id, reason))
        else:
            self._report.files += 1
            self._report.file_bytes += kept.size
        return saved

    async def _stored(self, attachment_id: str, context: RequestContext) -> Attachment | None:
        """The attachment, where an import before this one has its bytes already."""
        try:
            here = await self._store.load_attachment(attachment_id, context)
        except NotFoundInStore:
            return None
        return here if here.metadata and here.metadata.get("stored") else None


def _text(value: Any) -> str | None:
    """What should be text; the package has not checked it."""
    return value if isinstance(value, str) else None
