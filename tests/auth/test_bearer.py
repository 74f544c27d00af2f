"""The `bearer` mode believes a JWT in the Authorization header."""

from __future__ import annotations

import pytest

from chatkit_backend.auth.bearer import BearerAuth
from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.auth.keys import StaticKeys
from chatkit_backend.auth.tokens import TokenVerifier
from chatkit_backend.context import User
from chatkit_backend.errors import NotSignedIn
from chatkit_backend.store.tokens import API_KEY, CLIENT_SECRET, new_token
from tests.identity_provider import IdentityProvider, claims_for

SECRET = "correct horse battery staple, and more of it"
VERIFIER = TokenVerifier(StaticKeys.from_shared_secret(SECRET, ["HS256"]), ("HS256",))


async def ask(authorization: str | None) -> Identity | None:
    headers = {} if authorization is None else {"authorization": authorization}
    return await BearerAuth(VERIFIER)(Credentials(headers=headers))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_token_says_who_asks(scheme: str) -> None:
    token = IdentityProvider().issue(claims_for("ada"), algorithm="HS256", key=SECRET)
    assert await ask(f"{scheme} {token}") == Identity(User("ada"))


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi"])
async def test_without_a_token_nobody_is_known_to_ask(authorization: str | None) -> None:
    assert await ask(authorization) is None


@pytest.mark.parametrize("prefix", [CLIENT_SECRET, API_KEY])
async def test_secrets_of_this_servers_own_are_left_to_others(prefix: str) -> None:
    assert await ask(f"Bearer {new_token(prefix)}") is None


@pytest.mark.parametrize("token", ["made-up", "a.b.c", "ck_other_secret"])
async def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(NotSignedIn) as raised:
        await ask(f"Bearer {token}")
    assert raised.value.code == "invalid_token"
