"""The `dev` mode: anybody is whoever they say, but only on this machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.context import User
from chatkit_backend.errors import Forbidden, InvalidRequest

ANONYMOUS = "anonymous"
MAX_USER_ID = 128  # people type it


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DevelopmentAuth:
    """Takes the user from `?userId=`; `anonymous` when it is absent or empty.

    No credential protects these chats, so nobody on another machine must reach them, directly or
    through a proxy, and no foreign page in the developer's browser: neither under its own origin,
    nor through a name of its own that resolves to this machine (DNS rebinding).

    Attributes:
        allowed_origins: Origins that may ask besides those of this machine.
    """

    allowed_origins: tuple[str, ...] = ()

    async def __call__(self, credentials: Credentials) -> Identity:
        """The user that the request names.

        Raises:
            Forbidden: Another machine or a page of another site asks, or the server is called by a
                foreign name.
            InvalidRequest: The id is too long or has characters that cannot be printed.
        """
        _refuse_other_machines(credentials)
        self._refuse_foreign_pages(credentials)
        user_id = credentials.query.get("userId", "").strip() or ANONYMOUS
        if len(user_id) > MAX_USER_ID or not user_id.isprintable():
            raise InvalidRequest(
                f"userId: use at most {MAX_USER_ID} printable characters.", field="userId"
            )
        return Identity(User(id=user_id))

    def _refuse_foreign_pages(self, credentials: Credentials) -> None:
        host = credentials.headers.get("host", "")
        if not is_loopback(_hostname(f"//{host}")):
            raise Forbidden(
                f"CHATKIT_AUTH=dev answers on this machine's own names only, such as localhost; "
                f"this request calls it {host[:100]!r}."
            )
        origin = credentials.headers.get("origin")
        allowed = origin is None or origin in self.allowed_origins or "*" in self.allowed_origins
        if not allowed and not is_loopback(_hostname(str(origin))):
            raise Forbidden(
                f"Pages of {str(origin)[:100]!r} may not chat here. Add the origin to "
                "CHATKIT_CORS_ORIGINS if they should."
            )


def _refuse_other_machines(credentials: Credentials) -> None:
    # `serve` listens on this machine's own addresses only; other ways to run the application, and
    # a proxy before it, do not ask it.
    forwarded = credentials.headers.get("x-forwarded-for", "")
    passed_on = [part.strip() for part in forwarded.split(",") if part.strip()]
    for address in (credentials.peer or "", *passed_on):
        if not is_loopback(address):
            raise Forbidden(
                "CHATKIT_AUTH=dev answers requests from this machine only. Set CHATKIT_AUTH to "
                "session, cookie or bearer."
            )


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
