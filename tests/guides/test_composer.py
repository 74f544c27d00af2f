"""docs/composer.md: its settings, its agent and its page work."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatkit_backend.offers import page_config
from chatkit_backend.settings import Settings, load_settings
from tests.chatting import Chat, message
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls

GUIDE = (Path(__file__).parents[2] / "docs" / "composer.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code of the guide in a language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture
def guides_settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that the guide shows."""
    for block in blocks("sh"):
        name, _, value = block.strip().partition("=")
        monkeypatch.setenv(name, value)
    return load_settings(openai_api_key="test-key")


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The guide's agent, as a module in the folder that the server is started from."""
    [code] = blocks("python")
    (tmp_path / "guide_of_the_composer.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    yield "default=guide_of_the_composer:shop"
    sys.modules.pop("guide_of_the_composer", None)


async def test_the_model_and_the_tool_of_the_guide_can_be_chosen(
    serve: Serve, provider: ScriptedProvider, agent: str, guides_settings: Settings
) -> None:
    served = serve(
        workflows=(agent,),
        models=guides_settings.models,
        composer_tools=guides_settings.composer_tools,
    )
    options = {"model": "openai/gpt-5.4", "tool_choice": {"id": "search_orders"}}
    provider.script(ToolCalls([("search_orders", '{"words": "lamp"}')]), Text("It was sent."))
    async with Chat(served.url) as chat:
        events = await chat.say("Where is my lamp?", inference_options=options)
        refused = await chat.post(
            "threads.create", input=message("Hello", inference_options={"model": "openai/other"})
        )
    assert events[-1]["item"]["content"][0]["text"] == "It was sent."
    assert [request.body["model"] for request in provider.requests] == ["gpt-5.4"] * 2
    assert provider.requests[0].body["tool_choice"]["name"] == "search_orders"
    assert "tool_choice" not in provider.requests[1].body
    assert refused.status_code == 400
    [example] = blocks("json")
    assert refused.json() == json.loads(example)


def test_every_field_of_the_table_is_in_the_document() -> None:
    everything = Settings(
        _env_file=None,
        greeting="Hello",
        starter_prompts=("Help",),
        locale="de",
        models=("demo=Demo",),
        composer_tools=("search=Search",),
        transcription_model="openai/whisper-1",
        openai_api_key=None,
    )
    config = page_config(everything, takes_dictation=True, runs_its_own_models=False)
    document = json.loads(config.json_text())
    rows = re.findall(r"^\| (`(?:options|server).*?) \|", GUIDE, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([a-zA-Z.]+)`", row)}
    assert "options.startScreen.greeting" in told
    for name in told - {".prompts"}:
        part = document
        for key in name.split("."):
            part = part[key]
    named = {name.split(".", 2)[1] for name in told if name.startswith("server.")}
    assert named == set(document["server"])
