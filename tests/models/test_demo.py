"""The demo model: honest, offline, and in every event like a real one."""

from __future__ import annotations

import json
import time
from typing import Any, cast

import pytest
from agents import ModelSettings, ModelTracing
from agents.items import TResponseInputItem

from chatkit_backend.models.demo import DemoModel
from chatkit_backend.models.excerpts import MAX_PASSAGE
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


def documents(*passages: object) -> TResponseInputItem:
    """Passages as the chat room sends them."""
    block = json.dumps(passages).replace("<", "\\u003c")
    return user(f"Passages from documents.\n<documents>{block}</documents>")


def passage(text: object, number: object = 1, **names: object) -> dict[str, object]:
    return {"number": number, "title": "Moon", "text": text} | names


async def quoted(text: str, question: str = "Hi") -> str:
    """What is quoted of a passage with this text."""
    lines = (await answer(documents(passage(text)), user(question))).splitlines()
    return "\n".join(line[2:] for line in lines if line.startswith(">"))


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


# Passages of documents


async def test_it_quotes_passages_under_their_names_with_the_numbers_to_cite() -> None:
    text = await answer(
        documents(
            passage("It is made of rock.", 2, section="Inside > Mantle"),
            passage("It is far away.", 5),
        ),
        user("What is the moon made of?"),
    )
    assert text.split("\n\n") == [
        "Hello! I am the **demo model**: no language model is connected.",
        "I cannot answer by myself, but this is what the documents say:",
        "**Moon > Inside > Mantle** [2]",
        "> It is made of rock.",
        "**Moon** [5]",
        "> It is far away.",
        text.split("\n\n")[-1],
    ]
    assert "GEMINI_API_KEY" in text


async def test_it_quotes_the_first_three_passages_that_have_text() -> None:
    empty = [passage(""), passage("  \n"), passage("# Only a heading"), passage(7), {}]
    full = [passage(f"Fact {number}.", number) for number in range(9)]
    text = await answer(documents(*empty, *full), user("Hi"))
    assert [word for word in text.split() if word.startswith("[")] == ["[0]", "[1]", "[2]"]
    assert "Fact 2." in text
    assert "Fact 3." not in text


async def test_it_still_greets_by_name_and_mentions_the_page() -> None:
    block = '{"page": {"title": "Price list"}, "user": {"name": "Ada"}}'
    text = await answer(context(block), documents(passage("Rock.")), user("Hi"))
    assert text.startswith("Hello, Ada!")
    assert "“Price list”" in text
    assert "> Rock." in text


NOTHING = "The documents were searched for the user's message, and nothing was found. If it asks …"


@pytest.mark.parametrize("told", [user(NOTHING), documents()])
async def test_it_says_that_nothing_was_found(told: TResponseInputItem) -> None:
    text = await answer(told, user("Who wrote Hamlet?"))
    assert "I looked for that in the documents, and found nothing." in text
    assert "the documents say" not in text


async def test_where_nobody_searched_nothing_is_said_of_documents() -> None:
    assert "documents" not in await answer(user("Hi"))


@pytest.mark.parametrize(
    "block",
    [
        "", "not json", "{}", "null", "7", "[null, 3, []]", "[" * 100_000, "9" * 5_000,
        '[{"text": "\\u0000"}]', '[{"text": null}]',
    ],
)  # fmt: skip
async def test_passages_it_cannot_read_are_none(block: str) -> None:
    told = user(f"<documents>{block}</documents>")
    assert "found nothing" in await answer(told, user("Hi"))


@pytest.mark.parametrize("number", [None, "1](https://x.test)", [1], True, 1.5])
async def test_what_is_no_number_is_not_cited(number: object) -> None:
    text = await answer(documents(passage("Rock.", number)), user("Hi"))
    assert "**Moon**\n\n> Rock." in text


@pytest.mark.parametrize("title", [None, 7, "", "\u202e", {}])
async def test_a_passage_without_a_title_is_untitled(title: object) -> None:
    assert "**Untitled** [1]" in await answer(documents(passage("Rock.", title=title)), user("Hi"))


async def test_titles_are_words_and_no_markdown() -> None:
    text = await answer(documents(passage("Rock.", title="A `b [2] **c** <d>")), user("Hi"))
    assert r"**A \`b \[2\] \*\*c\*\* \<d>** [1]" in text


async def test_every_line_of_a_passage_stays_in_the_quotation() -> None:
    text = await answer(documents(passage("a\r\nb\u2028c\x0bd\x85e\x1ef\n\n\ng")), user("Hi"))
    between = text.split("**Moon** [1]\n\n")[1].split("\n\nTo connect")[0]
    assert all(line.startswith(">") for line in between.split("\n"))
    assert "".join(letter for letter in between if letter.isalpha()) == "abcdefg"


