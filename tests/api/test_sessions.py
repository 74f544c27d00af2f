"""The session endpoints: who is signed in gets a client secret, and nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chatkit_backend.store.engine import Database
from chatkit_backend.store.sessions import SessionStore
from chatkit_backend.store.tokens import token_hash
from tests.chatting import Chat, message, thread_of
from tests.conftest import Serve
from tests.identity_provider import ISSUER, IdentityProvider, claims_for
from tests.provider.server import ScriptedProvider

PAGE = "https://app.example.com"


@pytest.fixture(scope="module")
def identity_provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        yield provider


@pytest.fixture
def sign_in(identity_provider: IdentityProvider) -> dict[str, Any]:
    """The settings of a team with an identity provider."""
    return {
        "auth": ("session", "cookie", "bearer"),
        "jwks_url": identity_provider.jwks_url,
        "jwt_issuer": ISSUER,
        "jwt_claims": ("plan",),
        "cors_origins": (PAGE,),
    }


def cookie_of(identity_provider: IdentityProvider, **claims: Any) -> dict[str, str]:
    """What the browser of a signed-in user sends."""
    return {"Cookie": f"auth_token={identity_provider.issue(claims_for(**claims))}", "Origin": PAGE}


def with_secret(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def new_session(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    async with Chat(url, headers=headers) as browser:
        response = await browser.http.post("/api/chatkit/session")
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    session: dict[str, Any] = response.json()
    return session


async def refresh(url: str, **body: Any) -> httpx2.Response:
    async with Chat(url) as browser:
        return await browser.http.post("/api/chatkit/refresh", json=body)


def code(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_a_signed_in_user_gets_a_client_secret_that_works(
    serve: Serve, sign_in: dict[str, Any], identity_provider: IdentityProvider
) -> None:
    url = serve(**sign_in).url
    session = await new_session(url, cookie_of(identity_provider, subject="ada"))
    assert set(session) == {"client_secret", "session_id", "expires_at", "user_id"}
    assert session["user_id"] == "ada"
    assert session["client_secret"].startswith("ck_sess_")
    assert 590 <= session["expires_at"] - time.time() <= 600
    async with Chat(url, headers=with_secret(session["client_secret"])) as chat:
        thread = thread_of(await chat.say("Hello"))
    # The same user, however they show who they are.
    async with Chat(url, headers=cookie_of(identity_provider, subject="ada")) as chat:
        assert [t["id"] for t in (await chat.ask("threads.list"))["data"]] == [thread]


async def test_the_verified_name_reaches_the_model_through_a_client_secret(
    serve: Serve,
    sign_in: dict[str, Any],
    identity_provider: IdentityProvider,
    provider: ScriptedProvider,
) -> None:
    url = serve(**sign_in).url
    headers = cookie_of(identity_provider, subject="ada", name="Ada Lovelace")
    session = await new_session(url, headers)
    async with Chat(url, headers=with_secret(session["client_secret"])) as chat:
        await chat.say("Hello")
    assert "signed in as Ada Lovelace" in str(provider.requests[-1].body)


async def test_nobody_gets_a_client_secret_without_signing_in(
    serve: Serve, sign_in: dict[str, Any]
) -> None:
    async with Chat(serve(**sign_in).url) as browser:
        response = await browser.http.post("/api/chatkit/session?userId=ada")
        assert code(response) == (401, "not_signed_in")
        assert response.headers["www-authenticate"] == "Bearer"
        assert code(await browser.post("threads.list")) == (401, "not_signed_in")


async def test_a_client_secret_gets_no_second_session(
    serve: Serve, sign_in: dict[str, Any], identity_provider: IdentityProvider
) -> None:
    url = serve(**sign_in).url
    session = await new_session(url, cookie_of(identity_provider))
    async with Chat(url, headers=with_secret(session["client_secret"])) as browser:
        response = await browser.http.post("/api/chatkit/session")
    assert code(response) == (401, "not_signed_in")


async def test_a_session_that_ended_is_not_replaced_by_the_cookie_beside_it(
    serve: Serve,
    sign_in: dict[str, Any],
    identity_provider: IdentityProvider,
    tmp_path: Path,
) -> None:
    served = serve(**sign_in)
    cookie = cookie_of(identity_provider)
    session = await new_session(served.url, cookie)
    headers = cookie | with_secret(session["client_secret"])
    async with Chat(served.url, headers=headers) as chat:
        await chat.ask("threads.list")
        database = await Database.open(f"sqlite:///{tmp_path / 'chat.db'}")
        assert await SessionStore(database).cancel(session["session_id"], datetime.now(UTC))
        await database.close()
        async with asyncio.timeout(10):
            while (response := await chat.post("threads.list")).status_code == 200:
                await asyncio.sleep(0.2)
    assert code(response) == (401, "client_secret_cancelled")


async def test_a_page_of_another_site_gets_no_session_with_the_users_cookie(
    serve: Serve, sign_in: dict[str, Any], identity_provider: IdentityProvider
) -> None:
    url = serve(**sign_in).url
    for origin in ("https://evil.example", "null", None):
        headers = cookie_of(identity_provider) | {"Origin": origin or ""}
        if origin is None:
            del headers["Origin"]
        async with Chat(url, headers=headers) as browser:
            assert code(await browser.http.post("/api/chatkit/session")) == (403, "forbidden")
            assert code(await browser.post("threads.create", input=message("Hi"))) == (
                403,
                "forbidden",
            )


async def test_without_any_sign_in_the_endpoint_says_who_creates_sessions(serve: Serve) -> None:
    async with Chat(serve(auth=("session",)).url) as browser:
        response = await browser.http.post("/api/chatkit/session")
    assert response.status_code == 403
    assert "/v1/chatkit/sessions" in response.json()["error"]["message"]


async def test_no_client_secret_is_handed_out_that_nobody_would_take(
    serve: Serve, sign_in: dict[str, Any], identity_provider: IdentityProvider
) -> None:
    url = serve(**(sign_in | {"auth": ("cookie",)})).url
    async with Chat(url, headers=cookie_of(identity_provider)) as browser:
        created = await browser.http.post("/api/chatkit/session")
        refreshed = await browser.http.post("/api/chatkit/refresh", json={"token": "ck_sess_x"})
    for response in (created, refreshed):
        assert code(response) == (403, "forbidden")
        assert "CHATKIT_AUTH" in response.json()["error"]["message"]


async def test_a_developer_gets_sessions_out_of_the_box(serve: Serve) -> None:
    url = serve().url
    async with Chat(url, user="ada") as browser:
        session = (await browser.http.post("/api/chatkit/session")).json()
    assert session["user_id"] == "ada"
    async with Chat(url, headers=with_secret(session["client_secret"])) as chat:
        thread = thread_of(await chat.say("Hello"))
    async with Chat(url, user="ada") as chat:
        assert [t["id"] for t in (await chat.ask("threads.list"))["data"]] == [thread]


async def test_a_bad_client_secret_does_not_turn_a_developer_into_somebody_else(
    serve: Serve,
) -> None:
    async with Chat(serve().url, user="ada", headers=with_secret("ck_sess_none")) as chat:
        assert code(await chat.post("threads.list")) == (401, "client_secret_unknown")


@pytest.mark.parametrize("name", ["currentClientSecret", "client_secret", "token"])
async def test_a_client_secret_is_refreshed_under_any_of_its_names(serve: Serve, name: str) -> None:
    url = serve().url
    session = await new_session(url)
    response = await refresh(url, **{name: session["client_secret"]})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    fresh = response.json()
    assert fresh["client_secret"] != session["client_secret"]
    same = ("session_id", "user_id")
    assert [fresh[field] for field in same] == [session[field] for field in same]
    for secret in (fresh["client_secret"], session["client_secret"]):
        async with Chat(url, headers=with_secret(secret)) as chat:
            await chat.ask("threads.list")


async def test_a_refresh_without_a_secret_is_told_the_names(serve: Serve) -> None:
    url = serve().url
    for body in ({}, {"client_secret": None}, {"client_secret": ""}, {"token": 7}):
        response = await refresh(url, **body)
        assert code(response) == (400, "invalid_request")
        assert response.json()["error"]["field"] == "currentClientSecret"
        assert "client_secret" in response.json()["error"]["message"]
    async with Chat(url) as browser:
        response = await browser.http.post("/api/chatkit/refresh", content=b"{")
    assert code(response) == (400, "invalid_request")


async def test_a_refresh_over_the_rate_limit_costs_the_client_nothing(
    serve: Serve, tmp_path: Path
) -> None:
    url = serve(requests_per_minute=2).url
    session = await new_session(url)
    first = await refresh(url, token=session["client_secret"])
    assert first.status_code == 200
    secret = first.json()["client_secret"]
    for _ in range(3):
        assert (await refresh(url, token=secret)).status_code == 429
    async with Chat(url, headers=with_secret(secret)) as chat:
        response = await chat.post("threads.list")
    assert response.status_code == 429  # known, and over the limit: the secret works
    database = await Database.open(f"sqlite:///{tmp_path / 'chat.db'}")
    stored = await SessionStore(database).by_secret(token_hash(secret))
    await database.close()
    assert stored is not None
    assert stored.replaced_at is None


async def test_a_token_with_half_an_emoji_in_a_claim_gets_a_session(
    serve: Serve, sign_in: dict[str, Any], identity_provider: IdentityProvider
) -> None:
    headers = cookie_of(identity_provider, subject="ada", plan="pro \ud83d")
    assert (await new_session(serve(**sign_in).url, headers))["user_id"] == "ada"


async def test_an_unknown_secret_is_not_refreshed(serve: Serve) -> None:
    response = await refresh(serve().url, client_secret="ck_sess_none")
    assert code(response) == (401, "client_secret_unknown")


async def test_sessions_work_on_every_replica_and_outlive_a_restart(
    serve: Serve, database_url: str
) -> None:
    if database_url == "memory://":
        pytest.skip("nothing outlives the process in memory")
    first, second = serve(database_url=database_url), serve(database_url=database_url)
    session = await new_session(first.url)
    first.stop()
    async with Chat(second.url, headers=with_secret(session["client_secret"])) as chat:
        await chat.ask("threads.list")
    response = await refresh(second.url, token=session["client_secret"])
    assert response.status_code == 200


async def test_a_page_of_another_origin_can_use_a_client_secret(serve: Serve) -> None:
    # CORS is for pages; a secret in a header is no cookie, so any origin that CORS lets through
    # may use it.
    url = serve(auth=("session", "dev"), cors_origins=(PAGE,)).url
    session = await new_session(url)
    headers = with_secret(session["client_secret"]) | {"Origin": PAGE}
    async with Chat(url, headers=headers) as chat:
        response = await chat.post("threads.list")
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == PAGE


async def test_the_identity_provider_being_away_is_told_as_that(
    serve: Serve, sign_in: dict[str, Any], identity_provider: IdentityProvider
) -> None:
    identity_provider.outage = True
    try:
        url = serve(**sign_in).url
        async with Chat(url, headers=cookie_of(identity_provider)) as browser:
            response = await browser.http.post("/api/chatkit/session")
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
    finally:
        identity_provider.outage = False


async def test_no_token_and_no_secret_reaches_the_log(
    serve: Serve,
    sign_in: dict[str, Any],
    identity_provider: IdentityProvider,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = serve(**sign_in).url
    headers = cookie_of(identity_provider)
    session = await new_session(url, headers)
    token = headers["Cookie"].partition("=")[2]
    for bad in (token[:-4] + "AAAA", session["client_secret"] + "x", "ck_live_" + "x" * 43):
        async with Chat(url, headers=with_secret(bad)) as chat:
            assert (await chat.post("threads.list")).status_code == 401
    await refresh(url, token=session["client_secret"])
    captured = capfd.readouterr()
    printed = captured.out + captured.err + caplog.text
    for secret in (token.rpartition(".")[2][:-4], session["client_secret"][8:], "x" * 43):
        assert secret not in printed
