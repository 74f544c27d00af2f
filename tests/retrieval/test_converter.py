"""HTML, PDF and DOCX are converted in another process, which nothing can bring down for good."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chatkit_backend.errors import UnreadableDocument
from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.retrieval.documents import Document, Kind, document_of, text_of
from tests.retrieval.papers import docx, pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def converter() -> AsyncIterator[Converter]:
    """One for all, because importing what it needs takes a second."""
    async with Converter() as converter:
        yield converter


async def document(content: bytes, kind: Kind, converter: Converter) -> Document:
    text, title = await text_of(content, kind, converter)
    return document_of(text, title, kind, f"a.{kind}", None)


async def test_a_word_document_keeps_its_headings(converter: Converter) -> None:
    content = docx(("Heading1", "The moon"), ("Normal", "Rock."), ("Heading2", "Cheese"))
    read = await document(content, "docx", converter)
    assert read.title == "The moon"
    assert [chunk.text for chunk in read.chunks] == ["# The moon\n\nRock.\n\n## Cheese"]


async def test_a_pdf_gives_its_text(converter: Converter) -> None:
    read = await document(pdf("The moon is made of rock.", "Not of cheese."), "pdf", converter)
    assert [chunk.text for chunk in read.chunks] == ["The moon is made of rock.\nNot of cheese."]


async def test_a_web_page_gives_its_text_and_title_without_scripts(converter: Converter) -> None:
    page = (
        "<html><head><title>The moon &amp; us</title><style>p {}</style></head><body>"
        "<h1>Moon</h1><p>It is <b>rock</b>.</p><script>steal()</script></body></html>"
    )
    read = await document(page.encode(), "html", converter)
    assert read.title == "The moon & us"
    assert [chunk.text for chunk in read.chunks] == ["# Moon\n\nIt is **rock**."]


@pytest.mark.parametrize(
    "page",
    [
        "<p>café".encode(),
        b'<meta charset="iso-8859-1"><p>caf\xe9',
        '<meta charset="iso-8859-1"><p>café'.encode(),
        '<meta charset="us-ascii"><p>café'.encode(),
        '<meta charset="utf-16"><p>café'.encode(),
        "<p>café".encode("utf-8-sig"),
        "<p>café".encode("utf-16"),
    ],
)
async def test_a_web_page_may_be_in_utf_8_or_in_any_encoding_that_it_tells(
    page: bytes, converter: Converter
) -> None:
    assert await text_of(page, "html", converter) == ("café", None)


async def test_an_encoding_that_looks_like_ascii_is_the_one_that_the_page_tells(
    converter: Converter,
) -> None:
    page = '<meta charset="iso-2022-jp"><p>日本'.encode("iso-2022-jp")
    assert await text_of(page, "html", converter) == ("日本", None)


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"<p>caf\xe9", "html", "is not UTF-8 text (byte 0xe9 at offset 6)"),
        (b"<meta charset=klingon>\xe9", "html", "names an encoding that nobody knows, 'klingon'"),
        (b"Hello", "pdf", "is no PDF, whatever its name says"),
        (b"%PDF-1.4 rubbish", "pdf", "cannot be read as PDF"),
        (pdf("secret", encrypted=True), "pdf", "is encrypted"),
        (pdf(), "pdf", "has no text in it; a scanned document needs OCR first"),
        (pdf("cut short")[:200], "pdf", "cannot be read as PDF"),
        (b"Hello", "docx", "is no DOCX, whatever its name says"),
        (docx().replace(b"w:body", b"x:body"), "docx", "cannot be read as DOCX"),
        (docx(("Normal", "cut short"))[:500], "docx", "is no DOCX"),
    ],
)
async def test_a_broken_document_says_why(
    content: bytes, kind: Kind, reason: str, converter: Converter
) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        await text_of(content, kind, converter)
    assert str(refused.value).startswith(reason)
    # The next one is converted all the same.
    assert await text_of(b"<p>fine", "html", converter) == ("fine", None)


async def test_a_document_that_unpacks_to_gigabytes_is_refused(converter: Converter) -> None:
    bomb = io.BytesIO()
    deflated = zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED)
    with deflated as parts, parts.open("word/document.xml", "w") as part:
        for _ in range(520):
            part.write(b" " * 2**20)
    with pytest.raises(UnreadableDocument, match="unpacks to 545,259,520 bytes"):
        await text_of(bomb.getvalue(), "docx", converter)


async def test_a_document_that_takes_too_long_is_given_up() -> None:
    page = b"<p>" + b"<b>x</b>" * 200_000
    async with Converter(time_limit=0.3) as converter:
        with pytest.raises(UnreadableDocument, match=r"given up after 0\.3 seconds"):
            await converter.markdown("html", page)
        assert converter._process is None


async def test_a_converter_that_crashes_is_replaced(converter: Converter) -> None:
    await converter.markdown("html", b"<p>one")
    assert converter._process
    os.kill(converter._process.pid, signal.SIGKILL)
    with pytest.raises(UnreadableDocument, match="crash"):
        await converter.markdown("html", b"<p>two" * 100_000)
    assert await converter.markdown("html", b"<p>three") == ("three", None)


async def test_a_document_says_so_where_no_process_can_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Converter() as converter:
        with monkeypatch.context() as patched:
            patched.setattr("sys.executable", "/nowhere/python")
            with pytest.raises(UnreadableDocument, match="no converter can start") as refused:
                await converter.markdown("html", b"<p>x")
        assert refused.value.passing
        assert await converter.markdown("html", b"<p>x") == ("x", None)


async def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next(
    converter: Converter,
) -> None:
    await converter.markdown("html", b"<p>warm")
    task = asyncio.create_task(converter.markdown("html", b"<p>slow" * 20_000))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await converter.markdown("html", b"<p>next") == ("next", None)


async def test_code_in_the_folder_that_is_ingested_is_not_run(
    converter: Converter, tmp_path: Path
) -> None:
    (tmp_path / "bs4.py").write_text("raise SystemExit", encoding="utf-8")  # it is the cwd
    assert await converter.markdown("html", b"<p>safe") == ("safe", None)


async def test_without_the_extra_a_document_says_what_to_install(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UnreadableDocument, match=r"pip install 'chatkit-backend\[documents\]'"):
        await converter.markdown("pdf", pdf("x"))
    assert await text_of(b"text", "markdown", converter) == ("text", None)
