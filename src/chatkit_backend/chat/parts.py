"""What a `ChatServer` works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatkit.store import AttachmentStore

from chatkit_backend.chat.agents import AgentRunner
from chatkit_backend.chat.composer import Composer
from chatkit_backend.chat.dictation import RecordingLimits
from chatkit_backend.chat.documents.searching import DocumentAnswers
from chatkit_backend.chat.files.attached_files import AttachedFiles
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.own.actions import Actions
from chatkit_backend.chat.own.tags import TagResolver
from chatkit_backend.chat.titles import Titles
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.context import RequestContext
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.models.transcription import Transcriber
from chatkit_backend.store.addresses import FileAddresses, NoAddresses
from chatkit_backend.store.feedback import FeedbackStore
from chatkit_backend.store.threads import ThreadStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatParts:
    """Every object that answering needs, so that a subclass of `ChatServer` can be made with one.

    Attributes:
        store: Keeps the threads.
        runner: Gives the answers.
        budget: How much of a thread the model is shown.
        turns: The operations that run in this process.
        documents: What answers are based on.
        composer: What a user may choose for a message.
        titles: Gives threads their titles; None where they get none by themselves.
        feedback: Keeps what users think of the answers; None where nothing does.
        transcriber: Writes down what users dictate; None where they cannot.
        recordings: What a recording may be.
        actions: Answer what users do in widgets.
        attachment_store: Takes uploads; None where this server offers none.
        max_files: Most attachments of a message; None for any number.
        attached_files: How models are shown what was attached; None for its name only.
        files: Where the images that models make are kept; None where they are dropped.
        image_addresses: Where browsers find those images.
        tags: Tells what the tags in a message stand for; None where nothing does.
    """

    store: ThreadStore
    runner: AgentRunner
    budget: HistoryBudget
    turns: RunningTurns
    documents: DocumentAnswers
    composer: Composer = field(default_factory=Composer)
    titles: Titles | None = None
    feedback: FeedbackStore | None = None
    transcriber: Transcriber | None = None
    recordings: RecordingLimits = field(default_factory=RecordingLimits)
    actions: Actions = field(default_factory=Actions)
    attachment_store: AttachmentStore[RequestContext] | None = None
    max_files: int | None = None
    attached_files: AttachedFiles | None = None
    files: FileStorage | None = None
    image_addresses: FileAddresses = field(default_factory=NoAddresses)
    tags: TagResolver | None = None
