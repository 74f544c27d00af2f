"""What a tag stands for reaches the model as a part of the user's message."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from chatkit.types import UserMessageTagContent

from chatkit_backend.chat.converter import HistoryConverter
from chatkit_backend.chat.own.tags import MAX_TEXT, load_tag_resolver
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import SettingsError
from tests.chat.conftest import LocalChat, MakeChat
from tests.chatting import Event, streamed_text, thread_of
from tests.conversation import shown
from tests.own_code import write_module
from tests.provider.server import ScriptedProvider

TAG = {"type": "input_tag", "id": "o1", "text": "order-7", "data": {"n": 7}}
Resolve = Any


@pytest.fixture
def ask(make_chat: MakeChat) -> Any:
    """Sends a message with a tag to a chat with a resolver."""

    async def say(
        resolver: Resolve, thread_id: str | None = None, chat: LocalChat | None = None
    ) -> list[Event]:
        chat = chat or make_chat()
        chat.server.tags = resolver
        words = {"type": "input_text", "text": "Where is "}
        return await chat.say("", thread_id, content=[words, TAG])

    return say


async def test_the_resolver_gets_the_tag_and_who_asks(ask: Any, provider: ScriptedProvider) -> None:
    def resolve(tag: UserMessageTagContent, context: RequestContext) -> str:
        return f"{tag.text} of {context.user.id} is <b>late</b>"

    await ask(resolve)
    said = shown(provider.requests[-1])
    assert ("user", "Where is @order-7") in said
    role, text = next(entry for entry in said if "late" in entry[1])
    assert role == "user"
    assert "order-7 of ada is \\u003cb>late" in text
    assert "untrusted" in text


async def test_a_plain_function_holds_nobody_up(ask: Any, provider: ScriptedProvider) -> None:
    others_go_on = threading.Event()

    def resolve(tag: UserMessageTagContent, context: RequestContext) -> str:
        assert others_go_on.wait(5)
        return "in the mail"

    asyncio.get_running_loop().call_later(0.05, others_go_on.set)
    await ask(resolve)
    assert "in the mail" in str(shown(provider.requests[-1]))


async def test_it_may_take_its_time(ask: Any, provider: ScriptedProvider) -> None:
    async def resolve(tag: UserMessageTagContent, context: RequestContext) -> str:
        return "in the mail"

    await ask(resolve)
    assert "in the mail" in str(shown(provider.requests[-1]))


async def test_it_may_give_a_picture_or_nothing(ask: Any, provider: ScriptedProvider) -> None:
    picture = {"type": "input_image", "image_url": "https://a.example/7.png", "detail": "auto"}
    await ask(lambda _, __: picture)
    assert "https://a.example/7.png" in str(provider.requests[-1].body)
    await ask(lambda _, __: None)
    assert "order-7" in str(provider.requests[-1].body)
    assert '{"n": 7}' not in str(provider.requests[-1].body)


async def test_it_is_asked_once_for_each_tag_of_a_turn(ask: Any, make_chat: MakeChat) -> None:
    asked = []

    def resolve(tag: UserMessageTagContent, context: RequestContext) -> str:
        asked.append(tag.id)
        return "here"

    chat = make_chat()
    thread = thread_of(await ask(resolve, None, chat))
    await ask(resolve, thread, chat)
    assert asked == ["o1", "o1"]


async def test_tags_with_the_same_text_are_told_each(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    chat = make_chat()
    chat.server.tags = lambda tag, _: f"customer {tag.id}"
    tags = [{"type": "input_tag", "id": i, "text": "John", "data": {}} for i in "12123"]
    await chat.say("", content=tags)
    told = str(shown(provider.requests[-1]))
    assert [told.count(f"customer {number}") for number in "123"] == [1, 1, 1]
    assert told.index("customer 2") < told.index("customer 3")


async def test_a_long_text_is_cut_and_says_so(ask: Any, provider: ScriptedProvider) -> None:
    await ask(lambda _, __: "x" * (MAX_TEXT + 1))
    text = str(shown(provider.requests[-1]))
    assert "x" * MAX_TEXT in text
    assert "x" * (MAX_TEXT + 1) not in text
    assert f"Cut off after {MAX_TEXT} of {MAX_TEXT + 1} characters" in text


async def test_a_resolver_that_fails_is_told_in_a_sentence(
    ask: Any, provider: ScriptedProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(tag: UserMessageTagContent, context: RequestContext) -> str:
        raise KeyError("the order book")

    for resolver in (breaks, lambda _, __: 7):
        events = await ask(resolver)
        assert events[-1]["type"] == "error"
        assert events[-1]["message"].startswith("What @order-7 stands for could not be looked up.")
        assert "order book" not in str(events)
    assert provider.requests == []
    assert "the order book" in capsys.readouterr().out


async def test_without_a_resolver_the_model_sees_what_the_page_sent(
    ask: Any, provider: ScriptedProvider
) -> None:
    await ask(None)
    assert '@order-7: {"n": 7}' in str(shown(provider.requests[-1]))


async def test_a_server_may_bring_its_converter(ask: Any, make_chat: MakeChat) -> None:
    class Shouting(HistoryConverter):
        async def tag_to_message_content(self, tag: UserMessageTagContent) -> Any:
            part: Any = await super().tag_to_message_content(tag)
            return {**part, "text": part["text"].upper()}

    for converter in (Shouting, Shouting(tags=None)):
        chat = make_chat()
        chat.server.converter = converter
        assert streamed_text(await ask(None, None, chat))
        assert chat.server.turn_converter(chat.context).__class__ is Shouting
    chat.server.converter = Shouting
    chat.server.tags = lambda _, __: "here"
    made = chat.server.turn_converter(chat.context)
    assert isinstance(made, Shouting)
    part: Any = await made.tag_to_message_content(UserMessageTagContent(**TAG))
    assert "HERE" in part["text"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = 1", "own_tags:x is no function"),
        ("def x(tag): pass", "two arguments, the tag and the RequestContext"),
        ("y = 1", "has no 'x'"),
    ],
)
def test_what_cannot_resolve_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, problem: str
) -> None:
    monkeypatch.setattr("sys.path", list(sys.path))
    write_module(tmp_path, "own_tags", code)
    with pytest.raises(SettingsError, match=f"CHATKIT_TAG_RESOLVER: .*{problem}"):
        load_tag_resolver("own_tags:x")
