"""Threads get titles by themselves, and no answer waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from agents import Model, RunContextWrapper, StopAtTools, function_tool
from chatkit.agents import ClientToolCall
from chatkit.types import (
    FileAttachment,
    InferenceOptions,
    UserMessageItem,
    UserMessageTextContent,
)

from chatkit_backend.chat.titles import Titles, first_words, usable_title
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.context import RequestContext, Session, SessionConfiguration, User
from chatkit_backend.store.threads import ThreadStore
from tests.chat.conftest import ADA, LocalChat, MakeChat
from tests.chatting import Event, message, thread_of
from tests.conversation import instructions, shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Failure, Hang, Refusal, Scripted, SlowFirstByte, Text, ToolCalls

MakeTitles = Callable[..., Titles]


@pytest.fixture
async def make_titles(store: ThreadStore, model: Model) -> AsyncIterator[MakeTitles]:
    made: list[Titles] = []

    def make(asked: Model | None = model, **seconds: float) -> Titles:
        made.append(Titles(store, asked, **seconds))
        return made[-1]

    yield make
    for titles in made:
        await titles.close()


ANSWER = Text("It rises in the east.")


def titled(title: Scripted, answer: Scripted = ANSWER) -> list[Scripted]:
    """What a model gives: the title to whom asks for one, and the answer to any other call."""

    def give(body: dict[str, Any]) -> Any:
        asked = title if "You name conversations" in str(body) else answer
        return asked(body) if callable(asked) else asked

    return [give] * 8


def titles_in(events: list[Event]) -> list[str | None]:
    return [e["thread"].get("title") for e in events if e["type"] == "thread.updated"]


async def title_of(chat: LocalChat, thread_id: str) -> str | None:
    return (await chat.store.load_thread(thread_id, chat.context)).title


async def title_comes(chat: LocalChat, thread_id: str) -> str | None:
    for _ in range(200):
        if title := await title_of(chat, thread_id):
            return title
        await asyncio.sleep(0.01)
    return None


async def test_the_first_answer_brings_a_title_that_is_streamed_and_stored(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(Text("Where the sun rises")))
    chat = make_chat(titles=make_titles())
    events = await chat.say("Where does the sun rise?")
    assert titles_in(events) == ["Where the sun rises"]
    assert await title_of(chat, thread_of(events)) == "Where the sun rises"


async def test_a_thread_is_named_once(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(Text("Where the sun rises")))
    chat = make_chat(titles=make_titles())
    thread = thread_of(await chat.say("Where does the sun rise?"))
    assert titles_in(await chat.say("And the moon?", thread)) == []
    assert len(provider.requests) == 3


async def test_the_model_is_shown_the_message_and_the_language(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(Text("Sonnenaufgang")))
    chat = make_chat(titles=make_titles())
    chat.context = replace(ADA, locale="de-CH")
    await chat.say("Wo geht die Sonne auf?")
    [asked] = [r for r in provider.requests if "You name conversations" in str(r.body)]
    assert shown(asked) == [("user", "Wo geht die Sonne auf?")]
    assert "language of the message" in instructions(asked)
    assert "use de-CH" in instructions(asked)


async def test_the_model_is_asked_only_when_the_answer_has_begun(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    # A provider that takes one request at a time would answer the question last.
    provider.script(*titled(Text("Sunrise"), SlowFirstByte(0.3, Text("In the east."))))
    chat = make_chat(titles=make_titles())
    await chat.say("Where does the sun rise?")
    kinds = ["You name" in str(request.body) for request in provider.requests]
    assert kinds == [False, True]


async def test_a_slow_title_delays_no_event_of_the_answer_and_is_stored_later(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(SlowFirstByte(0.4, Text("Sunrise"))))
    chat = make_chat(titles=make_titles(waiting_seconds=0.05))
    started = asyncio.get_running_loop().time()
    events = await chat.say("Where does the sun rise?")
    assert asyncio.get_running_loop().time() - started < 0.4
    assert titles_in(events) == []
    assert events[-1]["type"] == "thread.item.done"
    assert await title_comes(chat, thread_of(events)) == "Sunrise"


@pytest.mark.parametrize(
    "step",
    [
        Failure(500),
        Refusal("I cannot name this."),
        Text("Sure! Here are some titles:\n\n1. Sunrise\n2. The east"),
        Text("…"),
        Text("word " * 40),
        Hang(1),
    ],
    ids=["error", "refusal", "several lines", "no words", "too long", "timeout"],
)
async def test_a_model_that_gives_no_title_leaves_the_first_words(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider, step: Scripted
) -> None:
    provider.script(*titled(step))
    chat = make_chat(titles=make_titles(asking_seconds=0.5))
    events = await chat.say("Where does the sun rise?")
    assert titles_in(events) == ["Where does the sun rise?"]
    assert "error" not in {event["type"] for event in events}


async def test_without_a_model_the_first_words_are_the_title(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    chat = make_chat(titles=make_titles(None))
    asked = "Please tell me at length where the sun rises, and why it does so every day"
    events = await chat.say(asked)
    assert titles_in(events) == ["Please tell me at length where the sun rises, and…"]
    assert len(provider.requests) == 1


async def test_a_session_without_titling_gets_none(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    chat = make_chat(titles=make_titles())
    configuration = SessionConfiguration(titling=False)
    session = Session("cksess_1", datetime.now(UTC), configuration=configuration)
    chat.context = RequestContext(User("ada"), session=session)
    events = await chat.say("Where does the sun rise?")
    assert titles_in(events) == []
    assert await title_of(chat, thread_of(events)) is None
    assert len(provider.requests) == 1


async def test_a_rename_in_the_meantime_wins(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(SlowFirstByte(0.3, Text("Sunrise"))))
    chat = make_chat(titles=make_titles())
    thread = ""
    events = []
    async for event in chat.events("threads.create", input=message("Where does it rise?")):
        events.append(event)
        thread = thread or thread_of(events)
        if event["type"] == "thread.item.added":
            await chat.ask("threads.update", thread_id=thread, title="Mine")
    assert set(titles_in(events)) <= {"Mine"}
    assert await title_of(chat, thread) == "Mine"


async def test_an_answer_that_fails_before_its_first_word_gives_no_title(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(Failure(500))
    chat = make_chat(titles=make_titles())
    events = await chat.say("Where does the sun rise?")
    assert events[-1]["type"] == "error"
    assert len(provider.requests) == 1
    assert await title_of(chat, thread_of(events)) is None


async def test_a_turn_that_is_stopped_leaves_no_call_running_and_the_first_words(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(Hang(0), Hang(2)))
    chat = make_chat(titles=make_titles())
    turn = chat.start("threads.create", input=message("Where does the sun rise?"))
    assert await provider.until_called(2)
    await turn.stop()
    assert await provider.requests[1].until_closed_early()
    [thread] = (await chat.store.load_threads(9, None, "desc", chat.context)).data
    assert thread.title == "Where does the sun rise?"


async def test_a_thread_that_is_deleted_while_its_answer_runs_leaves_nothing(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(Hang(0), Hang(2)))
    chat = make_chat(titles=make_titles())
    turn = chat.start("threads.create", input=message("Where does the sun rise?"))
    assert await provider.until_called(2)
    [thread] = (await chat.store.load_threads(9, None, "desc", chat.context)).data
    await chat.ask("threads.delete", thread_id=thread.id)
    assert turn.task.done()
    assert await provider.requests[1].until_closed_early()
    assert (await chat.store.load_threads(9, None, "desc", chat.context)).data == []


async def test_who_leaves_while_the_title_is_awaited_interrupts_no_answer(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(SlowFirstByte(0.4, Text("Sunrise"))))
    chat = make_chat(titles=make_titles(waiting_seconds=5))
    turn = chat.start("threads.create", input=message("Where does the sun rise?"))
    chunks = aiter(turn)
    while b"east" not in (chunk := await anext(chunks)) or b"item.done" not in chunk:
        pass
    await asyncio.sleep(0.1)  # what comes now is the waiting for the title
    await turn.stop()
    [thread] = (await chat.store.load_threads(9, None, "desc", chat.context)).data
    assert [item.type for item in await chat.items(thread.id)] == [
        "user_message",
        "assistant_message",
    ]
    assert await title_comes(chat, thread.id) == "Sunrise"


async def test_a_server_that_stops_leaves_no_title_running(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(Hang(0)))
    titles = make_titles(waiting_seconds=0.01)
    chat = make_chat(titles=titles)
    thread = thread_of(await chat.say("Where does the sun rise?"))
    await titles.close()
    assert await title_of(chat, thread) == "Where does the sun rise?"
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "chatkit title"]


async def test_a_thread_that_is_deleted_meanwhile_stays_deleted(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(*titled(SlowFirstByte(0.2, Text("Sunrise"))))
    titles = make_titles(waiting_seconds=0.01)
    chat = make_chat(titles=titles)
    thread = thread_of(await chat.say("Where does the sun rise?"))
    await chat.ask("threads.delete", thread_id=thread)
    await asyncio.gather(*titles._running, return_exceptions=True)
    assert (await chat.store.load_threads(9, None, "desc", chat.context)).data == []


@function_tool
async def locate(run: RunContextWrapper[TurnContext]) -> str:
    """Asks the page where the user is."""
    run.context.client_tool_call = ClientToolCall(name="locate", arguments={})
    return "waiting for the page"


async def test_an_answer_that_waits_for_the_page_is_named_when_it_goes_on(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("locate", "{}")]), *titled(Text("Your place")))
    chat = make_chat(
        titles=make_titles(),
        tools=[locate],
        tool_use_behavior=StopAtTools(stop_at_tool_names=["locate"]),
    )
    events = await chat.say("Where am I?")
    assert titles_in(events) == []
    more = await chat.stream(
        "threads.add_client_tool_output", thread_id=thread_of(events), result="Oslo"
    )
    assert titles_in(more) == ["Your place"]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Sunrise", "Sunrise"),
        ("“Sunrise.”", "Sunrise"),
        ("**Title: Sunrise**\n", "Sunrise"),
        ("Title: 'The sun'", "The sun"),
        ("「日の出」", "日の出"),
        ("Sun\u202erise\x00", "Sunrise"),
        ("", None),
        ("—", None),
        ("one\ntwo", None),
        ("x" * 81, None),
    ],
)
def test_what_counts_as_a_title(said: str, title: str | None) -> None:
    assert usable_title(said) == title


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello", "Hello"),
        ("two\n  lines", "two lines"),
        ("a" * 60, "a" * 50 + "…"),
        (
            "what is this about, really and truly and honestly, my dear friend?",
            "what is this about, really and truly and honestly…",
        ),
    ],
)
def test_first_words(text: str, words: str) -> None:
    assert first_words(said(text)) == words


def test_a_message_of_files_alone_is_named_after_the_first() -> None:
    file = FileAttachment(id="atc_1", name="invoice.pdf", mime_type="application/pdf")
    assert first_words(said("", attachments=[file])) == "invoice.pdf"


def said(text: str, **more: Any) -> UserMessageItem:
    return UserMessageItem(
        id="msg_1",
        thread_id="thr_1",
        created_at=datetime.now(UTC),
        content=[UserMessageTextContent(text=text)],
        inference_options=InferenceOptions(),
        **{"attachments": [], **more},
    )


@pytest.mark.parametrize("steps", range(6))
async def test_a_title_that_is_stopped_at_any_moment_is_the_first_words(
    make_chat: MakeChat, make_titles: MakeTitles, provider: ScriptedProvider, steps: int
) -> None:
    chat = make_chat()
    thread = thread_of(await chat.say("Where does the sun rise?"))
    titles = make_titles(None)
    titles.start(thread, chat.context)
    for _ in range(steps):
        await asyncio.sleep(0)
    await titles.close()
    assert await title_of(chat, thread) == "Where does the sun rise?"
