"""Places under limits that several processes share, in a Redis that may go away."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from limits.aio.storage import RedisStorage
from limits.errors import StorageError

from chatkit_backend.auth.counters import Count, Counter
from chatkit_backend.errors import SettingsError, TooManyRequests

# Redis answers in a millisecond; what takes so much longer is away, and somebody is waiting.
_REDIS_SECONDS: Final = 0.5
# So long nobody asks a Redis that was away; then one request tries, and the others do not wait.
_PAUSE_SECONDS: Final = 5.0
# At most one warning in so many seconds, however often Redis comes and goes.
_WARNING_SECONDS: Final = 60.0
# More requests wait for their turn: opening connections is dearer than a millisecond's wait.
_CONNECTIONS: Final = 16
# What else is in the same Redis must not clash with ours.
_KEY_PREFIX: Final = "chatkit"

_log = structlog.get_logger(__name__)


class SharedCounter:
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
        self._counter = Counter(self._storage, time.time)
        # The address may ask for another number; the pool would refuse what is above it.
        self._slots = asyncio.Semaphore(self._pool.max_connections)
        self._away = False
        self._ask_again_at = -math.inf
        self._warn_again_at = -math.inf
        self._warned = False

    async def take(self, counts: list[Count]) -> bool:
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
