"""`doctor`: says what is wrong and how to mend it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.identity_provider import IdentityProvider
from tests.models.embedding_server import DIMENSIONS, EmbeddingServer, Reply
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Failure

pytestmark = pytest.mark.slow


def test_all_is_well(run: Run) -> None:
    done = run("doctor")
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["✓", "settings"],
        ["✓", "sign-in"],
        ["✓", "database"],
        ["✓", "agents"],
        ["✓", "model"],
    ]


def test_the_demo_model_is_worth_a_hint(run: Run) -> None:
    done = run("doctor", CHATKIT_MODEL="")
    assert done.returncode == 0
    assert "GEMINI_API_KEY" in done.stdout


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"CHATKIT_PORT": "eighty"}, "CHATKIT_PORT"),
        ({"CHATKIT_HOST": "0.0.0.0"}, "127.0.0.1"),  # noqa: S104 - it is refused
        ({"CHATKIT_DATABASE_URL": "sqlite:////nowhere/chat.db"}, "does not exist"),
        ({"CHATKIT_MODEL": "openai/some-model"}, "OPENAI_API_KEY"),
        ({"CHATKIT_MODEL": "watson/deep"}, "no known provider"),
        ({"CHATKIT_MODELS": "watson/deep=Deep"}, "CHATKIT_MODELS: 'watson/deep'"),
        ({"CHATKIT_TITLE_MODEL": "watson/deep"}, "CHATKIT_TITLE_MODEL: 'watson/deep'"),
        ({"CHATKIT_ACTIONS": "no_such_module:actions"}, "CHATKIT_ACTIONS: "),
        ({"CHATKIT_EMBEDDING_MODEL": "openai/some-model"}, "OPENAI_API_KEY"),
        ({"CHATKIT_EMBEDDING_MODEL": "watson/deep"}, "CHATKIT_EMBEDDING_MODEL: 'watson/deep'"),
        ({"CHATKIT_EMBEDDING_MODEL": "anthropic/any"}, "Anthropic has no embeddings"),
        ({"CHATKIT_TRANSCRIPTION_MODEL": "openai/any"}, "OPENAI_API_KEY"),
        (
            {"CHATKIT_TRANSCRIPTION_MODEL": "gemini/any"},
            "CHATKIT_TRANSCRIPTION_MODEL: 'gemini/any'",
        ),
        ({"CHATKIT_AUTH": "cookie"}, "CHATKIT_JWKS_URL"),
        ({"CHATKIT_AUTH": "cookie", "CHATKIT_JWT_PUBLIC_KEY": "no.pem"}, "CHATKIT_JWT_PUBLIC_KEY"),
        (
            {"CHATKIT_AUTH": "bearer", "CHATKIT_JWKS_URL": "http://u:p@127.0.0.1:9/jwks.json"},
            "no keys can be had from http://127.0.0.1:9/jwks.json",
        ),
        ({"CHATKIT_WORKFLOWS": "wf_1=no_such_module:agent"}, "no_such_module"),
        ({"CHATKIT_REDIS_URL": "redis://127.0.0.1:9/0"}, "does not answer"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    run: Run, changes: dict[str, str], words: str
) -> None:
    done = run("doctor", **changes)
    assert done.returncode == 1
    assert "✗" in done.stdout
    assert words in done.stdout
    assert "Traceback" not in done.stderr


def test_the_keys_of_the_identity_provider_are_looked_at(run: Run) -> None:
    with IdentityProvider() as provider:
        signed_in = {"CHATKIT_AUTH": "cookie", "CHATKIT_JWKS_URL": provider.jwks_url}
        done = run("doctor", **signed_in)
        assert done.returncode == 0
        assert "JWTs can be verified with RS256, ES256, EdDSA" in done.stdout
        assert "CHATKIT_JWT_AUDIENCE is not set" in done.stdout
        done = run("doctor", CHATKIT_JWT_ALGORITHMS="ES512", **signed_in)
        assert done.returncode == 1
        assert "no key for the algorithms" in done.stdout


def test_a_database_that_is_none_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "chatkit.db").write_bytes(b"a text file, really" * 100)
    done = run("doctor")
    assert done.returncode == 1
    assert "chatkit.db" in done.stdout


def test_a_mistyped_setting_is_told(run: Run) -> None:
    assert "CHATKIT_PROT" in run("doctor", CHATKIT_PROT="1").stdout


def test_live_asks_the_model(run: Run, provider: ScriptedProvider) -> None:
    done = run("doctor", "--live")
    assert done.returncode == 0
    assert "answers" in done.stdout.splitlines()[4]
    assert len(provider.requests) == 1


def test_a_model_that_refuses_is_told_with_the_providers_words(
    run: Run, provider: ScriptedProvider
) -> None:
    key = "sk-a-key-that-stays-secret"
    provider.script(Failure(401, "invalid_api_key", f"Wrong key {key}; see your account page"))
    done = run("doctor", "--live")
    assert done.returncode == 1
    assert "credentials" in done.stdout
    assert "see your account page" in done.stdout
    assert key not in done.stdout + done.stderr


@pytest.fixture
def embeddings() -> Iterator[EmbeddingServer]:
    """The provider of an embedding model."""
    server = EmbeddingServer()
    with server.served():
        yield server


def by_meaning(server: EmbeddingServer) -> dict[str, str]:
    """Settings with which that provider is used."""
    return {
        "CHATKIT_MODEL": "demo",
        "CHATKIT_EMBEDDING_MODEL": "openai-compatible/small",
        "OPENAI_COMPATIBLE_BASE_URL": server.url,
    }


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.splitlines()[-1]


def test_an_embedding_model_is_asked_for_a_vector_with_live_only(
    run: Run, embeddings: EmbeddingServer
) -> None:
    settings = by_meaning(embeddings)
    done = run("doctor", **settings)
    assert done.returncode == 0
    told = "openai-compatible/small is set up; --live asks it for one vector."
    assert last_line(done) == f"✓ embeddings {told}"
    assert embeddings.requests == []
    live = run("doctor", "--live", **settings)
    assert live.returncode == 0
    told = f"openai-compatible/small answers, in {DIMENSIONS} dimensions."
    assert last_line(live) == f"✓ embeddings {told}"
    assert len(embeddings.requests) == 1


def test_the_dimensions_that_are_asked_for_are_asked_for(
    run: Run, embeddings: EmbeddingServer
) -> None:
    done = run("doctor", "--live", CHATKIT_EMBEDDING_DIMENSIONS="3", **by_meaning(embeddings))
    assert "in 3 dimensions" in last_line(done)


def test_an_embedding_model_that_refuses_is_told_without_the_key(
    run: Run, embeddings: EmbeddingServer
) -> None:
    key = "sk-a-key-that-stays-secret"
    embeddings.always = Reply(401, json.dumps({"error": {"message": f"Wrong key {key}, sorry"}}))
    done = run("doctor", "--live", **by_meaning(embeddings))
    assert done.returncode == 1
    assert last_line(done).startswith("✗ embeddings ")
    assert "refused with status 401: Wrong key" in last_line(done)
    assert key not in done.stdout + done.stderr


def test_a_transcription_model_is_named_and_not_asked(run: Run, provider: ScriptedProvider) -> None:
    done = run("doctor", "--live", CHATKIT_TRANSCRIPTION_MODEL="openai-compatible/whisper")
    assert done.returncode == 0
    told = "openai-compatible/whisper is set up; it is not tried, with --live neither."
    assert last_line(done) == f"✓ dictation  {told}"
    assert len(provider.requests) == 1  # the model that chats


def test_it_can_be_read_by_programs(run: Run) -> None:
    findings = json.loads(run("doctor", "--json", CHATKIT_PORT="eighty").stdout)
    assert findings[-1]["check"] == "settings"
    assert findings[-1]["result"] == "wrong"
