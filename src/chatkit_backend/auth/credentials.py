"""Credentials in, `Identity` out.

Knows no web framework: a request's credentials arrive as a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chatkit_backend.context import Session, User
from chatkit_backend.errors import Forbidden, KeysUnavailable, NotSignedIn


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries that may say who sent it.

    Attributes:
        headers: Header values by lower-case name.
        cookies: Cookie values by name.
        query: Query parameters by name; the last where one is repeated.
        method: The HTTP method.
        peer: Address of who connected, as the web server knows it; None where it has none.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"
    peer: str | None = None

    @property
    def bearer_token(self) -> str | None:
        """The token of an `Authorization: Bearer …` header (RFC 6750, section 2.1)."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, and what the client secret they show stands for.

    Attributes:
        user: Owner of what this request may touch.
        session: None where another credential than a client secret was shown.
    """

    user: User
    session: Session | None = None


class Authenticate(Protocol):
    """One way to find out who asks."""

    async def __call__(self, credentials: Credentials) -> Identity | None:
        """Whose credentials these are; None where there are none of this kind.

        Raises:
            NotSignedIn: There are, and they are good for nobody.
            Forbidden: They must not be used from where the request comes.
            KeysUnavailable: They cannot be checked now.
            DatabaseUnavailable: They cannot be checked now.
        """
        ...


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Asks one way after the other, and believes the first that knows who asks.

    A cookie that has expired must not keep out somebody who shows a good client secret as well, so
    a refusal is raised only when no other way succeeds.

    Attributes:
        ways: In the order in which they are asked.
        remedy: How to sign in, for somebody who shows nothing.
        without_credentials: Whom to believe when nothing is shown. Not asked after a refusal, nor
            beside a bearer token: whoever shows an expired secret must hear of it, not turn into
            somebody else.
    """

    ways: tuple[Authenticate, ...]
    remedy: str
    without_credentials: Authenticate | None = None

    async def __call__(self, credentials: Credentials) -> Identity:
        """Whose credentials these are.

        Raises:
            NotSignedIn: They are nobody's, or there are none.
            Forbidden: They must not be used from where the request comes.
            KeysUnavailable: They cannot be checked now.
            DatabaseUnavailable: They cannot be checked now.
        """
        refusal: NotSignedIn | Forbidden | KeysUnavailable | None = None
        for way in self.ways:
            try:
                identity = await way(credentials)
            except (NotSignedIn, Forbidden, KeysUnavailable) as error:
                refusal = refusal or error
            else:
                if identity is not None:
                    return identity
        nothing_shown = refusal is None and credentials.bearer_token is None
        if nothing_shown and self.without_credentials is not None:
            identity = await self.without_credentials(credentials)
            if identity is not None:
                return identity
        raise refusal or NotSignedIn(f"Nobody is signed in. {self.remedy}")
