"""Which brackets are markers, however the text is cut into pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_backend.chat.documents.markers import Marker, MarkerScanner

FRAGMENTS = [
    *("[1]", "[2]", "[1, 3]", "[1,2]", "【2】", "[9]", "[12345]", "[^1]", "[1]:", "[1](", "[[1]]"),
    *("[", "]", "(", ")", ":", ",", "\\", "【", "】", "1", "12", "1.", "1. ", "- ", "-", "> "),
    *("`", "``", "```", "````", "~~~", "~~", "\n", "\n\n", "\r\n", " ", "  ", "    ", "\t"),
    *("word", "[text]", "https://example.com", "é", "漢字", "🙂", "\u2028"),
]
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)


def scanned(pieces: Iterable[str]) -> list[str | Marker]:
    """The result for a text in these pieces, with neighbouring words joined."""
    scanner = MarkerScanner()
    found: list[str | Marker] = []
    for each in [*(part for piece in pieces for part in scanner.feed(piece)), *scanner.end()]:
        if found and isinstance(each, str) and isinstance(found[-1], str):
            found[-1] += each
        else:
            found.append(each)
    return found


def shown(text: str) -> str:
    """The text with its markers as `<1>`; the same in one piece and in single characters."""
    whole = scanned([text])
    assert scanned(text) == whole
    return "".join(
        f"<{','.join(map(str, part.numbers))}>" if isinstance(part, Marker) else part
        for part in whole
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a[2]b", "a<2>b"),
        ("a[1, 3]b", "a<1,3>b"),
        ("a[1,3]b", "a<1,3>b"),
        ("a[1][2]b", "a<1><2>b"),
        ("a【2】b", "a<2>b"),
        ("a【1, 3】【2】", "a<1,3><2>"),
        ("[2] at the start and at the end [3]", "<2> at the start and at the end<3>"),
        ("a[9999]", "a<9999>"),
        ("a[1,2,3,4,5,6,7,8,9,10]", "a<1,2,3,4,5,6,7,8,9,10>"),
        ("a[1]: b", "a<1>: b"),
        ("-> [1]: b", "-><1>: b"),
        ("12[1]: b", "12<1>: b"),
        ("a【1】(b)", "a<1>(b)"),
        ("a[1] (b)", "a<1> (b)"),
        ("**a**[1]", "**a**<1>"),
    ],
)
def test_a_marker_is_found(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("a[12345]b", "a[1,2,3,4,5,6,7,8,9,10,11]b", "a[]b", "a[1-3]b", "a[ 1 ]b", "a[x]b"),
        *(
            "a[1】b",
            "a【1]b",
            "a[1;2]b",
            "a[1,]b",
            "a[,1]b",
            "a[-1]b",
            "a[\u0661]b",
            "a【2†source】b",
        ),
        *("a[1", "a[1,", "a[", "a【", "a[1, 2", "a [1  "),
    ],
)
def test_what_only_resembles_a_marker_stays_text(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a [1](https://example.com) b",
        "a [1](address[2]) b",
        "a [docs](https://example.com/?filter[1]=a) b",
        "a [[1]](https://example.com) b",
        "a [text][1] b",
        r"a \[1\] b",
        r"a \[1] b",
        "[1]: https://example.com",
        "a\n  [1]: https://example.com",
        "> [1]: https://example.com",
        "- [1]: https://example.com",
        "a [^1] b\n\n[^1]: note",
    ],
)
def test_links_escapes_definitions_and_footnotes_stay_text(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[text](address)[1]", "[text](address)<1>"),
        ("[text](address [1]", "[text](address<1>"),
        ("[text] [1]", "[text]<1>"),
        ("[text]. [1]", "[text].<1>"),
        ("[text]【1】", "[text]<1>"),
        ("text][1]", "text]<1>"),
        ("[text] text][1]", "[text] text]<1>"),
        ("[text]\n-[1]", "[text]\n-<1>"),
        ("[text]`a`[1]", "[text]`a`<1>"),
        ("[ [1]]", "[<1>]"),
        ("[text\n\n][1]", "[text\n\n]<1>"),
        ("[see [1]]", "[see<1>]"),
        (r"a \\[1]", r"a \\<1>"),
        (r"a \`[1] `[1]`", r"a \`<1> `[1]`"),
        (r"\[text\][1]", r"\[text\]<1>"),
    ],
)
def test_a_marker_beside_a_link_or_an_escape_is_found(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text [1].", "text<1>."),
        ("text \t [1] [2].", "text<1><2>."),
        ("text 【1】.", "text<1>."),
        ("text \n[1]", "text \n<1>"),
        ("text\n  [1] a", "text\n  <1> a"),
        ("- [1] a\n1. [2] b\n> [3] c", "- <1> a\n1. <2> b\n> <3> c"),
        ("two  spaces  ", "two  spaces  "),
        ("two  [x]", "two  [x]"),
    ],
)
def test_spaces_go_with_the_marker_that_they_precede(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`a[1]` [2]", "`a[1]`<2>"),
        ("``a ` [1]`` [2]", "``a ` [1]``<2>"),
        ("`a `` [1]` [2]", "`a `` [1]`<2>"),
        (r"`a\` [2]", r"`a\`<2>"),
        ("`a\nb [1]` [2]", "`a\nb [1]`<2>"),
        ("`a [1]\n\nb [2]", "`a [1]\n\nb<2>"),
        ("> `a [1]\n>\n> b [2]", "> `a [1]\n>\n> b<2>"),
        ("- `a [1]\n- b [2]", "- `a [1]\n- b<2>"),
        ("```a[1]``` [2]", "```a[1]```<2>"),
    ],
)
def test_markers_in_inline_code_stay_text(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```\na[1]\n```\n[2]", "```\na[1]\n```\n<2>"),
        ("```python\na[1]\n\nb[1]\n```\n[2]", "```python\na[1]\n\nb[1]\n```\n<2>"),
        ("~~~ [1] `\na[1]\n~~~\n[2]", "~~~ [1] `\na[1]\n~~~\n<2>"),
        ("~~~\n```\n[1]\n~~~\n[2]", "~~~\n```\n[1]\n~~~\n<2>"),
        ("````\n```\n[1]\n`````\n[2]", "````\n```\n[1]\n`````\n<2>"),
        ("```\n[1]\n``` [1]\n[1]\n```  \n[2]", "```\n[1]\n``` [1]\n[1]\n```  \n<2>"),
        ("```\n    ```\n[1]\n```\n[2]", "```\n    ```\n[1]\n```\n<2>"),
        ("```\n``` a\n[1]\n```\n[2]", "```\n``` a\n[1]\n```\n<2>"),
        ("  ```\n\n     ```\n[2]", "  ```\n\n     ```\n<2>"),
        ("12. ```\n       ```\n[2]", "12. ```\n       ```\n<2>"),
        ("a `b\n```\nc\n```\nd[2]", "a `b\n```\nc\n```\nd<2>"),
        ("```\n- ```\n[1]\n```\n[2]", "```\n- ```\n[1]\n```\n<2>"),
        ("  ```\n  [1]\n  ```\n[2]", "  ```\n  [1]\n  ```\n<2>"),
        ("- ```\n  [1]\n  ```\n  [2]", "- ```\n  [1]\n  ```\n  <2>"),
        ("12. ```\n    [1]\n    ```\n[2]", "12. ```\n    [1]\n    ```\n<2>"),
        ("> ```\n> [1]\n> ```\n> [2]", "> ```\n> [1]\n> ```\n> <2>"),
        ("> ```\n> [1]\n\n[2]", "> ```\n> [1]\n\n<2>"),
        ("```\n> ```\n[1]\n```\n[2]", "```\n> ```\n[1]\n```\n<2>"),
        ("a `b\n```\n[1]\n\n[1]\n```\n[2]", "a `b\n```\n[1]\n\n[1]\n```\n<2>"),
        ("```\r\n[1]\r\n```\r\n[2]", "```\r\n[1]\r\n```\r\n<2>"),
        ("~~a~~ [2]", "~~a~~<2>"),
        ("a ~~~ [2]", "a ~~~<2>"),
    ],
)
def test_markers_in_fenced_code_stay_text(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    a[1]\n", "    a[1]\n"),
        ("\ta[1]", "\ta[1]"),
        (
            "a\n\n    b[1]\n    c[1]\n\n    d[1]\ne[2]",
            "a\n\n    b[1]\n    c[1]\n\n    d[1]\ne<2>",
        ),
        ("a\n\n    - b[1]\n    c[1]\nd[2]", "a\n\n    - b[1]\n    c[1]\nd<2>"),
        ("a\n    b[2]", "a\n    b<2>"),
        ("- a\n\n    b[2]", "- a\n\n    b<2>"),
        ("1) a\n\n    b[2]", "1) a\n\n    b<2>"),
        ("- a\n\nb\n\n    c[1]", "- a\n\nb\n\n    c[1]"),
        ("a\n\n   b[2]", "a\n\n   b<2>"),
        ("1984 a\n\n    b[1]", "1984 a\n\n    b[1]"),
        ("```\n- a\n```\n    b[1]", "```\n- a\n```\n    b[1]"),
        ("-     a[2]", "-     a<2>"),
        (">     a[2]", ">     a<2>"),
        ("- a\nb\n\n    c[2]", "- a\nb\n\n    c<2>"),
        ("- a\n\n  b\n\n    c[2]", "- a\n\n  b\n\n    c<2>"),
        ("```\na\n```\n    b[1]", "```\na\n```\n    b[1]"),
    ],
)
def test_markers_in_indented_code_stay_text(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_a_marker_keeps_its_characters() -> None:
    assert scanned(["a  [1,", " 3]."]) == ["a", Marker((1, 3), "  [1, 3]"), "."]


def test_a_marker_with_an_unknown_fate_is_held_until_the_next_character() -> None:
    scanner = MarkerScanner()
    assert scanner.feed("a [1]") == ["a"]
    assert scanner.feed("(") == [" [1]("]


def test_a_marker_that_can_be_no_link_is_not_held() -> None:
    assert MarkerScanner().feed("a【1】") == ["a", Marker((1,), "【1】")]


def test_plain_words_pass_as_they_are() -> None:
    scanner = MarkerScanner()
    scanner.feed("Some")
    word = " more words, (and) so: on"
    assert scanner.feed(word)[0] is word


@given(texts, st.data())
def test_the_cuts_make_no_difference(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert scanned(pieces) == scanned([text]) == scanned(text)


@given(texts)
def test_no_character_is_lost(text: str) -> None:
    parts = scanned(text)
    assert "".join(part.text if isinstance(part, Marker) else part for part in parts) == text


@given(texts)
def test_only_what_may_become_a_marker_is_held_back(text: str) -> None:
    scanner = MarkerScanner()
    passed = 0
    for count, char in enumerate(text, 1):
        for part in scanner.feed(char):
            passed += len(part.text if isinstance(part, Marker) else part)
        assert re.fullmatch(r"[ \t]*([\[【][0-9, ]*\]?)?", text[passed:count])


@pytest.mark.parametrize("unit", [" ", "[", "`", "[1", "[1,", "> ", "](", "\\", "`a\n", "[a]("])
def test_a_hostile_text_takes_no_longer_than_its_length_explains(unit: str) -> None:
    # Quadratic work would take minutes.
    text = unit * (200_000 // len(unit))
    assert sum(len(part) for part in scanned([text]) if isinstance(part, str)) == len(text)
