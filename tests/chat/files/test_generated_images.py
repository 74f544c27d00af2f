"""Images that a model makes are files: in the stream, in the database, and for the model."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from agents import ToolOutputImage, function_tool
from chatkit.types import GeneratedImageItem, ImageAttachment
from sqlalchemy import text

from chatkit_backend.chat.files.attached_files import AttachedFiles
from chatkit_backend.chat.files.generated_images import GeneratedImages
from chatkit_backend.chat.files.readable_files import ReadableFiles
from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import NotFound
from chatkit_backend.files.pictures import picture
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.sweep import sweep
from tests.chat.conftest import LocalChat, MakeChat
from tests.chat.files.test_attached_files import BLIND, SEEING, parts_of, photo
from tests.chatting import Event, message, streamed_text, thread_of
from tests.conftest import RESPONSES
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Draws, Text, ToolCalls

pytestmark = pytest.mark.parametrize("flavour", [RESPONSES])  # the one API that draws

IMAGE = photo("blue", (64, 64))
PARTIAL = photo("grey", (64, 64))


class Addresses:
    """Addresses as a browser may be given them."""

    def preview_url(self, context: RequestContext, attachment_id: str) -> str:
        return self.image_url(context, attachment_id)

    def image_url(self, context: RequestContext, attachment_id: str) -> str:
        return f"https://chat.example.com/{context.user.id}/{attachment_id}?signature=1"


@dataclass
class Studio:
    """A chat whose model draws."""

    chat: LocalChat
    files: FileStorage = field(default_factory=lambda: FileStorage.open("memory://"))

    def shows(self, models: tuple[str, ...]) -> Studio:
        """Shows models the files of a turn."""
        readable = ReadableFiles(self.files, 1_000)
        self.chat.server.attached_files = AttachedFiles(readable, models, 1_000, 10_000)
        return self

    async def bytes_of(self, image_id: str, user: str = "ada") -> bytes:
        return b"".join([piece async for piece in self.files.read(user, image_id)])

    async def image_of(self, thread: str) -> GeneratedImageItem:
        items = await self.chat.items(thread)
        return next(item for item in items if isinstance(item, GeneratedImageItem))

    async def everything_stored(self) -> str:
        """Every row of every table that a chat writes to."""
        async with self.chat.store._database.read() as connection:
            rows: list[Any] = []
            for table in ("threads", "items", "attachments"):
                rows += (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
        return repr([tuple(row) for row in rows])  # of a row itself, long values are cut


@pytest.fixture
def studio(make_chat: MakeChat) -> Studio:
    studio = Studio(make_chat())
    chat = studio.chat
    chat.server.images = GeneratedImages(chat.store, studio.files, Addresses())
    return studio


def images_in(events: list[Event], kind: str) -> list[dict[str, Any]]:
    return [
        event["item"]["image"]
        for event in events
        if event["type"] == kind and event["item"]["type"] == "generated_image"
    ]


async def test_a_finished_image_is_a_file_of_its_user(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE))
    thread = thread_of(await studio.chat.say("Draw."))

    item = await studio.image_of(thread)

    assert item.image
    assert item.image.url == f"attachment:{item.image.id}"
    assert await studio.bytes_of(item.image.id) == IMAGE
    attachment = await studio.chat.store.load_attachment(item.image.id, studio.chat.context)
    assert isinstance(attachment, ImageAttachment)
    assert attachment.thread_id == thread
    assert attachment.mime_type == "image/png"
    assert attachment.metadata == {"generated": True, "size": len(IMAGE)}


async def test_it_is_nobody_elses(studio: Studio, provider: ScriptedProvider) -> None:
    provider.script(Draws(IMAGE))
    item = await studio.image_of(thread_of(await studio.chat.say("Draw.")))
    assert item.image

    with pytest.raises(NotFound):
        await studio.bytes_of(item.image.id, "bob")
    with pytest.raises(NotFound):
        await studio.chat.store.load_attachment(item.image.id, RequestContext(user=User(id="bob")))


async def test_the_stream_shows_unfinished_images_and_then_the_address_of_the_file(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE, partial=[PARTIAL, PARTIAL]))
    events = await studio.chat.say("Draw.")

    unfinished = [
        event["update"]["image"]["url"]
        for event in events
        if event.get("update", {}).get("type") == "generated_image.updated"
    ]
    (image,) = images_in(events, "thread.item.done")
    assert len(unfinished) == 2
    assert all(url.startswith("data:image/png;base64,") for url in unfinished)
    assert image["url"] == f"https://chat.example.com/ada/{image['id']}?signature=1"
    assert streamed_text(events) == "There you are."


async def test_no_image_is_ever_stored_as_a_data_url(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE, partial=[PARTIAL]), Draws(IMAGE, partial=[PARTIAL], cut=True))
    thread = thread_of(await studio.chat.say("Draw."))
    broken_off = await studio.chat.say("Again.", thread)

    stored = await studio.everything_stored()

    assert "error" in {event["type"] for event in broken_off}
    assert "attachment:" in stored
    assert "data:" not in stored
    assert "base64" not in stored


async def test_an_unfinished_image_of_an_answer_that_fails_goes(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE, partial=[PARTIAL], cut=True))
    events = await studio.chat.say("Draw.")

    (begun,) = [e["item"]["id"] for e in events if _adds_an_image(e)]
    assert {"type": "thread.item.removed", "item_id": begun} in events
    assert [item.type for item in await studio.chat.items(thread_of(events))] == ["user_message"]
    assert "data:" not in await studio.everything_stored()


async def test_an_unfinished_image_goes_when_the_client_leaves(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE, partial=[PARTIAL], hang=True))
    turn = studio.chat.start("threads.create", input=message("Draw."))
    async for chunk in turn:
        if b"generated_image.updated" in chunk:
            break
    await turn.stop()

    stored = await studio.everything_stored()
    assert "generated_image" not in stored
    assert "data:" not in stored


def _adds_an_image(event: Event) -> bool:
    added: bool = event["type"] == "thread.item.added"
    return added and bool(event["item"]["type"] == "generated_image")


async def test_an_answer_that_is_asked_for_again_leaves_no_image_behind(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE), Draws(PARTIAL))
    thread = thread_of(await studio.chat.say("Draw."))
    first = (await studio.image_of(thread)).image
    question = (await studio.chat.items(thread))[0].id

    await studio.chat.stream("threads.retry_after_item", thread_id=thread, item_id=question)

    second = (await studio.image_of(thread)).image
    assert first
    assert second
    await sweep(studio.chat.store._database, studio.files, datetime.now(UTC) + timedelta(days=1))
    assert await studio.bytes_of(second.id) == PARTIAL
    with pytest.raises(NotFound):
        await studio.bytes_of(first.id)


async def test_two_images_of_a_provider_that_repeats_its_ids_are_two_files(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE), Draws(PARTIAL))
    thread = thread_of(await studio.chat.say("Draw."))
    await studio.chat.say("Another.", thread)

    items = [
        item for item in await studio.chat.items(thread) if isinstance(item, GeneratedImageItem)
    ]

    kept = [await studio.bytes_of(item.image.id) for item in items if item.image]
    assert kept == [IMAGE, PARTIAL]


async def test_a_model_that_sees_gets_its_image_back_as_a_picture(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE))
    thread = thread_of(await studio.shows(SEEING).chat.say("Draw."))
    await studio.chat.say("Nicer.", thread)

    small = picture(IMAGE, 1536)
    assert [
        "The following image was generated by you.",
        (small.media_type, small.content),
    ] in parts_of(provider.requests[-1])


@pytest.mark.parametrize("models", [BLIND, None], ids=["blind", "no files"])
async def test_others_are_told_of_it_in_words(
    studio: Studio, provider: ScriptedProvider, models: tuple[str, ...] | None
) -> None:
    provider.script(Draws(IMAGE))
    if models:
        studio.shows(models)
    thread = thread_of(await studio.chat.say("Draw."))
    await studio.chat.say("Nicer.", thread)

    assert ["[You generated an image here. You cannot see it now.]"] in parts_of(
        provider.requests[-1]
    )


async def test_an_image_whose_file_is_gone_is_told_of_in_words(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE))
    thread = thread_of(await studio.shows(SEEING).chat.say("Draw."))
    item = await studio.image_of(thread)
    assert item.image
    await studio.files.delete("ada", item.image.id)
    await studio.chat.say("Nicer.", thread)

    assert ["[You generated an image here. You cannot see it now.]"] in parts_of(
        provider.requests[-1]
    )


async def test_what_is_no_image_is_removed_and_the_answer_goes_on(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(b"<script>", text="Here."))
    events = await studio.chat.say("Draw.")

    items = await studio.chat.items(thread_of(events))
    assert not [item for item in items if isinstance(item, GeneratedImageItem)]
    assert "thread.item.removed" in {event["type"] for event in events}
    assert streamed_text(events) == "Here."
    assert "thread.item.done" in {event["type"] for event in events}


async def test_without_a_place_for_files_images_are_dropped_not_stored(
    studio: Studio, provider: ScriptedProvider
) -> None:
    studio.chat.server.images = replace(studio.chat.server.images, files=None)
    provider.script(Draws(IMAGE))
    await studio.chat.say("Draw.")

    assert "data:" not in await studio.everything_stored()


async def test_the_same_id_in_the_stream_and_in_the_database(
    studio: Studio, provider: ScriptedProvider
) -> None:
    provider.script(Draws(IMAGE))
    events = await studio.chat.say("Draw.")
    item = await studio.image_of(thread_of(events))

    (image,) = images_in(events, "thread.item.done")
    assert item.image
    assert image["id"] == item.image.id


@function_tool
def plot() -> list[Any]:
    """Plots."""
    url = "data:image/png;base64," + "A" * 4_000
    return [ToolOutputImage(image_url=url)]


async def test_a_picture_that_a_tool_gives_is_not_stored_either(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    studio = Studio(make_chat(tools=[plot]))
    provider.script(ToolCalls([("plot", "{}")]), Text("A line."))
    thread = thread_of(await studio.chat.say("Plot."))

    assert "data:" in json.dumps(provider.requests[-1].body)  # the model has it in this turn
    assert "base64" not in await studio.everything_stored()

    await studio.chat.say("And now?", thread)
    assert "Pictures and files that the tool gave are not kept." in json.dumps(
        provider.requests[-1].body
    )


async def test_the_bytes_are_stored_before_the_database_knows_of_them(
    studio: Studio, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = studio.files.put
    order: list[str] = []

    async def storing(owner_id: str, attachment_id: str, content: AsyncIterator[bytes]) -> int:
        order.append("bytes")
        return await put(owner_id, attachment_id, content)

    save = studio.chat.store.save_attachment

    async def saving(*arguments: Any) -> None:
        order.append("row")
        await save(*arguments)

    monkeypatch.setattr(studio.files, "put", storing)
    monkeypatch.setattr(studio.chat.store, "save_attachment", saving)
    provider.script(Draws(IMAGE))
    await studio.chat.say("Draw.")

    assert order == ["bytes", "row"]
