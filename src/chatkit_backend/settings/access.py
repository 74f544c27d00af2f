"""Who may chat, and how much."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from chatkit_backend.settings.fields import CommaSeparated, HttpAddressOrNone, split

AuthMode = Literal["session", "cookie", "bearer", "dev"]
AUTH_MODES: tuple[AuthMode, ...] = get_args(AuthMode)

# Never both kinds at once: a server that takes HMAC and knows a public key can be made to take that
# key, which everybody has, for the secret.
SHARED_SECRET_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})
PUBLIC_KEY_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

_WORKFLOW = re.compile(r"[^=\s]+=[\w.]+:\w+")


class AccessSettings(BaseSettings):
    """Who may chat, and how much."""

    auth: Annotated[tuple[AuthMode, ...], NoDecode, BeforeValidator(split)] = Field(
        ("session", "dev"),
        validation_alias="CHATKIT_AUTH",
        description="Who may chat: one mode, or several separated by commas and tried in order. "
        "`session`: whoever shows a client secret. `cookie`: whoever has an httpOnly cookie with a "
        "JWT of your identity provider. `bearer`: the same JWT in the Authorization header. `dev`: "
        "anybody on this machine, as the user that `?userId=` names, where nothing else is shown; "
        "bound to loopback only.",
    )
    auth_cookie: str = Field(
        "auth_token",
        pattern=r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$",
        validation_alias="CHATKIT_AUTH_COOKIE",
        description="Name of the cookie that holds the JWT.",
    )
    jwks_url: HttpAddressOrNone = Field(
        None,
        validation_alias="CHATKIT_JWKS_URL",
        description="Where the identity provider publishes the public keys of its JWTs (JWKS).",
    )
    jwt_public_key: str | None = Field(
        None,
        validation_alias="CHATKIT_JWT_PUBLIC_KEY",
        description="A public key instead of a JWKS: PEM text, or the path of a PEM file.",
    )
    jwt_secret: SecretStr | None = Field(
        None,
        validation_alias="CHATKIT_JWT_SECRET",
        description="A secret shared with the identity provider instead of a public key, of 32 "
        "bytes or more. Needs `CHATKIT_JWT_ALGORITHMS=HS256`.",
    )
    jwt_algorithms: CommaSeparated = Field(
        ("RS256", "ES256", "EdDSA"),
        validation_alias="CHATKIT_JWT_ALGORITHMS",
        description="Signature algorithms that a JWT may use, separated by commas.",
    )
    jwt_issuer: str | None = Field(
        None,
        validation_alias="CHATKIT_JWT_ISSUER",
        description="The `iss` that a JWT must have. Unset: any.",
    )
    jwt_audience: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_JWT_AUDIENCE",
        description="The `aud` that a JWT must have, or several of which it must have one. Unset: "
        "a JWT that has an `aud` is refused, since it was made for somebody else.",
    )
    jwt_leeway: float = Field(
        30.0,
        ge=0,
        le=300,
        validation_alias="CHATKIT_JWT_LEEWAY",
        description="Seconds that the clocks of the identity provider and this server may differ.",
    )
    jwt_claims: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_JWT_CLAIMS",
        description="Further claims of the JWT that the agent gets to see, separated by commas.",
    )
    session_ttl: int = Field(
        600,
        ge=10,
        le=86_400,
        validation_alias="CHATKIT_SESSION_TTL",
        description="Seconds for which a client secret is good.",
    )
    session_refresh_grace: int = Field(
        3_600,
        ge=0,
        le=31_536_000,
        validation_alias="CHATKIT_SESSION_REFRESH_GRACE",
        description="Seconds after its end in which a client secret can still be refreshed.",
    )
    session_max_age: int = Field(
        86_400,
        ge=60,
        le=31_536_000,
        validation_alias="CHATKIT_SESSION_MAX_AGE",
        description="Seconds after which a session cannot be refreshed any more, however often it "
        "was: its user signs in again.",
    )
    workflows: CommaSeparated = Field(
        (),
        validation_alias="CHATKIT_WORKFLOWS",
        description="Which agent answers for a workflow id, such as "
        "`wf_abc=my_app.agents:support,default=my_app.agents:main`. Any other id gets `default`; "
        "unset, that is the built-in assistant.",
    )
    sessions: Literal["own", "openai"] = Field(
        "own",
        validation_alias="CHATKIT_SESSIONS",
        description="`openai` makes the session endpoints hand out sessions of OpenAI-hosted "
        "ChatKit, for the time of moving.",
    )
    workflow_id: str | None = Field(
        None,
        validation_alias="CHATKIT_WORKFLOW_ID",
        description="The workflow of those sessions.",
    )
    turns_per_minute: int = Field(
        60,
        ge=1,
        validation_alias="CHATKIT_TURNS_PER_MINUTE",
        description="How many answers a user may ask for in a minute. More are refused with a 429.",
    )
    requests_per_minute: int = Field(
        600,
        ge=1,
        validation_alias="CHATKIT_REQUESTS_PER_MINUTE",
        description="How many requests of any kind a user may send in a minute.",
    )
    api_requests_per_minute: int = Field(
        3_000,
        ge=1,
        validation_alias="CHATKIT_API_REQUESTS_PER_MINUTE",
        description="How many requests to `/v1` an API key may send in a minute.",
    )
    redis_url: SecretStr | None = Field(
        None,
        validation_alias="CHATKIT_REDIS_URL",
        description="A Redis in which several processes count requests together, such as "
        "`redis://host:6379/0`. Unset: each counts its own. Needs `pip install "
        "'chatkit-backend[redis]'`.",
    )

    @field_validator("auth", mode="before")
    @classmethod
    def _are_modes(cls, value: object) -> object:
        modes = split(value)
        names = modes if isinstance(modes, tuple) else ()
        if not names or len(set(names)) < len(names) or not set(names) <= set(AUTH_MODES):
            raise ValueError(f"name one or several of {', '.join(AUTH_MODES)}, each once")
        return modes

    @field_validator("workflows", mode="after")
    @classmethod
    def _name_agents(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        ids = [pair.partition("=")[0].strip() for pair in value]
        if not all(_WORKFLOW.fullmatch(pair) for pair in value) or len(set(ids)) < len(ids):
            raise ValueError("write ID=MODULE:NAME, and each id once")
        return value

    @field_validator("redis_url", mode="after")
    @classmethod
    def _is_redis_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value and value.get_secret_value().partition("://")[0] not in {"redis", "rediss"}:
            raise ValueError("must be redis://HOST:PORT/DATABASE or rediss://…")
        return value

    @model_validator(mode="after")
    def _tokens_can_be_verified(self) -> Self:
        keys = [self.jwks_url, self.jwt_public_key, self.jwt_secret]
        given = sum(key is not None for key in keys)
        if {"cookie", "bearer"} & set(self.auth) and given != 1:
            raise ValueError(
                f"CHATKIT_AUTH: {' and '.join(self.auth)} needs one key to verify JWTs with, and "
                f"{given} are set. Set one of CHATKIT_JWKS_URL, CHATKIT_JWT_PUBLIC_KEY and "
                "CHATKIT_JWT_SECRET."
            )
        return self

    @model_validator(mode="after")
    def _algorithms_fit_the_key(self) -> Self:
        named = set(self.jwt_algorithms)
        shared = bool(self.jwt_secret)
        if not {"cookie", "bearer"} & set(self.auth):
            # No key is used, so only the names themselves can be wrong.
            shared = bool(named) and named <= SHARED_SECRET_ALGORITHMS
        allowed = SHARED_SECRET_ALGORITHMS if shared else PUBLIC_KEY_ALGORITHMS
        wrong = [name for name in self.jwt_algorithms if name not in allowed]
        if wrong or not named:
            key = "a shared secret" if shared else "a public key"
            raise ValueError(
                f"CHATKIT_JWT_ALGORITHMS: {', '.join(wrong) or 'nothing'} cannot be used with "
                f"{key}. Use some of {', '.join(sorted(allowed))}."
            )
        return self
