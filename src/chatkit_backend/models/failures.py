"""What goes wrong when a model is called, as a sentence for the person who chats.

The provider's own words never reach that sentence: they may hold keys, organisation ids and
addresses. `detail` keeps them, redacted, for the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import httpx2
from agents.exceptions import (
    MaxTurnsExceeded,
    ModelBehaviorError,
    ModelRefusalError,
    ModelTimeoutError,
)
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ContentFilterFinishReasonError,
    LengthFinishReasonError,
)

from chatkit_backend.errors import ModelError
from chatkit_backend.models.redaction import redact

MAX_LOGGED_MESSAGE = 1_000  # characters; some servers answer with whole HTML pages


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of failure: what is said of it, and whether trying again may help."""

    message: str
    allow_retry: bool


_OPERATOR = "Please tell the people who run this chat."
BAD_CREDENTIALS: Final = Kind(f"The model refused this server's credentials. {_OPERATOR}", False)
QUOTA: Final = Kind(f"The model's quota or credit is used up. {_OPERATOR}", False)
UNKNOWN_MODEL: Final = Kind(
    f"The model this chat is set to use is not available. {_OPERATOR}", False
)
TOO_LONG: Final = Kind(
    "This conversation is too long for the model. Start a new chat or send a shorter message.",
    False,
)
WITHHELD: Final = Kind(
    "The model's content filter withheld the answer. Please put your message differently.", False
)
DECLINED: Final = Kind("The model declined to answer this message.", False)
CUT_SHORT: Final = Kind("The answer reached the model's length limit and is incomplete.", False)
NOT_ACCEPTED: Final = Kind(f"The model did not accept this conversation. {_OPERATOR}", False)
RATE_LIMIT: Final = Kind(
    "The model is getting too many requests. Please try again in a moment.", True
)
OVERLOADED: Final = Kind("The model is overloaded. Please try again in a moment.", True)
TIMEOUT: Final = Kind("The model took too long to answer. Please try again.", True)
UNREACHABLE: Final = Kind("The model could not be reached. Please try again in a moment.", True)
BROKEN_OFF: Final = Kind(
    "The connection to the model broke off before the answer was complete. Please try again.", True
)
SERVER_PROBLEM: Final = Kind("The model's service had a problem. Please try again.", True)
TOO_MANY_STEPS: Final = Kind(
    "The assistant took too many steps without coming to an answer. Please try again, or ask for "
    "less at once.",
    True,
)
UNUSABLE: Final = Kind("The model's answer could not be used. Please try again.", True)
UNEXPECTED: Final = Kind("Something went wrong while the model answered. Please try again.", True)


def _patterns(*pairs: tuple[Kind, str]) -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in pairs)


# What providers write, first match wins. Code, type and message are searched together, because
# compatible servers put the same fact into any of them. Codes in snake case are OpenAI's and
# Anthropic's, in capitals Gemini's; sentences come from OpenAI, Gemini, Anthropic, Ollama,
# llama.cpp, vLLM and LM Studio. A billing *page* is named by plain rate limits too, and Gemini
# says "exceeded your current quota" of a limit per minute: neither word decides.
_FACTS: Final = _patterns(
    (QUOTA, r"insufficient_quota|billing_hard_limit_reached|billing_not_active|billing_error"),
    (QUOTA, r"credit balance is too low|insufficient (credits|balance|funds)|PerDay"),
    (TOO_LONG, r"context_length_exceeded|exceed_context_size|string_above_max_length"),
    (TOO_LONG, r"request_too_large|request too large for|too many (input )?tokens"),
    (TOO_LONG, r"maximum context length|context window|prompt (is )?too long"),
    (TOO_LONG, r"context length exceeded|exceeds the (available )?context|input token count"),
    (TOO_LONG, r"greater than the context length|exceeds the maximum number of tokens"),
    (TOO_LONG, r"input length and `?max_tokens"),
    (WITHHELD, r"content_filter|content_policy|ResponsibleAIPolicy|PROHIBITED_CONTENT"),
    (BAD_CREDENTIALS, r"invalid_api_key|authentication_error|permission_error|API_KEY_INVALID"),
    (BAD_CREDENTIALS, r"API key not valid|API key expired|unsupported_country"),
    (UNKNOWN_MODEL, r"model_not_found|is not found for API version"),
    (UNKNOWN_MODEL, r"model\W+\S+ (was )?(not found|does not exist)"),
)
# Troubles of a moment. A status says these better; they are read where there is none.
_TROUBLES: Final = _patterns(
    (OVERLOADED, r"overloaded|UNAVAILABLE|slow_down"),
    (RATE_LIMIT, r"rate_limit|rate limit|RESOURCE_EXHAUSTED|too many requests"),
    (CUT_SHORT, r"max_output_tokens|finish_reason='length'"),
    (BROKEN_OFF, r"before receiving a finish_reason|did not produce a final response"),
    (TIMEOUT, r"timeout_error|DEADLINE_EXCEEDED"),
)
_STATUSES: Final = {
    401: BAD_CREDENTIALS,
    402: QUOTA,
    403: BAD_CREDENTIALS,
    404: UNKNOWN_MODEL,
    408: TIMEOUT,
    409: SERVER_PROBLEM,
    413: TOO_LONG,
    429: RATE_LIMIT,
    503: OVERLOADED,
    504: TIMEOUT,
    529: OVERLOADED,  # Anthropic's own
}
FIRST_SERVER_STATUS: Final = 500
_CLASSES: Final = (
    (MaxTurnsExceeded, TOO_MANY_STEPS),
    (ContentFilterFinishReasonError, WITHHELD),
    (LengthFinishReasonError, CUT_SHORT),
)
_TIMEOUTS: Final = (APITimeoutError, ModelTimeoutError, httpx2.TimeoutException, TimeoutError)
_CONNECTIONS: Final = (APIConnectionError, httpx2.TransportError, ConnectionError)
# How the Agents SDK begins what a provider told it: the `error`, `response.failed` and
# `response.incomplete` events of the Responses API, and its likes over chat completions.
_TOLD: Final = (
    "Responses stream ended with terminal event",
    "ChatCompletion response has no choices",
    "Chat Completions stream",
    "Chat Completions response",
    "did not produce a final response",
)


