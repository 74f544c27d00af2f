"""How often a user, a session and an API key may ask; what is more is refused.

Counts in this process, or in a Redis that several processes share. A chat must never stop because
the counting does: while Redis is away, each process counts for itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from chatkit_backend.context import Session
from chatkit_backend.errors import SettingsError, TooManyRequests

# Redis answers in a millisecond; what takes so much longer is away, and somebody is waiting.
_REDIS_SECONDS: Final = 0.5
# So long nobody asks a Redis that was away; then one request tries, and the others do not wait.
_PAUSE_SECONDS: Final = 5.0
# At most one warning in so many seconds, however often Redis comes and goes.
_WARNING_SECONDS: Final = 60.0
# More requests wait for their turn: opening connections is dearer than a millisecond's wait.
_CONNECTIONS: Final = 16
# Redis hands timestamps out with 14 digits, so rounded to the tenth of a millisecond.
_ROUNDING_SECONDS: Final = 0.001
# What else is in the same Redis must not clash with ours.
_KEY_PREFIX: Final = "chatkit"

_log = structlog.get_logger(__name__)


class _Limit(NamedTuple):
    """So many in a window of time.

    Attributes:
        item: The numbers, and a name that keeps this limit's keys apart from those of others.
        sentence: What is said to somebody who is over it.
    """

    item: RateLimitItem
    sentence: str


# Whose places under a limit are taken: a user's, say.
_Count = tuple[_Limit, str]


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
        self._memory = _Counter(_Memory(), time.monotonic)
        self._redis = None if redis_url is None else _SharedCounter(redis_url)

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

    def _limit(self, name: str, amount: int, sentence: str) -> _Limit:
        return _Limit(RateLimitItemPerSecond(amount, self._window_seconds, name), sentence)

    async def _count(self, *counts: _Count) -> None:
        # Ids are hashed: they may hold the separators of keys, be of any length, and be an e-mail
        # address, which has no business in Redis.
        keyed = [(limit, _hashed(whose)) for limit, whose in counts]
        if self._redis is None or not await self._redis.take(keyed):
            await self._memory.take(keyed)


def _hashed(identifier: str) -> str:
    # An id that came as JSON may hold half a surrogate pair.
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class _Counter:
    """Takes places under limits, in one storage.

    A moving window, of the strategies that `limits` has: it is exact, and knows when the next place
    is free, which is what Retry-After promises. (The sliding window counter estimates from the
    totals of two windows, and after a first full one names a moment at which it refuses again.) It
    keeps a timestamp for each request that was let in and for no other, so no user can make it keep
    more than their limit; they are gone a minute later.

    Args:
        storage: Where the timestamps are.
        now: The clock that they are taken from, in seconds.
    """

    def __init__(self, storage: Storage, now: Callable[[], float]) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        self._now = now

    async def take(self, counts: list[_Count]) -> None:
        """Take a place under every limit, or under none.

        Raises:
            TooManyRequests: One of them has none left.
        """
        # The first need not be asked in advance: where it has no place, nothing is taken yet.
        for limit, key in counts[1:]:
            if not await self._limiter.test(limit.item, key):
                raise await self._refusal(counts)
        for limit, key in counts:
            if not await self._limiter.hit(limit.item, key):
                raise await self._refusal(counts)

    async def _refusal(self, counts: list[_Count]) -> TooManyRequests:
        # Of several that are full the one that is so for longest: before that, asking is useless.
        seconds, sentence = 0.0, counts[0][0].sentence
        for limit, key in counts:
            reset_time, remaining = await self._limiter.get_window_stats(limit.item, key)
            if remaining < 1 and reset_time - self._now() > seconds:
                seconds, sentence = reset_time - self._now(), limit.sentence
        whole_seconds = max(1, math.ceil(seconds + _ROUNDING_SECONDS))
        return TooManyRequests(
            sentence,
            # Redis forgets them at the end of the window even where another host's clock is ahead.
            retry_after_seconds=min(whole_seconds, counts[0][0].item.get_expiry()),
        )


class _Memory(MemoryStorage):
    """Timestamps in this process.

    Replaces the moving window of `limits`, which after every hit walks over everybody's timestamps
    to find what has expired: 90 µs of CPU a hit with one user, 3.6 ms with 10,000. Here the keys
    stand in the order of their last hit, so the expired ones are all in front.

    Args:
        now: A clock that is never set, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._hits: OrderedDict[str, list[float]] = OrderedDict()

    # Neither method awaits anything, so nothing comes between a test and a hit.

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add `amount` hits, if no more than `limit` are then in the last `expiry` seconds."""
        now = self._now()
        self._forget(now - expiry)
        hits = self._hits.get(key, [])
        del hits[: bisect_right(hits, now - expiry)]
        if len(hits) + amount > limit:
            return False
        hits.extend([now] * amount)
        self._hits[key] = hits
        self._hits.move_to_end(key)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The first hit in the last `expiry` seconds, or now where there is none; how many."""
        now = self._now()
        hits = self._hits.get(key, [])
        expired = bisect_right(hits, now - expiry)
        return (hits[expired] if expired < len(hits) else now), len(hits) - expired

    def _forget(self, until: float) -> None:
        # All limits have the same window, so no expired key can hide behind one that is not.
        while self._hits:
            key, hits = next(iter(self._hits.items()))
            if hits[-1] > until:
                return
            del self._hits[key]


