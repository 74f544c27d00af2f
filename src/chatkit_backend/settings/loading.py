"""All settings together: read, checked against each other, and told where they are wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chatkit_backend.errors import SettingsError
from chatkit_backend.settings.access import AccessSettings
from chatkit_backend.settings.documents import DocumentSettings
from chatkit_backend.settings.models import ModelSettings
from chatkit_backend.settings.operating import OperatingSettings
from chatkit_backend.settings.serving import ServingSettings
from chatkit_backend.settings.sources import PlatformSource
from chatkit_backend.settings.storage import StorageSettings

# The groups of the documentation, each with the first setting in it.
GROUPS = {
    "The model": "model",
    "What is kept": "database_url",
    "Your documents": "retrieval",
    "The server": "host",
    "Who may chat": "auth",
    "Operating it": "debug",
}


# The order is that of the documentation: what a class adds comes after what its bases have, of
# which the last one counts first.
class Settings(
    OperatingSettings,
    AccessSettings,
    ServingSettings,
    DocumentSettings,
    StorageSettings,
    ModelSettings,
):
    """The settings of one server, read from the environment and from `.env`."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What wins, the strongest first."""
        platform = PlatformSource(settings_cls, env_settings, dotenv_settings)
        return init_settings, env_settings, dotenv_settings, platform

    @model_validator(mode="after")
    def _hosted_sessions_have_a_workflow(self) -> Self:
        if self.sessions == "openai" and not (self.openai_api_key and self.workflow_id):
            raise ValueError(
                "CHATKIT_SESSIONS: 'openai' needs OPENAI_API_KEY and CHATKIT_WORKFLOW_ID; set both."
            )
        if self.sessions == "openai" and self.auth == ("session",):
            raise ValueError(
                "CHATKIT_SESSIONS: 'openai' hands sessions to users who are signed in; add cookie "
                "or bearer to CHATKIT_AUTH."
            )
        return self

    @model_validator(mode="after")
    def _workers_share_a_database(self) -> Self:
        if self.workers > 1 and self.database_url.get_secret_value() == "memory://":
            raise ValueError(
                "CHATKIT_WORKERS: each worker would have a memory:// database of its own. Set "
                "CHATKIT_DATABASE_URL to SQLite or PostgreSQL, or use one worker."
            )
        return self

    @model_validator(mode="after")
    def _tracing_has_its_key(self) -> Self:
        if self.tracing == "openai" and self.openai_api_key is None:
            raise ValueError("CHATKIT_TRACING: 'openai' needs OPENAI_API_KEY; set it, or use off.")
        return self


def load_settings(env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """The settings of this process.

    Args:
        env_file: File with further `NAME=value` lines; the environment wins over it.
        overrides: Values by field name that win over both.

    Raises:
        SettingsError: A value cannot be used; one sentence for each, naming the variable. Values
            of secrets are never repeated.
    """
    try:
        return Settings(_env_file=env_file, **overrides)
    except ValidationError as error:
        raise SettingsError(*_sentences(error)) from None


def setting_name(field_name: str) -> str:
    """The environment variable of a field of `Settings`."""
    return str(Settings.model_fields[field_name].validation_alias)


def unknown_settings() -> list[str]:
    """Variables in the environment that look like settings of ours but are none: typing errors."""
    known = {setting_name(name) for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith("CHATKIT_") and name not in known)


def _sentences(error: ValidationError) -> list[str]:
    # Keys are secrets, and an address may carry a password.
    secrets = {
        setting_name(name)
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation) or name.endswith("_url")
    }
    sentences = []
    for problem in error.errors(include_url=False, include_context=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        name = setting_name(name) if name in Settings.model_fields else name
        message = problem["msg"].removeprefix("Value error, ")
        if not name:
            sentences.append(message)
        elif name in secrets:
            sentences.append(f"{name}: {message}.")
        else:
            sentences.append(f"{name}: {message} (it is {problem['input']!r}).")
    return sentences
