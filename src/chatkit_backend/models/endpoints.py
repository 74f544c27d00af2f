"""Where the providers are called, and what is said of a name that cannot be used.

Shared by the models that chat and the models that embed. Imports no client: neither the Agents
SDK nor the `openai` package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chatkit_backend.models.credentials import OPENAI_BASE_URL, Credentials


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the models of a provider are called.

    Attributes:
        base_url: None when the setting that has to name it is not set.
        api_key: The key, if there is one.
        key_variable: The variable that holds the key; None where a key is optional.
    """

    base_url: str | None = field(repr=False)  # may carry a password
    api_key: str | None = field(default=None, repr=False)
    key_variable: str | None = None


@dataclass(frozen=True, slots=True)
class ModelSetting:
    """A setting that names a model.

    Attributes:
        variable: Its name, which begins every sentence about it.
        examples: Each provider that it may name, with a model to show in those sentences.
        words: What else it may hold, such as `demo`.
    """

    variable: str
    examples: Mapping[str, str]
    words: tuple[str, ...] = ()


def endpoint(provider: str, given: Credentials) -> Endpoint:
    """Where the models of a known provider are called."""
    match provider:
        case "openai":
            base_url = given.openai_base_url or OPENAI_BASE_URL
            return Endpoint(base_url, given.openai_api_key, "OPENAI_API_KEY")
        case "gemini":
            return Endpoint(given.gemini_base_url, given.gemini_api_key, "GEMINI_API_KEY")
        case "anthropic":
            return Endpoint(given.anthropic_base_url, given.anthropic_api_key, "ANTHROPIC_API_KEY")
        case "ollama":
            return Endpoint(_with_path(given.ollama_base_url))
        case _:
            return Endpoint(given.openai_compatible_base_url, given.openai_compatible_api_key)


def problem(name: str, setting: ModelSetting, credentials: Credentials) -> str | None:
    """What is wrong with a name, as a sentence with the remedy; None when nothing is."""
    if name in setting.words:
        return None
    provider, _, model = name.partition("/")
    if provider not in setting.examples:
        known = ", ".join([*setting.examples, *setting.words])
        return (
            f"{setting.variable}: {name!r} names no known provider; write provider/model, such as "
            f"{setting.examples['openai']}. The providers are {known}."
        )
    if not model:
        example = setting.examples[provider]
        return f"{setting.variable}: {name!r} names no model; write it as in {example}."
    return _missing(name, setting.variable, endpoint(provider, credentials))


def _missing(name: str, variable: str, called: Endpoint) -> str | None:
    if called.key_variable and not called.api_key:
        return f"{variable}: {name!r} needs a key; set {called.key_variable}."
    if not called.base_url:
        return (
            f"{variable}: {name!r} needs the address of its server; set "
            "OPENAI_COMPATIBLE_BASE_URL, such as http://127.0.0.1:8080/v1."
        )
    return None


def _with_path(base_url: str) -> str:
    if urlsplit(base_url).path in {"", "/"}:
        return f"{base_url.rstrip('/')}/v1/"
    return base_url
