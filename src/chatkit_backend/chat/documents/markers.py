"""Finds citation markers such as `[2]` in Markdown, while a model writes it.

What looks like a marker is often something else: a link, a footnote, an index in code. So the
scanner follows as much of Markdown as it takes to tell: code, links and escapes. It knows nothing
of sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = "[0-9]{1,4}"
_NUMBERS = f"(?:{_NUMBER}, ?){{0,9}}{_NUMBER}"
_MARKER = re.compile(rf"([ \t]*)(?:\[({_NUMBERS})\]|【({_NUMBERS})】)")
# Spaces may be followed by a marker, which would take them along.
_START_OF_MARKER = re.compile(rf"[ \t]*(?:[\[【](?:{_NUMBER}, ?){{0,9}}(?:{_NUMBER})?)?")
# Where running text can turn into something else, apart from spaces at its end.
_SIGN = re.compile(r"[\[\]【`\\\n]")
# The same with spaces that matter. They count from their first one on, so that a long row of
# them is looked at once.
_NOTABLE = re.compile(rf"{_SIGN.pattern}|(?<![ \t])[ \t]++(?=[\[【]|\Z)")
_START_OF_LIST_MARKER = re.compile(r"[-*+]|[0-9]{1,9}[.)]?")
_CODE_INDENT = 4
_FENCE_LENGTH = 3
# A paragraph of a list item is indented at least by this much.
_LIST_INDENT = 2


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker, as the model wrote it.

    Attributes:
        numbers: The numbers in it, in order.
        text: Its characters, with the spaces before it.
    """

    numbers: tuple[int, ...]
    text: str


@dataclass(slots=True)
class _LineStart:
    """What stands before a line's first word: indentation, `>` and list markers."""

    indent: int = 0
    quoted: bool = False
    listed: bool = False
    # `-` or `12.`, which is a list marker if a space follows.
    undecided: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.listed and not self.undecided

    def takes(self, char: str) -> bool:
        """Whether `char` still belongs to it."""
        if char in " \t\r":
            return self._takes_space(char)
        if char == ">" and not self.undecided:
            self.quoted = True
            self.indent += 1
            return True
        if _START_OF_LIST_MARKER.fullmatch(self.undecided + char):
            self.undecided += char
            return True
        return False

    def _takes_space(self, char: str) -> bool:
        if self.undecided.isdigit():
            return False
        if self.undecided:
            self.listed = True
            self.indent += len(self.undecided)
            self.undecided = ""
        self.indent += 4 - self.indent % 4 if char == "\t" else 1
        return True


@dataclass(slots=True)
class _Fence:
    """A fenced code block that is open."""

    run: str
    start: _LineStart
    on_first_line: bool = True
    closing: bool = False

    def may_close(self, line: _LineStart, char: str) -> bool:
        return (
            char == self.run[0]
            and not line.listed
            and line.quoted == self.start.quoted
            and line.indent < self.start.indent + _CODE_INDENT
        )


