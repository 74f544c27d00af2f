"""The demo model: honest, offline, and in every event like a real one."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from agents import ModelSettings, ModelTracing
from agents.items import TResponseInputItem

from chatkit_backend.models.demo import DemoModel
from tests.models.asking import Asked, ask


def user(text: str) -> TResponseInputItem:
    """A message of the user's as the chat room sends it."""
    part = {"type": "input_text", "text": text}
    return cast("TResponseInputItem", {"type": "message", "role": "user", "content": [part]})


def assistant(text: str) -> TResponseInputItem:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "role": "assistant", "id": "m", "status": "completed"}
    return cast("TResponseInputItem", {**message, "content": [part]})


def context(block: str) -> TResponseInputItem:
    return user(f"Untrusted:\n<browser_context>{block}</browser_context>")


async def answer(*items: TResponseInputItem) -> str:
    return (await _ask(*items)).text


async def _ask(*items: TResponseInputItem) -> Asked:
    asked = await ask(DemoModel(delay_seconds=0), list(items))
    assert asked.error is None
    return asked


async def test_it_says_that_it_is_a_demo_and_how_to_connect_a_real_model() -> None:
    text = await answer(user("Hi"))
    assert "demo model" in text
    assert "no language model is connected" in text
    for variable in ("OPENAI_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY", ".env"):
        assert variable in text


async def test_it_greets_by_name_and_mentions_the_page() -> None:
    block = '{"page": {"title": "Price list", "url": "https://x.test"}, "user": {"name": "Ada"}}'
    text = await answer(context(block), user("What is this?"))
    assert text.startswith("Hello, Ada!")
    assert "“Price list”" in text


async def test_a_page_without_a_title_is_mentioned_by_its_address() -> None:
    assert "“https://x.test/a”" in await answer(
        context('{"page": {"url": "https://x.test/a"}}'), user("Hi")
    )


async def test_without_context_it_mentions_neither_name_nor_page() -> None:
    text = await answer(user("Hi"))
    assert text.startswith("Hello!")
    assert "looking at" not in text


@pytest.mark.parametrize(
    "block",
    ["", "not json", "[]", "null", '{"page": 3, "user": []}', '{"user": {"name": null}}'],
)
async def test_a_context_it_cannot_read_is_ignored(block: str) -> None:
    text = await answer(context(block), user("Hi"))
    assert text.startswith("Hello!")
    assert "1 message of yours" in text


async def test_it_quotes_the_last_message_and_counts_those_it_was_shown() -> None:
    text = await answer(
        user("First"), assistant("Yes?"), user("Second"), context("{}"), user("Third one")
    )
    assert "“Third one”" in text
    assert "3 messages of yours" in text


async def test_it_reads_plain_text_too() -> None:
    asked = await ask(DemoModel(delay_seconds=0), "Just text")
    assert "“Just text”" in asked.text


async def test_a_long_message_is_quoted_in_part_and_the_answer_stays_short() -> None:
    block = f'{{"page": {{"title": "{"t " * 500}"}}, "user": {{"name": "{"n " * 500}"}}}}'
    text = await answer(context(block), user("many words " * 500))
    assert "…”" in text
    assert len(text) < 700


async def test_an_ordinary_answer_has_fewer_than_eighty_words() -> None:
    block = '{"page": {"title": "The price list of 2026"}, "user": {"name": "Ada Lovelace"}}'
    text = await answer(context(block), user("Could you tell me what a large pear costs here?"))
    assert len(text.split()) < 80


async def test_the_same_input_gives_the_same_text() -> None:
    assert await answer(user("Hi")) == await answer(user("Hi"))


async def test_no_two_responses_share_an_id() -> None:
    first, second = await _ask(user("Hi")), await _ask(user("Hi"))
    assert not _ids(first) & _ids(second)
    assert all(len(_ids(asked)) == 2 for asked in (first, second))


async def test_it_streams_the_events_of_the_responses_api_word_by_word() -> None:
    asked = await _ask(user("Hi"))
    kinds = list(dict.fromkeys(asked.types))
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    numbers = [event.sequence_number for event in asked.events]
    assert numbers == list(range(len(numbers)))
    last: Any = asked.events[-1]
    assert last.response.output[0].content[0].text == asked.text
    assert last.response.usage.total_tokens > last.response.usage.input_tokens > 0
    assert asked.types.count("response.output_text.delta") == len(asked.text.split())


async def test_it_takes_its_time() -> None:
    started = time.monotonic()
    await ask(DemoModel(delay_seconds=0.005), "Hi")
    assert time.monotonic() - started > 0.1


async def test_the_whole_answer_is_the_streamed_one() -> None:
    response = await DemoModel().get_response(
        None, "Hi", ModelSettings(), [], None, [], ModelTracing.DISABLED
    )
    message: Any = response.output[0]
    assert message.content[0].text == (await ask(DemoModel(delay_seconds=0), "Hi")).text
    assert response.usage.total_tokens > 0


def _ids(asked: Asked) -> set[str]:
    last: Any = asked.events[-1]
    return {last.response.id, last.response.output[0].id}
