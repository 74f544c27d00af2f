"""From a JWT of the team's identity provider to the user it was made for (RFC 7519, RFC 8725).

What a token says of itself is believed only after a key of the settings or of the provider's JWKS
has verified it. A key that a token brings along (`jwk`, `jku`, `x5u`, `x5c`) is never looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
import structlog
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidSubjectError,
    MissingRequiredClaimError,
    PyJWTError,
)

from chatkit_backend.auth.keys import KeySource, VerificationKey
from chatkit_backend.context import User, clean_text
from chatkit_backend.errors import NotSignedIn

# A browser keeps 4 KiB in a cookie, and servers take few headers that are longer than this.
_MAX_LENGTH: Final = 16 * 1024
_MAX_SUBJECT: Final = 255  # OpenID Connect Core 1.0, section 2
_MAX_NAME: Final = 200
_MAX_EMAIL: Final = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets

_BAD_SUBJECT: Final = f"Its 'sub' is not 1 to {_MAX_SUBJECT} printable characters."
# What the page's developer is told, and what the team can do, which goes to the log.
_PROBLEMS: Final[Mapping[type[PyJWTError], tuple[str, str]]] = {
    ImmatureSignatureError: ("It is not valid yet.", "compare the clocks of both servers"),
    InvalidIssuerError: ("Another issuer made it.", "see CHATKIT_JWT_ISSUER"),
    InvalidAudienceError: ("It was made for another audience.", "see CHATKIT_JWT_AUDIENCE"),
    InvalidSubjectError: (_BAD_SUBJECT, "see the identity provider's settings"),
}
_MALFORMED: Final = ("It is malformed.", "see the identity provider's settings")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Believes tokens that a key of `keys` has signed, and that were made for this server.

    Attributes:
        keys: Where the keys come from.
        algorithms: Signature algorithms that a token may use; no other is tried, `none` never.
        issuer: The `iss` that a token must have; None for any.
        audience: Of these a token's `aud` must have one. Empty: a token that has an `aud` is
            refused, since it was made for somebody else.
        leeway_seconds: How far the clocks of the provider and this server may differ.
        claims: Names of further claims that are kept.
    """

    keys: KeySource
    algorithms: tuple[str, ...]
    issuer: str | None = None
    audience: tuple[str, ...] = ()
    leeway_seconds: float = 30.0
    claims: tuple[str, ...] = ()

    async def verify(self, token: str) -> User:
        """The user that a token was made for.

        `sub` is the id; `name`, `email` and the chosen claims come along where the token has them.

        Raises:
            NotSignedIn: The token is not good, with the code `token_expired` for one that was, and
                `invalid_token` for any other.
            KeysUnavailable: There is no key to verify it with, because the provider is down.
        """
        kid, algorithm = self._header(token)
        keys = await self.keys.for_token(kid, algorithm)
        return self._user(self._verified(token, algorithm, keys))

    def _header(self, token: str) -> tuple[str | None, str]:
        """The key id and the algorithm that the token names."""
        # Base64url and dots are ASCII; anything else is not worth decoding.
        if len(token) > _MAX_LENGTH or not token.isascii():
            raise _refusal("It is no JWT.")
        try:
            header = jwt.get_unverified_header(token)
        except PyJWTError as error:
            raise _refusal("It is no JWT.", cause=type(error).__name__) from None
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self.algorithms:
            raise _refusal(
                "Its signature algorithm is not allowed.",
                remedy="CHATKIT_JWT_ALGORITHMS names those that are",
            )
        return header.get("kid"), algorithm

    def _verified(
        self, token: str, algorithm: str, keys: Sequence[VerificationKey]
    ) -> dict[str, Any]:
        """The claims of the token, once one of the keys fits and every claim has been checked."""
        for key in keys:
            try:
                return jwt.decode(
                    token,
                    key.material,
                    algorithms=[algorithm],
                    options={"require": ["exp", "sub"], "enforce_minimum_key_length": True},
                    issuer=self.issuer,
                    audience=self.audience or None,
                    leeway=self.leeway_seconds,
                )
            except InvalidSignatureError:
                continue
            except PyJWTError as error:
                raise self._refusal_for(error) from None
        raise _refusal(
            "Its signature is wrong." if keys else "No key of the identity provider fits it."
        )

    def _refusal_for(self, error: PyJWTError) -> NotSignedIn:
        if isinstance(error, ExpiredSignatureError):
            return _refusal("It has expired. Sign in again.", code="token_expired")
        if isinstance(error, MissingRequiredClaimError):
            return _refusal(f"It lacks the claim {error.claim!r}.")
        if isinstance(error, InvalidAudienceError) and not self.audience:
            return _refusal(
                "It was made for an audience, and this server expects none.",
                remedy="set CHATKIT_JWT_AUDIENCE to the aud of this server's tokens",
            )
        cause = type(error)
        problem, remedy = _PROBLEMS.get(cause, _MALFORMED)
        return _refusal(problem, remedy=remedy, cause=cause.__name__)

    def _user(self, claims: Mapping[str, Any]) -> User:
        subject = claims["sub"]
        if not subject.strip() or len(subject) > _MAX_SUBJECT or not subject.isprintable():
            raise _refusal(_BAD_SUBJECT)
        return User(
            id=subject,
            name=_name(claims),
            email=_email(claims),
            claims=_storable({name: claims[name] for name in self.claims if name in claims}),
        )


def _storable(claims: dict[str, Any]) -> dict[str, Any]:
    # Half of an emoji, as JavaScript's `slice` leaves it, is no text that a database keeps.
    text = json.dumps(claims, ensure_ascii=False).encode("utf-8", "replace")
    storable: dict[str, Any] = json.loads(text)
    return storable


def _name(claims: Mapping[str, Any]) -> str | None:
    name = claims.get("name")
    return clean_text(name, _MAX_NAME) or None if isinstance(name, str) else None


def _email(claims: Mapping[str, Any]) -> str | None:
    email = claims.get("email")
    # Some providers write the boolean of OpenID Connect Core 1.0, section 5.1, as text.
    unverified = claims.get("email_verified") in (False, "false")
    if not isinstance(email, str) or unverified:
        return None
    # Cut or cleaned, it would be the address of somebody else.
    return email if email and clean_text(email, _MAX_EMAIL) == email else None


def _refusal(problem: str, *, code: str = "invalid_token", **details: str) -> NotSignedIn:
    """Logs why a token is refused, and never the token or a word of it."""
    _log.info("token refused", code=code, reason=problem, **details)
    return NotSignedIn(f"The token is refused. {problem}", code=code)
