"""docs/files-to-the-model.md: its tables and limits are the code's, and its code works."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from chatkit.types import Attachment, FileAttachment, ImageAttachment
from pydantic import AnyUrl

from chatkit_backend.app import create_app
from chatkit_backend.chat.converter import HistoryConverter
from chatkit_backend.chat.files import attached_files, readable_files
from chatkit_backend.chat.tokens import PICTURE_TOKENS
from chatkit_backend.context import RequestContext, User
from chatkit_backend.files import pictures
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.models.abilities import Abilities, abilities
from chatkit_backend.models.registry import SETTING
from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore
from tests.chat.files.test_attached_files import parts_of, photo, told
from tests.chatting import Chat, message, streamed_text
from tests.conftest import RESPONSES, SettingsFor
from tests.provider.server import ScriptedProvider
from tests.serving import ServedApp

GUIDE = (Path(__file__).parents[2] / "docs" / "files-to-the-model.md").read_text(encoding="utf-8")
ADA = RequestContext(user=User(id="ada"))


def rows(section: str) -> dict[str, list[str]]:
    """The table of a section, by the first column."""
    text = GUIDE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {first.strip("`"): rest for first, *rest in cells[2:]}


def test_every_provider_is_in_the_table() -> None:
    assert list(rows("Which models see")) == [*SETTING.examples, *SETTING.words]


@pytest.mark.parametrize("provider", ["openai", "gemini", "anthropic"])
def test_providers_that_see_do_so_unless_the_guide_says_otherwise(provider: str) -> None:
    sees, pdf = rows("Which models see")[provider]
    example = abilities([SETTING.examples[provider]])

    assert example == Abilities(sees=sees.startswith("yes"), reads_pdf=pdf != "no")
    for blind in re.findall("`(.+?)`", sees):
        assert abilities([f"{provider}/{blind}"]) == Abilities(), blind


@pytest.mark.parametrize("provider", ["ollama", "openai-compatible"])
def test_the_models_that_the_guide_names_see(provider: str) -> None:
    names = re.findall("`(.+?)`", rows("Which models see")[provider][0])

    assert names
    for name in names:
        named = name if len(name) > 6 else f"some-{name}-7b"
        assert abilities([f"{provider}/{named}"]) == Abilities(sees=True), name


def test_the_limits_are_those_of_the_code() -> None:
    limits = list(rows("How much is sent"))
    assert limits[2] == str(attached_files._MOST_PICTURES)
    assert limits[3] == f"{attached_files._MOST_PDF_BYTES // 10**6} MB"
    assert limits[4] == f"{readable_files._DOCUMENT_SECONDS:g} seconds"
    assert f"{attached_files._SECONDS:g} seconds for all documents" in GUIDE
    assert f"a picture is counted as {PICTURE_TOKENS:,} tokens" in GUIDE.lower()
    assert f"at most {readable_files._LONGEST_SIDE:,} pixels" in GUIDE
    assert f"{readable_files._REMEMBERED_BYTES // 2**20} MB in each process" in GUIDE
    assert f"more than {pictures._MAX_PIXELS // 10**6} megapixels" in GUIDE


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _attach(settings: Any, content: bytes, attachment: Attachment) -> None:
    """Puts a file where an upload would put it."""
    database = await Database.open(settings.database_url.get_secret_value())
    await ThreadStore(database).save_attachment(attachment, ADA)
    await database.close()
    await FileStorage.open(settings.files_url).put("ada", attachment.id, _once(content))


async def test_files_reach_the_model_of_a_served_application(
    settings_for: SettingsFor, provider: ScriptedProvider
) -> None:
    settings = settings_for(model=(RESPONSES,))
    table = FileAttachment(id="atc_1", name="prices.csv", mime_type="text/csv")
    moon = ImageAttachment(
        id="atc_2", name="moon.png", mime_type="image/png", preview_url=AnyUrl("attachment:atc_2")
    )
    with ServedApp(create_app(settings)) as served:
        await _attach(settings, b"item,price\nmoon,12\n", table)
        await _attach(settings, photo(), moon)
        async with Chat(served.url, user="ada") as chat:
            said = message("What does it cost?", attachments=[table.id, moon.id])
            events = await chat.stream("threads.create", input=said)

    _, text, image = parts_of(provider.requests[-1])[-1]
    (shown,) = re.findall(r"```json\n(.*?)\n```", GUIDE)
    assert streamed_text(events)
    assert told(text) == json.loads(shown)
    assert image[0] == "image/png"


async def test_the_converter_of_the_guide_hands_no_pictures_out(
    settings_for: SettingsFor, provider: ScriptedProvider
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own guide
    converter: type[HistoryConverter] = names["WithoutPictures"]
    settings = settings_for(model=(RESPONSES,))
    app = create_app(settings)
    moon = FileAttachment(id="atc_1", name="moon.png", mime_type="image/png")
    with ServedApp(app) as served:
        app.state.services.chat.converter = converter
        await _attach(settings, photo(), moon)
        async with Chat(served.url, user="ada") as chat:
            await chat.stream("threads.create", input=message("Look.", attachments=[moon.id]))

    assert parts_of(provider.requests[-1])[-1] == ["Look.", "[a picture: moon.png]"]
