"""Which models `doctor` looks at, and that it says which it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.own_code import sdk_server, write_module
from tests.provider.server import ScriptedProvider

pytestmark = pytest.mark.slow


def test_the_models_of_a_server_of_the_teams_are_left_out_in_words(
    run: Run, provider: ScriptedProvider, tmp_path: Path, flavour: str
) -> None:
    write_module(tmp_path, "somebodys_server", sdk_server(provider, flavour))
    done = run(
        "doctor",
        "--live",
        CHATKIT_AGENT="somebodys_server:Assistant",
        CHATKIT_MODEL="watson/deep",
    )
    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.split()[1] == "model"]
    assert "somebodys_server:Assistant has models of its own" in line
    assert "CHATKIT_MODEL is not used" in line
    assert provider.requests == []


def test_help_says_what_live_tries(run: Run) -> None:
    told = " ".join(run("doctor", "--help").stdout.replace("│", " ").split())
    assert "each chat model for one word and the embedding model for one vector" in told
    assert "The transcription model is not tried" in told
