"""How often a user, a session and an API key may ask; what is more is refused.

Counts in this process, or in a Redis that several processes share. A chat must never stop because
the counting does: while Redis is away, each process counts for itself.
"""

from __future__ import annotations

import hashlib
import time

from limits import RateLimitItemPerSecond

from chatkit_backend.auth.counters import Count, Counter, Limit, Memory
from chatkit_backend.auth.redis_counter import SharedCounter
from chatkit_backend.context import Session


class RateLimits:
    """Counts requests, and refuses those over a limit.

    Each method counts one request. A refused one is counted nowhere: neither under the limit that
    refused it, nor under another limit of the same method; so whoever keeps asking is not kept out
    any longer for it. (Where two processes take the last place at the same moment, the one that
    comes too late may have used up a place of its session.)

    Args:
        turns_per_minute: How many answers a user may ask for.
        requests_per_minute: How many requests a user may send.
        api_requests_per_minute: How many requests an API key may send.
        redis_url: Where several processes count together, as `redis://…` or `rediss://…`; None
            where this one counts alone.
        window_seconds: How long a minute is, for tests.

    Raises:
        SettingsError: `redis_url` cannot be used, or the package for it is not installed.
    """

    def __init__(
        self,
        *,
        turns_per_minute: int,
        requests_per_minute: int,
        api_requests_per_minute: int,
        redis_url: str | None = None,
        window_seconds: int = 60,
    ) -> None:
        self._window_seconds = window_seconds
        self._requests = self._limit(
            "user-requests",
            requests_per_minute,
            f"A user may send {requests_per_minute} requests a minute "
            "(CHATKIT_REQUESTS_PER_MINUTE).",
        )
        self._turns = self._limit(
            "user-turns",
            turns_per_minute,
            f"A user may ask for {turns_per_minute} answers a minute (CHATKIT_TURNS_PER_MINUTE).",
        )
        self._api_requests = self._limit(
            "api-requests",
            api_requests_per_minute,
            f"An API key may send {api_requests_per_minute} requests a minute "
            "(CHATKIT_API_REQUESTS_PER_MINUTE).",
        )
        self._memory = Counter(Memory(), time.monotonic)
        self._redis = None if redis_url is None else SharedCounter(redis_url)

    async def count_request(self, user_id: str) -> None:
        """Count a request of any kind.

        Raises:
            TooManyRequests: The user has sent all that are allowed.
        """
        await self._count((self._requests, user_id))

    async def count_turn(self, user_id: str, session: Session | None = None) -> None:
        """Count a request for an answer.

        Raises:
            TooManyRequests: The user, or their session where it has a limit of its own, has had all
                that are allowed.
        """
        of_the_user = (self._turns, user_id)
        if session is None or session.turns_per_minute is None:
            await self._count(of_the_user)
            return
        limit = self._limit(
            "session-turns",
            session.turns_per_minute,
            f"This session may ask for {session.turns_per_minute} answers a minute: the rate limit "
            "that it was created with.",
        )
        await self._count((limit, session.id), of_the_user)

    async def count_api_request(self, key_id: str) -> None:
        """Count a request to `/v1`.

        Raises:
            TooManyRequests: The API key has sent all that are allowed.
        """
        await self._count((self._api_requests, key_id))

    async def counts_in_redis(self) -> bool:
        """Whether a Redis is named, and answers now."""
        return self._redis is not None and await self._redis.answers()

    async def close(self) -> None:
        """Close the connections to Redis. Closing again does nothing."""
        if self._redis is not None:
            await self._redis.close()

    def _limit(self, name: str, amount: int, sentence: str) -> Limit:
        return Limit(RateLimitItemPerSecond(amount, self._window_seconds, name), sentence)

    async def _count(self, *counts: Count) -> None:
        # Ids are hashed: they may hold the separators of keys, be of any length, and be an e-mail
        # address, which has no business in Redis.
        keyed = [(limit, _hashed(whose)) for limit, whose in counts]
        if self._redis is None or not await self._redis.take(keyed):
            await self._memory.take(keyed)


def _hashed(identifier: str) -> str:
    # An id that came as JSON may hold half a surrogate pair.
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()[:32]
