"""The `cookie` mode: whoever has the identity provider's httpOnly cookie.

Cookies are read here and never set. A browser sends them along whichever page asks, so a request
that may change something counts only when a page asks that is allowed to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.auth.tokens import TokenVerifier
from chatkit_backend.errors import Forbidden
from chatkit_backend.store.tokens import CLIENT_SECRET

# RFC 9110, section 9.2.1, without TRACE: these change nothing here.
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SHOWN: Final = 100  # of an origin in a message: longer than real ones


@dataclass(frozen=True, slots=True)
class CookieAuth:
    """Takes the user from the JWT in a cookie.

    Attributes:
        cookie: Name of the cookie.
        verifier: Verifies the JWT.
        allowed_origins: Origins whose pages may ask besides those of the server's own. `*` has no
            meaning here: any site could then act as the user.
    """

    cookie: str
    verifier: TokenVerifier
    allowed_origins: tuple[str, ...] = ()

    async def __call__(self, credentials: Credentials) -> Identity | None:
        """The user of the cookie; None where there is none, or a client secret beside it.

        Raises:
            Forbidden: A page of another site asks, or it cannot be told which page does.
            NotSignedIn: The JWT is not good (any more).
            KeysUnavailable: It cannot be verified now.
        """
        token = credentials.cookies.get(self.cookie)
        # The browser adds a cookie unasked; the page shows a client secret on purpose. What that
        # limits must not open up when it expires.
        if not token or (credentials.bearer_token or "").startswith(CLIENT_SECRET):
            return None
        if credentials.method not in _SAFE_METHODS:
            self._refuse_foreign_pages(credentials)
        return Identity(await self.verifier.verify(token))

    def _refuse_foreign_pages(self, credentials: Credentials) -> None:
        origin = credentials.headers.get("origin")
        if origin is None:
            raise Forbidden(
                "With a cookie, a request that changes something must say in its Origin header "
                "which page sends it. Browsers do; for anything else use "
                "`Authorization: Bearer`. CHATKIT_CORS_ORIGINS names the pages that may."
            )
        listed = origin in self.allowed_origins and origin not in {"*", "null"}
        if not listed and not _is_own(origin, credentials):
            raise Forbidden(
                f"Pages of {origin[:_SHOWN]!r} may not chat here with a cookie. Add the origin to "
                "CHATKIT_CORS_ORIGINS if they should."
            )


def _is_own(origin: str, credentials: Credentials) -> bool:
    """Whether the page comes from the server that it asks."""
    # The Host header may be believed. A page can only choose it by giving a name of its own this
    # server's address (DNS rebinding), and with that name the browser sends no cookie of ours.
    host = credentials.headers.get("host", "")
    # Behind a proxy the scheme is not known here. The browser knows it, and so tells a page that
    # came without TLS, and may have been forged on its way, from one of the same name with it.
    if credentials.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    page = _place(origin)
    return page is not None and page == _place(f"{origin.partition('://')[0]}://{host}")


def _place(url: str) -> tuple[str, int] | None:
    """The host and the port of an address; None where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None
