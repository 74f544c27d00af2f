"""How the settings let people sign in, for the server and for `doctor`.

Not in `app`, which imports the agents SDK.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from chatkit_backend.auth.bearer import BearerAuth
from chatkit_backend.auth.client_secrets import ClientSecrets
from chatkit_backend.auth.cookies import CookieAuth
from chatkit_backend.auth.credentials import AnyOf, Authenticate
from chatkit_backend.auth.development import DevelopmentAuth
from chatkit_backend.auth.jwks import JwksKeys
from chatkit_backend.auth.keys import KeySource, StaticKeys
from chatkit_backend.auth.tokens import TokenVerifier
from chatkit_backend.retrieval.access import CollectionAccess
from chatkit_backend.settings import AuthMode, Settings

_HOW: Final[dict[AuthMode, str]] = {
    "session": "send a client secret as `Authorization: Bearer ck_sess_…`",
    "cookie": "send the cookie of your sign-in",
    "bearer": "send the JWT of your sign-in as `Authorization: Bearer …`",
    "dev": "name the user as `?userId=…`",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """The ways in that the settings open.

    Attributes:
        ways: How people sign in, client secrets aside.
        development: The `dev` mode, if it is on.
        keys: What JWTs are verified with; None where none are taken.
        modes: Names of all modes, in the order in which they are asked.
    """

    ways: dict[AuthMode, Authenticate]
    development: DevelopmentAuth | None
    keys: KeySource | None
    modes: tuple[AuthMode, ...]

    @classmethod
    def of(cls, settings: Settings) -> SignIn:
        """What these settings open.

        Raises:
            SettingsError: A key cannot be used.
        """
        keys = _keys(settings) if {"cookie", "bearer"} & set(settings.auth) else None
        ways: dict[AuthMode, Authenticate] = {}
        development = None
        for mode in settings.auth:
            match mode:
                case "cookie":
                    verifier = _verifier(settings, keys)
                    ways[mode] = CookieAuth(settings.auth_cookie, verifier, settings.cors_origins)
                case "bearer":
                    ways[mode] = BearerAuth(_verifier(settings, keys))
                case "dev":
                    development = DevelopmentAuth(settings.cors_origins)
                case "session":
                    pass
                case _:
                    assert_never(mode)
        return cls(ways, development, keys, settings.auth)

    def for_chatting(self, client_secrets: ClientSecrets) -> AnyOf:
        """Who may chat: in the order of the settings, `dev` last."""
        ways = self.ways | ({"session": client_secrets} if "session" in self.modes else {})
        ordered = tuple(ways[mode] for mode in self.modes if mode in ways)
        return AnyOf(ordered, _remedy(self.modes), self.development)

    def for_sessions(self) -> AnyOf | None:
        """Who may get a client secret; None where nobody can sign in."""
        if not self.ways and self.development is None:
            return None
        modes = tuple(mode for mode in self.modes if mode != "session")
        return AnyOf(tuple(self.ways.values()), _remedy(modes), self.development)

    async def close(self) -> None:
        """Ends what runs in the background."""
        if self.keys is not None:
            await self.keys.close()


def _remedy(modes: tuple[AuthMode, ...]) -> str:
    ways = ", or ".join(_HOW[mode] for mode in modes)
    return f"{ways[:1].upper()}{ways[1:]}."


def _keys(settings: Settings) -> KeySource:
    if settings.jwks_url:
        return JwksKeys(settings.jwks_url)
    if settings.jwt_public_key:
        return StaticKeys.from_public_key(settings.jwt_public_key, settings.jwt_algorithms)
    secret = settings.jwt_secret
    assert secret is not None  # noqa: S101 - the settings have checked it
    return StaticKeys.from_shared_secret(secret.get_secret_value(), settings.jwt_algorithms)


def _verifier(settings: Settings, keys: KeySource | None) -> TokenVerifier:
    assert keys is not None  # noqa: S101 - there are keys for every mode that takes JWTs
    return TokenVerifier(
        keys=keys,
        algorithms=settings.jwt_algorithms,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        leeway_seconds=settings.jwt_leeway,
        claims=(
            *settings.jwt_claims,
            *CollectionAccess.parsed(settings.collection_access).claims(),
        ),
    )
