"""Every setting, once: its name, type, default and meaning.

The table of settings in README.md, docs/configuration.md and .env.example are written from this
file (`make docs`), and a test keeps them true. Only `app` and `cli` read it; every other room is
handed plain values.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import SplitResult, urlsplit

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


def _split_at_bars(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split("|") if part.strip())
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


AuthMode = Literal["session", "cookie", "bearer", "dev"]
AUTH_MODES: tuple[AuthMode, ...] = get_args(AuthMode)

# Never both kinds at once: a server that takes HMAC and knows a public key can be made to take that
# key, which everybody has, for the secret.
SHARED_SECRET_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})
PUBLIC_KEY_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

_USUAL_PORTS = {"http": 80, "https": 443}


def _is_sent_by_browsers(origin: SplitResult) -> bool:
    """Whether an Origin header can be just this (RFC 6454, section 6.2)."""
    try:
        usual = origin.port == _USUAL_PORTS.get(origin.scheme)
    except ValueError:
        return False
    host = origin.hostname or ""
    plain = host.isascii() and "*" not in host and "@" not in origin.netloc
    return (
        origin.scheme in _USUAL_PORTS
        and bool(host)
        and plain
        and not usual
        and origin.netloc == origin.netloc.lower()
    )


# A claim may be named by an address, such as https://example.com/groups; so its last colon counts.
_ACCESS = re.compile(r"\s*[\w.-]+\s*=\s*[^\s=]+:[^:]*[^\s:][^:]*")
_WORKFLOW = re.compile(r"[^=\s]+=[\w.]+:\w+")
# Something in a module of the team's.
_PLACE = r"^[\w.]+:\w+$"
_PAIR = re.compile(r"[^=\s][^=]*=\s*\S.*")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/(?:[a-z0-9.+-]+|\*)")


# The groups of the documentation, each with the first setting in it.
GROUPS = {
    "The model": "model",
    "What is kept": "database_url",
    "Your documents": "retrieval",
    "The server": "host",
    "Who may chat": "auth",
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
    agent: str | None = Field(
        None,
        pattern=_PLACE,
        validation_alias="CHATKIT_AGENT",
        description="Your own agent, as `MODULE:NAME`, such as `my_app.agents:support`: an "
        "`agents.Agent`, a function that makes one, or a `ChatKitServer` class.",
    )
    actions: str | None = Field(
        None,
        pattern=_PLACE,
        validation_alias="CHATKIT_ACTIONS",
        description="What answers the actions of widgets, as `MODULE:NAME` of a "
        "`chatkit_backend.Actions`.",
    )
    tag_resolver: str | None = Field(
        None,
        pattern=_PLACE,
        validation_alias="CHATKIT_TAG_RESOLVER",
        description="A function, as `MODULE:NAME`, that tells the model what a tag (an @mention) "
        "in a message stands for.",
    )
    models: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_MODELS",
        description="Models that a user may choose from, as `PROVIDER/MODEL=LABEL`, separated by "
        "commas, such as `openai/gpt-5.4-mini=Quick,openai/gpt-5.4=Thorough`. Unset: nobody "
        "chooses.",
    )
    composer_tools: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_COMPOSER_TOOLS",
        description="Tools of the agent that a user may ask for, as `NAME=LABEL`, separated by "
        "commas.",
    )
    title_model: str | None = Field(
        None,
        validation_alias="CHATKIT_TITLE_MODEL",
        description="Model that gives a thread its title after the first answer, as "
        "`provider/model`; `words` takes the first words instead, and `off` gives none. Unset: the "
        "model that answers.",
    )
    transcription_model: str | None = Field(
        None,
        validation_alias="CHATKIT_TRANSCRIPTION_MODEL",
        description="Model that writes down what a user dictates, as `openai/MODEL` or "
        "`openai-compatible/MODEL`, such as `openai/gpt-4o-mini-transcribe`. Unset: no dictation.",
    )
    transcription_max_bytes: int = Field(
        10_000_000,
        ge=1_000,
        le=25_000_000,
        validation_alias="CHATKIT_TRANSCRIPTION_MAX_BYTES",
        description="Largest recording, in bytes.",
    )
    transcription_max_seconds: int = Field(
        300,
        ge=1,
        validation_alias="CHATKIT_TRANSCRIPTION_MAX_SECONDS",
        description="Longest recording, in seconds.",
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
    files_url: str = Field(
        "chatkit-files",
        validation_alias="CHATKIT_FILES_URL",
        description="Where the bytes of attachments are kept: the path of a folder, "
        "`s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`. Give each database "
        "a place of its own: bytes of which it knows nothing are deleted after a day. A bucket's "
        "keys come from the variables of its own tools: `AWS_ACCESS_KEY_ID`, "
        "`AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and `AWS_ENDPOINT_URL`; `GOOGLE_SERVICE_ACCOUNT`; "
        "`AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`.",
    )
    upload_types: CommaSeparated = Field(
        (
            "image/png",
            "image/jpeg",
            "image/gif",
            "image/webp",
            "application/pdf",
            "application/json",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "text/*",
        ),
        validation_alias="CHATKIT_UPLOAD_TYPES",
        description="Media types of the files that users may attach, separated by commas; "
        "`text/*` for all of a kind.",
    )
    upload_max_bytes: int = Field(
        25_000_000,
        ge=1,
        validation_alias="CHATKIT_UPLOAD_MAX_BYTES",
        description="Largest file that a user may attach, in bytes.",
    )
    upload_max_files: int = Field(
        10,
        ge=0,
        le=100,
        validation_alias="CHATKIT_UPLOAD_MAX_FILES",
        description="Most files of a message; `0` takes none at all.",
    )
    attachment_tokens: int = Field(
        8_000,
        ge=0,
        validation_alias="CHATKIT_ATTACHMENT_TOKENS",
        description="How much text of attached files the model is shown of a message, in tokens "
        "(estimated).",
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
    retrieval: Literal["off", "context", "tool"] | None = Field(
        None,
        validation_alias="CHATKIT_RETRIEVAL",
        description="How answers use your documents. `context`: every message is searched for, and "
        "the model is given what was found. `tool`: the model searches when it wants to. `off`: "
        "not at all. Unset: `context` with the demo model, `off` with any other.",
    )
    retrieval_collections: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_RETRIEVAL_COLLECTIONS",
        description="Where answers search, separated by commas. Unset: in all collections.",
    )
    retrieval_limit: int = Field(
        5,
        ge=1,
        le=50,
        validation_alias="CHATKIT_RETRIEVAL_LIMIT",
        description="How many passages the model is given at most for a search.",
    )
    retrieval_threshold: float = Field(
        0.5,
        ge=0,
        le=1,
        validation_alias="CHATKIT_RETRIEVAL_THRESHOLD",
        description="Least score of a passage that the model is given, from 0 to 1.",
    )
    collection_access: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_COLLECTION_ACCESS",
        description="Limits collections to users with a claim, as `COLLECTION=CLAIM:VALUE`, "
        "separated by commas, such as `hr=department:hr`. Others are open to all.",
    )
    embedding_model: str | None = Field(
        None,
        validation_alias="CHATKIT_EMBEDDING_MODEL",
        description="Model to search by meaning with, as `provider/model`, such as "
        "`openai/text-embedding-3-small`. Unset: documents are searched by their words.",
    )
    embedding_dimensions: int | None = Field(
        None,
        ge=1,
        le=4_000,
        validation_alias="CHATKIT_EMBEDDING_DIMENSIONS",
        description="How many numbers a vector has, for models that can shorten theirs. Unset: as "
        "many as the model gives.",
    )
    embedding_midpoint: float = Field(
        0.4,
        gt=0,
        lt=1,
        validation_alias="CHATKIT_EMBEDDING_MIDPOINT",
        description="The cosine similarity that counts as a score of 0.5.",
    )
    ingest_max_bytes: int = Field(
        50_000_000,
        ge=1_000,
        validation_alias="CHATKIT_INGEST_MAX_BYTES",
        description="Largest file that `ingest` reads, in bytes.",
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
    public_url: str | None = Field(
        None,
        validation_alias="CHATKIT_PUBLIC_URL",
        description="Address at which browsers reach this server, such as "
        "`https://chat.example.com`, for the addresses of files. Unset: that of each request.",
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        validation_alias="CHATKIT_SECRET_KEY",
        description="Signs the addresses of files, 32 characters or more. Unset: a key that is "
        "made once and kept in the database.",
    )
    greeting: str | None = Field(
        None,
        max_length=200,
        validation_alias="CHATKIT_GREETING",
        description="What the chat page says before the first message.",
    )
    starter_prompts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_bars)] = Field(
        (),
        validation_alias="CHATKIT_STARTER_PROMPTS",
        description="Messages that the chat page offers to begin with, separated by `|`, each "
        "`LABEL=MESSAGE` or just the message.",
    )
    locale: str | None = Field(
        None,
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        validation_alias="CHATKIT_LOCALE",
        description="Language of the chat page, such as `de` or `pt-BR`. Unset: the browser's.",
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
    auth: Annotated[tuple[AuthMode, ...], NoDecode, BeforeValidator(_split)] = Field(
        ("session", "dev"),
        validation_alias="CHATKIT_AUTH",
        description="Who may chat: one mode, or several separated by commas and tried in order. "
        "`session`: whoever shows a client secret. `cookie`: whoever has an httpOnly cookie with a "
        "JWT of your identity provider. `bearer`: the same JWT in the Authorization header. `dev`: "
        "anybody on this machine, as the user that `?userId=` names, where nothing else is shown; "
        "bound to loopback only.",
    )
    auth_cookie: str = Field(
        "auth_token",
        pattern=r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$",
        validation_alias="CHATKIT_AUTH_COOKIE",
        description="Name of the cookie that holds the JWT.",
    )
    jwks_url: str | None = Field(
        None,
        validation_alias="CHATKIT_JWKS_URL",
        description="Where the identity provider publishes the public keys of its JWTs (JWKS).",
    )
    jwt_public_key: str | None = Field(
        None,
        validation_alias="CHATKIT_JWT_PUBLIC_KEY",
        description="A public key instead of a JWKS: PEM text, or the path of a PEM file.",
    )
    jwt_secret: SecretStr | None = Field(
        None,
        validation_alias="CHATKIT_JWT_SECRET",
        description="A secret shared with the identity provider instead of a public key, of 32 "
        "bytes or more. Needs `CHATKIT_JWT_ALGORITHMS=HS256`.",
    )
    jwt_algorithms: CommaSeparated = Field(
        ("RS256", "ES256", "EdDSA"),
        validation_alias="CHATKIT_JWT_ALGORITHMS",
        description="Signature algorithms that a JWT may use, separated by commas.",
    )
    jwt_issuer: str | None = Field(
        None,
        validation_alias="CHATKIT_JWT_ISSUER",
        description="The `iss` that a JWT must have. Unset: any.",
    )
    jwt_audience: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_JWT_AUDIENCE",
        description="The `aud` that a JWT must have, or several of which it must have one. Unset: "
        "a JWT that has an `aud` is refused, since it was made for somebody else.",
    )
    jwt_leeway: float = Field(
        30.0,
        ge=0,
        le=300,
        validation_alias="CHATKIT_JWT_LEEWAY",
        description="Seconds that the clocks of the identity provider and this server may differ.",
    )
    jwt_claims: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_JWT_CLAIMS",
        description="Further claims of the JWT that the agent gets to see, separated by commas.",
    )
    session_ttl: int = Field(
        600,
        ge=10,
        le=86_400,
        validation_alias="CHATKIT_SESSION_TTL",
        description="Seconds for which a client secret is good.",
    )
    session_refresh_grace: int = Field(
        3_600,
        ge=0,
        le=31_536_000,
        validation_alias="CHATKIT_SESSION_REFRESH_GRACE",
        description="Seconds after its end in which a client secret can still be refreshed.",
    )
    session_max_age: int = Field(
        86_400,
        ge=60,
        le=31_536_000,
        validation_alias="CHATKIT_SESSION_MAX_AGE",
        description="Seconds after which a session cannot be refreshed any more, however often it "
        "was: its user signs in again.",
    )
    workflows: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_WORKFLOWS",
        description="Which agent answers for a workflow id, such as "
        "`wf_abc=my_app.agents:support,default=my_app.agents:main`. Any other id gets `default`; "
        "unset, that is the built-in assistant.",
    )
    sessions: Literal["own", "openai"] = Field(
        "own",
        validation_alias="CHATKIT_SESSIONS",
        description="`openai` makes the session endpoints hand out sessions of OpenAI-hosted "
        "ChatKit, for the time of moving.",
    )
    workflow_id: str | None = Field(
        None,
        validation_alias="CHATKIT_WORKFLOW_ID",
        description="The workflow of those sessions.",
    )
    turns_per_minute: int = Field(
        60,
        ge=1,
        validation_alias="CHATKIT_TURNS_PER_MINUTE",
        description="How many answers a user may ask for in a minute. More are refused with a 429.",
    )
    requests_per_minute: int = Field(
        600,
        ge=1,
        validation_alias="CHATKIT_REQUESTS_PER_MINUTE",
        description="How many requests of any kind a user may send in a minute.",
    )
    api_requests_per_minute: int = Field(
        3_000,
        ge=1,
        validation_alias="CHATKIT_API_REQUESTS_PER_MINUTE",
        description="How many requests to `/v1` an API key may send in a minute.",
    )
    redis_url: SecretStr | None = Field(
        None,
        validation_alias="CHATKIT_REDIS_URL",
        description="A Redis in which several processes count requests together, such as "
        "`redis://host:6379/0`. Unset: each counts its own. Needs `pip install "
        "'chatkit-backend[redis]'`.",
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
        "openai_base_url",
        "ollama_base_url",
        "openai_compatible_base_url",
        "jwks_url",
        "public_url",
        mode="after",
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

    @field_validator("auth", mode="before")
    @classmethod
    def _are_modes(cls, value: object) -> object:
        modes = _split(value)
        names = modes if isinstance(modes, tuple) else ()
        if not names or len(set(names)) < len(names) or not set(names) <= set(AUTH_MODES):
            raise ValueError(f"name one or several of {', '.join(AUTH_MODES)}, each once")
        return modes

    @field_validator("workflows", mode="after")
    @classmethod
    def _name_agents(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        ids = [pair.partition("=")[0].strip() for pair in value]
        if not all(_WORKFLOW.fullmatch(pair) for pair in value) or len(set(ids)) < len(ids):
            raise ValueError("write ID=MODULE:NAME, and each id once")
        return value

    @field_validator("models", "composer_tools", mode="after")
    @classmethod
    def _have_labels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [pair.partition("=")[0].strip() for pair in value]
        if not all(_PAIR.fullmatch(pair) for pair in value) or len(set(names)) < len(names):
            raise ValueError("write NAME=LABEL, and each name once")
        return value

    @field_validator("upload_types", mode="after")
    @classmethod
    def _are_media_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not all(_MEDIA_TYPE.fullmatch(entry) for entry in value):
            raise ValueError("write media types such as image/png or text/*")
        return value

    @field_validator("collection_access", mode="after")
    @classmethod
    def _name_claims(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ACCESS.fullmatch(entry) for entry in value):
            raise ValueError("write COLLECTION=CLAIM:VALUE, such as hr=department:hr")
        return value

    @field_validator("redis_url", mode="after")
    @classmethod
    def _is_redis_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value and value.get_secret_value().partition("://")[0] not in {"redis", "rediss"}:
            raise ValueError("must be redis://HOST:PORT/DATABASE or rediss://…")
        return value

    @field_validator("cors_origins", mode="after")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            whole = f"{parts.scheme}://{parts.netloc}"
            if origin != "*" and (origin != whole or not _is_sent_by_browsers(parts)):
                raise ValueError(
                    f"{origin!r} is no origin that a browser sends; write scheme and host in small "
                    "letters, and the port if it is not the usual one, such as "
                    "https://app.example.com"
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
    def _tokens_can_be_verified(self) -> Self:
        keys = [self.jwks_url, self.jwt_public_key, self.jwt_secret]
        given = sum(key is not None for key in keys)
        if {"cookie", "bearer"} & set(self.auth) and given != 1:
            raise ValueError(
                f"CHATKIT_AUTH: {' and '.join(self.auth)} needs one key to verify JWTs with, and "
                f"{given} are set. Set one of CHATKIT_JWKS_URL, CHATKIT_JWT_PUBLIC_KEY and "
                "CHATKIT_JWT_SECRET."
            )
        return self

    @model_validator(mode="after")
    def _algorithms_fit_the_key(self) -> Self:
        named = set(self.jwt_algorithms)
        shared = bool(self.jwt_secret)
        if not {"cookie", "bearer"} & set(self.auth):
            # No key is used, so only the names themselves can be wrong.
            shared = bool(named) and named <= SHARED_SECRET_ALGORITHMS
        allowed = SHARED_SECRET_ALGORITHMS if shared else PUBLIC_KEY_ALGORITHMS
        wrong = [name for name in self.jwt_algorithms if name not in allowed]
        if wrong or not named:
            key = "a shared secret" if shared else "a public key"
            raise ValueError(
                f"CHATKIT_JWT_ALGORITHMS: {', '.join(wrong) or 'nothing'} cannot be used with "
                f"{key}. Use some of {', '.join(sorted(allowed))}."
            )
        return self

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
