"""Hands out sessions of OpenAI-hosted ChatKit, for teams in the middle of moving.

The key stays here. What OpenAI says of a failure goes to the log, without its own words: those may
repeat a part of the key.
"""

from __future__ import annotations

from typing import Final, TypedDict

import structlog
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, OpenAIError

from chatkit_backend.errors import HostedApiError

_log = structlog.get_logger(__name__)

# A person waits for the page to open.
_TIMEOUT_SECONDS: Final = 10.0
_RETRIES: Final = 1

_SENTENCES: Final = {
    400: "OpenAI refused to create a session. Is CHATKIT_WORKFLOW_ID right?",
    401: "OpenAI did not accept the key of this server. Check OPENAI_API_KEY.",
    403: "The key of this server may not create sessions at OpenAI.",
    404: "OpenAI knows no such workflow. Check CHATKIT_WORKFLOW_ID.",
    429: "OpenAI's rate limit is reached. Try again in a moment.",
}
_NO_ANSWER: Final = "OpenAI does not answer. Try again in a moment."
_FAILED: Final = "OpenAI could not create a session. Try again in a moment."


class HostedSession(TypedDict):
    """A session of OpenAI's, as the session endpoints answer it."""

    client_secret: str
    session_id: str
    expires_at: int
    user_id: str


class HostedSessions:
    """Creates sessions of OpenAI-hosted ChatKit.

    Args:
        api_key: Of OpenAI's.
        workflow_id: Which workflow answers there.
        base_url: Another address of the API; None for OpenAI's own.
    """

    def __init__(self, api_key: str, workflow_id: str, base_url: str | None = None) -> None:
        self._workflow_id = workflow_id
        self._client = AsyncOpenAI(
            api_key=api_key, base_url=base_url, timeout=_TIMEOUT_SECONDS, max_retries=_RETRIES
        )

    async def create(self, user_id: str) -> HostedSession:
        """A session of a user's.

        Raises:
            HostedApiError: OpenAI gives none.
        """
        try:
            session = await self._client.beta.chatkit.sessions.create(
                user=user_id, workflow={"id": self._workflow_id}
            )
        except OpenAIError as error:
            failure = error
        else:
            return HostedSession(
                client_secret=session.client_secret,
                session_id=session.id,
                expires_at=session.expires_at,
                user_id=user_id,
            )
        _log.error("no hosted session", error=type(failure).__name__, status=_status(failure))
        # Outside of the handler: the error's own words must not follow as its context.
        raise HostedApiError(_sentence(failure))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _status(error: OpenAIError) -> int | None:
    return error.status_code if isinstance(error, APIStatusError) else None


def _sentence(error: OpenAIError) -> str:
    if isinstance(error, APIConnectionError | APITimeoutError):
        return _NO_ANSWER
    return _SENTENCES.get(_status(error) or 0, _FAILED)
