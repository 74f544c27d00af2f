"""Keys fit only what they were made for, and unusable ones stop the start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from chatkit_backend.auth.keys import StaticKeys, VerificationKey
from chatkit_backend.errors import SettingsError
from tests.identity_provider import (
    ALGORITHMS,
    PrivateKey,
    new_key,
    private_pem,
    public_jwk,
    public_pem,
    rsa_key,
)

SECRET = "correct horse battery staple, and more of it"


def key_of(private: PrivateKey, **options: Any) -> VerificationKey:
    return VerificationKey(private.public_key(), **options)


# What a key fits


@pytest.mark.parametrize(
    ("made_for", "fitting"),
    [
        ("RS256", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("EdDSA", {"EdDSA"}),
    ],
)
def test_a_public_key_fits_the_algorithms_of_its_type_and_no_hmac(
    made_for: str, fitting: set[str]
) -> None:
    key = key_of(new_key(made_for))
    tried = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
    tried += ["ES256K", "EdDSA", "HS256", "HS384", "HS512", "none", ""]
    assert {name for name in tried if key.fits(name)} == fitting


def test_a_key_with_an_algorithm_of_its_own_fits_no_other() -> None:
    key = key_of(rsa_key(), algorithm="RS256")
    assert key.fits("RS256")
    assert not key.fits("PS256")


def test_a_secret_does_not_show_in_logs() -> None:
    assert SECRET not in repr(VerificationKey(SECRET.encode()))


# Keys of the settings


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_public_key_may_be_pem_text(algorithm: str) -> None:
    private = new_key(algorithm)
    keys = StaticKeys.from_public_key(public_pem(private), [algorithm])
    assert await keys.for_token("any id", algorithm) == [key_of(private)]


async def test_pem_text_may_be_on_one_line() -> None:
    one_line = public_pem(rsa_key()).replace("\n", "\\n")
    keys = StaticKeys.from_public_key(one_line, ["RS256"])
    assert await keys.for_token(None, "RS256") == [key_of(rsa_key())]


async def test_a_public_key_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(public_pem(rsa_key()))
    keys = StaticKeys.from_public_key(str(file), ["RS256"])
    assert await keys.for_token(None, "RS256") == [key_of(rsa_key())]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("no/such/file.pem", "cannot be read.*path of a PEM file"),
        ("nul\0byte", "cannot be read"),
        (private_pem(rsa_key()), "private key.*openssl pkey"),
        ("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", "openssl x509"),
        ("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----", "no public key"),
        ("-----BEGIN", "no public key"),
        (public_pem(rsa_key(bits=1_024)), "2048 bits"),
        (public_pem(ec.generate_private_key(ec.SECP256K1())), "type is not supported"),
        (public_pem(X25519PrivateKey.generate()), "type is not supported"),
    ],
    ids=["absent", "nul", "private", "certificate", "broken", "cut", "short", "curve", "x25519"],
)
def test_what_is_no_usable_public_key_stops_the_start(value: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"^CHATKIT_JWT_PUBLIC_KEY: .*{told}") as raised:
        StaticKeys.from_public_key(value, ["RS256", "ES256", "EdDSA"])
    assert "BEGIN PRIVATE" not in str(raised.value)


def test_a_public_key_that_no_allowed_algorithm_works_with_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"CHATKIT_JWT_ALGORITHMS.*Set that to ES256\."):
        StaticKeys.from_public_key(public_pem(new_key("ES256")), ["RS256", "HS256"])


async def test_a_shared_secret_fits_hmac_and_nothing_else() -> None:
    keys = StaticKeys.from_shared_secret(SECRET, ["HS256"])
    assert await keys.for_token("any id", "HS256") == [VerificationKey(SECRET.encode())]
    assert await keys.for_token(None, "RS256") == []
    await keys.close()


@pytest.mark.parametrize(
    ("length", "algorithms"), [(31, ["HS256"]), (47, ["HS256", "HS384"]), (63, ["HS512"])]
)
def test_a_shared_secret_is_as_long_as_the_longest_hash(length: int, algorithms: list[str]) -> None:
    StaticKeys.from_shared_secret("x" * (length + 1), algorithms)
    with pytest.raises(SettingsError, match=f"CHATKIT_JWT_SECRET: .*{length + 1}") as raised:
        StaticKeys.from_shared_secret("x" * length, algorithms)
    assert "xxx" not in str(raised.value)


@pytest.mark.parametrize(
    "value",
    [public_pem(rsa_key()), json.dumps(public_jwk(rsa_key(), "RS256"))],
    ids=["pem", "jwk"],
)
def test_a_public_key_is_no_shared_secret(value: str) -> None:
    with pytest.raises(SettingsError, match=r"CHATKIT_JWT_SECRET: .*CHATKIT_JWT_PUBLIC_KEY"):
        StaticKeys.from_shared_secret(value, ["HS256"])


# Keys of a JWKS
