"""Every setting, once: its name, type, default and meaning.

The table of settings in README.md, docs/configuration.md and .env.example are written from this
file (`make docs`), and a test keeps them true. Only `app` and `cli` read it; every other room is
handed plain values.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from chatkit_backend.errors import SettingsError

DEFAULT_INSTRUCTIONS = (
    "You are a helpful assistant in a chat on a web page. "
    "Answer clearly and to the point, in the language the user writes in."
)


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


# The groups of the documentation, each with the first setting in it.
GROUPS = {
    "The model": "model",
    "What is kept": "database_url",
    "The server": "host",
    "Operating it": "debug",
}


# What hosting platforms set for any program. Our own name wins wherever it is written: such a
# variable may be there for something else.
PLATFORM_NAMES = {"database_url": "DATABASE_URL", "port": "PORT", "workers": "WEB_CONCURRENCY"}


class _PlatformSource(PydanticBaseSettingsSource):
    """Reads `PLATFORM_NAMES`, from where the other names are read."""

    def __init__(
        self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(settings_cls)
        self._sources = [source for source in sources if isinstance(source, EnvSettingsSource)]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of the first source that has one."""
        name = PLATFORM_NAMES.get(field_name, "").lower()  # as the sources keep their names
        values = (source.env_vars.get(name) for source in self._sources)
        return next(filter(None, values), None), str(field.validation_alias), False

    def __call__(self) -> dict[str, Any]:
        """Every value that is there, by the name of our own."""
        fields = self.settings_cls.model_fields.items()
        found = [self.get_field_value(field, name) for name, field in fields]
        return {name: value for value, name, _ in found if value is not None}