class _SharedCounter:
    """Takes places in Redis, where other processes take theirs.

    Args:
        url: Its address.

    Raises:
        SettingsError: The address cannot be used, or the package for it is not installed.
    """

    def __init__(self, url: str) -> None:
        self._pool = _connections(url)
        # The pool goes in ready-made: `limits` takes no address without a port, and repeats the
        # password of one that it cannot read.
        options: dict[str, Any] = {"connection_pool": self._pool}
        self._storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=_KEY_PREFIX,
            wrap_exceptions=True,
            **options,
        )
        self._counter = _Counter(self._storage, time.time)
        # The address may ask for another number; the pool would refuse what is above it.
        self._slots = asyncio.Semaphore(self._pool.max_connections)
        self._away = False
        self._ask_again_at = -math.inf
        self._warn_again_at = -math.inf
        self._warned = False

    async def take(self, counts: list[_Count]) -> bool:
        """Take a place under every limit, or under none.

        Returns:
            Whether Redis has counted; if not, it is away.

        Raises:
            TooManyRequests: A limit has none left.
        """
        async with self._slots:
            # Asked here and not before: whoever waited in line must not wait for a dead Redis, too.
            if not self._may_be_asked():
                return False
            try:
                async with asyncio.timeout(_REDIS_SECONDS):
                    await self._counter.take(counts)
            except (StorageError, OSError) as error:
                self._lost(error)
                return False
            except TooManyRequests:
                self._found()
                raise
        self._found()
        return True

    async def answers(self) -> bool:
        """Whether Redis answers now."""
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                return bool(await self._storage.check())
        except (StorageError, OSError):
            return False

    async def close(self) -> None:
        """Close the connections, or leave them to the system where Redis does not play its part."""
        try:
            await self._pool.aclose()
        except self._storage.base_exceptions as error:
            _log.warning("redis not closed", redis=self._address, error=type(error).__name__)

    def _may_be_asked(self) -> bool:
        now = time.monotonic()
        if now < self._ask_again_at:
            return False
        if self._away:
            self._ask_again_at = now + _PAUSE_SECONDS
        return True

    def _lost(self, error: Exception) -> None:
        now = time.monotonic()
        self._away = True
        self._ask_again_at = now + _PAUSE_SECONDS
        if now < self._warn_again_at:
            return
        self._warn_again_at = now + _WARNING_SECONDS
        self._warned = True
        # Not the error's words: Redis repeats the arguments of a command that it does not know, and
        # that of AUTH is the password.
        _log.warning(
            "redis is away: each process counts requests for itself",
            redis=self._address,
            error=type(error.__cause__ or error).__name__,
        )

    def _found(self) -> None:
        self._away = False
        self._ask_again_at = -math.inf
        if self._warned:
            self._warned = False
            _log.info("redis is back: processes count requests together", redis=self._address)

    @property
    def _address(self) -> str:
        options = self._pool.connection_kwargs
        return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"


def _connections(url: str) -> Any:
    """A pool of connections to a Redis; none is opened yet.

    Raises:
        SettingsError: The address cannot be used, or the package for it is not installed.
    """
    try:
        # An optional extra, and 0.4 s to import: only who counts in Redis needs it.
        from redis.asyncio import ConnectionPool  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "CHATKIT_REDIS_URL: the package for Redis is not installed. Run "
            "`pip install 'chatkit-backend[redis]'`, or unset it."
        ) from None
    try:
        pool: Any = ConnectionPool.from_url(
            _with_legible_password(url),
            max_connections=_CONNECTIONS,
            socket_timeout=None,  # the whole count has one time limit, for which see `take`
            socket_connect_timeout=_REDIS_SECONDS,  # holds for closing, too
            # Once more at once: a connection that lay idle may have been closed at the other end.
            retry=Retry(NoBackoff(), 1),
            protocol=2,  # the newer one has nothing for us, and Redis 5 does not know it
        )
        # Reads the options in the address, which would otherwise fail with every request.
        pool.make_connection()
    except (TypeError, ValueError):
        # Without their words, which repeat parts of the address.
        raise SettingsError(
            "CHATKIT_REDIS_URL: must be redis://USER:PASSWORD@HOST:PORT/DATABASE or rediss://…, "
            "percent-encoded, with options that the package `redis` knows."
        ) from None
    return pool


def _with_legible_password(url: str) -> str:
    # A `/`, `?` or `#` in the password ends it, and what stands before is taken for the host.
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        raise ValueError
    return url
