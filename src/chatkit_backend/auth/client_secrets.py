"""The `session` mode: whoever shows a client secret is the user it was made for.

A client secret is short-lived, so that one that leaks from a browser is soon worthless; a session
can be cancelled, which ends all of its client secrets at once, on every replica.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cachetools import TTLCache

from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.context import Session, SessionConfiguration, User, Workflow
from chatkit_backend.errors import NotFound, NotSignedIn
from chatkit_backend.store.sessions import SessionStore, StoredSession, new_session_id
from chatkit_backend.store.tokens import CLIENT_SECRET, MAX_TOKEN_LENGTH, new_token, token_hash

# What was found is believed for so long; a cancellation on another replica counts after that.
_CACHE_SECONDS: Final = 3.0
_CACHE_SIZE: Final = 10_000
# For requests that are under way when their client secret is replaced.
_OVERLAP: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things last, in seconds.

    Attributes:
        secret: A client secret, where its session does not say otherwise.
        grace: After the end of a client secret it can still be refreshed.
        session: After its beginning a session cannot be refreshed any more.
    """

    secret: int = 600
    grace: int = 3_600
    session: int = 86_400


@dataclass(frozen=True, slots=True)
class Issued:
    """A client secret, as it is handed out: once.

    Attributes:
        client_secret: The secret.
        stored: The session that it opens.
    """

    client_secret: str
    stored: StoredSession

    def __repr__(self) -> str:
        return f"Issued({self.stored.session.id})"


class ClientSecrets:
    """Makes, checks, refreshes and cancels client secrets.

    All methods raise `DatabaseUnavailable` where the database does not answer.

    Args:
        store: Keeps the sessions.
        lifetimes: How long they last.
        now: The time, for tests.
        timer: Seconds that only grow, for tests: a clock that is set back must not make the cache
            believe for longer.
    """

    def __init__(
        self,
        store: SessionStore,
        lifetimes: Lifetimes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._lifetimes = lifetimes
        self._now = now
        self._known: TTLCache[str, StoredSession] = TTLCache(
            _CACHE_SIZE, _CACHE_SECONDS, timer=timer
        )

    async def __call__(self, credentials: Credentials) -> Identity | None:
        """Whose client secret the request shows; None where it shows none.

        Raises:
            NotSignedIn: It shows one that does not work (any more); its `code` tells why.
        """
        secret = credentials.bearer_token
        if secret is None or not secret.startswith(CLIENT_SECRET):
            return None
        stored = await self._stored(secret)
        if stored.cancelled_at is not None:
            raise _cancelled()
        if stored.expires_at <= self._now():
            raise _expired("Refresh it.")
        return Identity(stored.user, stored.session)

    async def create(
        self,
        user: User,
        *,
        workflow: Workflow | None = None,
        configuration: SessionConfiguration | None = None,
        turns_per_minute: int | None = None,
        ttl_seconds: int | None = None,
    ) -> Issued:
        """A new session of a user, with its first client secret.

        Args:
            user: Whose.
            workflow: Which agent answers; None for the default one.
            configuration: What the user may use; None for everything that this server offers.
            turns_per_minute: Rate limit of the session's own.
            ttl_seconds: How long each of its client secrets is good; None for the default.
        """
        now = self._now()
        ttl = min(ttl_seconds or self._lifetimes.secret, self._lifetimes.session)
        session = Session(
            id=new_session_id(),
            created_at=now,
            workflow=workflow or Workflow(),
            configuration=configuration or SessionConfiguration(),
            turns_per_minute=turns_per_minute,
        )
        stored = StoredSession(user, session, ttl, now + timedelta(seconds=ttl))
        secret = new_token(CLIENT_SECRET)
        await self._store.add(stored, token_hash(secret))
        return Issued(secret, stored)

    async def refreshable(self, secret: str) -> StoredSession:
        """The session of a client secret that can be refreshed now.

        Raises:
            NotSignedIn: The session was cancelled or is too old, or the client secret is unknown,
                was refreshed before, or ended too long ago.
        """
        self._known.pop(token_hash(secret), None)
        stored = await self._stored(secret)
        if stored.cancelled_at is not None:
            raise _cancelled()
        if stored.replaced_at is None:
            end = stored.expires_at + timedelta(seconds=self._lifetimes.grace)
        else:
            # Two tabs may come one after the other, and an answer may get lost.
            end = stored.replaced_at + _OVERLAP
        if self._now() >= min(end, self._last_moment(stored)):
            raise _expired("It is too old to be refreshed: sign in again and create a session.")
        return stored

    def _last_moment(self, stored: StoredSession) -> datetime:
        return stored.session.created_at + timedelta(seconds=self._lifetimes.session)

    async def refresh(self, secret: str) -> Issued:
        """Another client secret of the same session; the old one soon ends.

        Raises:
            NotSignedIn: As from `refreshable`.
        """
        stored = await self.refreshable(secret)
        now, old_hash = self._now(), token_hash(secret)
        expires_at = min(now + timedelta(seconds=stored.ttl_seconds), self._last_moment(stored))
        new_secret = new_token(CLIENT_SECRET)
        done = await self._store.add_secret(
            stored.session.id,
            old_hash=old_hash,
            old_expires_at=min(stored.expires_at, now + _OVERLAP),
            new_hash=token_hash(new_secret),
            new_expires_at=expires_at,
            now=now,
        )
        if not done:
            raise _cancelled()
        self._known.pop(old_hash, None)
        return Issued(
            new_secret, StoredSession(stored.user, stored.session, stored.ttl_seconds, expires_at)
        )

    async def cancel(self, session_id: str) -> StoredSession:
        """End a session: none of its client secrets works any more, and none can be refreshed.

        It counts here at once, and on other replicas within seconds.

        Raises:
            NotFound: There is no such session.
        """
        stored = await self._store.cancel(session_id, self._now())
        if stored is None:
            raise NotFound(f"There is no session {session_id!r}.", field="session_id")
        for known, other in list(self._known.items()):
            if other.session.id == session_id:
                self._known.pop(known, None)
        return stored

    async def _stored(self, secret: str) -> StoredSession:
        if not secret.startswith(CLIENT_SECRET) or len(secret) > MAX_TOKEN_LENGTH:
            raise _unknown()
        secret_hash = token_hash(secret)
        known = self._known.get(secret_hash)
        if known is not None:
            return known
        stored = await self._store.by_secret(secret_hash)
        if stored is None:
            raise _unknown()
        self._known[secret_hash] = stored
        return stored


def _unknown() -> NotSignedIn:
    return NotSignedIn(
        "There is no such client secret. Create a session.", code="client_secret_unknown"
    )


def _expired(remedy: str) -> NotSignedIn:
    return NotSignedIn(f"This client secret has expired. {remedy}", code="client_secret_expired")


def _cancelled() -> NotSignedIn:
    return NotSignedIn(
        "This session was cancelled. Create another one.", code="client_secret_cancelled"
    )