class Settings(BaseSettings):
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
        platform = _PlatformSource(settings_cls, env_settings, dotenv_settings)
        return init_settings, env_settings, dotenv_settings, platform

    model: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_MODEL",
        description="Model as `provider/model`, or several separated by commas: the next is tried "
        "when one fails before its first word. Unset: the first provider below that has a key, "
        "else `demo`.",
    )
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="Key for `openai/…` models."
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias="OPENAI_BASE_URL",
        description="Another address of the OpenAI API, for a proxy or a regional endpoint.",
    )
    gemini_api_key: SecretStr | None = Field(
        None, validation_alias="GEMINI_API_KEY", description="Key for `gemini/…` models."
    )
    anthropic_api_key: SecretStr | None = Field(
        None, validation_alias="ANTHROPIC_API_KEY", description="Key for `anthropic/…` models."
    )
    ollama_base_url: str = Field(
        "http://127.0.0.1:11434/v1/",
        validation_alias="OLLAMA_BASE_URL",
        description="Address of the Ollama server for `ollama/…` models.",
    )
    openai_compatible_base_url: str | None = Field(
        None,
        validation_alias="OPENAI_COMPATIBLE_BASE_URL",
        description="Address of an OpenAI-compatible server (vLLM, LM Studio, OpenRouter) for "
        "`openai-compatible/…` models.",
    )
    openai_compatible_api_key: SecretStr | None = Field(
        None,
        validation_alias="OPENAI_COMPATIBLE_API_KEY",
        description="Key for that server, if it wants one.",
    )
    instructions: str = Field(
        DEFAULT_INSTRUCTIONS,
        validation_alias="CHATKIT_INSTRUCTIONS",
        description="What the assistant is told about its job (its system prompt).",
    )
    model_connect_timeout: float = Field(
        5.0,
        gt=0,
        validation_alias="CHATKIT_MODEL_CONNECT_TIMEOUT",
        description="Seconds to wait for a connection to the provider.",
    )
    model_read_timeout: float = Field(
        60.0,
        gt=0,
        validation_alias="CHATKIT_MODEL_READ_TIMEOUT",
        description="Seconds to wait for the provider's next bytes.",
    )
    model_retries: int = Field(
        2,
        ge=0,
        le=10,
        validation_alias="CHATKIT_MODEL_RETRIES",
        description="How often a call that failed before its first byte is tried again.",
    )
    tracing: Literal["off", "openai"] = Field(
        "off",
        validation_alias="CHATKIT_TRACING",
        description="`openai` sends traces of every run, messages included, to OpenAI's dashboard; "
        "`off` sends nothing.",
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///chatkit.db"),
        validation_alias="CHATKIT_DATABASE_URL",
        description="Where threads are kept: `sqlite:///FILE`, `postgresql://…` as the hoster "
        "prints it, or `memory://` for nothing that outlives the process. `DATABASE_URL` is read "
        "too.",
    )
    database_pool_size: int = Field(
        10,
        ge=1,
        le=1_000,
        validation_alias="CHATKIT_DATABASE_POOL_SIZE",
        description="Most connections of each worker to PostgreSQL. An answer holds none while the "
        "model writes.",
    )
    database_timeout: float = Field(
        10.0,
        gt=0,
        validation_alias="CHATKIT_DATABASE_TIMEOUT",
        description="Seconds to wait for a connection to PostgreSQL, and for a transaction to end. "
        "After that a request is answered 503.",
    )
    application_name: str = Field(
        "chatkit-backend",
        min_length=1,
        max_length=63,
        validation_alias="CHATKIT_APPLICATION_NAME",
        description="What PostgreSQL's `pg_stat_activity` calls this server.",
    )
    retention_days: int | None = Field(
        None,
        ge=1,
        validation_alias="CHATKIT_RETENTION_DAYS",
        description="Threads in which nothing happened for so many days are deleted. Unset: they "
        "are kept.",
    )
    history_tokens: int = Field(
        16_000,
        ge=100,
        validation_alias="CHATKIT_HISTORY_TOKENS",
        description="How much of a thread the model is shown, in tokens (estimated). The newest "
        "items win.",
    )
    history_items: int = Field(
        100,
        ge=1,
        validation_alias="CHATKIT_HISTORY_ITEMS",
        description="How many of a thread's items the model is shown at most.",
    )
    host: str = Field(
        "127.0.0.1", validation_alias="CHATKIT_HOST", description="Address to listen on."
    )
    port: int = Field(
        8000,
        ge=0,
        le=65_535,
        validation_alias="CHATKIT_PORT",
        description="Port to listen on; 0 takes a free one. `PORT` is read too.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=256,
        validation_alias="CHATKIT_WORKERS",
        description="Processes that serve requests, on one port and one database; about one a "
        "core. `WEB_CONCURRENCY` is read too.",
    )
    auth: Literal["dev"] = Field(
        "dev",
        validation_alias="CHATKIT_AUTH",
        description="Who may chat. `dev`: anybody on this machine, as the user that `?userId=` "
        "names; bound to loopback only.",
    )
    cors_origins: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_CORS_ORIGINS",
        description="Origins of the pages that may call this server, separated by commas, such as "
        "`https://app.example.com`. Not needed for pages on the server's own origin.",
    )
    cors_credentials: bool = Field(
        True,
        validation_alias="CHATKIT_CORS_CREDENTIALS",
        description="Whether those pages may send cookies. `*` as an origin needs `false` here.",
    )
    max_body_bytes: int = Field(
        1_048_576,
        ge=1_024,
        validation_alias="CHATKIT_MAX_BODY_BYTES",
        description="Largest request body, in bytes.",
    )
    heartbeat_seconds: float = Field(
        15.0,
        gt=0,
        validation_alias="CHATKIT_HEARTBEAT_SECONDS",
        description="Seconds of silence after which a stream sends a comment, so that proxies "
        "keep it open.",
    )
    shutdown_seconds: float = Field(
        10.0,
        ge=0,
        validation_alias="CHATKIT_SHUTDOWN_SECONDS",
        description="Seconds that running answers get to finish when the server stops; then their "
        "text so far is kept.",
    )
    debug: bool = Field(
        False,
        validation_alias="CHATKIT_DEBUG",
        description="`1` opens `GET /debug/threads`: the asking user's threads in full.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="CHATKIT_LOG_LEVEL", description="Least severe log line to write."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto",
        validation_alias="CHATKIT_LOG_FORMAT",
        description="`json` for one object a line, `console` for people, `auto` for `console` on a "
        "terminal and `json` elsewhere.",
    )

    @field_validator(
        "openai_base_url", "ollama_base_url", "openai_compatible_base_url", mode="after"
    )
    @classmethod
    def _is_http_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value) if value else None
        if parts and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be an address such as https://host/v1")
        return value

    @field_validator("database_url", mode="after")
    @classmethod
    def _is_known_database(cls, value: SecretStr) -> SecretStr:
        scheme = value.get_secret_value().partition("://")[0].partition("+")[0]
        if scheme not in {"sqlite", "memory", "postgres", "postgresql"}:
            raise ValueError("must be sqlite:///FILE, postgresql://… or memory://")
        return value

    @field_validator("cors_origins", mode="after")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            whole = f"{parts.scheme}://{parts.netloc}"
            if origin != "*" and (parts.scheme not in {"http", "https"} or origin != whole):
                raise ValueError(
                    f"{origin!r} is no origin; write scheme and host only, "
                    "such as https://app.example.com"
                )
        return value

    @model_validator(mode="after")
    def _no_wildcard_with_credentials(self) -> Self:
        if "*" in self.cors_origins and self.cors_credentials:
            raise ValueError(
                "CHATKIT_CORS_ORIGINS: '*' would let any site read your users' chats with their "
                "cookies. Name the origins, or set CHATKIT_CORS_CREDENTIALS=false."
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
