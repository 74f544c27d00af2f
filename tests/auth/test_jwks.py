"""A provider's keys are fetched when they are needed, and kept when it is down."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chatkit_backend.auth.jwks import JwksKeys, _parse_jwks
from chatkit_backend.auth.jwks import _UnusableJwks as UnusableJwks
from chatkit_backend.auth.keys import VerificationKey
from chatkit_backend.errors import KeysUnavailable, SettingsError
from tests.identity_provider import (
    ALGORITHMS,
    IdentityProvider,
    PrivateKey,
    new_key,
    public_jwk,
    rsa_key,
)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running_identity_provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as running:
        yield running


@pytest.fixture
def identity_provider(running_identity_provider: IdentityProvider) -> IdentityProvider:
    running_identity_provider.reset()
    return running_identity_provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def jwks_at(url: str, clock: Clock, **options: Any) -> AsyncIterator[JwksKeys]:
    keys = JwksKeys(url, clock=clock, **options)
    try:
        yield keys
    finally:
        await keys.close()


@pytest.fixture
async def jwks(identity_provider: IdentityProvider, clock: Clock) -> AsyncIterator[JwksKeys]:
    async with jwks_at(identity_provider.jwks_url, clock) as keys:
        yield keys


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


def key_of(private: PrivateKey, **options: Any) -> VerificationKey:
    return VerificationKey(private.public_key(), **options)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_key_is_found_by_its_id(
    identity_provider: IdentityProvider, jwks: JwksKeys, algorithm: str
) -> None:
    kid = identity_provider.kid(algorithm)
    own = key_of(identity_provider.keys[algorithm], kid=kid)
    assert await jwks.for_token(kid, algorithm) == [own]


async def test_a_known_id_with_an_algorithm_that_does_not_fit_has_no_key(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    assert await jwks.for_token(identity_provider.kid("RS256"), "ES256") == []
    assert await jwks.for_token(identity_provider.kid("RS256"), "HS256") == []
    assert identity_provider.fetches == 1


async def test_keys_are_fetched_once_and_not_before_they_are_needed(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    assert identity_provider.fetches == 0
    found = await asyncio.gather(
        *(jwks.for_token(identity_provider.kid(name), name) for name in ALGORITHMS * 5)
    )
    assert all(found)
    assert identity_provider.fetches == 1


async def test_a_new_key_is_found_at_once(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    old = identity_provider.kid("RS256")
    await jwks.for_token(old, "RS256")
    identity_provider.rotate()
    assert await jwks.for_token(identity_provider.kid("RS256"), "RS256")
    assert await jwks.for_token(old, "RS256") == []


async def test_unknown_ids_cause_one_fetch_in_30_seconds(
    identity_provider: IdentityProvider, jwks: JwksKeys, clock: Clock
) -> None:
    await jwks.for_token(identity_provider.kid("RS256"), "RS256")
    for passed in (0.0, 1.0, 28.9):
        clock.now += passed
        assert await jwks.for_token(f"made-up-{passed}", "RS256") == []
    assert identity_provider.fetches == 2
    clock.now += 0.2
    assert await jwks.for_token("made-up", "RS256") == []
    assert identity_provider.fetches == 3


async def test_an_unknown_id_on_the_first_token_causes_no_second_fetch(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    assert await jwks.for_token("made-up", "RS256") == []
    assert identity_provider.fetches == 1


async def test_unknown_ids_at_the_same_time_cause_one_fetch(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    await jwks.for_token(identity_provider.kid("RS256"), "RS256")
    identity_provider.rotate()
    identity_provider.delay_seconds = 0.05
    new = [identity_provider.kid("RS256")] * 10
    made_up = [f"made-up-{number}" for number in range(10)]
    found = await asyncio.gather(*(jwks.for_token(kid, "RS256") for kid in new + made_up))
    assert [len(keys) for keys in found] == [1] * 10 + [0] * 10
    assert identity_provider.fetches == 2


async def test_every_key_with_the_id_is_tried(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    kid = identity_provider.kid("RS256")
    identity_provider.further_keys = [
        public_jwk(rsa_key(1), "RS256", kid=kid),
        public_jwk(new_key("ES256"), "ES256", kid=kid),
    ]
    assert await jwks.for_token(kid, "RS256") == [
        key_of(rsa_key(1), kid=kid),
        key_of(rsa_key(0), kid=kid),
    ]


async def test_without_an_id_every_fitting_key_is_tried_up_to_16(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    identity_provider.further_keys = [
        public_jwk(new_key("ES256"), "ES256", kid=str(number)) for number in range(20)
    ]
    assert len(await jwks.for_token(None, "ES256")) == 16
    assert len(await jwks.for_token(None, "EdDSA")) == 1


@pytest.mark.parametrize(
    "unfit",
    [
        public_jwk(rsa_key(), "RS256", use="enc"),
        public_jwk(rsa_key(), "RS256", alg="RSA-OAEP-256"),
        public_jwk(rsa_key(), "RS256", alg="HS256"),
        public_jwk(rsa_key(), "RS256", alg="none"),
        public_jwk(rsa_key(), "RS256", alg=["RS256"]),
        public_jwk(rsa_key(), "RS256", key_ops=["encrypt"]),
        public_jwk(rsa_key(), "RS256", d="AQAB"),
        public_jwk(rsa_key(bits=1_024), "RS256"),
        {"kty": "RSA", "n": 1, "e": None},
        {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"},
        {"kty": "oct"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "of the future"},
        {},
        None,
    ],
    ids=lambda jwk: json.dumps({name: jwk[name] for name in jwk or {} if name not in {"n", "k"}}),
)
async def test_keys_that_are_not_for_signatures_are_skipped(
    identity_provider: IdentityProvider, jwks: JwksKeys, unfit: dict[str, Any] | None
) -> None:
    member = unfit if unfit is None else {"kid": "unfit", **unfit}
    identity_provider.document = json.dumps(
        {"keys": [member, public_jwk(new_key("ES256"), "ES256", kid="fit")]}
    ).encode()
    assert await jwks.for_token("unfit", "RS256") == []
    assert await jwks.for_token("unfit", "HS256") == []
    assert len(await jwks.for_token("fit", "ES256")) == 1


# Imports and key types load on first use, which may take longer than Hypothesis allows.
@settings(deadline=None, max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["keys", "kty", "alg", "use", "crv", "x", "y", "n", "e", "d", "k", "kid"]
                ),
                inner
                | st.sampled_from(["RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "RS256", "AQAB"]),
            )
        ),
        max_leaves=20,
    )
)
def test_no_jwks_does_more_harm_than_being_useless(document: object) -> None:
    for jwks in (document, {"keys": [document]}):
        try:
            _parse_jwks(json.dumps(jwks).encode())
        except UnusableJwks:
            continue


# Keys that get old


async def test_old_keys_serve_while_new_ones_are_fetched_in_the_background(
    identity_provider: IdentityProvider, jwks: JwksKeys, clock: Clock
) -> None:
    old = identity_provider.kid("RS256")
    await jwks.for_token(old, "RS256")
    identity_provider.rotate()
    clock.now += 299
    assert await jwks.for_token(old, "RS256")
    assert jwks._fetching is None
    clock.now += 2
    assert await jwks.for_token(old, "RS256")
    await until(lambda: jwks._fetching is None)
    assert identity_provider.fetches == 2
    assert await jwks.for_token(old, "RS256") == []
    assert await jwks.for_token(identity_provider.kid("RS256"), "RS256")


async def test_a_slow_provider_holds_up_no_token_whose_key_is_known(
    identity_provider: IdentityProvider, jwks: JwksKeys, clock: Clock
) -> None:
    kid = identity_provider.kid("RS256")
    await jwks.for_token(kid, "RS256")
    identity_provider.delay_seconds = 30
    clock.now += 301
    began = time.monotonic()
    assert await jwks.for_token(kid, "RS256")
    await identity_provider.until_fetched(2)
    made_up = asyncio.create_task(jwks.for_token("made-up", "RS256"))
    await asyncio.sleep(0)
    assert await jwks.for_token(kid, "RS256")
    assert time.monotonic() - began < 1
    assert not made_up.done()
    identity_provider.reset()
    assert await made_up == []


async def test_keys_that_nobody_has_looked_after_are_not_believed_without_a_look(
    identity_provider: IdentityProvider, jwks: JwksKeys, clock: Clock
) -> None:
    withdrawn = identity_provider.kid("RS256")
    await jwks.for_token(withdrawn, "RS256")
    identity_provider.rotate()
    clock.now += 601
    assert await jwks.for_token(withdrawn, "RS256") == []


# A provider that is down


async def test_keys_are_kept_for_as_long_as_the_provider_is_down(
    identity_provider: IdentityProvider, jwks: JwksKeys, clock: Clock
) -> None:
    kid = identity_provider.kid("RS256")
    await jwks.for_token(kid, "RS256")
    identity_provider.outage = True
    with capture_logs() as logs:
        for _ in range(20):
            clock.now += 86_400
            assert await jwks.for_token(kid, "RS256")
    assert {(line["log_level"], line["keys_kept"]) for line in logs} == {("warning", 3)}
    assert {line["reason"] for line in logs} == {"it answers with status 503"}


async def test_a_provider_that_is_down_is_asked_every_30_seconds(
    identity_provider: IdentityProvider, jwks: JwksKeys, clock: Clock
) -> None:
    kid = identity_provider.kid("RS256")
    await jwks.for_token(kid, "RS256")
    identity_provider.outage = True
    clock.now += 301
    for _ in range(60):
        clock.now += 1
        assert await jwks.for_token(kid, "RS256")
        await until(lambda: jwks._fetching is None)
    assert identity_provider.fetches == 1 + 2


async def test_an_unknown_id_is_refused_while_the_provider_is_down(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    await jwks.for_token(identity_provider.kid("RS256"), "RS256")
    identity_provider.outage = True
    assert await jwks.for_token("made-up", "RS256") == []


async def test_without_any_key_nobody_is_let_in_until_the_provider_is_back(
    identity_provider: IdentityProvider, jwks: JwksKeys, clock: Clock
) -> None:
    kid = identity_provider.kid("RS256")
    identity_provider.outage = True
    for passed in (0.0, 1.0, 3.9):
        clock.now += passed
        with pytest.raises(KeysUnavailable):
            await jwks.for_token(kid, "RS256")
    assert identity_provider.fetches == 1
    identity_provider.outage = False
    clock.now += 0.2
    assert await jwks.for_token(kid, "RS256")


async def test_a_provider_that_cannot_be_reached_has_no_keys(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with jwks_at(f"http://127.0.0.1:{port}/?secret=hunter2", clock) as jwks:
        with capture_logs() as logs, pytest.raises(KeysUnavailable):
            await jwks.for_token(None, "RS256")
    assert logs[0]["host"] == "127.0.0.1"
    assert "hunter2" not in str(logs)


async def test_an_answer_that_takes_too_long_is_given_up(
    identity_provider: IdentityProvider, clock: Clock
) -> None:
    identity_provider.delay_seconds = 30
    async with jwks_at(identity_provider.jwks_url, clock, timeout_seconds=0.1) as jwks:
        began = time.monotonic()
        with pytest.raises(KeysUnavailable):
            await jwks.for_token(None, "RS256")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<html>Sign in</html>", "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no JWKS"),
        (b'{"issuer": "https://id.example.com"}', "no JWKS"),
        (b'{"keys": {}}', "no JWKS"),
        (b'{"keys": []}', "no key"),
        (b'{"keys": [{"kty": "RSA"}]}', "no key"),
        (b" " * (512 * 1024 + 1), "524288 bytes"),
    ],
)
async def test_an_answer_that_is_no_jwks_changes_nothing(
    identity_provider: IdentityProvider,
    jwks: JwksKeys,
    clock: Clock,
    document: bytes,
    reason: str,
) -> None:
    kid = identity_provider.kid("RS256")
    await jwks.for_token(kid, "RS256")
    identity_provider.document = document
    clock.now += 601
    with capture_logs() as logs:
        assert await jwks.for_token(kid, "RS256")
    assert identity_provider.fetches == 2
    assert reason in logs[0]["reason"]


async def test_someone_who_stops_waiting_does_not_end_the_fetch_for_others(
    identity_provider: IdentityProvider, jwks: JwksKeys
) -> None:
    identity_provider.delay_seconds = 0.1
    kid = identity_provider.kid("RS256")
    impatient = asyncio.create_task(jwks.for_token(kid, "RS256"))
    patient = asyncio.create_task(jwks.for_token(kid, "RS256"))
    await identity_provider.until_fetched(1)
    impatient.cancel()
    assert await patient
    assert identity_provider.fetches == 1


async def test_closing_ends_a_fetch_that_is_under_way(
    identity_provider: IdentityProvider, clock: Clock
) -> None:
    identity_provider.delay_seconds = 30
    keys = JwksKeys(identity_provider.jwks_url, clock=clock)
    waiting = asyncio.create_task(keys.for_token(None, "RS256"))
    await identity_provider.until_fetched(1)
    began = time.monotonic()
    await keys.close()
    assert time.monotonic() - began < 1
    with pytest.raises(KeysUnavailable):
        await waiting
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "fetch of the JWKS"]


def test_what_is_no_address_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="CHATKIT_JWKS_URL"):
        JwksKeys("http://host:port/jwks.json")
