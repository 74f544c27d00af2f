"""The `cookie` mode believes a JWT in a cookie, and lets no foreign page use it."""

from __future__ import annotations

import pytest

from chatkit_backend.auth.cookies import CookieAuth
from chatkit_backend.auth.credentials import Credentials, Identity
from chatkit_backend.auth.keys import StaticKeys
from chatkit_backend.auth.tokens import TokenVerifier
from chatkit_backend.context import User
from chatkit_backend.errors import Forbidden, NotSignedIn
from tests.identity_provider import IdentityProvider, claims_for

SECRET = "correct horse battery staple, and more of it"
VERIFIER = TokenVerifier(StaticKeys.from_shared_secret(SECRET, ["HS256"]), ("HS256",))
TOKEN = IdentityProvider().issue(claims_for("ada", seconds=86_400), algorithm="HS256", key=SECRET)
PAGE = "https://app.example.com"


async def ask(
    method: str = "POST",
    *,
    cookies: dict[str, str] | None = None,
    allowed: tuple[str, ...] = (PAGE,),
    origin: str | None = None,
    **headers: str,
) -> Identity | None:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= {} if origin is None else {"origin": origin}
    credentials = Credentials(
        headers={"host": "chat.example.com"} | sent,
        cookies={"auth_token": TOKEN} if cookies is None else cookies,
        method=method,
    )
    return await CookieAuth("auth_token", VERIFIER, allowed)(credentials)


async def test_the_cookie_says_who_asks() -> None:
    assert await ask(origin=PAGE) == Identity(User("ada"))


@pytest.mark.parametrize("cookies", [{}, {"other": TOKEN}, {"auth_token": ""}])
@pytest.mark.parametrize("origin", [PAGE, "https://evil.example"])
async def test_without_the_cookie_nobody_is_known_to_ask(
    cookies: dict[str, str], origin: str
) -> None:
    assert await ask(cookies=cookies, origin=origin) is None


async def test_a_cookie_does_not_stand_in_for_a_client_secret() -> None:
    # What the secret's session limits would open up as soon as it expires.
    for secret in ("ck_sess_expired", "ck_sess_"):
        assert await ask(origin=PAGE, authorization=f"Bearer {secret}") is None
    assert await ask(origin=PAGE, authorization="Bearer eyJ") == Identity(User("ada"))


async def test_a_bad_token_in_the_cookie_is_refused() -> None:
    with pytest.raises(NotSignedIn):
        await ask(cookies={"auth_token": f"{TOKEN[:-4]}AAAA"}, origin=PAGE)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_a_request_that_changes_nothing_needs_no_origin(
    method: str, origin: str | None
) -> None:
    assert await ask(method, origin=origin) is not None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get", "TRACE", "ANYTHING"])
async def test_any_other_request_needs_one(method: str) -> None:
    with pytest.raises(Forbidden, match="CHATKIT_CORS_ORIGINS"):
        await ask(method)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://example.com",
        "https://app.example.com ",
        "null",
        "*",
        "",
        "https://[",
        "https://host:port",
        "file://",
    ],
)
async def test_pages_of_other_sites_are_refused(origin: str) -> None:
    with pytest.raises(Forbidden, match="CHATKIT_CORS_ORIGINS"):
        await ask(origin=origin)


@pytest.mark.parametrize("origin", ["https://evil.example", "*", "null"])
async def test_a_wildcard_lets_no_page_use_the_cookie(origin: str) -> None:
    with pytest.raises(Forbidden):
        await ask(origin=origin, allowed=("*", "null"))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://chat.example.com", "chat.example.com"),
        ("https://chat.example.com", "Chat.Example.com:443"),
        ("http://chat.example.com", "chat.example.com:80"),
        ("http://localhost:8000", "localhost:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
async def test_the_servers_own_pages_may_ask(origin: str, host: str) -> None:
    assert await ask(origin=origin, host=host, allowed=()) is not None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:3000", "localhost:8000"),
        ("https://chat.example.com", "chat.example.com:80"),
        ("https://chat.example.com", "other.example.com"),
        ("https://chat.example.com", ""),
        ("https://", ""),
        ("null", "null"),
    ],
)
async def test_another_host_or_port_is_not_the_servers_own(origin: str, host: str) -> None:
    with pytest.raises(Forbidden):
        await ask(origin=origin, host=host, allowed=())


async def test_a_page_without_tls_is_not_the_one_of_the_same_name_with_it() -> None:
    page = "http://chat.example.com"
    assert await ask(origin=page, sec_fetch_site="same-origin") is not None
    with pytest.raises(Forbidden):
        await ask(origin=page, sec_fetch_site="cross-site")


async def test_listed_pages_may_be_of_another_site() -> None:
    assert await ask(origin=PAGE, sec_fetch_site="cross-site") is not None


async def test_a_foreign_page_learns_nothing_of_the_token() -> None:
    for token in (TOKEN, "no token"):
        with pytest.raises(Forbidden):
            await ask(cookies={"auth_token": token}, origin="https://evil.example")
