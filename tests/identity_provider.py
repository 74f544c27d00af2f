"""A real identity provider: it signs tokens, and publishes its keys over real HTTP.

Use it as a context manager; it listens on a free port of 127.0.0.1 from a thread of its own. It
signs what it is told to, correct or not.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import get_default_algorithms
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import ServedApp

ISSUER = "https://id.example.com"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@cache
def rsa_key(number: int = 0, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """An RSA key for the whole test run; making one takes a tenth of a second and more."""
    del number  # tells the keys apart
    return rsa.generate_private_key(65_537, bits)


def new_key(algorithm: str, number: int = 0) -> PrivateKey:
    """A key that can sign with `algorithm`."""
    match algorithm:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
        case "EdDSA":
            return Ed25519PrivateKey.generate()
        case _:
            return rsa_key(number)


def public_pem(key: PrivateKey | X25519PrivateKey) -> str:
    """The public half, as a PEM file has it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: PrivateKey) -> str:
    """The whole key, as a PEM file has it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_jwk(key: PrivateKey, algorithm: str, **members: Any) -> dict[str, Any]:
    """The public half as a member of a JWKS."""
    jwk: dict[str, Any] = json.loads(get_default_algorithms()[algorithm].to_jwk(key.public_key()))
    return jwk | members


def claims_for(subject: str = "ada", *, seconds: float = 300, **changes: Any) -> dict[str, Any]:
    """The claims of a token that is good for so many seconds; a change to None removes a claim."""
    now = time.time()
    claims = {"sub": subject, "iss": ISSUER, "iat": int(now), "exp": int(now + seconds)} | changes
    return {name: value for name, value in claims.items() if value is not None}


def hand_made(
    header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes | None = None
) -> str:
    """A token that no library would make: without a signature, or with an HMAC of any bytes."""
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    digest = b"" if secret is None else hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{_base64url(digest)}"


@dataclass
class IdentityProvider:
    """A provider with one key an algorithm, each with an id.

    Attributes:
        fetches: How often its JWKS was asked for, failures included.
        outage: Answers are 503s.
        delay_seconds: An answer waits so long.
        document: What is served instead of its JWKS.
        further_keys: Members of the JWKS before those of its own keys.
    """

    fetches: int = 0
    outage: bool = False
    delay_seconds: float = 0.0
    document: bytes | None = None
    further_keys: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    _generation: Iterator[int] = field(default_factory=itertools.count)
    _prefix: str = ""
    _closing: threading.Event = field(default_factory=threading.Event)
    _server: ServedApp | None = None

    @property
    def jwks_url(self) -> str:
        """Where the keys are."""
        if self._server is None:
            raise RuntimeError("The identity provider is not running; use `with`.")
        return f"{self._server.url}/.well-known/jwks.json"

    def kid(self, algorithm: str) -> str:
        """The id of the key that signs with `algorithm`."""
        return f"{self._prefix}-{'RSA' if algorithm[0] in 'RP' else algorithm}"

    def rotate(self) -> None:
        """New keys with new ids; the old ones are gone."""
        generation = next(self._generation)
        self._prefix = f"key-{generation}"
        # Two RSA keys take turns, the first of `rsa_key` before the second.
        made = {name: new_key(name, generation % 2) for name in ("RS256", "ES256", "EdDSA")}
        self.keys = made | {"PS256": made["RS256"]}

    def reset(self) -> None:
        """Forgets what earlier tests did, keys included."""
        self._closing.set()
        self._closing = threading.Event()
        self.fetches, self.outage, self.delay_seconds = 0, False, 0.0
        self.document, self.further_keys = None, []
        self._generation = itertools.count()
        self.rotate()

    def issue(
        self,
        claims: Mapping[str, Any] | None = None,
        *,
        algorithm: str = "RS256",
        key: PrivateKey | str | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> str:
        """A signed token.

        Args:
            claims: Its claims; None for those of `claims_for()`.
            algorithm: What it is signed with.
            key: Another key than the provider's own.
            headers: More of its header; a `kid` of None leaves that away.
        """
        header = {"kid": self.kid(algorithm)} | dict(headers or {})
        return jwt.encode(
            dict(claims_for() if claims is None else claims),
            key or self.keys[algorithm],
            algorithm,
            headers={name: value for name, value in header.items() if value is not None},
        )

    async def until_fetched(self, times: int) -> None:
        """Waits until the JWKS has been asked for so often.

        Raises:
            TimeoutError: It has not been after five seconds.
        """
        async with asyncio.timeout(5):
            while self.fetches < times:
                await asyncio.sleep(0.002)

    def __enter__(self) -> Self:
        self.reset()
        app = Starlette(routes=[Route("/.well-known/jwks.json", self._jwks)])
        self._server = ServedApp(app, ws="none", lifespan="off")
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.stop()

    async def _jwks(self, _request: Request) -> Response:
        self.fetches += 1
        # What the test changes while this answer waits is meant for the next one.
        outage, document, closing = self.outage, self._document(), self._closing
        end = time.monotonic() + self.delay_seconds
        while time.monotonic() < end and not closing.is_set():
            await asyncio.sleep(0.005)
        if outage:
            return Response("the identity provider is being repaired", 503)
        return Response(document, media_type="application/json")

    def _document(self) -> bytes:
        if self.document is not None:
            return self.document
        own = [
            public_jwk(self.keys[name], name, kid=self.kid(name), use="sig")
            for name in ("RS256", "ES256", "EdDSA")
        ]
        return json.dumps({"keys": [*self.further_keys, *own]}).encode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
