"""What of a passage in Markdown is worth quoting to somebody who asked something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_PASSAGE: Final = 500  # characters of a passage that are quoted; code and tables may be longer
MAX_READ: Final = 5_000  # characters; chunks have fewer, what somebody types as passages may not

_FENCE = re.compile(r"\s*(`{3,}(?=[^`\n]*$)|~{3,})", re.MULTILINE)
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")  # of a heading; or a rule
_NO_TEXT = re.compile(rf" {{0,3}}#{{1,6}}(\s|$)|\s*<!--.*-->\s*$|{_UNDERLINE.pattern}")
# In running text: code, which stays as it is; a link to a file beside the document, which leads
# nowhere from the page of a chat; what would be taken for a number to cite.
_INLINE = re.compile(
    r"(?P<code>(`+)(?!`).*?(?<!`)\2(?!`))"
    r"|(?<!!)\[(?P<linked>[^\[\]]*)\]\((?!https?://|mailto:)[^()\s]*\)"
    r"|\[(?P<cited>[0-9]{1,4}(?:, ?[0-9]{1,4})*)\]",
    re.DOTALL,
)
_WORD = re.compile(r"\w{3,}")
# Control and bidi characters, and halves of surrogate pairs, which cannot be sent.
_INVISIBLE = re.compile(
    r"[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def excerpt_of(text: object, question: str) -> str:
    """What a passage says from the block on that has most of the question's words."""
    if not isinstance(text, str):
        return ""
    blocks = list(_blocks(_INVISIBLE.sub(" ", text[:MAX_READ])))
    if not blocks:
        return ""
    asked = _words(question)
    at = blocks.index(max(blocks, key=lambda block: len(asked & _words(block))))
    if at and blocks[at - 1].endswith(":"):
        at -= 1  # it introduces the block
    kept, rest = _shortened(blocks[at]), blocks[at + 1 :]
    while rest and (kept.endswith(":") or len(kept) + len(rest[0]) <= MAX_PASSAGE):
        kept = f"{kept}\n\n{_shortened(rest.pop(0))}"
    return "\n\n".join([*["…"][:at], kept, *["…"][: len(rest)]])


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}


def _blocks(text: str) -> Iterator[str]:
    """The paragraphs, tables and fenced code of a Markdown text, without its headings."""
    for is_code, lines in _parts(text):
        if is_code:
            yield "\n".join(lines)
        else:
            yield from map(_readable, _paragraphs(lines))


def _parts(text: str) -> Iterator[tuple[bool, list[str]]]:
    """The lines of each fenced code, and those of what is between."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        run = found[1] if found else ""
        closes = bool(fence) and run.startswith(fence) and run == line.strip()
        if run and not fence:
            yield False, lines
            lines, fence = [], run
        lines.append(line)
        if closes:
            yield True, lines
            lines, fence = [], ""
    # A passage may end in the middle of it; what follows the passage is not code.
    yield bool(fence), [*lines, *filter(None, [fence])]


def _paragraphs(lines: list[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip() and not _NO_TEXT.match(line):
            block.append(line)
            continue
        if _UNDERLINE.match(line):
            block = block[:-1]  # what is underlined is a heading, too
        if block:
            yield block
        block = []


def _readable(lines: list[str]) -> str:
    """Running text or a table, fit to be quoted far from its document."""

    def quotable(match: re.Match[str]) -> str:
        if match["cited"]:
            return f"\\[{match['cited']}\\]"
        return match["code"] or match["linked"] or ""

    return _INLINE.sub(quotable, "\n".join(lines))


def _shortened(block: str) -> str:
    """A block of fit length. Code and tables are left whole, because half of one misleads."""
    if len(block) <= MAX_PASSAGE or _FENCE.match(block) or block.lstrip().startswith("|"):
        return block
    return f"{block[:MAX_PASSAGE].rsplit(maxsplit=1)[0]} …"
