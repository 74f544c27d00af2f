"""Names to models: which server each one calls, with which key, and what is said of bad names."""

from __future__ import annotations

import pytest

from chatkit_backend.errors import SettingsError
from chatkit_backend.models.credentials import (
    DEFAULT_ANTHROPIC_MODEL,
    DEFAULT_GEMINI_MODEL,
    DEFAULT_OPENAI_MODEL,
    Credentials,
    default_model,
)
from chatkit_backend.models.demo import DemoModel
from chatkit_backend.models.fallback import FallbackModel
from chatkit_backend.models.registry import open_model
from tests.models.asking import OpenModel, ask
from tests.provider import ScriptedProvider, Text

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("openai/gpt-x", ("/v1/responses", "gpt-x", "openai-key")),
        ("gemini/gemini-x", (CHAT, "gemini-x", "gemini-key")),
        ("anthropic/claude-x", (CHAT, "claude-x", "anthropic-key")),
        ("ollama/qwen3:8b", (CHAT, "qwen3:8b", "no-key")),
        ("openai-compatible/meta-llama/L:free", (CHAT, "meta-llama/L:free", "compatible-key")),
    ],
)
async def test_each_provider_is_called_by_its_api_with_its_key(
    opened: OpenModel, provider: ScriptedProvider, name: str, call: tuple[str, str, str]
) -> None:
    provider.script(Text("Yes."))
    asked = await ask(opened(name))
    assert asked.text == "Yes."
    (request,) = provider.requests
    key = request.headers["authorization"].removeprefix("Bearer ")
    assert (request.path, request.body["model"], key) == call


async def test_an_ollama_address_without_a_path_gets_its_v1(provider: ScriptedProvider) -> None:
    address = provider.base_url.removesuffix("/v1")
    model = open_model(["ollama/qwen3"], Credentials(ollama_base_url=address))
    await ask(model)
    await model.close()
    assert provider.requests[0].path == CHAT


def test_without_an_own_address_openai_is_called_at_openai() -> None:
    model = open_model(["openai/gpt-x"], Credentials(openai_api_key="k"))
    assert str(model._client.base_url) == "https://api.openai.com/v1/"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("gemini/x", "https://generativelanguage.googleapis.com/v1beta/openai/"),
        ("anthropic/x", "https://api.anthropic.com/v1/"),
        ("ollama/x", "http://127.0.0.1:11434/v1/"),
    ],
)
def test_other_providers_are_called_at_their_own_addresses(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://proxy.example/v1")
    model = open_model([name], Credentials(gemini_api_key="k", anthropic_api_key="k"))
    assert str(model._client.base_url) == address  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (Credentials(), "demo"),
        (Credentials(openai_api_key=""), "demo"),
        (Credentials(anthropic_api_key="k"), DEFAULT_ANTHROPIC_MODEL),
        (Credentials(anthropic_api_key="k", gemini_api_key="k"), DEFAULT_GEMINI_MODEL),
        (Credentials(gemini_api_key="k", openai_api_key="k"), DEFAULT_OPENAI_MODEL),
    ],
)
def test_the_default_model_is_of_the_first_provider_with_a_key(
    credentials: Credentials, expected: str
) -> None:
    assert default_model(credentials) == expected


def test_no_name_at_all_opens_the_default_model() -> None:
    assert isinstance(open_model([], Credentials()), DemoModel)


def test_several_names_open_a_chain() -> None:
    credentials = Credentials(openai_api_key="k")
    assert isinstance(open_model(["openai/x", " demo "], credentials), FallbackModel)


@pytest.mark.parametrize(
    ("name", "bad_part", "remedy"),
    [
        ("gpt-5", "'gpt-5'", "openai, gemini, anthropic, ollama, openai-compatible, demo"),
        ("mistral/large", "'mistral/large'", "write provider/model, such as openai/"),
        ("demo/x", "'demo/x'", "names no known provider"),
        ("", "''", "names no known provider"),
        ("openai", "'openai'", "names no model; write it as in openai/"),
        ("ollama/", "'ollama/'", "names no model; write it as in ollama/"),
        ("openai/x", "'openai/x'", "set OPENAI_API_KEY"),
        ("gemini/x", "'gemini/x'", "set GEMINI_API_KEY"),
        ("anthropic/x", "'anthropic/x'", "set ANTHROPIC_API_KEY"),
        ("openai-compatible/x", "'openai-compatible/x'", "set OPENAI_COMPATIBLE_BASE_URL"),
    ],
)
def test_a_bad_name_is_refused_with_the_setting_the_part_and_the_remedy(
    name: str, bad_part: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        open_model([name], Credentials())
    (sentence,) = refused.value.problems
    assert sentence.startswith("CHATKIT_MODEL: ")
    assert bad_part in sentence
    assert remedy in sentence


def test_every_bad_name_of_a_chain_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        open_model(["demo", "openai/x", "nonsense"], Credentials())
    assert len(refused.value.problems) == 2


def test_no_key_shows_in_the_representation_of_credentials() -> None:
    shown = repr(
        Credentials(
            openai_api_key="secret",
            gemini_api_key="secret",
            anthropic_api_key="secret",
            openai_base_url="https://u:secret@host/v1",
            openai_compatible_base_url="https://u:secret@host/v1",
            openai_compatible_api_key="secret",
        )
    )
    assert "secret" not in shown
