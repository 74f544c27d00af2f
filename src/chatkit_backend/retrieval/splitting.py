"""Markdown text -> chunks, each with the headings above it and its place in the text.

A part of the document (a heading with all that is below it) stays whole where it fits. Otherwise
its own text is cut by `semantic-text-splitter`, at paragraphs, lists and sentences, and the parts
below it are looked at in turn. So no chunk mixes two parts, and `heading_path` is right for all of
its text. Every chunk is a slice of the text; only whitespace between chunks is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from chatkit_backend.context import clean_text
from chatkit_backend.store.chunks import NewChunk

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

# About 300 tokens: long enough to answer a question, short enough that several fit a prompt.
TARGET_CHARACTERS: Final = 800
MAX_CHARACTERS: Final = 1_200

# Headings that stay in front of the first piece of their text may make it so much longer.
_MAX_HEADING_CHARACTERS: Final = 300

# The splitter's time grows with the square of a paragraph's length; a PDF can be one paragraph.
_SLAB_CHARACTERS: Final = 20_000

_MAX_TITLE: Final = 200
_LINE_END = re.compile(r"\r\n?|\n")
_MARKED_UP = re.compile(r"[\\`*_\[<&!]")
_ANCHOR = re.compile(r"\s*\{#[^{}]*\}\s*$")  # `## Title {#anchor}`, as Docusaurus and others write


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document.

    Attributes:
        level: 1 for the outermost.
        title: Its words, without markup.
        start: Where it begins in the text, in characters.
        end: Where the text below it begins.
    """

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Section:
    """A heading with the text up to the next heading of any level; level 0 has no heading."""

    level: int
    path: tuple[str, ...]
    start: int
    body: int
    end: int


def headings(text: str) -> list[Heading]:
    """The headings of a Markdown text, in their order.

    Lines in code, lists, quotations and HTML are no headings.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - importing this room stays cheap

    # Blocks only: parsing the words would take most of the time, and few of them are headings.
    blocks = MarkdownIt("commonmark").disable(["inline", "text_join"])
    words = MarkdownIt("commonmark")
    lines = [0, *(match.end() for match in _LINE_END.finditer(text)), len(text)]
    found = []
    for token, content in pairwise(blocks.parse(text)):
        if token.type == "heading_open" and token.level == 0 and token.map:
            first, after = token.map
            title = _plain(words, content.content)
            found.append(Heading(int(token.tag[1:]), title, lines[first], lines[after]))
    return found


def split(text: str, outline: Sequence[Heading] | None) -> list[NewChunk]:
    """Cuts a text into chunks of at most about `MAX_CHARACTERS`.

    Args:
        text: The text, without lone surrogates.
        outline: Its headings; None for plain text, which has no markup to respect.
    """
    pieces = _Pieces(text, is_markdown=outline is not None)
    chunks = []
    for section, start, end in _parts(text, _sections(text, outline or ())):
        chunks += [
            NewChunk(text=text[first:last], heading_path=section.path, start=first)
            for first, last in pieces.of(start, max(section.body, start), end)
        ]
    return chunks


def _plain(words: MarkdownIt, title: str) -> str:
    title = _ANCHOR.sub("", title)
    if _MARKED_UP.search(title):
        children = words.parseInline(title)[0].children or ()
        title = "".join(
            " " if child.type.endswith("break") else child.content for child in children
        )
    return clean_text(title, _MAX_TITLE)


def _sections(text: str, outline: Sequence[Heading]) -> list[_Section]:
    ends = [heading.start for heading in outline] + [len(text)]
    sections = [_Section(0, (), 0, 0, ends[0])] if text[: ends[0]].strip() else []
    above: list[Heading] = []
    for heading, end in zip(outline, ends[1:], strict=True):
        above = [outer for outer in above if outer.level < heading.level] + [heading]
        path = tuple(outer.title for outer in above if outer.title)
        sections.append(_Section(heading.level, path, heading.start, heading.end, end))
    return sections


def _parts(text: str, sections: list[_Section]) -> Iterator[tuple[_Section, int, int]]:
    """The stretches to cut: whole parts of the document, or one section's own text."""
    start = None
    position = 0
    while position < len(sections):
        section = sections[position]
        start = section.start if start is None else start
        after = _end_of_part(sections, position, start)
        if after is not None:
            yield section, start, sections[after - 1].end
            start, position = None, after
            continue
        position += 1
        below = sections[position] if position < len(sections) else None
        is_bare = not text[section.body : section.end].strip()
        if is_bare and below and _stays_above(section, below, start):
            continue  # a heading right above another: both stay in front of the text below
        yield section, start, section.end
        start = None


def _stays_above(section: _Section, below: _Section, start: int) -> bool:
    """Whether the text below is deeper, and the headings above it short enough for its piece."""
    return below.level > section.level and below.body - start <= _MAX_HEADING_CHARACTERS


def _end_of_part(sections: list[_Section], position: int, start: int) -> int | None:
    """The index after a section and all below it; None where they are too long for one chunk."""
    level = sections[position].level
    after = position
    while after < len(sections) and (after == position or sections[after].level > level):
        if sections[after].end - start > MAX_CHARACTERS:
            return None
        after += 1
    return after


class _Pieces:
    """Cuts stretches of one text; the pieces are told as their first and last offset."""

    def __init__(self, text: str, *, is_markdown: bool) -> None:
        from semantic_text_splitter import MarkdownSplitter, TextSplitter  # noqa: PLC0415 - as above

        kind = MarkdownSplitter if is_markdown else TextSplitter
        self._text = text
        self._splitter = kind((TARGET_CHARACTERS, MAX_CHARACTERS))

    def of(self, start: int, body: int, end: int) -> Iterator[tuple[int, int]]:
        """The pieces of a stretch that begins with headings up to `body`."""
        start, end = self._trimmed(start, end)
        if start == end:
            return
        if end - start <= MAX_CHARACTERS:
            yield start, end
            return
        # The splitter would make a piece of the heading alone.
        leads = 0 < body - start <= _MAX_HEADING_CHARACTERS
        for first, last in self._cut(body if leads else start, end):
            yield (start if leads else first), last
            leads = False

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        stretch = self._text[start:end]
        end = start + len(stretch.rstrip())
        return min(end, start + len(stretch) - len(stretch.lstrip())), end

    def _cut(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for first, last in self._slabs(start, end):
            for offset, piece in self._splitter.chunk_indices(self._text[first:last]):
                yield first + offset, first + offset + len(piece)

    def _slabs(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        while end - start > _SLAB_CHARACTERS:
            limit = start + _SLAB_CHARACTERS
            cuts = (
                self._text.rfind(mark, limit - _SLAB_CHARACTERS // 2, limit)
                for mark in ("\n\n", "\n", " ")
            )
            cut = next((cut for cut in cuts if cut > start), limit)
            yield start, cut
            start = cut
        yield start, end
