"""Where chats and files are kept, and how much of them."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from chatkit_backend.settings.fields import CommaSeparated

_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/(?:[a-z0-9.+-]+|\*)")


class StorageSettings(BaseSettings):
    """Where chats and files are kept, and how much of them."""

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

    @field_validator("database_url", mode="after")
    @classmethod
    def _is_known_database(cls, value: SecretStr) -> SecretStr:
        scheme = value.get_secret_value().partition("://")[0].partition("+")[0]
        if scheme not in {"sqlite", "memory", "postgres", "postgresql"}:
            raise ValueError("must be sqlite:///FILE, postgresql://… or memory://")
        return value

    @field_validator("upload_types", mode="after")
    @classmethod
    def _are_media_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not all(_MEDIA_TYPE.fullmatch(entry) for entry in value):
            raise ValueError("write media types such as image/png or text/*")
        return value
