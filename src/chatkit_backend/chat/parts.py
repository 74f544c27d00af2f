"""What a `ChatServer` works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatkit.store import AttachmentStore

from chatkit_backend.chat.actions import Actions
from chatkit_backend.chat.agents import AgentRunner
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.searching import DocumentAnswers
from chatkit_backend.chat.tags import TagResolver
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.context import RequestContext
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
        actions: Answer what users do in widgets.
        attachment_store: Takes uploads; None where this server offers none.
        tags: Tells what the tags in a message stand for; None where nothing does.
    """

    store: ThreadStore
    runner: AgentRunner
    budget: HistoryBudget
    turns: RunningTurns
    documents: DocumentAnswers
    actions: Actions = field(default_factory=Actions)
    attachment_store: AttachmentStore[RequestContext] | None = None
    tags: TagResolver | None = None
