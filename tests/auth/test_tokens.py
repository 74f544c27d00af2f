"""A token is believed when a key of the provider's signed it, for this server, and for now."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chatkit_backend.auth.jwks import JwksKeys
from chatkit_backend.auth.keys import StaticKeys, VerificationKey
from chatkit_backend.auth.tokens import TokenVerifier
from chatkit_backend.context import User
from chatkit_backend.errors import KeysUnavailable, NotSignedIn
from tests.identity_provider import (
    ALGORITHMS,
    ISSUER,
    IdentityProvider,
    claims_for,
    hand_made,
    new_key,
    public_jwk,
    public_pem,
    rsa_key,
)

SECRET = "correct horse battery staple, and more of it"
ADA = User("ada")
WITH_SECRET = TokenVerifier(StaticKeys.from_shared_secret(SECRET, ["HS256"]), ("HS256",), ISSUER)


@pytest.fixture(scope="module")
def running_identity_provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as running:
        yield running


@pytest.fixture
def identity_provider(running_identity_provider: IdentityProvider) -> IdentityProvider:
    running_identity_provider.reset()
    return running_identity_provider


@pytest.fixture
async def verifier(identity_provider: IdentityProvider) -> AsyncIterator[TokenVerifier]:
    keys = JwksKeys(identity_provider.jwks_url)
    yield TokenVerifier(keys, ALGORITHMS, ISSUER)
    await keys.close()


def signed(claims: dict[str, Any], **headers: Any) -> str:
    return IdentityProvider().issue(claims, algorithm="HS256", key=SECRET, headers=headers)


async def user_of(payload: dict[str, Any], **options: Any) -> User:
    """The user of a token that is signed as it should be."""
    verifier = TokenVerifier(WITH_SECRET.keys, ("HS256",), **options)
    return await verifier.verify(signed(payload))


async def refusal_of(verifier: TokenVerifier, token: str) -> str:
    """Why a token is refused, when nothing of it is told."""
    with capture_logs() as logs, pytest.raises(NotSignedIn) as raised:
        await verifier.verify(token)
    assert raised.value.code == "invalid_token"
    assert [line["code"] for line in logs] == ["invalid_token"]
    assert not any(part in f"{logs}{raised.value}" for part in token.split(".") if len(part) > 8)
    return raised.value.message


async def refused_claims(claims: dict[str, Any], **options: Any) -> str:
    verifier = TokenVerifier(WITH_SECRET.keys, ("HS256",), **options)
    return await refusal_of(verifier, signed(claims))


# Signatures


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_of_the_provider_is_believed(
    identity_provider: IdentityProvider, verifier: TokenVerifier, algorithm: str
) -> None:
    token = identity_provider.issue(algorithm=algorithm)
    assert await verifier.verify(token) == ADA


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_without_a_key_id_is_believed(
    identity_provider: IdentityProvider, verifier: TokenVerifier, algorithm: str
) -> None:
    token = identity_provider.issue(algorithm=algorithm, headers={"kid": None})
    assert await verifier.verify(token) == ADA


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_static_public_key_verifies(algorithm: str) -> None:
    key = new_key(algorithm)
    keys = StaticKeys.from_public_key(public_pem(key), [algorithm])
    token = IdentityProvider().issue(claims_for(), algorithm=algorithm, key=key)
    assert await TokenVerifier(keys, (algorithm,), ISSUER).verify(token) == ADA


async def test_a_shared_secret_verifies() -> None:
    assert await WITH_SECRET.verify(signed(claims_for())) == ADA


async def test_the_second_of_two_keys_with_one_id_verifies(
    identity_provider: IdentityProvider, verifier: TokenVerifier
) -> None:
    kid = identity_provider.kid("ES256")
    other = public_jwk(new_key("ES256"), "ES256", kid=kid)
    identity_provider.further_keys = [other, public_jwk(rsa_key(), "RS256", kid=kid)]
    assert await verifier.verify(identity_provider.issue(algorithm="ES256")) == ADA


async def test_a_token_of_a_new_key_is_believed_and_one_of_a_withdrawn_key_is_not(
    identity_provider: IdentityProvider, verifier: TokenVerifier
) -> None:
    old = identity_provider.issue()
    await verifier.verify(old)
    identity_provider.rotate()
    assert await verifier.verify(identity_provider.issue()) == ADA
    assert "No key" in await refusal_of(verifier, old)


async def test_without_keys_it_cannot_be_told_whether_a_token_is_good(
    identity_provider: IdentityProvider, verifier: TokenVerifier
) -> None:
    identity_provider.outage = True
    with pytest.raises(KeysUnavailable):
        await verifier.verify(identity_provider.issue())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kid", ["known", None])
async def test_a_token_of_somebody_elses_key_is_refused(
    identity_provider: IdentityProvider, verifier: TokenVerifier, algorithm: str, kid: str | None
) -> None:
    headers = {} if kid else {"kid": None}
    token = identity_provider.issue(algorithm=algorithm, key=new_key(algorithm, 1), headers=headers)
    assert "signature" in await refusal_of(verifier, token)


async def test_claims_that_were_changed_are_refused(
    identity_provider: IdentityProvider, verifier: TokenVerifier
) -> None:
    header, _, signature = identity_provider.issue().split(".")
    _, claims, _ = identity_provider.issue(claims_for("eve")).split(".")
    assert "signature" in await refusal_of(verifier, f"{header}.{claims}.{signature}")


# Algorithms


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 0, [], ["RS256"], {}])
@pytest.mark.parametrize("allowed", [ALGORITHMS, (*ALGORITHMS, "none")])
async def test_a_token_without_a_signature_is_refused(
    identity_provider: IdentityProvider,
    verifier: TokenVerifier,
    name: object,
    allowed: tuple[str, ...],
) -> None:
    careless = TokenVerifier(verifier.keys, allowed)
    for kid in (identity_provider.kid("RS256"), None):
        header = {"alg": name} | ({"kid": kid} if kid else {})
        await refusal_of(careless, hand_made(header, claims_for()))
        await refusal_of(careless, hand_made(header, claims_for(), b""))


async def test_a_token_that_names_no_algorithm_is_refused(verifier: TokenVerifier) -> None:
    assert "algorithm" in await refusal_of(verifier, hand_made({"typ": "JWT"}, claims_for()))


@pytest.mark.parametrize("allowed", [("RS256",), ("RS256", "HS256")])
async def test_a_public_key_is_never_taken_for_a_secret(
    identity_provider: IdentityProvider, verifier: TokenVerifier, allowed: tuple[str, ...]
) -> None:
    key = identity_provider.keys["RS256"]
    pem = public_pem(key)
    header = {"alg": "HS256", "kid": identity_provider.kid("RS256")}
    static = StaticKeys.from_public_key(pem, ["RS256"])
    for secret in (pem, pem.strip(), pem.replace("\n", "\\n"), ""):
        forged = hand_made(header, claims_for("admin"), secret.encode())
        for keys in (verifier.keys, static):
            await refusal_of(TokenVerifier(keys, allowed), forged)


@pytest.mark.parametrize(
    ("claimed", "made_with"),
    [("ES256", "RS256"), ("RS256", "ES256"), ("PS256", "RS256"), ("EdDSA", "ES256")],
)
async def test_a_token_that_claims_another_algorithm_is_refused(
    identity_provider: IdentityProvider, verifier: TokenVerifier, claimed: str, made_with: str
) -> None:
    for kid in (identity_provider.kid(claimed), identity_provider.kid(made_with)):
        _, claims, signature = identity_provider.issue(algorithm=made_with).split(".")
        header = hand_made({"alg": claimed, "kid": kid}, {}).partition(".")[0]
        await refusal_of(verifier, f"{header}.{claims}.{signature}")


async def test_an_algorithm_that_is_not_allowed_is_refused_before_any_key_is_looked_up(
    identity_provider: IdentityProvider, verifier: TokenVerifier
) -> None:
    strict = TokenVerifier(verifier.keys, ("ES256",))
    assert "algorithm" in await refusal_of(strict, identity_provider.issue())
    assert identity_provider.fetches == 0


async def test_a_key_that_its_publisher_keeps_for_one_algorithm_verifies_no_other(
    identity_provider: IdentityProvider, verifier: TokenVerifier
) -> None:
    identity_provider.further_keys = [public_jwk(rsa_key(1), "RS256", kid="x", alg="RS256")]
    good, bad = (
        identity_provider.issue(algorithm=algorithm, key=rsa_key(1), headers={"kid": "x"})
        for algorithm in ("RS256", "PS256")
    )
    assert await verifier.verify(good) == ADA
    assert "No key" in await refusal_of(verifier, bad)


# Headers


async def test_keys_that_a_token_brings_along_are_ignored(
    identity_provider: IdentityProvider, verifier: TokenVerifier
) -> None:
    own = new_key("ES256")
    with IdentityProvider() as foreign:
        headers = {
            "jwk": public_jwk(own, "ES256", kid="own"),
            "jku": foreign.jwks_url,
            "x5u": foreign.jwks_url,
            "x5c": [public_pem(own)],
        }
        for kid in (identity_provider.kid("ES256"), "own", None):
            token = identity_provider.issue(
                algorithm="ES256", key=own, headers={**headers, "kid": kid}
            )
            await refusal_of(verifier, token)
        assert foreign.fetches == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64", "other"], "b64": True, "other": 1},
        {"crit": []},
        {"crit": "b64"},
        {"crit": None},
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"kid": 7},
        {"kid": ["a"]},
        {"kid": {}},
    ],
)
async def test_a_header_that_is_not_understood_is_refused(headers: dict[str, Any]) -> None:
    forged = hand_made({"alg": "HS256", **headers}, claims_for(), SECRET.encode())
    assert "no JWT" in await refusal_of(WITH_SECRET, forged)


# Claims


async def test_a_token_of_another_issuer_is_refused() -> None:
    for wrong in ("https://evil.example", f"{ISSUER}/", ISSUER.upper(), 7, [ISSUER]):
        claims = claims_for() | {"iss": wrong}
        forged = hand_made({"alg": "HS256"}, claims, SECRET.encode())
        await refusal_of(WITH_SECRET, forged)
    assert "'iss'" in await refusal_of(WITH_SECRET, signed(claims_for(iss=None)))


async def test_without_an_issuer_in_the_settings_any_will_do() -> None:
    assert await user_of(claims_for(iss="https://another.example")) == ADA
    assert await user_of(claims_for(iss=None)) == ADA


@pytest.mark.parametrize("audience", ["chat", ["chat"], ["api", "chat"], "other-chat"])
async def test_a_token_for_one_of_our_audiences_is_believed(audience: object) -> None:
    assert await user_of(claims_for(aud=audience), audience=("chat", "other-chat")) == ADA


@pytest.mark.parametrize("audience", ["chat2", ["api"], "", [], None, 7, {"chat": 1}, [["chat"]]])
async def test_a_token_for_somebody_else_is_refused(audience: object) -> None:
    await refused_claims(claims_for(aud=audience), audience=("chat",))


async def test_a_token_for_anybody_in_particular_is_refused_when_no_audience_is_set() -> None:
    with capture_logs() as logs, pytest.raises(NotSignedIn, match="audience"):
        await user_of(claims_for(aud="chat"))
    assert logs[0]["remedy"].startswith("set CHATKIT_JWT_AUDIENCE")


async def test_a_token_has_expired_when_its_time_and_the_leeway_are_over() -> None:
    assert await user_of(claims_for(seconds=-20)) == ADA
    with capture_logs() as logs, pytest.raises(NotSignedIn, match="expired") as raised:
        await user_of(claims_for(seconds=-40))
    assert raised.value.code == logs[0]["code"] == "token_expired"
    with pytest.raises(NotSignedIn, match="expired"):
        await user_of(claims_for(seconds=-5), leeway_seconds=0)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_is_not_valid_before_its_time(claim: str) -> None:
    soon, later = time.time() + 20, time.time() + 60
    assert await user_of(claims_for() | {claim: int(soon)}) == ADA
    assert "not valid yet" in await refused_claims(claims_for() | {claim: int(later)})


@pytest.mark.parametrize("claim", ["sub", "exp"])
async def test_a_token_without_a_user_or_an_end_is_refused(claim: str) -> None:
    assert f"'{claim}'" in await refused_claims(claims_for() | {claim: None})
    without = {name: value for name, value in claims_for().items() if name != claim}
    assert f"'{claim}'" in await refused_claims(without)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("exp", "tomorrow"),
        ("exp", [9e9]),
        ("exp", float("nan")),
        ("exp", float("inf")),
        ("nbf", "now"),
        ("iat", {}),
    ],
)
async def test_times_that_are_none_are_refused(claim: str, value: object) -> None:
    await refused_claims(claims_for() | {claim: value})


@pytest.mark.parametrize("subject", ["a", "auth0|5f7c8ec7", "用户", "ada lovelace", "x" * 255])
async def test_the_subject_is_the_user_id_as_it_is(subject: str) -> None:
    assert (await user_of(claims_for(subject))).id == subject


@pytest.mark.parametrize(
    "subject", ["", " ", "x" * 256, "a\0b", "a\nb", "a\u200bb", "a\ud800", 7, True, ["ada"], {}]
)
async def test_a_subject_that_can_be_no_id_is_refused(subject: object) -> None:
    assert "'sub'" in await refused_claims(claims_for() | {"sub": subject})


async def test_name_address_and_chosen_claims_come_along() -> None:
    groups = {"groups": ["staff", {"level": 2}], "tier": None}
    claims = claims_for(name="Ada\u202e  Lovelace\n", email="ada@example.com") | groups
    assert await user_of(claims | {"other": 1}, claims=("groups", "tier", "absent")) == User(
        "ada", "Ada Lovelace", "ada@example.com", groups
    )


async def test_a_name_is_cut_and_one_of_another_type_is_ignored() -> None:
    assert (await user_of(claims_for(name="x" * 300))).name == "x" * 200
    nameless: list[object] = [7, ["Ada"], {}, "", " \u200b"]
    for wrong in nameless:
        assert (await user_of(claims_for(name=wrong))).name is None


@pytest.mark.parametrize(
    "changes",
    [
        {"email": f"{'x' * 250}@example.com"},
        {"email": "ad\u200ba@example.com"},
        {"email": "ada@example.com\nBcc: eve@example.com"},
        {"email": ""},
        {"email": ["ada@example.com"]},
        {"email": "ada@example.com", "email_verified": False},
        {"email": "ada@example.com", "email_verified": "false"},
    ],
)
async def test_an_address_that_is_not_verified_as_it_is_is_ignored(changes: dict[str, Any]) -> None:
    assert (await user_of(claims_for() | changes)).email is None


# Anything at all


async def test_a_token_that_is_too_long_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    length = len(signed(claims_for(filler="")))
    assert await WITH_SECRET.verify(signed(claims_for(filler="x" * (12_000 - length)))) == ADA
    too_long = signed(claims_for(filler="x" * 16_384))
    monkeypatch.setattr(jwt, "get_unverified_header", lambda _: pytest.fail("it was read"))
    assert "no JWT" in await refusal_of(WITH_SECRET, too_long)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "é.é.é", "\ud800", "[" * 16_000],
)
async def test_what_is_no_token_is_refused(token: str) -> None:
    assert "no JWT" in await refusal_of(WITH_SECRET, token)


async def test_deeply_nested_json_is_refused() -> None:
    deep = "W1tb" * 1_000  # three brackets a piece
    assert "no JWT" in await refusal_of(WITH_SECRET, f"{deep}.{deep}.{deep}")
    header = hand_made({"alg": "HS256"}, {}).partition(".")[0]
    assert "signature" in await refusal_of(WITH_SECRET, f"{header}.{deep}.{deep}")


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[\w-]{1,20}\.[\w-]{0,20}\.[\w-]{0,20}", fullmatch=True))
async def test_no_text_does_more_than_being_refused(token: str) -> None:
    with pytest.raises(NotSignedIn):
        await WITH_SECRET.verify(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "typ", "cty", "jku"]), JSON),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ["sub", "exp", "nbf", "iat", "iss", "aud", "jti", "name", "email", "email_verified"],
            JSON,
        ),
    ),
)
async def test_no_signed_json_does_more_than_being_refused(
    header: dict[str, Any], claims: dict[str, Any]
) -> None:
    verifier = TokenVerifier(
        StaticKeys(VerificationKey(SECRET.encode())), ("HS256",), audience=("chat",)
    )
    whole = claims_for(aud="chat")
    for changed_header in ({"alg": "HS256"} | header, header | {"alg": "HS256"}):
        for changed in (claims, whole | claims):
            token = hand_made(changed_header, changed, SECRET.encode())
            try:
                assert isinstance(await verifier.verify(token), User)
            except NotSignedIn:
                continue
