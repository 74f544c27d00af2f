"""What the model is shown of a thread: its newest items, within a budget, oldest first.

The current message is in the thread already when the model is called, so it is never added again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import chain, dropwhile, pairwise, takewhile
from typing import Any, cast

from agents import TResponseInputItem
from chatkit.agents import ThreadItemConverter
from chatkit.types import (
    AssistantMessageItem,
    ClientToolCallItem,
    HiddenContextItem,
    StructuredInputItem,
    ThreadItem,
    UserMessageItem,
)
from openai.types.responses.response_input_item_param import Message

from chatkit_backend.chat.agents import TOOL_RESULT_PREFIX
from chatkit_backend.chat.files import file_words
from chatkit_backend.chat.tokens import estimated_tokens
from chatkit_backend.context import RequestContext
from chatkit_backend.store.threads import ThreadStore

# Where the user has answered a question or acted in a widget, behind what the agent said last.
ACTED = "The user has done something since, without writing. Go on from what is above."

# One query usually finds all that fits.
_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class HistoryBudget:
    """How much of a thread the model is shown at most.

    The current turn, from the user's last message on, is shown in any case.

    Attributes:
        tokens: Estimated with `estimated_tokens`, files of earlier turns included. Those of the
            current turn have limits of their own, and do not crowd out what was said.
        items: Thread items.
    """

    tokens: int
    items: int


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A thread item, as the model reads it."""

    item: ThreadItem
    input: list[TResponseInputItem]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the model is shown of a thread.

    It begins with a message of the user, because providers refuse a conversation that begins
    with an answer or with the result of a tool, and it names each tool call once. It never ends
    with an answer: newer models refuse to go on with words of their own.
    """

    _remembered: Sequence[_Remembered]

    def input(self, *about: TResponseInputItem | None) -> list[TResponseInputItem]:
        """The model's input for the next answer.

        Args:
            about: What the user's last message is about; comes right before it.
        """
        last_user = _index_of_last_user_message(self._remembered)
        before = [part for item in self._remembered[:last_user] for part in item.input]
        after = [part for item in self._remembered[last_user:] for part in item.input]
        shown = [*before, *(message for message in about if message), *after]
        if shown and dict(shown[-1]).get("role") == "assistant":
            shown.append(Message(type="message", role="user", content=[file_words.in_words(ACTED)]))
        return shown

    def said(self) -> list[str]:
        """What the user has written, oldest first; what a message quotes comes before it."""
        return [
            text
            for remembered in self._remembered
            if isinstance(remembered.item, UserMessageItem)
            for text in (remembered.item.quoted_text, _written(remembered.item))
            if text is not None
        ]


async def conversation(
    store: ThreadStore,
    thread_id: str,
    context: RequestContext,
    budget: HistoryBudget,
    converter: ThreadItemConverter,
) -> Conversation:
    """The newest items of a thread, within a budget."""
    newest_first = [
        remembered
        async for remembered in _newest_within(store, thread_id, context, budget, converter)
    ]
    kept = _beginning_with_the_user(newest_first[::-1])
    turns = _with_ids_of_their_own([_without_repeated_calls(turn) for turn in _turns(kept)])
    return Conversation(_answers_last(_answers_after_calls(list(chain(*turns)))))


def _written(message: UserMessageItem) -> str:
    return " ".join(part.text for part in message.content)


async def last_user_message(
    store: ThreadStore, thread_id: str, context: RequestContext
) -> UserMessageItem | None:
    """The newest message of the user in a thread; None where there is none."""
    async for item in _newest_first(store, thread_id, context):
        if isinstance(item, UserMessageItem):
            return item
    return None


async def _newest_within(
    store: ThreadStore,
    thread_id: str,
    context: RequestContext,
    budget: HistoryBudget,
    converter: ThreadItemConverter,
) -> AsyncIterator[_Remembered]:
    tokens = count = 0
    in_current_turn = True
    async for item in _newest_first(store, thread_id, context):
        remembered = _Remembered(item, await converter.to_agent_input([item]))
        counted = _without_files(remembered.input) if in_current_turn else remembered.input
        tokens += estimated_tokens(counted)
        count += 1
        if not in_current_turn and (tokens > budget.tokens or count > budget.items):
            return
        yield remembered
        if isinstance(item, UserMessageItem):
            in_current_turn = False
        elif in_current_turn and count == budget.items:
            # A thread without any message of the user has no turn to keep whole.
            in_current_turn = await last_user_message(store, thread_id, context) is not None


def _without_files(items: Sequence[TResponseInputItem]) -> list[TResponseInputItem]:
    left: list[dict[str, Any]] = [dict(item) for item in items]
    for item in left:
        if isinstance(parts := item.get("content"), list):
            item["content"] = [part for part in parts if not file_words.holds_file(part)]
    return cast("list[TResponseInputItem]", left)


async def _newest_first(
    store: ThreadStore, thread_id: str, context: RequestContext
) -> AsyncIterator[ThreadItem]:
    after: str | None = None
    while True:
        page = await store.load_thread_items(thread_id, after, _PAGE_SIZE, "desc", context)
        for item in page.data:
            yield item
        if not page.has_more:
            return
        after = page.after


def _beginning_with_the_user(items: Sequence[_Remembered]) -> list[_Remembered]:
    from_user = list(dropwhile(lambda kept: not isinstance(kept.item, UserMessageItem), items))
    return from_user or list(items)


def _turns(items: Sequence[_Remembered]) -> list[Sequence[_Remembered]]:
    """The items from each message of the user to the next."""
    begins = [at for at, kept in enumerate(items) if isinstance(kept.item, UserMessageItem)]
    return [items[begin:end] for begin, end in pairwise([0, *begins, len(items)])]


def _with_ids_of_their_own(turns: Sequence[Sequence[_Remembered]]) -> list[list[_Remembered]]:
    """The turns, each with other ids of its calls than the others.

    Some servers of models count calls anew in each answer. Of calls with the same id the Agents
    SDK shows the last one only, and its result away from it.
    """
    used = Counter(chain(*({_call_id(p) for kept in turn for p in kept.input} for turn in turns)))
    repeated = {call_id for call_id, times in used.items() if call_id and times > 1}

    def renamed(part: TResponseInputItem, turn: Sequence[_Remembered]) -> TResponseInputItem:
        if (call_id := _call_id(part)) not in repeated:
            return part
        own = {**dict(part), "call_id": f"{call_id}_{turn[0].item.id[-8:]}"}
        return cast("TResponseInputItem", own)

    return [
        [_Remembered(kept.item, [renamed(part, turn) for part in kept.input]) for kept in turn]
        for turn in turns
    ]


def _call_id(part: TResponseInputItem) -> object:
    return dict(part).get("call_id")


def _without_repeated_calls(items: Sequence[_Remembered]) -> list[_Remembered]:
    """Drops the hidden copy of calls that are in the turn as client tool calls too.

    What the model called stays: the page may know the tool under another name, and be given
    other arguments.
    """
    client_calls = {
        kept.item.call_id for kept in items if isinstance(kept.item, ClientToolCallItem)
    }
    made: dict[object, TResponseInputItem] = {}
    remembered: list[_Remembered] = []
    for kept in items:
        ids = {_call_id(part): part for part in kept.input if _is_call(part)}
        if isinstance(kept.item, HiddenContextItem) and client_calls & ids.keys():
            made |= ids
        elif isinstance(kept.item, ClientToolCallItem):
            parts = [
                made.get(kept.item.call_id, part) if _is_call(part) else part for part in kept.input
            ]
            remembered.append(_Remembered(kept.item, parts))
        else:
            remembered.append(kept)
    return remembered


def _is_call(part: TResponseInputItem) -> bool:
    return dict(part).get("type") == "function_call"


def _answers_after_calls(items: Sequence[_Remembered]) -> list[_Remembered]:
    """Puts what a user has answered behind the tool call that asked.

    The question is stored while the tool runs, and the call when it has ended. In that order, the
    model would read last that the user was asked, and ask again.
    """
    ordered: list[_Remembered] = []
    answers: list[_Remembered] = []
    for kept in items:
        if isinstance(kept.item, StructuredInputItem):
            answers.append(kept)
            continue
        if not kept.item.id.startswith(f"{TOOL_RESULT_PREFIX}_"):
            ordered += answers
            answers = []
        ordered.append(kept)
    return [*ordered, *answers]


def _answers_last(items: Sequence[_Remembered]) -> list[_Remembered]:
    """Puts what a user has answered behind the words that the agent asked with, if they come last.

    When the agent has gone on, its next words tell that it knows the answers.
    """
    shown = [kept for kept in items if kept.input]
    if not shown or not isinstance(shown[-1].item, AssistantMessageItem):
        return shown
    unsaid = takewhile(
        lambda kept: not isinstance(kept.item, AssistantMessageItem | UserMessageItem),
        reversed(shown[:-1]),
    )
    answers = [
        kept
        for kept in unsaid
        if isinstance(kept.item, StructuredInputItem) and kept.item.status != "pending"
    ]
    return [*(kept for kept in shown if kept not in answers), *reversed(answers)]


def _index_of_last_user_message(items: Sequence[_Remembered]) -> int:
    for index in range(len(items) - 1, -1, -1):
        if isinstance(items[index].item, UserMessageItem):
            return index
    return len(items)
