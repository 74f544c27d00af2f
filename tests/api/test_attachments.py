"""Files come in, in two phases or at once, and go out: to be saved, or as small pictures."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
import pytest
from PIL import Image

from chatkit_backend.auth.signed_addresses import SignedAddresses
from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from tests.chatting import Chat, Event, message, thread_of
from tests.conftest import Serve
from tests.uploading import (
    ATTACHMENTS,
    HTML,
    PDF,
    SVG,
    announce,
    files_in,
    picture_of,
    put,
    send,
    uploaded,
)

KEY = "a key of thirty-two characters or more"
TEXT = "Grüße".encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chatkit-files"


@pytest.fixture
async def chat(serve: Serve) -> AsyncIterator[Chat]:
    async with Chat(serve(secret_key=KEY, upload_max_bytes=100_000).url, user="ada") as client:
        yield client


def address(chat: Chat, purpose: str, attachment_id: str, owner: str = "ada") -> str:
    """A signed address of a file, as the server makes it."""
    context = RequestContext(User(owner), server_url=chat.url)
    url: str = getattr(SignedAddresses(KEY.encode()), f"{purpose}_url")(context, attachment_id)
    return url


async def got(url: str) -> httpx2.Response:
    """What anybody gets there."""
    async with httpx2.AsyncClient(timeout=20) as http:
        return await http.get(url)


async def download(chat: Chat, attachment: dict[str, Any]) -> httpx2.Response:
    """What its owner gets."""
    return await chat.http.get(f"{ATTACHMENTS}/{attachment['id']}")


def attached(events: list[Event]) -> list[dict[str, Any]]:
    items = [event["item"] for event in events if event["type"] == "thread.item.done"]
    attachments: list[dict[str, Any]] = next(
        item["attachments"] for item in items if item["type"] == "user_message"
    )
    return attachments


# In two phases


async def test_a_file_is_announced_uploaded_sent_and_downloaded(chat: Chat, folder: Path) -> None:
    attachment = await announce(chat, TEXT, "Grüße.txt")
    assert attachment["type"] == "file"
    assert attachment["id"].startswith("atc_")
    assert len(attachment["id"]) == 36
    assert "metadata" not in attachment
    descriptor = attachment["upload_descriptor"]
    assert descriptor["method"] == "PUT"
    assert descriptor["url"].startswith(f"{chat.url}{ATTACHMENTS}/{attachment['id']}?")
    assert files_in(folder) == []
    response = await put(attachment, TEXT)
    assert (response.status_code, response.content) == (204, b"")
    (sent,) = attached(await chat.say("Look", attachments=[attachment["id"]]))
    assert sent["id"] == attachment["id"]
    assert "upload_descriptor" not in sent
    assert len(files_in(folder)) == 1
    downloaded = await download(chat, attachment)
    assert (downloaded.status_code, downloaded.content) == (200, TEXT)


async def test_a_message_waits_for_the_bytes_of_its_files(chat: Chat) -> None:
    there, not_there = await uploaded(chat, TEXT), await announce(chat, TEXT)
    named = message("Look", attachments=[there["id"], not_there["id"]])
    early = await chat.post("threads.create", input=named)
    assert early.status_code == 409
    assert early.json()["error"]["field"] == "params.input.attachments"
    assert not_there["id"] in early.json()["error"]["message"]
    assert (await chat.ask("threads.list"))["data"] == []
    assert (await put(not_there, TEXT)).status_code == 204
    assert len(attached(await chat.stream("threads.create", input=named))) == 2


async def test_what_is_there_is_not_replaced(chat: Chat) -> None:
    attachment = await uploaded(chat, TEXT)
    again = await put(attachment, TEXT[::-1])
    assert again.status_code == 409
    assert (await download(chat, attachment)).content == TEXT


NOT_TAKEN: list[tuple[dict[str, Any], int, str]] = [
    ({"size": 0}, 400, "params.size"),
    ({"size": -1}, 400, "params.size"),
    ({"size": 100_001}, 413, "params.size"),
    ({"mime_type": "application/zip", "name": "a.zip"}, 415, "params.mime_type"),
    ({"mime_type": "image/svg+xml", "name": "a.svg"}, 415, "params.mime_type"),
    ({"mime_type": "nonsense"}, 400, "params.mime_type"),
    ({"mime_type": "text/"}, 400, "params.mime_type"),
    ({"mime_type": "", "name": "noidea"}, 415, "params.mime_type"),
    ({"mime_type": "", "name": "a.exe"}, 415, "params.mime_type"),
]


async def test_what_cannot_be_taken_is_refused_when_it_is_announced(
    chat: Chat,
) -> None:
    for changes, status, field in NOT_TAKEN:
        announced = {"name": "a.txt", "size": 5, "mime_type": "text/plain"} | changes
        response = await chat.post("attachments.create", **announced)
        assert (response.status_code, response.json()["error"]["field"]) == (status, field), changes


NAMED = [
    ("notes.md", "", "text/markdown"),
    ("notes.md", "application/octet-stream", "text/markdown"),
    ("data.CSV", "", "text/csv"),
    ("notes", "Text/Plain; charset=utf-8", "text/plain"),
    # As browsers say it on machines with Excel, with a player of films, with neither.
    ("sales.csv", "application/vnd.ms-excel", "text/csv"),
    ("app.ts", "video/mp2t", "text/plain"),
    ("app.js", "", "text/javascript"),
    ("main.rs", "", "text/plain"),
    ("main.go", "application/octet-stream", "text/plain"),
    ("rows.jsonl", "", "text/plain"),
    ("setup.ini", "", "text/plain"),
    ("pyproject.toml", "", "text/plain"),
    ("compose.yaml", "application/x-yaml", "text/plain"),
    ("build.sh", "application/x-sh", "text/plain"),
    ("schema.sql", "", "text/plain"),
    ("photo", "image/jpg", "image/jpeg"),
    ("report", "application/x-pdf", "application/pdf"),
]


async def test_the_name_tells_the_type_where_the_browser_does_not(
    chat: Chat,
) -> None:
    for name, mime_type, kind in NAMED:
        assert (await announce(chat, TEXT, name, mime_type))["mime_type"] == kind


async def test_what_a_name_tells_must_fit_the_bytes(chat: Chat) -> None:
    excel = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    announced = await announce(chat, excel, "sales.csv", "application/vnd.ms-excel")
    response = await put(announced, excel)
    assert (response.status_code, response.json()["error"]["field"]) == (415, "mime_type")


@pytest.mark.parametrize(
    ("sent", "status"),
    [(TEXT[:-1], 400), (b"", 400), (TEXT + b"!", 413)],
    ids=["short", "empty", "long"],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_another_length_than_announced_is_refused_and_leaves_nothing(
    chat: Chat, folder: Path, sent: bytes, status: int, chunked: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield sent

    attachment = await announce(chat, TEXT)
    response = await put(attachment, pieces() if chunked else sent)
    assert response.status_code == status
    assert files_in(folder) == []
    assert (await put(attachment, TEXT)).status_code == 204


OF_ANOTHER_TYPE = [
    ("image/png", PDF),
    ("image/png", SVG),
    ("image/jpeg", picture_of("PNG")),
    ("application/pdf", HTML),
    ("text/plain", picture_of("PNG")),
    ("text/plain", b"a" * 50_000 + b"\xff"),
]


async def test_bytes_of_another_type_are_refused_and_leave_nothing(
    chat: Chat, folder: Path
) -> None:
    for mime_type, content in OF_ANOTHER_TYPE:
        attachment = await announce(chat, content, mime_type=mime_type)
        response = await put(attachment, content)
        assert response.status_code == 415
        assert response.json()["error"]["code"] == "unsupported_type"
        direct = await send(chat, content, mime_type=mime_type)
        assert direct.status_code == 415
        assert files_in(folder) == []


async def test_an_upload_needs_its_own_address_and_nothing_else(chat: Chat, folder: Path) -> None:
    attachment = await announce(chat, TEXT)
    name = attachment["id"]
    for url in (
        f"{chat.url}{ATTACHMENTS}/{name}",
        f"{chat.url}{ATTACHMENTS}/{name}?userId=ada",
        attachment["upload_descriptor"]["url"].replace(name, "atc_other"),
        address(chat, "image", name).replace("/preview", ""),
        address(chat, "preview", name).replace("/preview", ""),
    ):
        async with httpx2.AsyncClient() as http:
            assert (await http.put(url, content=TEXT)).status_code == 403
    another = SignedAddresses(KEY.encode(), now=lambda: 1_000_000_000.0)
    ended = another.upload_url(RequestContext(User("ada"), server_url=chat.url), name)
    async with httpx2.AsyncClient() as http:
        response = await http.put(ended, content=TEXT)
        assert (response.status_code, "has ended" in response.text) == (403, True)
        # Signed for bob, who has no such attachment.
        bobs = address(chat, "upload", name, owner="bob")
        assert (await http.put(bobs, content=TEXT)).status_code == 404
    assert files_in(folder) == []


async def test_the_address_is_the_one_at_which_browsers_reach_the_server(serve: Serve) -> None:
    served = serve(public_url="https://chat.example/behind/")
    async with Chat(served.url) as chat:
        attachment = await announce(chat, TEXT)
    url = attachment["upload_descriptor"]["url"]
    assert url.startswith("https://chat.example/behind/api/chatkit/attachments/atc_")


async def test_a_host_that_is_none_gives_no_address(serve: Serve) -> None:
    served = serve(auth=("bearer",), jwt_secret=KEY, jwt_algorithms=("HS256",))
    token = jwt.encode({"sub": "ada", "exp": time.time() + 60}, KEY, "HS256")
    async with Chat(served.url, headers={"Authorization": f"Bearer {token}"}) as chat:
        body = chat.body("attachments.create", {"name": "a", "size": 1, "mime_type": "text/plain"})
        none = {"Host": "1.2.3.4.5"}
        response = await chat.http.post("/api/chatkit", json=body, headers=none)
        assert response.status_code == 400
        assert "CHATKIT_PUBLIC_URL" in response.text
        for host in ("a b", "evil/path", "x@y", "a:99999", '"', "a_b:80", "[::1]:8000"):
            response = await chat.http.post("/api/chatkit", json=body, headers={"Host": host})
            address = urlsplit(response.json()["upload_descriptor"]["url"])
            assert address.hostname in {"127.0.0.1", "a_b", "::1"}, host
            assert address.path.startswith(ATTACHMENTS)


# At once


async def test_a_form_brings_a_file_at_once(chat: Chat) -> None:
    response = await send(chat, TEXT, "C:\\secret\\Grüße.txt")
    assert response.status_code == 200
    attachment = response.json()
    assert attachment["name"] == "Grüße.txt"
    assert attachment.keys() == {"id", "name", "mime_type", "type"}
    assert len(attached(await chat.say("Look", attachments=[attachment["id"]]))) == 1
    downloaded = await download(chat, attachment)
    assert downloaded.content == TEXT


@pytest.mark.parametrize("size", [99_999, 100_000])
async def test_a_form_brings_a_file_as_large_as_allowed(chat: Chat, size: int) -> None:
    attachment = (await send(chat, b"a\r\n-" * (size // 4) + b"x" * (size % 4))).json()
    response = await download(chat, attachment)
    assert len(response.content) == size


async def test_a_form_with_a_larger_file_is_refused_and_leaves_nothing(
    chat: Chat, folder: Path
) -> None:
    response = await send(chat, b"a" * 100_001)
    assert response.status_code == 413
    assert files_in(folder) == []


FORM = {"Content-Type": "multipart/form-data; boundary=xx"}
PART = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc'


NO_FORMS: list[tuple[bytes, dict[str, str]]] = [
    (b"{}", {"Content-Type": "application/json"}),
    (b"", {}),
    (b"", FORM),
    (b"nonsense", FORM),
    (b"--xx--\r\n", FORM),
    (b"--xx\r\n\r\nabc\r\n--xx--\r\n", FORM),
    (PART.replace(b'name="file"', b'name="other"') + b"\r\n--xx--\r\n", FORM),
    (PART.replace(b'; filename="a.txt"', b"") + b"\r\n--xx--\r\n", FORM),
    (PART, FORM),
    (PART + b"\r\n--xx", FORM),
    (PART + b"\r\n" + PART + b"\r\n--xx--\r\n", FORM),
    (PART.replace(b"abc", b"") + b"\r\n--xx--\r\n", FORM),
    (b"--xx\r\nA: " + b"b" * 10_000, FORM),
    (PART + b"\r\n--xx--\r\n", {"Content-Type": "multipart/form-data"}),
    (PART, {"Content-Type": "multipart/form-data; boundary=" + "x" * 300}),
]


async def test_what_is_no_form_with_one_file_is_refused_and_leaves_nothing(
    chat: Chat, folder: Path
) -> None:
    for body, headers in NO_FORMS:
        response = await chat.http.post(ATTACHMENTS, content=body, headers=headers)
        assert response.status_code == 400, (body, response.text)
        assert files_in(folder) == []


async def test_fields_beside_the_file_are_left_out_as_long_as_they_are_small(
    chat: Chat, folder: Path
) -> None:
    for size, status in ((1_000, 200), (70_000, 413)):
        for first in (True, False):
            small, file = ("note", (None, b"x" * size)), ("file", ("a.txt", TEXT, "text/plain"))
            parts: Any = [small, file] if first else [file, small]
            response = await chat.http.post(ATTACHMENTS, files=parts)
            assert response.status_code == status
    assert len(files_in(folder)) == 2


async def test_whoever_is_not_signed_in_uploads_nothing(serve: Serve, folder: Path) -> None:
    async with Chat(serve(auth=("session",)).url) as chat:
        assert (await send(chat, TEXT)).status_code == 401
    assert files_in(folder) == []


@pytest.mark.parametrize(
    ("configuration", "status"),
    [({"enabled": False}, 403), ({"enabled": True, "max_file_size": 1}, 413)],
)
async def test_a_session_limits_uploads_in_every_way(
    serve: Serve, folder: Path, configuration: dict[str, Any], status: int
) -> None:
    served = serve(auth=("session",), upload_max_bytes=5_000_000)
    database = await Database.open(f"sqlite:///{folder.parent / 'chat.db'}")
    _, key = await ApiKeyStore(database).create("the team")
    await database.close()
    body = {
        "user": "ada",
        "workflow": {"id": "wf_1"},
        "chatkit_configuration": {"file_upload": configuration},
    }
    async with httpx2.AsyncClient(base_url=served.url) as team:
        headers = {"Authorization": f"Bearer {key}"}
        session = (await team.post("/v1/chatkit/sessions", json=body, headers=headers)).json()
    bearer = {"Authorization": f"Bearer {session['client_secret']}"}
    large = b"a" * 2_000_000
    async with Chat(served.url, headers=bearer) as chat:
        announced = await chat.post(
            "attachments.create", name="a.txt", size=len(large), mime_type="text/plain"
        )
        assert announced.status_code == status
        assert (await send(chat, large)).status_code == status
    assert files_in(folder) == []


# What goes out


NAMES = {
    "a.txt": "a.txt",
    "Grüße.txt": "Gr%C3%BC%C3%9Fe.txt",
    'a"b;c.txt': "a%22b%3Bc.txt",
    "a%22.txt": "a%2522.txt",
    "../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    "a/..": "file",
    "a\r\nSet-Cookie: b": "a%20Set-Cookie%3A%20b",
    "\u202egnp.exe": "gnp.exe",
    "😀": "%F0%9F%98%80",
    "": "file",
    "x" * 300: "x" * 255,
}


async def test_a_download_is_saved_and_never_shown_whatever_its_name_is(chat: Chat) -> None:
    for name, shown in NAMES.items():
        await _download_is_saved(chat, name, shown)


async def _download_is_saved(chat: Chat, name: str, shown: str) -> None:
    attachment = await uploaded(chat, HTML, name, "text/html")
    response = await download(chat, attachment)
    assert response.content == HTML
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["content-length"] == str(len(HTML))
    assert response.headers["cache-control"] == "no-store"
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.endswith(f"; filename*=UTF-8''{shown}")
    assert disposition.count('"') == 2


async def test_a_download_keeps_its_harmless_type(chat: Chat) -> None:
    attachment = await uploaded(chat, PDF, "a.pdf", "application/pdf")
    response = await download(chat, attachment)
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"].startswith("attachment;")


async def test_without_a_signature_the_owner_alone_gets_the_file(chat: Chat) -> None:
    picture = picture_of()
    attachment = await uploaded(chat, picture, "a.png", "image/png")
    path = f"{ATTACHMENTS}/{attachment['id']}"
    mine = await chat.http.get(path)
    assert (mine.content, mine.headers["cache-control"]) == (picture, "no-store")
    assert (await chat.http.get(f"{path}/preview")).status_code == 200
    async with Chat(chat.url, user="bob") as bob:
        for theirs in (path, f"{path}/preview"):
            assert (await bob.http.get(theirs)).status_code == 404
    assert (await got(f"{chat.url}{path}/preview?signature=x&userId=ada")).status_code == 403


async def test_a_preview_is_small_upright_and_without_what_the_camera_wrote(chat: Chat) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "where it was taken"
    photo = picture_of("JPEG", (3_000, 1_500), exif=exif)
    attachment = await uploaded(chat, photo, "a.jpg", "image/jpeg")
    assert attachment["type"] == "image"
    response = await got(attachment["preview_url"])
    shown = Image.open(io.BytesIO(response.content))
    assert (shown.size, dict(shown.getexif())) == ((256, 512), {})
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"].endswith("immutable")
    large = await got(address(chat, "image", attachment["id"]))
    assert Image.open(io.BytesIO(large.content)).size == (1_024, 2_048)


async def test_a_preview_comes_back_with_the_thread_and_works(chat: Chat) -> None:
    attachment = (await send(chat, picture_of(), "a.png", "image/png")).json()
    events = await chat.say("Look", attachments=[attachment["id"]])
    (item, *_) = await chat.items(thread_of(events))
    for shown in (attached(events)[0], item["attachments"][0]):
        assert (await got(shown["preview_url"])).status_code == 200
        changed = shown["preview_url"].replace("/preview?", "?")
        assert (await got(changed)).status_code == 404  # it is for pictures alone


async def test_what_is_no_picture_has_no_preview(chat: Chat) -> None:
    text = await uploaded(chat, TEXT)
    broken = await uploaded(chat, picture_of()[:60], "a.png", "image/png")
    for attachment in (text, broken):
        assert (await got(address(chat, "preview", attachment["id"]))).status_code == 415
    pending = await announce(chat, picture_of(), "a.png", "image/png")
    assert (await got(pending["preview_url"])).status_code == 404


async def test_a_picture_of_a_billion_pixels_has_no_preview(chat: Chat) -> None:
    bomb = bytearray(picture_of("GIF"))
    bomb[6:10] = b"\xff\x7f\xff\x7f"
    attachment = await uploaded(chat, bytes(bomb), "a.gif", "image/gif")
    assert (await got(attachment["preview_url"])).status_code == 415


async def test_what_is_deleted_is_gone(chat: Chat, folder: Path) -> None:
    attachment = await uploaded(chat, picture_of(), "a.png", "image/png")
    url = attachment["preview_url"]
    assert (await chat.ask("attachments.delete", attachment_id=attachment["id"])) == {}
    assert files_in(folder) == []
    assert (await got(url)).status_code == 404
    assert (await put(attachment, picture_of())).status_code == 404
    again = await chat.post("attachments.delete", attachment_id=attachment["id"])
    assert (again.status_code, again.json()["error"]["field"]) == (404, "params.attachment_id")


# Limits


async def test_a_message_has_no_more_files_than_the_settings_allow(serve: Serve) -> None:
    async with Chat(serve(upload_max_files=2).url) as chat:
        ids = [(await send(chat, TEXT)).json()["id"] for _ in range(3)]
        many = await chat.post("threads.create", input=message("Look", attachments=ids))
        assert many.status_code == 400
        assert many.json()["error"]["field"] == "params.input.attachments"
        assert len(attached(await chat.say("Look", attachments=ids[:2]))) == 2


async def test_a_server_without_uploads_takes_none_and_still_gives_out(
    serve: Serve, folder: Path
) -> None:
    async with Chat(serve(secret_key=KEY).url, user="ada") as chat:
        attachment = await announce(chat, TEXT)
        assert (await put(attachment, TEXT)).status_code == 204
        late = await announce(chat, TEXT)
    async with Chat(serve(secret_key=KEY, upload_max_files=0).url, user="ada") as chat:
        created = await chat.post("attachments.create", name="a", size=1, mime_type="text/plain")
        assert created.status_code == 501
        assert (await send(chat, TEXT)).status_code == 501
        moved = urlsplit(late["upload_descriptor"]["url"])
        async with httpx2.AsyncClient() as http:
            url = f"{chat.url}{moved.path}?{moved.query}"
            assert (await http.put(url, content=TEXT)).status_code == 501
        kept = await download(chat, attachment)
        assert kept.content == TEXT
    assert len(files_in(folder)) == 1


async def test_uploads_and_downloads_count_as_requests_of_their_owner(serve: Serve) -> None:
    async with Chat(serve(secret_key=KEY, requests_per_minute=3).url, user="ada") as chat:
        attachment = await announce(chat, TEXT)
        assert (await put(attachment, TEXT)).status_code == 204
        assert (await download(chat, attachment)).status_code == 200
        refused = await download(chat, attachment)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0


async def test_pages_of_allowed_origins_may_upload_and_look(serve: Serve) -> None:
    origin = {"Origin": "https://app.example.com"}
    async with Chat(serve(cors_origins=("https://app.example.com",)).url) as chat:
        attachment = await announce(chat, TEXT)
        asked = origin | {
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type",
        }
        url = attachment["upload_descriptor"]["url"]
        may = await chat.http.options(url, headers=asked)
        assert may.status_code == 200
        assert "PUT" in may.headers["access-control-allow-methods"]
        assert "content-type" in may.headers["access-control-allow-headers"]
        wrong = await put(attachment, TEXT + b"!", headers=origin)
        done = await put(attachment, TEXT, headers=origin)
        for response in (wrong, done):
            allowed = response.headers["access-control-allow-origin"]
            assert allowed == "https://app.example.com"


async def test_replicas_and_restarts_sign_alike_without_a_key_of_the_settings(
    serve: Serve,
) -> None:
    async with Chat(serve().url) as chat, Chat(serve().url) as another:
        attachment = await announce(chat, TEXT)
        attachment["upload_descriptor"]["url"] = attachment["upload_descriptor"]["url"].replace(
            chat.url, another.url
        )
        assert (await put(attachment, TEXT)).status_code == 204