def translate(error: Exception) -> ModelError:
    """The error to show for what a model call or an agent run raised.

    Args:
        error: Anything that `openai`, `httpx2` or `agents` raises; an error that is a
            `ModelError` already is returned as it is.
    """
    if isinstance(error, ModelError):
        return error
    kind = kind_of(error)
    return ModelError(kind.message, allow_retry=kind.allow_retry)


def detail(error: Exception) -> dict[str, object]:
    """What the log is told of an error; secrets are redacted.

    Returns:
        `error` and `cause` (class names), `status`, `code`, `type`, `request_id` and
        `error_message` (the provider's words, at most `MAX_LOGGED_MESSAGE` characters); without
        those that are unknown.
    """
    body = _body(error)
    found = {
        "error": type(error).__name__,
        "cause": type(error.__cause__).__name__ if error.__cause__ else None,
        "status": getattr(error, "status_code", None),
        "code": body.get("code") or getattr(error, "code", None),
        "type": body.get("type") or body.get("status") or getattr(error, "type", None),
        "request_id": getattr(error, "request_id", None),
        "error_message": body.get("message") or str(error),
    }
    key = _sent_key(error)
    return {
        name: redact(value, key)[:MAX_LOGGED_MESSAGE] if isinstance(value, str) else value
        for name, value in found.items()
        if value is not None and value != ""
    }


def kind_of(error: Exception) -> Kind:
    """The kind of failure that `openai`, `httpx2` or `agents` raised."""
    plain = next((kind for known, kind in _CLASSES if isinstance(error, known)), None)
    return plain or _kind_of_transport(error) or _kind_of_told(error) or UNEXPECTED


def _kind_of_transport(error: Exception) -> Kind | None:
    """The kind of an error of the connection; None for any other."""
    if not isinstance(error, _TIMEOUTS + _CONNECTIONS):
        return None
    evidence = (error, error.__cause__)  # `openai` wraps the transport's errors
    if any(isinstance(e, httpx2.ConnectTimeout | httpx2.PoolTimeout) for e in evidence):
        return UNREACHABLE
    if isinstance(error, _TIMEOUTS):
        return TIMEOUT
    if any(isinstance(e, httpx2.ReadError | httpx2.RemoteProtocolError) for e in evidence):
        return BROKEN_OFF
    return UNREACHABLE


def _kind_of_told(error: Exception) -> Kind | None:
    """The kind of a failure that the provider itself told; None for any other."""
    match error:
        case ModelRefusalError():
            # The Agents SDK words an empty answer with finish reason `content_filter` like this.
            return WITHHELD if "content filter" in error.refusal else DECLINED
        case APIStatusError():
            return _search(error, _FACTS) or _kind_by_status(error.status_code)
        case APIError():  # told inside a stream whose status was 200
            return _search(error, _FACTS + _TROUBLES) or SERVER_PROBLEM
        case ModelBehaviorError() if any(words in error.message for words in _TOLD):
            return _search(error, _FACTS + _TROUBLES) or SERVER_PROBLEM
        case ModelBehaviorError():  # may quote the model, whose words prove nothing
            return UNUSABLE
        case _:
            return None


def _kind_by_status(status: int) -> Kind:
    server_problem = status >= FIRST_SERVER_STATUS
    return _STATUSES.get(status) or (SERVER_PROBLEM if server_problem else NOT_ACCEPTED)


def _search(error: Exception, table: tuple[tuple[Kind, re.Pattern[str]], ...]) -> Kind | None:
    words = f"{error} {getattr(error, 'body', '')}"
    return next((kind for kind, pattern in table if pattern.search(words)), None)


def _body(error: Exception) -> dict[str, object]:
    """The provider's error object; empty when there is none."""
    body = getattr(error, "body", None)
    if isinstance(body, list) and body:  # Gemini wraps its errors in a list
        body = body[0]
    if isinstance(body, dict):
        inner = body.get("error", body)
        return inner if isinstance(inner, dict) else {"message": str(inner)}
    return {}


def _sent_key(error: Exception) -> str | None:
    """The key that the failed request carried, to find it in whatever shape the provider echoes."""
    if not isinstance(error, APIError):
        return None
    header: str = error.request.headers.get("authorization", "")
    return header.removeprefix("Bearer ") or None
