"""Chunks: slices of the text, none lost, each with the headings that hold for all of it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit_backend.retrieval.splitting import MAX_CHARACTERS, headings, split
from chatkit_backend.store.chunks import NewChunk

LONGEST = MAX_CHARACTERS + 300  # with the headings in front

SENTENCE = "The moon is made of rock, and nobody has found any cheese on it. "

BLOCKS = st.one_of(
    st.builds(
        "{} {}\n".format,
        st.sampled_from(["#", "##", "###", "####"]),
        st.text("ab c", min_size=1, max_size=20),
    ),
    st.builds(lambda n: SENTENCE * n + "\n", st.integers(1, 30)),
    st.builds(lambda n: "```py\n# no heading\n" + "x = 1\n" * n + "```\n", st.integers(0, 300)),
    st.builds(lambda n: "- an item\n" * n, st.integers(1, 100)),
    st.sampled_from(
        ["Title\n=====\n", "> # quoted\n", "---\n", "    # code\n", "<p>\n# x\n</p>\n"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
)
TEXTS = st.lists(BLOCKS, max_size=20).flatmap(
    lambda blocks: st.sampled_from(["\n", "\n\n", "\r\n", ""]).map(lambda end: end.join(blocks))
)


def chunks_of(text: str) -> list[NewChunk]:
    return split(text, headings(text))


@settings(deadline=None, max_examples=200)
@given(text=TEXTS, is_markdown=st.booleans())
def test_every_chunk_is_a_slice_and_only_whitespace_is_lost(text: str, is_markdown: bool) -> None:
    end = 0
    for chunk in split(text, headings(text) if is_markdown else None):
        assert text[chunk.start :].startswith(chunk.text)
        assert not text[end : chunk.start].strip()
        assert chunk.text.strip()
        assert len(chunk.text) <= LONGEST
        end = chunk.start + len(chunk.text)
    assert not text[end:].strip()


@settings(deadline=None, max_examples=200)
@given(text=TEXTS)
def test_the_headings_of_a_chunk_hold_for_all_of_it(text: str) -> None:
    outline = headings(text)
    for chunk in split(text, outline):
        end = chunk.start + len(chunk.text)
        for place in (chunk.start, end - 1):
            above: dict[int, str] = {}
            for heading in outline:
                if heading.start <= place:
                    above = {k: v for k, v in above.items() if k < heading.level}
                    above[heading.level] = heading.title
            path = tuple(title for _, title in sorted(above.items()) if title)
            if place == end - 1:
                # The end of a chunk may lie deeper, never elsewhere.
                assert path[: len(chunk.heading_path)] == chunk.heading_path
            else:
                # Its beginning may be the headings above.
                assert chunk.heading_path[: len(path)] == path


def test_a_heading_as_long_as_a_chapter_is_cut_by_itself() -> None:
    # What stands above a line of `=` is a heading, however long it is.
    first, *_, last = chunks_of(SENTENCE * 20 + "\n=====\n## Cheese\n\nNone.\n")
    assert len(first.heading_path) == 1
    assert (last.text, last.heading_path[1:]) == ("## Cheese\n\nNone.", ("Cheese",))


def test_a_short_document_is_one_chunk() -> None:
    (chunk,) = chunks_of("# Moon\n\nRock.\n\n## Cheese\n\nNone.\n")
    assert chunk.heading_path == ("Moon",)
    assert chunk.text == "# Moon\n\nRock.\n\n## Cheese\n\nNone."


def test_the_parts_of_a_long_document_are_chunks_of_their_own() -> None:
    text = f"# Moon\n\n{SENTENCE * 9}\n\n## Rock\n\n{SENTENCE * 9}\n\n### Dust\n\n{SENTENCE}\n"
    paths = [chunk.heading_path for chunk in chunks_of(text)]
    assert paths == [("Moon",), ("Moon", "Rock")]


def test_a_heading_stays_with_its_text() -> None:
    text = f"# Moon\n\n## Rock\n\n{SENTENCE * 40}"
    first, *others = chunks_of(text)
    assert first.text.startswith("# Moon\n\n## Rock\n\nThe moon is")
    assert {chunk.heading_path for chunk in (first, *others)} == {("Moon", "Rock")}
    assert len(others) >= 2


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# A\n\n```\n# B\n```\n\n## C", ["A", "C"]),
        ("~~~\n# B\n~~~~\n# A", ["A"]),
        ("```\n# never closed", []),
        ("    # code", []),
        ("- # in a list\n\n> # quoted\n\n<div>\n# html\n</div>", []),
        ("<!--\n# comment\n-->\n# A", ["A"]),
        ("A\n===\n\nB\n---", ["A", "B"]),
        ("- item\n---\n", []),
        ("#no space\n\n####### seven", []),
        (
            "# `code` and **bold** [link](http://x) &amp; ![image](y)",
            ["code and bold link & image"],
        ),
        ("## Install {#setup}\n", ["Install"]),
        ("# A ##\r\n\r\ntext\r\n# B\r\n", ["A", "B"]),
        ("#", [""]),
    ],
)
def test_headings_are_those_of_markdown(text: str, titles: list[str]) -> None:
    assert [heading.title for heading in headings(text)] == titles


def test_plain_text_has_no_headings() -> None:
    (chunk,) = split("# a comment\nx = 1", None)
    assert chunk.heading_path == ()


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "word " * 200_000, "# A\n" * 50_000, "- a\n" * 100_000, "[" * 200_000],
    ids=["one word", "one paragraph", "headings", "a list", "brackets"],
)
def test_a_strange_megabyte_takes_seconds(text: str) -> None:
    began = time.process_time()
    assert chunks_of(text)
    assert time.process_time() - began < 10
