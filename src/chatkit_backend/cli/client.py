"""A small ChatKit client for the terminal: requests and events, nothing printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx2

# A model may think for minutes before its first word; the server's heartbeats keep this alive.
_TIMEOUT = httpx2.Timeout(10.0, read=60.0)


class ServerRefusedError(Exception):
    """The server answered with an error, or did not answer. The message is for a person."""


class ChatClient:
    """Talks to one server as one user.

    Args:
        url: Address of the server, without path.
        user_id: Whom to chat as; None for the server's anonymous user.
        client_secret: Shown with every request.
    """

    def __init__(
        self, url: str, user_id: str | None = None, client_secret: str | None = None
    ) -> None:
        self._endpoint = f"{url.rstrip('/')}/api/chatkit"
        self._http = httpx2.Client(
            params={"userId": user_id} if user_id else None,
            headers={"Authorization": f"Bearer {client_secret}"} if client_secret else None,
            timeout=_TIMEOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """The JSON answer of an operation that does not stream.

        Raises:
            ServerRefusedError: The server refused it, or could not be reached.
        """
        try:
            response = self._http.post(self._endpoint, json=_body(operation, params))
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _refusal(response)
        answer: dict[str, Any] = response.json()
        return answer

    def say(self, text: str, thread_id: str | None) -> Iterator[dict[str, Any]]:
        """Sends a message and yields the events of the answer as they arrive.

        Args:
            text: The message.
            thread_id: Thread to add it to; None begins a new one.

        Raises:
            ServerRefusedError: The server refused it, could not be reached, or broke off.
        """
        message = {
            "content": [{"type": "input_text", "text": text}],
            "attachments": [],
            "inference_options": {},
        }
        if thread_id:
            body = _body("threads.add_user_message", {"input": message, "thread_id": thread_id})
        else:
            body = _body("threads.create", {"input": message})
        try:
            with self._http.stream("POST", self._endpoint, json=body) as response:
                if response.is_error:
                    response.read()
                    raise _refusal(response)
                for line in response.iter_lines():
                    # This server sends each event as one line; everything else is a comment.
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ServerRefusedError:
        reason = str(error) or type(error).__name__
        return ServerRefusedError(
            f"No answer from {self._endpoint} ({reason}). Is the server running?"
        )


def _body(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"type": operation, "params": params}


def _refusal(response: httpx2.Response) -> ServerRefusedError:
    try:
        message = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = "The answer is not one of a chatkit-backend server."
    return ServerRefusedError(f"{message} (status {response.status_code})")
