"""What an import has done, and what it could not bring along."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from chatkit_backend.hosted.source import Waiting

# In the order in which people are told.
Outcome = Literal[
    "new",
    "continued",
    "unchanged",
    "deleted_here",
    "of_another_user",
    "not_by_import",
    "gone_there",
    "failed",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class NotMapped:
    """A thread or an item that was left out.

    Attributes:
        thread_id: The thread; None where it has no readable id.
        item_id: The item; None where the whole thread was left out.
        type: Its type in the hosted API's words; `chatkit.thread` for a thread.
        reason: A sentence; it holds nothing of what users wrote.
    """

    thread_id: str | None
    item_id: str | None
    type: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class LostAttachment:
    """An attachment whose bytes were left out; what is known of it was stored.

    Attributes:
        thread_id: The thread.
        item_id: The message that carries it.
        attachment_id: The attachment.
        reason: A sentence.
    """

    thread_id: str
    item_id: str
    attachment_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class FailedThread:
    """A thread that could not be read to its end; the next import goes on with it.

    Attributes:
        thread_id: The thread.
        reason: A sentence.
    """

    thread_id: str
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What an import has done so far.

    Attributes:
        threads: How many threads had which outcome: `new` and `continued` have changed here;
            `deleted_here` were imported once and deleted since; `of_another_user` and
            `not_by_import` have ids that are taken here; `gone_there` were deleted there meanwhile.
        items: How many items were stored, by type in the hosted API's words.
        files: How many attachments' bytes were stored.
        file_bytes: How many bytes they have.
        lost: The other attachments.
        not_mapped: Threads and items that were left out.
        failed: Threads that could not be read to their end.
    """

    threads: Counter[Outcome] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    files: int = 0
    file_bytes: int = 0
    lost: list[LostAttachment] = field(default_factory=list)
    not_mapped: list[NotMapped] = field(default_factory=list)
    failed: list[FailedThread] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every thread and item was brought along that should be."""
        return not self.not_mapped and not self.failed

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        return {
            "threads": {outcome: self.threads[outcome] for outcome in OUTCOMES},
            "items": dict(sorted(self.items.items())),
            "attachments": {
                "stored": self.files,
                "bytes": self.file_bytes,
                "not_stored": [asdict(lost) for lost in self.lost],
            },
            "not_mapped": [asdict(left_out) for left_out in self.not_mapped],
            "failed": [asdict(failed) for failed in self.failed],
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come.

    Attributes:
        threads_known: How many threads there are, as far as is known.
        threads_done: With how many of them it is through.
        items: How many items it has stored.
        files: How many attachments' bytes it has stored.
        waiting: What it waits for; None while it works.
    """

    threads_known: int
    threads_done: int
    items: int
    files: int
    waiting: Waiting | None = None
