"""The keys that an identity provider publishes, fetched and kept."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx2
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK, PyJWTError

from chatkit_backend.auth.keys import (
    MIN_RSA_BITS,
    PUBLIC_KEY_ALGORITHMS,
    PublicKey,
    VerificationKey,
    is_too_short,
)
from chatkit_backend.errors import KeysUnavailable, SettingsError

# Long enough that the provider hardly notices, short enough that a key it withdraws is soon gone.
_FRESH_SECONDS: Final = 300.0
# While requests come, old keys are used until new ones are there. When none have come for so long,
# nobody has looked either, and a key that was withdrawn long ago must not be good once more.
_SILENCE_SECONDS: Final = 600.0
# Between two looks that unknown key ids or failures cause: made-up ids must not become a flood of
# requests to the provider.
_REFETCH_SECONDS: Final = 30.0
# The same while there is no key at all: nobody can sign in meanwhile.
_RETRY_SECONDS: Final = 5.0
_TIMEOUT_SECONDS: Final = 5.0
# A JWKS has a few kilobytes; this is where something else answers.
_MAX_BYTES: Final = 512 * 1024
# Each costs a verification: a token without a key id must not cost hundreds.
_MAX_TRIED: Final = 16

_log = structlog.get_logger(__name__)


class JwksKeys:
    """The keys that an identity provider publishes (RFC 7517), fetched when they are needed.

    Keys once had are kept until the provider says otherwise: while it is down, tokens that it
    signed before are verified as ever. A token whose key is known waits for no fetch, unless it is
    the first one in ten minutes.

    Args:
        url: Address of the JWKS.
        clock: Seconds that only grow, for tests.
        timeout_seconds: The longest that one fetch takes, from the connection to the last byte.

    Raises:
        SettingsError: The address cannot be one.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        try:
            self._url = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise SettingsError(f"CHATKIT_JWKS_URL: it is no address ({error}).") from None
        self._http = httpx2.AsyncClient(timeout=timeout_seconds)
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._keys: tuple[VerificationKey, ...] = ()
        self._fetched_at = self._tried_at = self._looked_again_at = -math.inf
        self._fetching: asyncio.Task[None] | None = None

    async def for_token(self, kid: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """The keys with that id, or all where the token names none, that fit the algorithm.

        An id that nobody knows may be that of a new key: the JWKS is fetched once more, unless it
        was for that reason in the last 30 seconds.

        Raises:
            KeysUnavailable: The keys were never had, and the provider does not answer.
        """
        waited = await self._catch_up()
        if kid is not None and not waited and not self._has(kid):
            await self._look_again()
        return [
            key for key in self._keys if (kid is None or key.kid == kid) and key.fits(algorithm)
        ][:_MAX_TRIED]

    async def close(self) -> None:
        """Ends the fetch that may be under way, and the connections to the provider."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})
        await self._http.aclose()

    def _has(self, kid: str) -> bool:
        return any(key.kid == kid for key in self._keys)

    async def _catch_up(self) -> bool:
        """Sees to it that there are keys, and that they do not get old; True after a wait."""
        since_look = self._clock() - self._tried_at
        if not self._keys:
            if self._fetching is not None or since_look >= _RETRY_SECONDS:
                await self._fetch()
            if not self._keys:
                raise KeysUnavailable("The identity provider's keys could not be fetched.")
            return True
        if since_look >= _SILENCE_SECONDS:
            await self._fetch()
            return True
        old = self._clock() - self._fetched_at >= _FRESH_SECONDS
        if old and since_look >= _REFETCH_SECONDS and self._fetching is None:
            self._start()
        return False

    async def _look_again(self) -> None:
        if self._fetching is None:
            if self._clock() - self._looked_again_at < _REFETCH_SECONDS:
                return
            self._looked_again_at = self._clock()
        await self._fetch()

    async def _fetch(self) -> None:
        """Waits for the fetch that is under way, or for a new one: there is one at a time."""
        # Whoever waits may be cancelled; the others still want what is being fetched.
        fetching = self._fetching or self._start()
        await asyncio.wait({fetching})
        if not fetching.cancelled():
            fetching.result()

    def _start(self) -> asyncio.Task[None]:
        self._fetching = asyncio.create_task(self._refresh(), name="fetch of the JWKS")
        return self._fetching

    async def _refresh(self) -> None:
        try:
            keys = _parse_jwks(await self._download())
        except (_UnusableJwks, httpx2.HTTPError, TimeoutError) as error:
            _log.warning(
                "the identity provider's keys cannot be fetched",
                host=self._url.host,
                reason=str(error) or type(error).__name__,
                keys_kept=len(self._keys),
            )
        else:
            self._keys, self._fetched_at = keys, self._clock()
        finally:
            self._tried_at, self._fetching = self._clock(), None

    async def _download(self) -> bytes:
        # Uncompressed, so that what is read is as large as what is held.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        body = bytearray()
        async with (
            asyncio.timeout(self._timeout_seconds),
            self._http.stream("GET", self._url, headers=headers) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                raise _UnusableJwks(f"it answers with status {response.status_code}")
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MAX_BYTES:
                    raise _UnusableJwks(f"it sends more than {_MAX_BYTES} bytes")
        return bytes(body)


class _UnusableJwks(Exception):
    """What was fetched is no JWKS, or one without a key that verifies signatures."""


def _parse_jwks(document: bytes) -> tuple[VerificationKey, ...]:
    """The keys of a JWKS that verify signatures; others are skipped (RFC 7517, section 5).

    One member at a time, because `jwt.PyJWKSet` lets some broken keys take the whole set along.

    Raises:
        _UnusableJwks: There is none, or the document is no JWKS.
    """
    try:
        jwks = json.loads(document)
    except (ValueError, RecursionError):
        raise _UnusableJwks("what it sends is not JSON") from None
    members = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(members, list):
        raise _UnusableJwks("what it sends is no JWKS")
    keys = tuple(key for member in members if (key := _verification_key(member)))
    if not keys:
        raise _UnusableJwks("no key in its JWKS verifies signatures")
    return keys


def _verification_key(jwk: Any) -> VerificationKey | None:
    if not isinstance(jwk, dict) or not _is_for_signatures(jwk) or _is_secret(jwk):
        return None
    try:
        material = PyJWK(jwk).key
    except (PyJWTError, UnsupportedAlgorithm):
        return None
    if not isinstance(material, PublicKey) or is_too_short(material):
        _log.warning("a key of the JWKS is not used", reason=f"RSA, under {MIN_RSA_BITS} bits")
        return None
    kid = jwk.get("kid")
    return VerificationKey(material, kid if isinstance(kid, str) else None, jwk.get("alg"))


def _is_for_signatures(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops")
    return (
        jwk.get("use") in (None, "sig")
        and (not isinstance(operations, list) or "verify" in operations)
        and jwk.get("alg") in (None, *PUBLIC_KEY_ALGORITHMS)
    )


def _is_secret(jwk: dict[str, Any]) -> bool:
    # Whoever reads the JWKS could sign with such a key, and anybody can read it.
    secret = jwk.get("kty") == "oct" or "d" in jwk
    if secret:
        _log.warning("a key of the JWKS is not used", reason="it is secret, but published")
    return secret
