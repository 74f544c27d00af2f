"""Files of every kind become text with title and address, or say why they cannot."""

from __future__ import annotations

import pytest

from chatkit_backend.errors import UnreadableDocument
from chatkit_backend.retrieval.documents import (
    Document,
    decoded,
    document_of,
    kind_of,
)
from tests.retrieval.papers import docx, pdf


def markdown(text: str, base_url: str | None = None) -> Document:
    return document_of(text, None, "markdown", "guide/moon one.md", base_url)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.md", "markdown"),
        ("A.MARKDOWN", "markdown"),
        ("guide/a.txt", "text"),
        ("a.htm", "html"),
        ("a.b.PDF", "pdf"),
        ("a.docx", "docx"),
        ("a.doc", None),
        ("README", None),
        (".md", None),
    ],
)
def test_the_ending_of_its_name_tells_what_a_file_is(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_may_have_a_byte_order_mark(encoding: str) -> None:
    assert decoded("café 🌙\r\nrock\r".encode(encoding)) == "café 🌙\nrock\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"one\ncaf\xe9", "is not UTF-8 text (byte 0xe9 in line 2); save it as UTF-8"),
        (b"\xef\xbb\xbfcaf\xe9", "is not UTF-8 text (byte 0xe9 in line 1); save it as UTF-8"),
        (b"\xff\xfea", "is not UTF-16 text"),
        (b"\xed\xa0\x80", "is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n", "is no text but a binary file, whatever its name says"),
        (pdf("x"), "is no text but a binary file"),
        (docx(), "is no text but a binary file"),
        (b"text\0more", "is no text but a binary file"),
        ("a\0b".encode("utf-16"), "is no text but a binary file"),
        ("café".encode("utf-16-le"), "is no text but a binary file"),
    ],
)
def test_what_is_not_text_says_so(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        decoded(content)
    assert str(refused.value).startswith(reason)


def test_front_matter_gives_title_and_address_and_is_no_text() -> None:
    read = markdown("---\ntitle: Moon\nurl: https://example.com/moon\n---\n# Rock\n")
    assert (read.title, read.url) == ("Moon", "https://example.com/moon")
    assert [chunk.text for chunk in read.chunks] == ["# Rock"]


@pytest.mark.parametrize(
    ("front_matter", "title"),
    [
        ("title: 2026", "2026"),
        ("title: 2026-11-25", "2026-11-25"),
        ('title: "a\\nb\\0c\\u202E"', "a bc"),
        ("title: [a, b]", "Heading"),
        ("title:", "Heading"),
        ("# only a comment", None),
        ("draft: true", "Heading"),
    ],
)
def test_a_title_is_one_line_of_text(front_matter: str, title: str | None) -> None:
    if title is None:
        assert markdown(f"---\n{front_matter}\n---\ntext").title is not None
    else:
        assert markdown(f"---\n{front_matter}\n---\n## Second\n# Heading\n").title == title


@pytest.mark.parametrize(
    "text", ["---\n\nprose: more\n\n---\n", "---\njust prose\n---\n", "----\na: b\n", "text\n---\n"]
)
def test_horizontal_rules_are_no_front_matter(text: str) -> None:
    (chunk,) = markdown(text).chunks
    assert chunk.text == text.strip()


@pytest.mark.parametrize("broken", ["title: a: b", "title: [", "a: *b", "a: " + "[" * 5_000])
def test_front_matter_that_is_no_yaml_is_told(broken: str) -> None:
    with pytest.raises(UnreadableDocument, match="has front matter that is no YAML"):
        markdown(f"---\n{broken}\n---\ntext")


@pytest.mark.parametrize(
    ("url", "base_url", "expected"),
    [
        (None, None, None),
        (None, "https://x.org/docs", "https://x.org/docs/guide/moon%20one.md"),
        (None, "https://x.org/docs/", "https://x.org/docs/guide/moon%20one.md"),
        ("https://y.org/moon", "https://x.org", "https://y.org/moon"),
        ("/moon/", "https://x.org/docs", "https://x.org/moon/"),
        ("moon", "https://x.org/docs", "https://x.org/docs/moon"),
        ("/moon/", None, None),
        ("javascript:alert(1)", None, None),
        ("javascript:alert(1)", "https://x.org", "https://x.org/guide/moon%20one.md"),
        ("https://[broken", None, None),
        ("file:///etc/passwd", None, None),
    ],
)
def test_an_address_is_of_the_web(
    url: str | None, base_url: str | None, expected: str | None
) -> None:
    front_matter = f"---\nurl: '{url}'\n---\n" if url else ""
    assert markdown(f"{front_matter}text", base_url).url == expected


def test_a_book_in_one_file_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="has 10,000,001 characters of text"):
        markdown("x" * 10_000_001)