class MarkerScanner:
    """Splits a text that comes in pieces into words and markers.

    Only what may yet become a marker is held back: spaces, and a marker up to the character
    that follows it. How the text is cut into pieces makes no difference to the result.
    """

    def __init__(self) -> None:
        self._held = ""
        # What stands directly before: "\n" nothing but the line's start, "[" or "]" a bracket
        # that is no marker, "\\" an escape, "(" the target of a link, up to here; else "".
        self._before = ""
        self._open_brackets = 0
        self._line: _LineStart | None = _LineStart()
        self._after_blank = True
        self._in_list = False
        self._in_indented_code = False
        self._fence: _Fence | None = None
        # Length of the backticks that the inline code began with.
        self._span = 0
        # Backticks or tildes that may go on, and the line's start if they directly follow it.
        self._run = ""
        self._run_after: _LineStart | None = None
        self._in_plain_text = False

    def feed(self, text: str) -> list[str | Marker]:
        """What is certain now that `text` has come, in order."""
        # Nearly every piece goes this way, so it must cost next to nothing.
        if self._in_plain_text and not _SIGN.search(text) and text[-1:] not in " \t":
            return [text]
        return self._scan(self._held + text, final=False)

    def end(self) -> list[str | Marker]:
        """What was held back, now that nothing follows."""
        return self._scan(self._held, final=True)

    def _scan(self, text: str, *, final: bool) -> list[str | Marker]:
        self._held = ""
        pieces: list[str | Marker] = []
        at = sent = 0
        while at < len(text) and not self._held:
            found = self._read(text, at, final=final)
            if isinstance(found, int):
                at = found
                continue
            if at > sent:
                pieces.append(text[sent:at])
            pieces.append(found)
            at = sent = at + len(found.text)
        if at > sent:
            pieces.append(text[sent:at])
        self._in_plain_text = not (
            self._held or self._before or self._run or self._line or self._is_in_code
        )
        return pieces

    @property
    def _is_in_code(self) -> bool:
        return bool(self._fence or self._in_indented_code or self._span)

    def _read(self, text: str, at: int, *, final: bool) -> int | Marker:
        """Reads on: up to the position that is returned, or the marker that begins here."""
        if self._run:
            return self._read_run(text, at)
        if self._line:
            return self._read_line_start(self._line, text, at)
        if self._is_in_code:
            return self._read_code(text, at)
        return self._read_words(text, at, final=final)

    # Lines

    def _read_line_start(self, line: _LineStart, text: str, at: int) -> int:
        char = text[at]
        if char == "\n":
            self._end_line()
            return at + 1
        if char not in " \t\r" and self._begins_indented_code(line):
            self._line = None
            self._in_indented_code = True
            return at
        if line.takes(char):
            return at + 1
        self._line = None
        return self._begin_content(line, char, at)

    def _begins_indented_code(self, line: _LineStart) -> bool:
        return (
            line.indent >= _CODE_INDENT
            and line.is_blank
            and not (line.quoted or self._in_list or self._fence)
            and (self._after_blank or self._in_indented_code)
        )

    def _begin_content(self, line: _LineStart, char: str, at: int) -> int:
        self._in_indented_code = False
        if self._fence and self._fence.start.quoted and not line.quoted:
            self._fence = None  # it ends with the quotation
        if not self._fence:
            self._follow_list(line)
        if line.undecided:
            return at  # those characters were the first word
        if self._fence.may_close(line, char) if self._fence else char in "`~":
            self._run, self._run_after = char, line
            return at + 1
        self._before = "\n"
        return at

    def _follow_list(self, line: _LineStart) -> None:
        if line.listed:
            self._in_list = True
            self._span = 0  # inline code does not reach into another list item
        elif self._after_blank and line.indent < _LIST_INDENT:
            self._in_list = False

    def _end_line(self) -> None:
        self._after_blank = self._line is not None and self._line.is_blank
        if self._after_blank:
            self._open_brackets = 0
        if self._fence or self._after_blank:
            self._span = 0
        if self._fence:
            self._fence.on_first_line = False
            if self._fence.closing:
                self._fence = None
                self._after_blank = True  # no paragraph is open, as after a blank line
        self._line = _LineStart()
        self._before = ""

    # Code

    def _read_run(self, text: str, at: int) -> int:
        end = at
        while end < len(text) and text[end] == self._run[0]:
            end += 1
        self._run += text[at:end]
        if end < len(text):
            self._end_run()
        return end

    def _end_run(self) -> None:
        run, line = self._run, self._run_after
        self._run, self._run_after = "", None
        if line and self._fence:
            self._fence.closing = len(run) >= len(self._fence.run)
        elif line and len(run) >= _FENCE_LENGTH:
            self._fence = _Fence(run, line)
        elif run[0] == "`":
            self._open_or_close_span(len(run))

    def _open_or_close_span(self, length: int) -> None:
        self._before = ""
        if not self._span:
            self._span = length
        elif self._span == length:
            self._span = 0

    def _read_code(self, text: str, at: int) -> int:
        fence = self._fence
        may_be_inline = fence.run[0] == "`" and fence.on_first_line if fence else self._span
        end = _next_of("`\n" if may_be_inline else "\n", text, at)
        if fence and text[at:end].strip():
            fence.closing = False
        if end == len(text):
            return end
        if text[end] == "\n":
            self._end_line()
            return end + 1
        if fence:  # backticks after it on its line: it is inline code
            self._fence = None
            self._open_or_close_span(len(fence.run))
        self._run = "`"
        return end + 1

    # Words

    def _read_words(self, text: str, at: int, *, final: bool) -> int | Marker:
        char = text[at]
        if self._before == "(":
            return self._read_link_target(text, at)
        if self._before == "\\" and char in "[]`\\":
            self._before = ""
            return at + 1
        if self._before == "]" and char == "(":
            self._before = "("
            return at + 1
        found = _NOTABLE.search(text, at)
        end = found.start() if found else len(text)
        if end > at:
            self._before = ""
            return end
        if char in " \t[【":
            return self._read_marker(text, at, final=final)
        self._read_sign(char)
        return at + 1

    def _read_sign(self, char: str) -> None:
        if char == "\n":
            self._end_line()
        elif char == "`":
            self._run = char
        elif char == "\\":
            self._before = char
        elif self._open_brackets:
            self._open_brackets -= 1
            self._before = "]"
        else:
            self._before = ""

    def _read_link_target(self, text: str, at: int) -> int:
        # An address may hold brackets, as in `?filter[1]=a`.
        end = _next_of(" \t\n)", text, at)
        if end < len(text):
            self._before = ""
        return end

    def _read_marker(self, text: str, at: int, *, final: bool) -> int | Marker:
        is_reference = self._before == "]" and text[at] == "["  # as in `[text][1]`
        found = None if is_reference else _MARKER.match(text, at)
        if found:
            ends_here = found.end() == len(text) and not final
            if ends_here and found[2]:
                self._held = text[at:]
                return at
            return self._classify(found, text[found.end() : found.end() + 1])
        if not is_reference and not final and _START_OF_MARKER.fullmatch(text, at):
            self._held = text[at:]
            return at
        return self._pass_by(text, at)

    def _classify(self, found: re.Match[str], following: str) -> int | Marker:
        before = "" if found[1] else self._before
        is_link = following == "("
        is_definition = following == ":" and before == "\n"
        is_in_brackets = following == "]" and before == "["  # `[[1]](address)` is a link
        if found[2] and (is_link or is_definition or is_in_brackets):
            self._before = "]" if is_link else ""
            return found.end()
        self._before = ""
        numbers = (found[2] or found[3]).split(",")
        return Marker(tuple(int(number) for number in numbers), found[0])

    def _pass_by(self, text: str, at: int) -> int:
        """Passes spaces or a bracket that turned out to belong to no marker."""
        end = at
        while end < len(text) and text[end] in " \t":
            end += 1
        if end > at:
            self._before = ""
            return end
        self._before = ""
        if text[at] == "[":
            self._open_brackets += 1
            self._before = "["
        return at + 1


def _next_of(chars: str, text: str, at: int) -> int:
    """Where the first of `chars` stands; the length of `text` when there is none."""
    return min((end for char in chars if (end := text.find(char, at)) >= 0), default=len(text))
