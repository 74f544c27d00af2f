"""Searching documents in a turn: before the answer, or whenever the model wants to.

The user sees what is searched for, and what was found, as a workflow above the answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from agents import RunContextWrapper, Tool, TResponseInputItem, function_tool
from chatkit.types import (
    CustomSummary,
    FileSource,
    FileTask,
    SearchTask,
    Task,
    ThreadItemAddedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    URLSource,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)

from chatkit_backend.chat.documents.passages import (
    HOW_TO_CITE,
    Passages,
    documents_message,
    source_of,
)
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.context import RequestContext, clean_text
from chatkit_backend.retrieval.questions import Question
from chatkit_backend.retrieval.search import DocumentSearch, FoundChunk
from chatkit_backend.store.ids import new_id

Mode = Literal["off", "context", "tool"]

TOOL: Final = "search_documents"
_MAX_SHOWN_QUERY: Final = 200


@dataclass(frozen=True, slots=True)
class DocumentAnswers:
    """How answers use documents.

    Attributes:
        search: Finds passages.
        mode: `context` searches before every answer, `tool` lets the model search.
        collections: Where; none for all that the user may read.
        left_out: What is not searched unless `collections` names it.
        limit: Most passages for a search.
        score_threshold: Least score of a passage.
    """

    search: DocumentSearch
    mode: Mode = "off"
    collections: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    limit: int = 5
    score_threshold: float = 0.5

    async def find(self, question: Question, context: RequestContext) -> list[FoundChunk]:
        """The passages for a question that the user may read."""
        names = await self.readable(context)
        return await self.search.find(question, names, context, self.limit, self.score_threshold)

    async def readable(self, context: RequestContext) -> Sequence[str]:
        """The collections to search that the user may read."""
        readable = await self.search.collections(context)
        if self.collections:
            return [name for name in readable if name in self.collections]
        return [name for name in readable if name not in self.left_out]

    def turn(self, said: Sequence[str], thread_id: str, context: RequestContext) -> TurnSearch:
        """The search of one turn.

        Args:
            said: The user's messages, oldest first.
            thread_id: Where the turn takes place.
            context: Who asks.
        """
        question = Question(said[-1] if said else "", said[:-1])
        return TurnSearch(self, question, thread_id, context)


@dataclass(slots=True)
class TurnSearch:
    """What is searched and found in one turn.

    Attributes:
        answers: How answers use documents.
        question: What the user's last message asks.
        thread_id: Where the turn takes place.
        context: Who asks.
        passages: What was found so far.
        message: What tells the model of it; None where it was not searched in advance.
        workflow: What the user sees of it, as long as it is open.
    """

    answers: DocumentAnswers
    question: Question
    thread_id: str
    context: RequestContext
    passages: Passages = field(default_factory=Passages)
    message: TResponseInputItem | None = None
    workflow: WorkflowItem | None = None

    async def in_advance(self, *, shown: bool) -> AsyncIterator[ThreadStreamEvent]:
        """Searches for the user's message, if that is the mode and there is where to search.

        The workflow is left open: the SDK adds the model's thoughts to it, and closes it when the
        answer begins.

        Args:
            shown: Whether the user sees it. An answer that goes on after a tool has shown it.
        """
        wanted = self.answers.mode == "context" and self.question.text.strip()
        if not wanted or not await self.answers.readable(self.context):
            return
        query = self.question.text
        if shown:
            self.workflow = self._opened(query)
            yield ThreadItemAddedEvent(item=self.workflow.model_copy(deep=True))
        found = await self.answers.find(self.question, self.context)
        self.message = documents_message(found, self.passages)
        if self.workflow:
            for event in _show(self.workflow, query, found):
                yield event

    def _opened(self, query: str) -> WorkflowItem:
        return WorkflowItem(
            id=new_id("workflow"),
            thread_id=self.thread_id,
            created_at=datetime.now(),  # noqa: DTZ005 - the SDK subtracts it from its own, without zone
            workflow=Workflow(type="custom", tasks=[searching(query)]),
        )

    def tools(self) -> list[Tool]:
        """What lets the model search, if that is the mode."""
        return [self._tool()] if self.answers.mode == "tool" else []

    def _tool(self) -> Tool:
        async def search_documents(run: RunContextWrapper[TurnContext], query: str) -> str:
            turn = run.context
            loading = searching(query)
            await turn.add_workflow_task(loading)
            found = await self.answers.find(Question(query), self.context)
            task, *more = tasks_of(query, found)
            # Another search adds tasks meanwhile, and what another tool shows ends the workflow.
            place = _place_of(loading, turn.workflow_item)
            if place is None:
                await turn.add_workflow_task(task)
            else:
                await turn.update_workflow_task(task, place)
            for of_files in more:
                await turn.add_workflow_task(of_files)
            if not found:
                return "Nothing was found. Try other words, or say that the documents do not tell."
            return f"{HOW_TO_CITE}\n<documents>{self.passages.numbered(found)}</documents>"

        return function_tool(
            search_documents,
            name_override=TOOL,
            description_override=(
                "Searches the team's documents. Use it before you answer anything that they may "
                "hold. `query` is what to look for, in words that the documents may use."
            ),
            # What goes wrong ends the answer with a sentence for the user, and is logged; the SDK
            # would tell the model.
            failure_error_function=None,
        )


def _place_of(task: Task, item: WorkflowItem | None) -> int | None:
    """Where the task itself, and none that is like it, stands in the workflow."""
    tasks = item.workflow.tasks if item else []
    return next((index for index, other in enumerate(tasks) if other is task), None)


def searching(query: str) -> SearchTask:
    """What is shown while a search runs."""
    shown = clean_text(query, _MAX_SHOWN_QUERY)
    return SearchTask(
        status_indicator="loading",
        title="Searching the documents",
        title_query=shown,
        queries=[shown],
    )


def tasks_of(query: str, found: Sequence[FoundChunk]) -> list[Task]:
    """What is shown of a search that has ended: each document once."""
    # Without the section, which is that of one passage.
    every = [replace(source_of(chunk, 0), section=None).annotation_source() for chunk in found]
    pages = {source.url: source for source in every if isinstance(source, URLSource)}
    files = {
        (chunk.collection, chunk.source): source
        for chunk, source in zip(found, every, strict=True)
        if isinstance(source, FileSource)
    }
    searched = searching(query).model_copy(
        update={
            "status_indicator": "complete",
            "title": "Searched the documents" if found else "Found nothing in the documents",
            "sources": list(pages.values()),
        }
    )
    tasks: list[Task] = [searched]
    if files:
        read = FileTask(status_indicator="complete", title="Read", sources=list(files.values()))
        tasks.append(read)
    return tasks


def _show(
    item: WorkflowItem, query: str, found: Sequence[FoundChunk]
) -> list[ThreadItemUpdatedEvent]:
    """Puts what was found into the workflow, and gives the events that tell of it."""
    item.workflow.summary = CustomSummary(
        title="Searched the documents" if found else "Found nothing in the documents",
        icon="search",
    )
    searched, *more = tasks_of(query, found)
    item.workflow.tasks = [searched, *more]
    updates = [
        WorkflowTaskUpdated(task_index=0, task=searched),
        *(WorkflowTaskAdded(task_index=index, task=task) for index, task in enumerate(more, 1)),
    ]
    return [ThreadItemUpdatedEvent(item_id=item.id, update=update) for update in updates]
