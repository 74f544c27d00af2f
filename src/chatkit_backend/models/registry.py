"""`provider/model` strings, such as `gemini/gemini-3.5-flash-lite`, to models that can be called.

Makes clients, and never calls a provider: a wrong key shows at the first message, not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agents import Model

from chatkit_backend.errors import SettingsError
from chatkit_backend.models.credentials import DEMO, CallLimits, Credentials, default_model
from chatkit_backend.models.demo import DemoModel
from chatkit_backend.models.endpoints import ModelSetting, endpoint, problem
from chatkit_backend.models.fallback import FallbackModel
from chatkit_backend.models.sdk_models import foreign_model, openai_model

SETTING = ModelSetting(
    variable="CHATKIT_MODEL",
    examples={
        "openai": "openai/gpt-6-luna",
        "gemini": "gemini/gemini-3.5-flash-lite",
        "anthropic": "anthropic/claude-haiku-5-5",
        "ollama": "ollama/qwen3:8b",
        "openai-compatible": "openai-compatible/meta-llama/Llama-3.3-70B",
    },
    words=(DEMO,),
)


def open_model(
    names: Sequence[str],
    credentials: Credentials,
    limits: CallLimits | None = None,
    variable: str = SETTING.variable,
) -> Model:
    """The model to call; close it with `await model.close()`.

    Args:
        names: `provider/model` strings or `demo`. Several make a chain: the next is tried when
            one fails before its first token. None at all: `default_model(credentials)`.
        credentials: Keys and addresses.
        limits: Timeouts and retries of every call.
        variable: The setting that names them, for the sentences about it.

    Raises:
        SettingsError: A name cannot be used; one sentence for each, with the remedy.
    """
    chosen = [name.strip() for name in names] or [default_model(credentials)]
    setting = replace(SETTING, variable=variable)
    problems = [told for name in chosen if (told := problem(name, setting, credentials))]
    if problems:
        raise SettingsError(*problems)
    models = [(name, _open(name, credentials, limits or CallLimits())) for name in chosen]
    return models[0][1] if len(models) == 1 else FallbackModel(models)


def _open(name: str, credentials: Credentials, limits: CallLimits) -> Model:
    if name == DEMO:
        return DemoModel()
    provider, _, model = name.partition("/")
    called = endpoint(provider, credentials)
    base_url, api_key = called.base_url or "", called.api_key
    if provider == "openai":
        return openai_model(model, base_url, api_key or "", limits)
    return foreign_model(model, base_url, api_key, limits)
