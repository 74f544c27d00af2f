"""How answers use documents."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from chatkit_backend.settings.fields import CommaSeparated

# A claim may be named by an address, such as https://example.com/groups; so its last colon counts.
_ACCESS = re.compile(r"\s*[\w.-]+\s*=\s*[^\s=]+:[^:]*[^\s:][^:]*")


class DocumentSettings(BaseSettings):
    """How answers use documents."""

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

    @field_validator("collection_access", mode="after")
    @classmethod
    def _name_claims(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ACCESS.fullmatch(entry) for entry in value):
            raise ValueError("write COLLECTION=CLAIM:VALUE, such as hr=department:hr")
        return value
