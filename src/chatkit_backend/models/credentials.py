"""What it takes to call the providers, as plain values, and which model that allows.

Never reads the environment, and never imports a provider's client: the CLI may look at this
module without paying for the Agents SDK.
"""

from __future__ import annotations

from dataclasses import dataclass, field

OPENAI_BASE_URL = "https://api.openai.com/v1"
# https://ai.google.dev/gemini-api/docs/openai
GEMINI_BASE_URL = "https://generativelanguage.googleapis.com/v1beta/openai/"
# https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk
ANTHROPIC_BASE_URL = "https://api.anthropic.com/v1/"
OLLAMA_BASE_URL = "http://127.0.0.1:11434/v1/"

DEMO = "demo"
# The small current model of each provider, looked up in November 2026: a default must not be
# dear, and must not be about to be shut down (gemini-2.5-flash is, on 1 December 2026).
DEFAULT_OPENAI_MODEL = "openai/gpt-6-luna"
DEFAULT_GEMINI_MODEL = "gemini/gemini-3.5-flash-lite"
DEFAULT_ANTHROPIC_MODEL = "anthropic/claude-haiku-5-5"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys and addresses of the providers.

    Keys are kept out of `repr`, so that no log or traceback shows them; so is the address of the
    compatible server, which may carry a password. An empty key counts as none.

    Attributes:
        openai_api_key: Key for `openai/…` models.
        openai_base_url: Another address of the OpenAI API; None for OpenAI's own.
        gemini_api_key: Key for `gemini/…` models.
        gemini_base_url: Gemini's OpenAI-compatible endpoint.
        anthropic_api_key: Key for `anthropic/…` models.
        anthropic_base_url: Anthropic's OpenAI-compatible endpoint.
        ollama_base_url: Address of the Ollama server. `/v1/` is added to an address without a
            path, because Ollama's own `OLLAMA_HOST` has none.
        openai_compatible_base_url: Address for `openai-compatible/…` models, its `/v1` included.
        openai_compatible_api_key: Key for that server, if it wants one.
    """

    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = field(default=None, repr=False)
    gemini_api_key: str | None = field(default=None, repr=False)
    gemini_base_url: str = GEMINI_BASE_URL
    anthropic_api_key: str | None = field(default=None, repr=False)
    anthropic_base_url: str = ANTHROPIC_BASE_URL
    ollama_base_url: str = field(default=OLLAMA_BASE_URL, repr=False)
    openai_compatible_base_url: str | None = field(default=None, repr=False)
    openai_compatible_api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call to a provider may take.

    Attributes:
        connect_timeout_seconds: For the connection.
        read_timeout_seconds: Between two pieces of the answer, and before the first one.
        retries: How often a call that failed before its first byte is tried again.
    """

    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 60.0
    retries: int = 2


def default_model(credentials: Credentials) -> str:
    """The model of the first provider that has a key, else `demo`."""
    if credentials.openai_api_key:
        return DEFAULT_OPENAI_MODEL
    if credentials.gemini_api_key:
        return DEFAULT_GEMINI_MODEL
    if credentials.anthropic_api_key:
        return DEFAULT_ANTHROPIC_MODEL
    return DEMO
