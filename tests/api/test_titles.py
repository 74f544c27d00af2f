"""Titles and the choice of models, as the settings wire them."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_backend.app import create_app
from chatkit_backend.errors import SettingsError
from tests.chatting import Chat, Event, thread_of
from tests.conftest import Serve, SettingsFor
from tests.provider.server import ScriptedProvider
from tests.provider.steps import SlowFirstByte, Step, Text


def give(body: dict[str, Any]) -> Step:
    return Text("Sunrise") if "You name conversations" in str(body) else Text("In the east.")


def titles_in(events: list[Event]) -> list[str | None]:
    return [e["thread"].get("title") for e in events if e["type"] == "thread.updated"]


@pytest.mark.parametrize(
    ("changes", "titles", "asked"),
    [
        ({"title_model": None}, ["Sunrise"], ["scripted", "scripted"]),
        ({"title_model": "openai/small"}, ["Sunrise"], ["scripted", "small"]),
        ({"title_model": "words"}, ["Where does it rise?"], ["scripted"]),
        ({"title_model": "off"}, [], ["scripted"]),
        ({"title_model": None, "model": ("demo",)}, ["Where does it rise?"], []),
    ],
    ids=["unset", "another model", "words", "off", "demo"],
)
async def test_the_setting_says_who_gives_the_title(
    serve: Serve,
    provider: ScriptedProvider,
    changes: dict[str, Any],
    titles: list[str | None],
    asked: list[str],
) -> None:
    provider.script(give, give)
    served = serve(retrieval="off", **changes)
    async with Chat(served.url) as chat:
        events = await chat.say("Where does it rise?")
        listed = (await chat.ask("threads.list"))["data"]
    assert titles_in(events) == titles
    assert [thread.get("title") for thread in listed] == (titles or [None])
    assert [request.body["model"] for request in provider.requests] == asked


async def test_every_database_keeps_the_title(
    serve: Serve, provider: ScriptedProvider, database_url: str
) -> None:
    provider.script(give, give)
    async with Chat(serve(title_model=None, database_url=database_url).url) as chat:
        thread = thread_of(await chat.say("Where does it rise?"))
        assert (await chat.ask("threads.get_by_id", thread_id=thread))["title"] == "Sunrise"


async def test_titles_count_against_no_rate_limit(serve: Serve, provider: ScriptedProvider) -> None:
    provider.script(*[give] * 4)
    async with Chat(serve(title_model=None, turns_per_minute=2).url) as chat:
        assert titles_in(await chat.say("one")) == ["Sunrise"]
        assert titles_in(await chat.say("two")) == ["Sunrise"]


async def test_a_server_that_stops_while_a_title_is_asked_for_keeps_the_first_words(
    serve: Serve, provider: ScriptedProvider
) -> None:
    slow = SlowFirstByte(30, Text("Too late"))
    provider.script(Text("In the east."), slow)
    served = serve(title_model=None)
    async with Chat(served.url) as chat:
        events = await chat.say("Where does it rise?")
        assert titles_in(events) == []
    served.stop()
    async with Chat(serve().url) as chat:
        thread = await chat.ask("threads.get_by_id", thread_id=thread_of(events))
    assert thread["title"] == "Where does it rise?"


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"title_model": "watson/small"}, "CHATKIT_TITLE_MODEL"),
        ({"models": ("gemini/x=X",)}, "CHATKIT_MODELS"),
    ],
)
def test_a_model_that_cannot_be_used_stops_the_start(
    settings_for: SettingsFor, changes: dict[str, Any], setting: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{setting}: "):
        create_app(settings_for(**changes))
