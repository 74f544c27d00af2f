"""What the model is shown of a thread."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from agents import RunContextWrapper, function_tool
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    HiddenContextItem,
    InferenceOptions,
    StructuredInputFreeform,
    StructuredInputItem,
    ThreadItem,
    ThreadItemDoneEvent,
    UserMessageItem,
    UserMessageTextContent,
)

from chatkit_backend.chat.converter import HistoryConverter
from chatkit_backend.chat.history import ACTED, HistoryBudget, conversation
from chatkit_backend.chat.own.action_turns import ActionTurn
from chatkit_backend.chat.own.actions import Actions
from chatkit_backend.chat.tokens import estimated_tokens
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.context import PageContext, RequestContext, User
from chatkit_backend.store.ids import new_id
from tests.chat.conftest import LocalChat, MakeChat
from tests.chatting import thread_of
from tests.conversation import shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Failure, Text, ToolCalls


@function_tool
def lookup(name: str) -> str:
    """Looks a name up."""
    return f"{name} lives at 12 Elm Street."


async def _fill(chat: LocalChat, thread: str, items: list[ThreadItem]) -> None:
    for item in items:
        await chat.store.add_thread_item(thread, item, chat.context)


def _user(text: str, thread: str) -> UserMessageItem:
    return UserMessageItem(
        id=new_id("message"),
        thread_id=thread,
        created_at=datetime.now(UTC),
        content=[UserMessageTextContent(text=text)],
        inference_options=InferenceOptions(),
    )


def _assistant(text: str, thread: str) -> AssistantMessageItem:
    return AssistantMessageItem(
        id=new_id("message"),
        thread_id=thread,
        created_at=datetime.now(UTC),
        content=[AssistantMessageContent(text=text)],
    )


async def test_a_thread_of_500_items_remembers_its_last_and_forgets_its_first(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # The SDK's own recipe, `limit=100, order="asc"`, shows the oldest hundred.
    chat = make_chat()
    thread = thread_of(await chat.say("question 0"))
    for number in range(1, 250):
        await _fill(chat, thread, [_user(f"question {number}", thread)])
        await _fill(chat, thread, [_assistant(f"answer {number}", thread)])
    await chat.say("And now?", thread)
    texts = [text for _, text in shown(provider.requests[-1])]
    assert texts[-1] == "And now?"
    assert texts[-2] == "answer 249"
    assert "question 0" not in texts
    assert len(texts) <= 100


async def test_history_is_cut_to_its_budget_of_tokens(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(HistoryBudget(tokens=600, items=100))
    thread = thread_of(await chat.say("first " + "x" * 4000))
    await chat.say("second", thread)
    await chat.say("third", thread)
    texts = [text for _, text in shown(provider.requests[-1])]
    assert texts[0] == "second"
    assert texts[-1] == "third"


async def test_the_current_message_is_shown_however_long_it_is(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(HistoryBudget(tokens=100, items=1))
    long = "x" * 10_000
    await chat.say(long)
    assert shown(provider.requests[-1]) == [("user", long)]


async def test_a_turn_of_many_items_keeps_the_message_that_began_it(make_chat: MakeChat) -> None:
    chat = make_chat()
    thread = thread_of(await chat.say("Tell me a story"))
    await _fill(chat, thread, [_assistant(f"part {number}", thread) for number in range(4)])
    found = await conversation(
        chat.store, thread, chat.context, HistoryBudget(16_000, 3), HistoryConverter()
    )
    assert found.said() == ["Tell me a story"]
    assert "part 0" in str(found.input())


async def test_a_thread_that_the_user_never_wrote_in_is_cut_to_its_budget_of_items(
    make_chat: MakeChat,
) -> None:
    chat = make_chat()
    thread = thread_of(await chat.say("Hello"))
    for item in await chat.items(thread):
        await chat.store.delete_thread_item(thread, item.id, chat.context)
    await _fill(chat, thread, [_assistant(f"part {number}", thread) for number in range(6)])
    found = await conversation(
        chat.store, thread, chat.context, HistoryBudget(16_000, 3), HistoryConverter()
    )
    assert str(found.input()).count("part ") == 3


async def test_what_server_side_tools_said_is_remembered_in_later_turns(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # Tools that run on the server are no items of the protocol, so the SDK's history drops them.
    chat = make_chat(tools=[lookup])
    provider.script(ToolCalls([("lookup", '{"name": "Ada"}')]), Text("Found."), Text("Elm."))
    thread = thread_of(await chat.say("Where does Ada live?"))
    await chat.say("Which street?", thread)
    assert shown(provider.requests[2]) == [
        ("user", "Where does Ada live?"),
        ("call", 'lookup{"name": "Ada"}'),
        ("result", "Ada lives at 12 Elm Street."),
        ("assistant", "Found."),
        ("user", "Which street?"),
    ]


async def test_history_never_begins_with_the_result_of_a_tool(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(HistoryBudget(tokens=16_000, items=3), tools=[lookup])
    provider.script(ToolCalls([("lookup", '{"name": "Ada"}')]), Text("Found."))
    thread = thread_of(await chat.say("Where does Ada live?"))
    await chat.say("Which street?", thread)
    assert shown(provider.requests[2]) == [("user", "Which street?")]


async def test_a_tool_result_of_the_current_turn_stays_with_its_call(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(HistoryBudget(tokens=100, items=1), tools=[lookup])
    provider.script(ToolCalls([("lookup", '{"name": "Ada"}')]), Failure(500), Text("Elm."))
    thread = thread_of(await chat.say("Where does Ada live?"))
    question = (await chat.items(thread))[0].id
    await chat.stream("threads.retry_after_item", thread_id=thread, item_id=question)
    assert shown(provider.requests[2]) == [("user", "Where does Ada live?")]


async def test_a_failed_tool_call_does_not_break_the_thread(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat(tools=[lookup])
    provider.script(ToolCalls([("lookup", "this is not JSON")]), Text("Sorry."), Text("Fine."))
    thread = thread_of(await chat.say("Where does Ada live?"))
    events = await chat.say("Never mind", thread)
    assert events[-1]["type"] == "thread.item.done"


@function_tool
async def ask(run: RunContextWrapper[TurnContext]) -> str:
    """Asks the user for a colour."""
    question = StructuredInputFreeform(id="q", question="Which colour?")
    item = StructuredInputItem(
        id=run.context.generate_id("message"),
        thread_id=run.context.thread.id,
        created_at=datetime.now(UTC),
        inputs=[question],
    )
    await run.context.stream(ThreadItemDoneEvent(item=item))
    return "The user was asked."


async def _answer(chat: LocalChat, thread: str, colour: str) -> None:
    question = [i for i in await chat.items(thread) if i.type == "structured_input"][-1]
    answer = {"status": "answered", "answers": {"q": {"values": [colour]}}}
    await chat.stream(
        "threads.add_structured_input", thread_id=thread, item_id=question.id, input=answer
    )


def _in_short(entry: tuple[str, str]) -> str:
    return f"{entry[0]}: {entry[1].rpartition('colour?: ')[2].split()[0]}"


async def test_an_answer_is_read_after_the_words_that_the_agent_asked_with(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # Else the model would have to go on with its own words, which newer models refuse.
    chat = make_chat(tools=[ask])
    asking = ToolCalls([("ask", "{}")])
    provider.script(asking, Text("Choose."), asking, Text("Another?"), Text("Fine."), Text("Bye."))
    thread = thread_of(await chat.say("Paint it"))
    await _answer(chat, thread, "red")
    assert [_in_short(entry) for entry in shown(provider.requests[2])] == [
        "user: Paint",
        "call: ask{}",
        "result: The",
        "assistant: Choose.",
        "user: red",
    ]
    await _answer(chat, thread, "blue")
    await chat.say("Thanks", thread)
    assert [_in_short(entry) for entry in shown(provider.requests[4])][-3:] == [
        "result: The",
        "assistant: Another?",
        "user: blue",
    ]
    assert [_in_short(entry) for entry in shown(provider.requests[5])][-5:] == [
        "result: The",
        "user: blue",
        "assistant: Another?",
        "assistant: Fine.",
        "user: Thanks",
    ]


async def test_a_model_never_reads_its_own_words_last(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    actions = Actions()

    @actions.on("explain")
    def explain(turn: ActionTurn) -> object:
        return turn.respond()

    chat = make_chat(actions=actions)
    thread = thread_of(await chat.say("Hello"))
    action = {"type": "explain", "payload": {}}
    await chat.stream("threads.custom_action", thread_id=thread, item_id=None, action=action)
    assert shown(provider.requests[1]) == [
        ("user", "Hello"),
        ("assistant", "Hello from the scripted provider."),
        ("user", ACTED),
    ]


async def test_quotes_of_earlier_messages_are_shown_too(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # The SDK shows a quote for the thread's last item only.
    chat = make_chat()
    thread = thread_of(await chat.say("Explain", quoted_text="E = mc²"))
    await chat.say("Again", thread)
    assert any("E = mc²" in text for _, text in shown(provider.requests[1]))


async def test_tags_and_hidden_context_of_any_shape_are_shown(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat()
    thread = thread_of(await chat.say("Hello"))
    hidden = HiddenContextItem(
        id=new_id("message"),
        thread_id=thread,
        created_at=datetime.now(UTC),
        content={"plan": "pro"},
    )
    await _fill(chat, thread, [hidden])
    tag = {"type": "input_tag", "id": "a1", "text": "Order 7", "data": {"total": 12}}
    await chat.say("", thread, content=[tag])
    whole = " ".join(text for _, text in shown(provider.requests[1]))
    assert '"plan": "pro"' in whole
    assert "@Order 7" in whole
    assert '"total": 12' in whole


async def test_what_the_browser_reports_comes_right_before_the_last_message(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat()
    thread = thread_of(await chat.say("first"))
    chat.context = RequestContext(user=User(id="ada"), page=PageContext(title="Pricing"))
    await chat.say("second", thread)
    texts = [text for _, text in shown(provider.requests[1])]
    assert "Pricing" in texts[-2]
    assert texts[-1] == "second"
    assert sum("Pricing" in text for text in texts) == 1


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("four characters make a token, about", 15, 30), ("写一首关于春天的诗", 15, 40)],
)
def test_tokens_are_estimated_for_every_script(text: str, least: int, most: int) -> None:
    assert least <= estimated_tokens([{"role": "user", "content": text}]) <= most
