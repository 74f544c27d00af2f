"""Reads threads and items of OpenAI-hosted ChatKit, page by page, as fast as it lets us.

The `openai` package tries again by itself, twice. What goes on failing after that is waited for
here, where whoever looks on can be told. What the source says of a failure is not passed on: it may
repeat a part of the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar, cast

from openai import APIConnectionError, APIStatusError, AsyncOpenAI, Omit, OpenAIError, omit
from openai.pagination import AsyncConversationCursorPage
from openai.types.beta.chatkit import ChatKitThread
from openai.types.beta.chatkit.chatkit_thread_item_list import Data
from pydantic import BaseModel

from chatkit_backend.errors import HostedApiError

OPENAI: Final = "https://api.openai.com/v1"

_Listed = TypeVar("_Listed")
_Ask = Callable[[str | Omit], Awaitable[AsyncConversationCursorPage[_Listed]]]

# The hosted API's own largest page: as few requests as can be.
_PAGE: Final = 100
# A page is there in a second or two; the package's own ten minutes would look like a standstill.
_TIMEOUT_SECONDS: Final = 60.0
_RETRIES: Final = 2

_TOO_MANY: Final = 429
# Timeout and conflict: the package tries these again, too.
_PASSING: Final = frozenset({408, 409, _TOO_MANY})
_SERVER_ERRORS: Final = 500
_REFUSALS: Final = {
    401: "The source does not accept the API key.",
    403: "The API key may not read threads. Give it the permission, or use another.",
}
# A thread or item that is gone; some servers say so of a cursor with a 400.
_MISSING: Final = frozenset({400, 404})

# Without a Retry-After, the first pause and the longest; each is twice the one before.
_FIRST_PAUSE: float = 5.0
_LONGEST_PAUSE: float = 60.0
# With one, the longest that we believe.
_LONGEST_ASKED: Final = 600.0
# A rate limit passes, with patience; a server that fails four times more will go on failing.
_PAUSES: Final = {"rate limit": 30, "no answer": 4}

Why = Literal["rate limit", "no answer"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The source wants to be asked later; so it will be.

    Attributes:
        seconds: When.
        why: Whether it was asked too often, or fails.
    """

    seconds: float
    why: Why


@dataclass(frozen=True, slots=True)
class HostedPage(Generic[_Listed]):
    """A part of a list.

    Attributes:
        data: What is in it. The package has not checked it: see `hosted.imports`.
        last_id: After what the next page begins; None where there was nothing.
    """

    data: Sequence[_Listed]
    last_id: str | None


class SourceRefused(HostedApiError):
    """The source answers to nobody like us: asking again is of no use."""


class KeyRefused(SourceRefused):
    """The source does not take the key."""


class SourceMisses(HostedApiError):
    """The source has no such thread (any more), or not the item to continue after."""


