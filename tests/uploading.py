"""Uploads for tests: over real HTTP, and what is left behind of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image

from tests.chatting import Chat

ATTACHMENTS = "/api/chatkit/attachments"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def picture_of(kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    """A red picture."""
    written = io.BytesIO()
    Image.new("RGB", size, "red").save(written, kind, **options)
    return written.getvalue()


async def announce(
    chat: Chat, content: bytes, name: str = "a.txt", mime_type: str = "text/plain"
) -> dict[str, Any]:
    """The attachment that `attachments.create` answers with."""
    return await chat.ask("attachments.create", name=name, size=len(content), mime_type=mime_type)


async def put(attachment: dict[str, Any], content: Any, **options: Any) -> httpx2.Response:
    """What the upload address answers, without any credentials."""
    descriptor = attachment["upload_descriptor"]
    async with httpx2.AsyncClient(timeout=20) as http:
        return await http.request(
            descriptor["method"],
            descriptor["url"],
            content=content,
            headers=descriptor["headers"] | options.pop("headers", {}),
            **options,
        )


async def uploaded(
    chat: Chat, content: bytes, name: str = "a.txt", mime_type: str = "text/plain"
) -> dict[str, Any]:
    """An attachment whose bytes are there, in two phases."""
    attachment = await announce(chat, content, name, mime_type)
    response = await put(attachment, content)
    assert response.status_code == 204, response.text
    return attachment


async def send(
    chat: Chat, content: bytes, name: str = "a.txt", mime_type: str = "text/plain"
) -> httpx2.Response:
    """What a form with a file is answered with."""
    return await chat.http.post(ATTACHMENTS, files={"file": (name, content, mime_type)})


def files_in(folder: Path) -> list[Path]:
    """Every file of the storage, unfinished ones too."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "database"]
