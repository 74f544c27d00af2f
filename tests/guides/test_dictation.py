"""docs/dictation.md: its settings can be used, and its code gets the words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatkit_backend.providers import transcriber
from chatkit_backend.settings import load_settings
from tests.conftest import Serve
from tests.models.transcription_server import WORDS, TranscriptionServer
from tests.recordings import webm

GUIDE = (Path(__file__).parents[2] / "docs" / "dictation.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code of the guide in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", blocks("sh"))
async def test_the_settings_connect_a_model(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in re.findall(r"^export (\w+)=(.+)$", block, re.MULTILINE):
        monkeypatch.setenv(name, value)
    settings = load_settings(None)
    model = transcriber(settings)
    assert model is not None
    assert model.name == settings.transcription_model
    assert settings.transcription_max_bytes == 10_000_000
    assert settings.transcription_max_seconds == 5 * 60
    await model.close()


def test_the_code_gets_what_was_said(
    serve: Serve, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server = TranscriptionServer()
    (tmp_path / "recording.webm").write_bytes(webm(2))
    with server.served():
        served = serve(transcription_model="openai/x", openai_base_url=server.url)
        (code,) = blocks("python")
        exec(code.replace("http://127.0.0.1:8000", served.url), {})  # noqa: S102 - the guide's own code
        served.stop()
    assert WORDS in capsys.readouterr().out.splitlines()
