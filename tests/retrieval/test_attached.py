"""The text in files that users attach."""

from __future__ import annotations

import pytest

from chatkit_backend.errors import UnreadableDocument
from chatkit_backend.retrieval.attached import Kind, kind_of_file, text_of_file

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("media_type", "name", "kind"),
    [
        ("application/pdf", "report.pdf", "pdf"),
        ("text/html; charset=utf-8", "page.html", "html"),
        (DOCX, "letter.docx", "docx"),
        ("text/csv", "numbers.csv", "text"),
        ("application/json", "data.json", "text"),
        ("application/ld+json", "data", "text"),
        ("image/svg+xml", "drawing.svg", "text"),
        ("application/octet-stream", "notes.md", "text"),
        ("application/octet-stream", "report.PDF", "pdf"),
        ("application/zip", "archive.zip", "unknown"),
    ],
)
def test_what_a_file_is_its_type_tells_and_else_its_name(
    media_type: str, name: str, kind: Kind
) -> None:
    assert kind_of_file(media_type, name) == kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"])
async def test_text_is_read_in_the_encodings_that_files_come_in(encoding: str) -> None:
    content = "Grüße,\r\nÆon".encode(encoding)

    assert await text_of_file(content, "text", 5) == "Grüße,\nÆon"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_a_text_that_is_cut_off_in_the_middle_of_a_character_is_read(encoding: str) -> None:
    content = "Grüße 😀".encode(encoding)[:-1]

    assert await text_of_file(content, "text", 5, whole=False) == "Grüße "


async def test_a_file_of_unknown_type_is_read_where_it_is_text() -> None:
    assert await text_of_file(b"key = value", "unknown", 5) == "key = value"


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"PK\x03\x04\x99\xff", b"\xff\xd8\xff\xe0"])
async def test_a_file_of_unknown_type_that_is_no_text_is_not_shown(content: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        await text_of_file(content, "unknown", 5)


async def test_a_text_with_bytes_of_a_program_in_it_is_not_shown() -> None:
    with pytest.raises(UnreadableDocument, match="is no text"):
        await text_of_file(b"\x7fELF\x00\x00\xff", "text", 5)


async def test_html_becomes_markdown() -> None:
    page = b"<h1>Prices</h1><p>Ten <b>dollars</b></p><script>steal()</script>"

    text = await text_of_file(page, "html", 30)

    assert "# Prices" in text
    assert "**dollars**" in text
    assert "steal" not in text


async def test_what_is_no_pdf_is_not_read_as_one() -> None:
    with pytest.raises(UnreadableDocument, match="is no PDF"):
        await text_of_file(b"hello", "pdf", 30)


async def test_of_a_document_the_beginning_alone_is_of_no_use() -> None:
    with pytest.raises(UnreadableDocument, match="too large"):
        await text_of_file(b"%PDF-1.7", "pdf", 5, whole=False)
