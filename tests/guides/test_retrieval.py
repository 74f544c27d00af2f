"""docs/retrieval.md: its commands and its code work, in the order in which they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatkit_backend.models.embeddings import SETTING
from chatkit_backend.settings import load_settings
from tests.models.embedding_server import EmbeddingServer

pytestmark = pytest.mark.slow

GUIDE = (Path(__file__).parents[2] / "docs" / "retrieval.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code of the guide in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def embedding_server() -> Iterator[EmbeddingServer]:
    server = EmbeddingServer()
    with server.served():
        yield server


@pytest.fixture
def environment(embedding_server: EmbeddingServer) -> dict[str, str]:
    """An environment in which a server takes OpenAI's place."""
    return {
        "PATH": os.environ["PATH"],
        "OPENAI_API_KEY": "test-key",
        "OPENAI_BASE_URL": embedding_server.url,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where somebody works who has documents."""
    (tmp_path / "docs" / "drafts").mkdir(parents=True)
    (tmp_path / "docs" / "drafts" / "new.md").write_text("# Draft\n", encoding="utf-8")
    (tmp_path / "docs" / "prices.md").write_text(
        "# Prices\n\nWhat does it cost? It costs 3 euros.\n", encoding="utf-8"
    )
    return tmp_path


def run_commands(program: list[str], block: str, folder: Path, environment: dict[str, str]) -> None:
    """Runs the commands of a block, and keeps what it exports."""
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["export"]:
            name, _, value = words[1].partition("=")
            environment[name] = value
        elif words[:1] == ["chatkit-backend"]:
            done = subprocess.run(  # noqa: S603 - our own program
                [*program, *words[1:]],
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, (line, done.stdout, done.stderr)
        else:
            assert not words, line


def test_every_command_works_where_it_stands(
    program: list[str],
    folder: Path,
    environment: dict[str, str],
    embedding_server: EmbeddingServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The first block ends with deleting what it has made.
    first, *others = blocks("sh")
    run_commands(program, first, folder, environment)
    run_commands(
        program, first.rsplit("chatkit-backend collections delete", 1)[0], folder, environment
    )
    for block in others:
        run_commands(program, block, folder, environment)
    assert embedding_server.requests
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(None)
    assert settings.retrieval == "context"
    assert len(settings.collection_access) == 3


async def test_the_code_works(
    program: list[str],
    folder: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_commands(program, "chatkit-backend ingest docs --collection docs", folder, environment)
    monkeypatch.chdir(folder)
    for code in blocks("python"):
        names: dict[str, object] = {}
        exec(f"async def snippet():\n{textwrap.indent(code, '    ')}    return passages", names)  # noqa: S102 - the guide's own code
        snippet = names["snippet"]
        assert callable(snippet)
        found = await snippet()
        assert isinstance(found, list)
    assert "It costs 3 euros." in capsys.readouterr().out


def test_the_front_matter_is_read(
    program: list[str], folder: Path, environment: dict[str, str]
) -> None:
    (block,) = blocks("markdown")
    (folder / "docs" / "prices.md").write_text(block, encoding="utf-8")
    run_commands(program, "chatkit-backend ingest docs --collection docs", folder, environment)
    done = subprocess.run(  # noqa: S603 - our own program
        [*program, "collections", "show", "docs"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "https://example.com/prices" in done.stdout


def test_the_models_of_the_guide_are_known() -> None:
    section = GUIDE.split("### By meaning")[1]
    named = re.findall(r"^\| `([\w.-]+)/", section, re.MULTILINE)
    assert set(named) == set(SETTING.examples)