class HostedSource:
    """Threads of OpenAI-hosted ChatKit, or of a server with the same API.

    All methods raise `SourceRefused` where the source does not take the key or is no such API, and
    another `HostedApiError` where it fails again and again.

    Args:
        client: Who asks; the caller closes it.
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client
        self._threads = client.beta.chatkit.threads
        # Without the password that an address may have.
        url = client.base_url
        self._address = f"{url.scheme}://{url.netloc.decode()}{url.path}"
        self._has_answered = False

    @classmethod
    def at(cls, base_url: str, api_key: str) -> HostedSource:
        """The source at an address, to be closed by `close`.

        Args:
            base_url: Of the API, such as `OPENAI`.
            api_key: One that may read threads.
        """
        return cls(
            AsyncOpenAI(
                # Given in any case: the package would take one from the environment.
                base_url=base_url,
                api_key=api_key,
                timeout=_TIMEOUT_SECONDS,
                max_retries=_RETRIES,
            )
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def threads(
        self, user_id: str | None
    ) -> AsyncGenerator[HostedPage[ChatKitThread] | Waiting, None]:
        """Every thread, the newest first.

        Args:
            user_id: Of this user alone; None for those of all users.
        """

        def ask(after: str | Omit) -> Awaitable[AsyncConversationCursorPage[ChatKitThread]]:
            user = omit if user_id is None else user_id
            return self._threads.list(after=after, limit=_PAGE, order="desc", user=user)

        try:
            async for page in self._pages(ask, None):
                yield page
        except SourceMisses:
            raise SourceRefused(
                f"No ChatKit API answers at {self._address}. Is the address right?"
            ) from None

    async def items(
        self, thread_id: str, after: str | None
    ) -> AsyncGenerator[HostedPage[Data] | Waiting, None]:
        """The items of a thread, the oldest first.

        Args:
            thread_id: The thread.
            after: Id of the item to continue after; None for all.

        Raises:
            SourceMisses: There is no such thread, or no such item in it.
        """

        def ask(after: str | Omit) -> Awaitable[AsyncConversationCursorPage[Data]]:
            return self._threads.list_items(thread_id, after=after, limit=_PAGE, order="asc")

        async for page in self._pages(ask, after):
            yield page

    async def _pages(
        self, ask: _Ask[_Listed], after: str | None
    ) -> AsyncIterator[HostedPage[_Listed] | Waiting]:
        pauses = {"rate limit": 0, "no answer": 0}
        while True:
            answer = await _answer(ask, after)
            if isinstance(answer, OpenAIError):
                why, seconds = self._pause(answer, pauses)
                yield Waiting(seconds, why)
                await asyncio.sleep(seconds)
                continue
            self._has_answered = True
            pauses = dict.fromkeys(pauses, 0)
            page, more = answer
            yield page
            if not more:
                return
            if page.last_id in {None, after}:
                raise HostedApiError("The list repeats itself and has no end.")
            after = page.last_id

    def _pause(self, error: OpenAIError, pauses: dict[str, int]) -> tuple[Why, float]:
        """Why to wait, and how many seconds; counted in `pauses`.

        Raises:
            HostedApiError: It is of no use, or no more.
        """
        status = error.status_code if isinstance(error, APIStatusError) else None
        if (final := self._final(error, status)) is not None:
            raise final
        why: Why = "rate limit" if status == _TOO_MANY else "no answer"
        if pauses[why] == _PAUSES[why]:
            told = "does not answer" if status is None else f"fails with status {status}"
            raise HostedApiError(f"The source {told}, however long one waits.")
        pause = _asked_pause(error) or min(_FIRST_PAUSE * 2 ** pauses[why], _LONGEST_PAUSE)
        pauses[why] += 1
        return why, pause

    def _final(self, error: OpenAIError, status: int | None) -> HostedApiError | None:
        """What to raise for an error that stays however long one waits; None for another."""
        if status is None:
            silent = isinstance(error, APIConnectionError)
            if silent and self._has_answered:
                return None
            who = "Nothing answers" if silent else "No ChatKit API answers"
            return SourceRefused(f"{who} at {self._address}. Is the address right?")
        if status in _REFUSALS:
            return KeyRefused(_REFUSALS[status])
        if status in _MISSING:
            return SourceMisses("The source has no such thread or item.")
        if status < _SERVER_ERRORS and status not in _PASSING:
            return HostedApiError(f"The source refuses to answer (status {status}).")
        return None


class _NoList(OpenAIError):
    """What came is no list, whatever its status says."""


async def _answer(
    ask: _Ask[_Listed], after: str | None
) -> tuple[HostedPage[_Listed], bool] | OpenAIError:
    """A page and whether more follow, or what went wrong.

    Errors are returned, so that their words are no context of what is raised for them.
    """
    try:
        page = await ask(omit if after is None else after)
    except OpenAIError as error:
        return error
    except (AttributeError, ValueError):
        return _NoList()  # what the package makes of an answer that is no JSON, or no object
    data = cast("Any", page.data)
    if not isinstance(data, list) or not all(isinstance(entry, BaseModel) for entry in data):
        return _NoList()
    named = [page.last_id, *(entry.id for entry in reversed(data))]
    last_id = next((name for name in named if name and isinstance(name, str)), None)
    return HostedPage(data, last_id), bool(page.has_more)


def _asked_pause(error: OpenAIError) -> float | None:
    """The Retry-After of an answer, in seconds; None without one that can be used."""
    if not isinstance(error, APIStatusError):
        return None
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, _LONGEST_ASKED) if seconds > 0 else None
