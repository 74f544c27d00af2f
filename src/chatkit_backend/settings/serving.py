"""How the server is reached, and what its page says."""

from __future__ import annotations

from typing import Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from chatkit_backend.settings.fields import BarSeparated, CommaSeparated, HttpAddressOrNone

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


class ServingSettings(BaseSettings):
    """How the server is reached, and what its page says."""

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
    public_url: HttpAddressOrNone = Field(
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
    starter_prompts: BarSeparated = Field(
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
