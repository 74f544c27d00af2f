"""What the settings say of the providers of models.

Not in `app`, which imports the agents SDK: whoever ingests documents needs nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from chatkit_backend.models.credentials import DEMO, CallLimits, Credentials, default_model
from chatkit_backend.settings import Settings

if TYPE_CHECKING:
    from chatkit_backend.models.transcription import Transcriber


def model_names(settings: Settings) -> tuple[str, ...]:
    """The models that answer, the first first, such as `("openai/gpt-5.4-mini", "demo")`."""
    return settings.model or (default_model(model_credentials(settings)),)


def title_model_names(settings: Settings) -> tuple[str, ...]:
    """The models that are asked for titles, the first first; none where first words are taken.

    The demo model answers the same to everything, so it is never asked.
    """
    named = (settings.title_model.strip(),) if settings.title_model else model_names(settings)
    return tuple(name for name in named if name not in {DEMO, "words", "off"})


def labels(pairs: tuple[str, ...]) -> dict[str, str]:
    """The label of each name in `NAME=LABEL` pairs, such as those of `CHATKIT_MODELS`."""
    split = (pair.partition("=") for pair in pairs)
    return {name.strip(): label.strip() for name, _, label in split}


def model_credentials(settings: Settings) -> Credentials:
    """Keys and addresses of the providers."""
    return Credentials(
        openai_api_key=_plain(settings.openai_api_key),
        openai_base_url=settings.openai_base_url,
        gemini_api_key=_plain(settings.gemini_api_key),
        anthropic_api_key=_plain(settings.anthropic_api_key),
        ollama_base_url=settings.ollama_base_url,
        openai_compatible_base_url=settings.openai_compatible_base_url,
        openai_compatible_api_key=_plain(settings.openai_compatible_api_key),
    )


def model_limits(settings: Settings) -> CallLimits:
    """How long to wait for a provider, and how often to try."""
    return CallLimits(
        connect_timeout_seconds=settings.model_connect_timeout,
        read_timeout_seconds=settings.model_read_timeout,
        retries=settings.model_retries,
    )


def transcriber(settings: Settings) -> Transcriber | None:
    """The model that writes down what users dictate, None for none; the caller closes it.

    Raises:
        SettingsError: It cannot be used.
    """
    if settings.transcription_model is None:
        return None
    # It imports the agents SDK, for the sentences about what goes wrong.
    from chatkit_backend.models.transcription import open_transcriber  # noqa: PLC0415

    return open_transcriber(
        settings.transcription_model, model_credentials(settings), model_limits(settings)
    )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
