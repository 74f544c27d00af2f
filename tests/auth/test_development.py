"""The `dev` mode believes `?userId=`, on this machine only."""

from __future__ import annotations

import pytest

from chatkit_backend.auth.credentials import Credentials
from chatkit_backend.auth.development import DevelopmentAuth
from chatkit_backend.errors import Forbidden, InvalidRequest


async def user_of(user_id: str | None = None, allowed: tuple[str, ...] = (), **headers: str) -> str:
    query = {} if user_id is None else {"userId": user_id}
    credentials = Credentials(
        headers={"host": "localhost:8000"} | headers, query=query, peer="127.0.0.1"
    )
    return (await DevelopmentAuth(allowed)(credentials)).user.id


async def test_the_query_names_the_user() -> None:
    assert await user_of("ada") == "ada"


@pytest.mark.parametrize("absent", [None, "", "  "])
async def test_without_a_name_the_user_is_anonymous(absent: str | None) -> None:
    assert await user_of(absent) == "anonymous"


@pytest.mark.parametrize("bad", ["x" * 129, "a\x00b", "a\nb"])
async def test_a_name_that_cannot_be_one_is_refused(bad: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        await user_of(bad)
    assert raised.value.field == "userId"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "127.9.9.9"])
async def test_this_machines_own_names_are_answered(host: str) -> None:
    assert await user_of("ada", host=host) == "ada"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.0.7", "", "["])
async def test_a_foreign_name_is_refused(host: str) -> None:
    # A page of evil.example can make that name resolve to 127.0.0.1 (DNS rebinding).
    with pytest.raises(Forbidden):
        await user_of("ada", host=host)


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:5173"])
async def test_pages_of_this_machine_may_ask(origin: str) -> None:
    assert await user_of("ada", origin=origin) == "ada"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
async def test_pages_of_other_sites_may_not(origin: str) -> None:
    with pytest.raises(Forbidden, match="CHATKIT_CORS_ORIGINS"):
        await user_of("ada", origin=origin)


async def test_pages_that_cors_allows_may() -> None:
    page = "https://app.example.com"
    assert await user_of("ada", (page,), origin=page) == "ada"


def test_credentials_do_not_show_in_logs() -> None:
    assert "token" not in repr(Credentials(headers={"authorization": "Bearer token"}))


@pytest.mark.parametrize("peer", ["192.168.1.7", "203.0.113.9", "2001:db8::1", "testclient", None])
async def test_another_machine_is_refused_however_it_calls_this_one(peer: str | None) -> None:
    credentials = Credentials(headers={"host": "localhost"}, peer=peer)
    with pytest.raises(Forbidden, match="this machine only"):
        await DevelopmentAuth()(credentials)


@pytest.mark.parametrize(
    ("forwarded", "allowed"),
    [("127.0.0.1", True), ("::1, 127.0.0.1", True), ("203.0.113.9, 127.0.0.1", False)],
)
async def test_what_a_proxy_passes_on_from_another_machine_is_refused(
    forwarded: str, allowed: bool
) -> None:
    headers = {"host": "localhost", "x-forwarded-for": forwarded}
    asking = DevelopmentAuth()(Credentials(headers=headers, peer="127.0.0.1"))
    if allowed:
        await asking
    else:
        with pytest.raises(Forbidden):
            await asking
