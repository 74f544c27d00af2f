"""What a file is, its bytes say; what it is said to be must fit."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chatkit_backend.errors import UnsupportedType
from chatkit_backend.files.sniffing import TypeCheck, is_text

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = f"{OFFICE}wordprocessingml.document"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def picture_of(kind: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(written, kind)
    return written.getvalue()


def zip_of(*names: str, size: int = 20_000) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * size)
    return written.getvalue()


def check(media_type: str, content: bytes, piece_bytes: int = 5_000) -> None:
    looking = TypeCheck(media_type)
    for start in range(0, len(content), piece_bytes):
        looking.look_at(content[start : start + piece_bytes])
    looking.finish()


PNG = picture_of("PNG")

FITTING = {
    "png": ("image/png", PNG),
    "jpeg": ("image/jpeg", picture_of("JPEG")),
    "jpeg by another name": ("image/jpg", picture_of("JPEG")),
    "gif": ("image/gif", picture_of("GIF")),
    "webp": ("image/webp", picture_of("WEBP")),
    "pdf": ("application/pdf", PDF),
    "docx": (DOCX, zip_of("[Content_Types].xml", "word/document.xml")),
    "docx, the document first": (DOCX, zip_of("word/document.xml")),
    "docx, the document beyond the head": (DOCX, zip_of("_rels/.rels", "docProps/app.xml")),
    "zip": ("application/zip", zip_of("a.txt")),
    "text": ("text/plain", "Grüße, 世界 👋\n".encode()),
    "text with a byte order mark": ("text/csv", "a;ü".encode("utf-8-sig")),
    "UTF-16": ("text/csv", "a;ü;👋".encode("utf-16")),
    "json": ("application/json", b'{"a": 1}'),
    "BM begins bitmaps, too": ("text/plain", b"BMW builds cars"),
    "html as text": ("text/plain", HTML),
    "svg as text": ("text/plain", SVG),
    "svg": ("image/svg+xml", SVG),
    "unknown": ("application/x-ours", b"\x01\x02\x03"),
}
OTHERS = {
    "a pdf as png": ("image/png", PDF),
    "a png as pdf": ("application/pdf", PNG),
    "a jpeg as png": ("image/png", picture_of("JPEG")),
    "html as png": ("image/png", HTML),
    "svg as png": ("image/png", SVG),
    "half a signature": ("image/png", PNG[:3]),
    "a zip as docx": (DOCX, zip_of("a.txt")),
    "xlsx as docx": (DOCX, zip_of("[Content_Types].xml", "_rels/.rels", "xl/a.xml", size=9)),
    "a pdf as docx": (DOCX, PDF),
    "a png as text": ("text/plain", PNG),
    "a png as json": ("application/json", PNG),
    "a program as unknown": ("application/x-ours", b"MZ" + bytes(200)),
    "nulls as text": ("text/plain", b"a\0b"),
    "latin-1 as text": ("text/plain", "Grüße".encode("latin-1")),
    "text, and then none": ("text/plain", b"a" * 20_000 + b"\xff"),
    "a character cut off": ("text/plain", ("a" * 9_000 + "é").encode()[:-1]),
}


@pytest.mark.parametrize("name", FITTING)
@pytest.mark.parametrize("piece_bytes", [1, 5_000])
def test_what_fits_is_taken_however_it_is_cut(name: str, piece_bytes: int) -> None:
    media_type, content = FITTING[name]
    check(media_type, content, piece_bytes)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("piece_bytes", [1, 5_000])
def test_what_does_not_fit_is_refused(name: str, piece_bytes: int) -> None:
    media_type, content = OTHERS[name]
    with pytest.raises(UnsupportedType) as raised:
        check(media_type, content, piece_bytes)
    assert media_type in raised.value.message


def test_the_refusal_says_what_it_is() -> None:
    with pytest.raises(UnsupportedType, match=r"image/png, but is application/pdf"):
        check("image/png", PDF)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.booleans())
def test_all_text_is_text(text: str, utf_16: bool) -> None:
    encoding = "utf-16" if utf_16 else "utf-8"
    check("text/plain", text.encode(encoding), 3)


@given(st.binary(max_size=300), st.sampled_from(["image/png", "text/plain", DOCX, "a/b"]))
def test_any_bytes_are_taken_or_refused(content: bytes, media_type: str) -> None:
    with suppress(UnsupportedType):
        check(media_type, content)


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        ("text/x-anything", True),
        ("application/ld+json", True),
        ("image/svg+xml", True),
        ("application/pdf", False),
        ("image/png", False),
    ],
)
def test_which_types_are_text(media_type: str, text: bool) -> None:
    assert is_text(media_type) is text