async def test_what_cannot_be_shown_is_left_out() -> None:
    shown = await quoted("Rock \x1b[31m \ud800 \u202e \x00 and dust.")
    assert shown.split() == ["Rock", "[31m", "and", "dust."]
    shown.encode()


async def test_headings_comments_and_rules_are_left_out() -> None:
    text = (
        "# Moon\n\nMade of\n=======\n\nRock\n----\n\n<!-- made by hand -->\nDust.\n\n---\n## Far\n"
    )
    assert await quoted(text) == "Dust."


async def test_the_numbers_of_a_passages_own_are_not_taken_for_citations() -> None:
    text = "See [2] and [3, 4], [5]: but `a[1]` and ``b`[1]`` are code."
    assert await quoted(text) == (
        r"See \[2\] and \[3, 4\], \[5\]: but `a[1]` and ``b`[1]`` are code."
    )
    assert await quoted("```\na[1]\n```") == "```\na[1]\n```"


async def test_links_to_files_beside_the_document_are_words() -> None:
    text = "See [the guide](guide.md#a), [this](/x) and [that](javascript:alert). `[a](b)` is code."
    assert await quoted(text) == "See the guide, this and that. `[a](b)` is code."
    whole = "See [the page](https://x.test/a) or [write](mailto:a@x.test)."
    assert await quoted(whole) == whole


ROWS = "\n".join(f"| row {number} | {'x' * 40} |" for number in range(20))
CODE = "\n\n".join(f"line_{number} = '# {'x' * 40}'" for number in range(20))
WORDS = "many words " * 80


@pytest.mark.parametrize(
    "block",
    [
        f"| a | b |\n| --- | --- |\n{ROWS}",
        f"```python\n{CODE}\n```",
        f"~~~\n```\n{CODE}\n~~~",
        f"````md\n```\n{CODE}\n```\n````",
        f"```js\n```py\n\n{CODE}\n```",
    ],
)
async def test_code_and_tables_are_quoted_whole(block: str) -> None:
    assert len(block) > MAX_PASSAGE
    assert await quoted(block) == block
    assert await quoted(f"{block}\n\nThen.\n\n{WORDS}") == f"{block}\n\n…"
    assert await quoted(f"So:\n\n{block}") == f"So:\n\n{block}"
    assert await quoted(f"Words.\n\n{block}") == "Words.\n\n…"


async def test_code_that_the_passage_does_not_end_is_closed() -> None:
    assert await quoted("Do:\n```sh\nmake\n\n# all") == "Do:\n\n```sh\nmake\n\n# all\n```"


async def test_a_long_text_is_cut_between_words() -> None:
    shown = await quoted(WORDS)
    assert MAX_PASSAGE - 10 < len(shown) <= MAX_PASSAGE + 2
    assert set(shown.split()) == {"many", "words", "…"}


async def test_paragraphs_are_quoted_as_far_as_they_fit() -> None:
    third = "x" * (MAX_PASSAGE // 3 + 1)
    assert await quoted(f"{third}\n\n{third}\n\n{third}") == f"{third}\n\n{third}\n\n…"


async def test_it_begins_with_what_has_the_words_of_the_question() -> None:
    far = "x" * MAX_PASSAGE
    text = f"The moon is old.\n\n{far}\n\nThe dark side:\n\nIt is rarely seen.\n\nThe end."
    assert await quoted(text, "Who has SEEN it?") == (
        "…\n\nThe dark side:\n\nIt is rarely seen.\n\nThe end."
    )
    assert (await quoted(text, "How old is the moon?")).startswith("The moon is old.")
    assert (await quoted(text, "Hamlet?")).startswith("The moon is old.")


async def test_a_hostile_passage_is_read_in_no_time() -> None:
    started = time.monotonic()
    spans = " ".join("`" * length for length in range(1_400))  # none ends another
    for text in (spans, "`a``b" * 60_000, "[a](" * 75_000, "[1, " * 75_000, "<!--" * 75_000):
        await answer(documents(passage(text)), user("Hi"))
    assert time.monotonic() - started < 5


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


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["[attached picture: a.png (image/png). You cannot see pictures.]"], "a file"),
        (["The user attached this file. It is …", "[attached file: b.zip (x)]"], "2 files"),
    ],
)
async def test_it_acknowledges_attached_files_and_does_not_quote_them(
    files: list[str], told: str
) -> None:
    parts = [{"type": "input_text", "text": text} for text in ("Look!", *files)]
    message = cast("TResponseInputItem", {"type": "message", "role": "user", "content": parts})

    text = await answer(message)

    assert "You wrote “Look!”" in text
    assert f"You attached {told}, which" in text


async def test_it_does_not_speak_of_files_where_there_are_none() -> None:
    assert "attached" not in await answer(user("Hi"))
