"""Fetches what attachments are made of, from the URLs that the hosted API gives for them.

Those URLs work for a while and for whoever has them: no credential is sent to them, and they stand
in no message.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx2

from chatkit_backend.errors import ChatKitBackendError, InvalidRequest
from chatkit_backend.files.storage import FileStorage

# The largest file that the hosted API takes.
MAX_BYTES: Final = 512 * 1024 * 1024

_TIMEOUT: Final = httpx2.Timeout(10.0, read=30.0)
_MAX_REDIRECTS: Final = 5
# For a file of that size over a slow line; a server that sends a byte a second must have an end.
_WHOLE_SECONDS: Final = 600.0
# Before the second try and the third.
_PAUSES: tuple[float, ...] = (0.5, 2.0)

_OK: Final = 200
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Lost(ChatKitBackendError):
    """The bytes cannot be had.

    Args:
        reason: A sentence for whoever imports; it holds no URL.
        passing: Whether a second try may succeed.
    """

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was stored.

    Attributes:
        size: In bytes.
        sha256: Of its bytes, in hexadecimal digits.
    """

    size: int
    sha256: str


class Downloads:
    """Fetches files, and stores them.

    Args:
        files: Where to.
        http: What fetches them, such as `web_client()`; the caller closes it.
        most_bytes: What is larger is not kept.
    """

    def __init__(
        self, files: FileStorage, http: httpx2.AsyncClient, most_bytes: int = MAX_BYTES
    ) -> None:
        self._files = files
        self._http = http
        self._most_bytes = most_bytes
        # Servers whose last answer was none: they get no second try until they have answered.
        self._silent: set[str] = set()

    async def keep(self, url: str | None, owner_id: str, attachment_id: str) -> KeptFile:
        """Fetch a file and store it.

        Args:
            url: Where it is; None where nobody knows.
            owner_id: Whose it is.
            attachment_id: Of which attachment.

        Raises:
            Lost: It cannot be had, or is too large.
            FilesUnavailable: It cannot be stored.
        """
        address, server = _checked(url)
        for pause in () if server in self._silent else _PAUSES:
            try:
                return await self._fetched(address, server, owner_id, attachment_id)
            except Lost as lost:
                if not lost.passing:
                    raise
            await asyncio.sleep(pause)
        return await self._fetched(address, server, owner_id, attachment_id)

    async def forget(self, owner_id: str, attachment_id: str) -> None:
        """Delete what `keep` has stored."""
        await self._files.delete(owner_id, attachment_id)

    async def _fetched(self, url: str, server: str, owner_id: str, attachment_id: str) -> KeptFile:
        digest = hashlib.sha256()
        # Asked for as it is: unpacked, a small answer may be a large file.
        headers = {"Accept-Encoding": "identity"}
        try:
            async with (
                asyncio.timeout(_WHOLE_SECONDS),
                self._http.stream("GET", url, headers=headers) as response,
                aclosing(self._pieces(response, digest)) as pieces,
            ):
                self._silent.discard(server)
                size = await self._files.put(owner_id, attachment_id, pieces)
        except TimeoutError:
            raise Lost("Its URL answers too slowly.") from None
        except httpx2.InvalidURL:
            raise Lost("Its URL is no web address.") from None
        except httpx2.TooManyRedirects:
            raise Lost("Its URL leads in circles.") from None
        except httpx2.HTTPError:
            self._silent.add(server)
            raise Lost("Its URL does not answer.", passing=True) from None
        except InvalidRequest as error:
            raise Lost(error.message) from None
        return KeptFile(size, digest.hexdigest())

    async def _pieces(
        self, response: httpx2.Response, digest: hashlib._Hash
    ) -> AsyncGenerator[bytes, None]:
        if response.status_code != _OK:
            raise Lost(
                f"Its URL answers with status {response.status_code}.",
                passing=response.status_code in _PASSING,
            )
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._most_bytes:
            raise self._too_large()
        size = 0
        async for piece in response.aiter_bytes():
            size += len(piece)
            if size > self._most_bytes:
                raise self._too_large()
            digest.update(piece)
            yield piece

    def _too_large(self) -> Lost:
        return Lost(f"It has more than {self._most_bytes:,} bytes.")


def web_client() -> httpx2.AsyncClient:
    """What fetches files: follows few redirects, and waits for nothing long."""
    return httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=True, max_redirects=_MAX_REDIRECTS)


def _checked(url: str | None) -> tuple[str, str]:
    """The URL, and the server in it."""
    if url is None:
        raise Lost("The hosted API gives no URL for it.")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Lost("Its URL is no web address.")
    # As it is, not put together again: it may be signed.
    return url, parts.netloc
