"""What answers, and how it is asked."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from chatkit_backend.settings.fields import PLACE, CommaSeparated, HttpAddress, HttpAddressOrNone

DEFAULT_INSTRUCTIONS = (
    "You are a helpful assistant in a chat on a web page. "
    "Answer clearly and to the point, in the language the user writes in."
)

_PAIR = re.compile(r"[^=\s][^=]*=\s*\S.*")


class ModelSettings(BaseSettings):
    """What answers, and how it is asked."""

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
    openai_base_url: HttpAddressOrNone = Field(
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
    ollama_base_url: HttpAddress = Field(
        "http://127.0.0.1:11434/v1/",
        validation_alias="OLLAMA_BASE_URL",
        description="Address of the Ollama server for `ollama/…` models.",
    )
    openai_compatible_base_url: HttpAddressOrNone = Field(
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
        pattern=PLACE,
        validation_alias="CHATKIT_AGENT",
        description="Your own agent, as `MODULE:NAME`, such as `my_app.agents:support`: an "
        "`agents.Agent`, a function that makes one, or a `ChatKitServer` class.",
    )
    actions: str | None = Field(
        None,
        pattern=PLACE,
        validation_alias="CHATKIT_ACTIONS",
        description="What answers the actions of widgets, as `MODULE:NAME` of a "
        "`chatkit_backend.Actions`.",
    )
    tag_resolver: str | None = Field(
        None,
        pattern=PLACE,
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

    @field_validator("models", "composer_tools", mode="after")
    @classmethod
    def _have_labels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [pair.partition("=")[0].strip() for pair in value]
        if not all(_PAIR.fullmatch(pair) for pair in value) or len(set(names)) < len(names):
            raise ValueError("write NAME=LABEL, and each name once")
        return value
