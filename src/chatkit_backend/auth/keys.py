"""The keys that verify JWTs, and those that the settings hold.

A key never verifies with an algorithm that it was not made for. Taking a public key, which
everybody has, for the secret of an HMAC is the classic way around a signature (RFC 8725, section
2.1); here a public key fits no HMAC, whatever a token or a JWKS says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWTError
from jwt.algorithms import HMACAlgorithm

from chatkit_backend.errors import SettingsError

# NIST SP 800-131A, and RFC 7518, sections 3.3 and 3.5.
MIN_RSA_BITS: Final = 2_048
_MIN_SECRET_BYTES: Final = 32
# RFC 7518, section 3.2: a secret is at least as long as the hash.
_SECRET_BYTES: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
# RFC 7518, section 3.4: each has its own curve.
_EC: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
PUBLIC_KEY_ALGORITHMS: Final = (*_RSA, *_EC.values(), "EdDSA")

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key, and what it may verify.

    Attributes:
        material: A public key, or the bytes of a shared secret.
        kid: Its id in the JWKS; None where it has none.
        algorithm: The one algorithm that its publisher allows; None for every one of its type.
    """

    material: PublicKey | bytes = field(repr=False)
    kid: str | None = None
    algorithm: str | None = None

    def fits(self, algorithm: str) -> bool:
        """Whether it may verify a signature that was made with `algorithm`."""
        return self.algorithm in {None, algorithm} and algorithm in _algorithms_of(self.material)


class KeySource(Protocol):
    """Knows the keys that verify tokens."""

    async def for_token(self, kid: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """The keys that may have signed a token, few enough to try each; empty where none has.

        Args:
            kid: The key id in the token's header, if any.
            algorithm: The algorithm in the token's header, from the allow-list.

        Raises:
            KeysUnavailable: It is not known which keys there are; worth trying again later.
        """
        ...

    async def close(self) -> None:
        """Ends what runs in the background; the source is not usable afterwards."""
        ...


class StaticKeys:
    """Keys that do not change while the server runs.

    Args:
        keys: The keys; a token's key id does not choose among them.
    """

    def __init__(self, *keys: VerificationKey) -> None:
        self._keys = keys

    @classmethod
    def from_public_key(cls, value: str, algorithms: Iterable[str]) -> StaticKeys:
        """The public key of `CHATKIT_JWT_PUBLIC_KEY`.

        Args:
            value: PEM text (line ends may be a backslash and n), or the path of a PEM file.
            algorithms: Those that tokens may use.

        Raises:
            SettingsError: There is no such file, or no public key in it, or one that is too short
                or fits none of the algorithms.
        """
        key = VerificationKey(_public_key(_pem(value)))
        if not any(key.fits(algorithm) for algorithm in algorithms):
            usable = ", ".join(sorted(_algorithms_of(key.material)))
            raise _bad_public_key(
                f"no algorithm of CHATKIT_JWT_ALGORITHMS works with this key. Set that to {usable}"
                if usable
                else "its type is not supported. Use an RSA, P-256, P-384, P-521 or Ed25519 key"
            )
        return cls(key)

    @classmethod
    def from_shared_secret(cls, secret: str, algorithms: Iterable[str]) -> StaticKeys:
        """The secret of `CHATKIT_JWT_SECRET`.

        Args:
            secret: As the identity provider has it, character by character.
            algorithms: Those that tokens may use; the longest hash among them says how long the
                secret must be.

        Raises:
            SettingsError: It is too short, or it is a public key.
        """
        material = secret.encode()
        needed = max([_MIN_SECRET_BYTES, *(_SECRET_BYTES.get(name, 0) for name in algorithms)])
        if len(material) < needed:
            raise SettingsError(
                f"CHATKIT_JWT_SECRET: it has {len(material)} bytes, and {needed} are the least for "
                "these algorithms. Use a longer one, such as `openssl rand -base64 48` prints."
            )
        try:
            HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(material)
        except PyJWTError:
            raise SettingsError(
                "CHATKIT_JWT_SECRET: this is a key pair's key, no secret. Set "
                "CHATKIT_JWT_PUBLIC_KEY to the public one instead."
            ) from None
        return cls(VerificationKey(material))

    async def for_token(self, kid: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """The keys that fit the algorithm."""
        return [key for key in self._keys if key.fits(algorithm)]

    async def close(self) -> None:
        """Nothing runs in the background."""


def _algorithms_of(material: PublicKey | bytes) -> frozenset[str]:
    match material:
        case bytes():
            return frozenset(_SECRET_BYTES)
        case RSAPublicKey():
            return _RSA
        case EllipticCurvePublicKey():
            return frozenset({_EC[material.curve.name]} if material.curve.name in _EC else ())
        case Ed25519PublicKey() | Ed448PublicKey():
            return frozenset({"EdDSA"})


def is_too_short(key: PublicKey) -> bool:
    """Whether a key can be broken with today's means."""
    return isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS


def _pem(value: str) -> bytes:
    if "-----BEGIN" in value:
        # A variable of the environment is often one line.
        return value.replace("\\n", "\n").encode()
    try:
        return Path(value).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is no path"
        raise _bad_public_key(
            f"the file cannot be read ({cause}). Set it to the path of a PEM file, or to PEM text"
        ) from None


def _public_key(pem: bytes) -> PublicKey:
    if b"PRIVATE KEY-----" in pem:
        raise _bad_public_key(
            "this is a private key, which nobody but the identity provider may have. Use the "
            "public one; `openssl pkey -in FILE -pubout` prints it"
        )
    if b"CERTIFICATE-----" in pem:
        raise _bad_public_key(
            "this is a certificate. Use the key in it; `openssl x509 -in FILE -pubkey -noout` "
            "prints it"
        )
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise _bad_public_key(
            "there is no public key in it. PEM text begins with -----BEGIN PUBLIC KEY-----"
        ) from None
    if not isinstance(key, PublicKey):
        raise _bad_public_key("its type is not supported. Use an RSA, EC or Ed25519 key")
    if is_too_short(key):
        raise _bad_public_key(f"use an RSA key of at least {MIN_RSA_BITS} bits")
    return key


def _bad_public_key(problem: str) -> SettingsError:
    return SettingsError(f"CHATKIT_JWT_PUBLIC_KEY: {problem}.")
