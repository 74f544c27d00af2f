"""`provider/model` strings, such as `gemini/gemini-3.5-flash-lite`, to models that can be called.

Makes clients, and never calls a provider: a wrong key shows at the first message, not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agents import Model

from chatkit_backend.errors import SettingsError
from chatkit_backend.models.clients import foreign_model, openai_model
from chatkit_backend.models.credentials import (
    DEMO,
    OPENAI_BASE_URL,
    CallLimits,
    Credentials,
    default_model,
)
from chatkit_backend.models.demo import DemoModel
from chatkit_backend.models.fallback import FallbackModel

# Each provider with a model to show in error sentences.
EXAMPLES = {
    "openai": "openai/gpt-6-luna",
    "gemini": "gemini/gemini-3.5-flash-lite",
    "anthropic": "anthropic/claude-haiku-5-5",
    "ollama": "ollama/qwen3:8b",
    "openai-compatible": "openai-compatible/meta-llama/Llama-3.3-70B",
}


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where the models of a provider are called.

    Attributes:
        base_url: None when the setting that has to name it is not set.
        api_key: The key, if there is one.
        key_variable: The variable that holds the key; None where a key is optional.
    """

    base_url: str | None
    api_key: str | None = field(default=None, repr=False)
    key_variable: str | None = None


def open_model(
    names: Sequence[str], credentials: Credentials, limits: CallLimits | None = None
) -> Model:
    """The model to call; close it with `await model.close()`.

    Args:
        names: `provider/model` strings or `demo`. Several make a chain: the next is tried when
            one fails before its first token. None at all: `default_model(credentials)`.
        credentials: Keys and addresses.
        limits: Timeouts and retries of every call.

    Raises:
        SettingsError: A name cannot be used; one sentence for each, with the remedy.
    """
    chosen = [name.strip() for name in names] or [default_model(credentials)]
    problems = [problem for name in chosen if (problem := _problem(name, credentials))]
    if problems:
        raise SettingsError(*problems)
    models = [(name, _open(name, credentials, limits or CallLimits())) for name in chosen]
    return models[0][1] if len(models) == 1 else FallbackModel(models)


def _open(name: str, credentials: Credentials, limits: CallLimits) -> Model:
    if name == DEMO:
        return DemoModel()
    provider, _, model = name.partition("/")
    endpoint = _endpoint(provider, credentials)
    base_url, api_key = endpoint.base_url or "", endpoint.api_key
    if provider == "openai":
        return openai_model(model, base_url, api_key or "", limits)
    return foreign_model(model, base_url, api_key, limits)


def _endpoint(provider: str, given: Credentials) -> _Endpoint:
    match provider:
        case "openai":
            base_url = given.openai_base_url or OPENAI_BASE_URL
            return _Endpoint(base_url, given.openai_api_key, "OPENAI_API_KEY")
        case "gemini":
            return _Endpoint(given.gemini_base_url, given.gemini_api_key, "GEMINI_API_KEY")
        case "anthropic":
            return _Endpoint(given.anthropic_base_url, given.anthropic_api_key, "ANTHROPIC_API_KEY")
        case "ollama":
            return _Endpoint(_with_path(given.ollama_base_url))
        case _:
            return _Endpoint(given.openai_compatible_base_url, given.openai_compatible_api_key)


def _with_path(base_url: str) -> str:
    if urlsplit(base_url).path in {"", "/"}:
        return f"{base_url.rstrip('/')}/v1/"
    return base_url


def _problem(name: str, credentials: Credentials) -> str | None:
    """What is wrong with a name, as a sentence with the remedy; None when nothing is."""
    if name == DEMO:
        return None
    provider, _, model = name.partition("/")
    if provider not in EXAMPLES:
        known = ", ".join([*EXAMPLES, DEMO])
        return (
            f"CHATKIT_MODEL: {name!r} names no known provider; write provider/model, such as "
            f"{EXAMPLES['openai']}. The providers are {known}."
        )
    if not model:
        return f"CHATKIT_MODEL: {name!r} names no model; write it as in {EXAMPLES[provider]}."
    return _missing(name, _endpoint(provider, credentials))


def _missing(name: str, endpoint: _Endpoint) -> str | None:
    if endpoint.key_variable and not endpoint.api_key:
        return f"CHATKIT_MODEL: {name!r} needs a key; set {endpoint.key_variable}."
    if not endpoint.base_url:
        return (
            f"CHATKIT_MODEL: {name!r} needs the address of its server; set "
            "OPENAI_COMPATIBLE_BASE_URL, such as http://127.0.0.1:8080/v1."
        )
    return None
