"""`CHATKIT_SESSIONS=openai`: sessions of the hosted API, here played by a server of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.sessions import SessionStore
from chatkit_backend.store.tokens import token_hash
from tests.chatting import Chat
from tests.conftest import Serve
from tests.serving import ServedApp

Relay = dict[str, Any]


@pytest.fixture
def hosted_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'hosted.db'}"


@pytest.fixture
def hosted(serve: Serve, hosted_url: str) -> ServedApp:
    """The server that plays OpenAI."""
    return serve(auth=("session",), database_url=hosted_url)


@pytest.fixture
async def api_key(hosted: ServedApp, hosted_url: str) -> AsyncIterator[str]:
    database = await Database.open(hosted_url)
    yield (await ApiKeyStore(database).create("relay"))[1]
    await database.close()


def relaying(hosted: str, api_key: str) -> Relay:
    return {
        "sessions": "openai",
        "workflow_id": "wf_abc",
        "openai_api_key": api_key,
        "openai_base_url": f"{hosted}/v1",
    }


async def post(url: str, path: str, user: str = "ada", body: Any = None) -> tuple[int, Any]:
    async with Chat(url, user=user) as browser:
        response = await browser.http.post(f"/api/chatkit/{path}", json=body)
        return response.status_code, response.json()


async def test_the_signed_in_user_gets_a_session_of_the_hosted_api(
    serve: Serve, hosted: ServedApp, hosted_url: str, api_key: str
) -> None:
    relay = serve(**relaying(hosted.url, api_key))
    status, session = await post(relay.url, "session")
    assert status == 200
    assert session["user_id"] == "ada"
    headers = {"Authorization": f"Bearer {session['client_secret']}"}
    async with Chat(hosted.url, headers=headers) as page:
        await page.say("Hello")
        assert len((await page.ask("threads.list"))["data"]) == 1
    database = await Database.open(hosted_url)
    stored = await SessionStore(database).by_secret(token_hash(session["client_secret"]))
    await database.close()
    assert stored is not None
    assert (stored.user.id, stored.session.workflow.id) == ("ada", "wf_abc")


async def test_a_refresh_is_another_session_of_the_same_user(
    serve: Serve, hosted: ServedApp, api_key: str
) -> None:
    relay = serve(**relaying(hosted.url, api_key))
    _, first = await post(relay.url, "session")
    status, second = await post(
        relay.url, "refresh", body={"currentClientSecret": first["client_secret"]}
    )
    assert (status, second["user_id"]) == (200, "ada")
    assert second["client_secret"] != first["client_secret"]


@pytest.mark.parametrize("path", ["session", "refresh"])
async def test_nobody_gets_one_without_signing_in(
    serve: Serve, hosted: ServedApp, api_key: str, path: str
) -> None:
    relay = serve(
        **relaying(hosted.url, api_key),
        auth=("cookie",),
        jwt_secret="a secret shared with the identity provider",
        jwt_algorithms=("HS256",),
    )
    status, answer = await post(relay.url, path, body={"token": "ck_sess_x"})
    assert (status, answer["error"]["code"]) == (401, "not_signed_in")


async def test_a_wrong_key_is_told_without_showing_it(
    serve: Serve, hosted: ServedApp, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = "ck_live_wrong-key-that-nobody-may-see"
    relay = serve(**relaying(hosted.url, wrong))
    status, answer = await post(relay.url, "session")
    assert (status, answer["error"]["code"]) == (502, "hosted_api_error")
    assert "OPENAI_API_KEY" in answer["error"]["message"]
    captured = capfd.readouterr()
    for shown in (str(answer), captured.out, captured.err):
        assert "nobody-may-see" not in shown


async def test_a_hosted_api_that_is_away_is_told(
    serve: Serve, hosted: ServedApp, api_key: str
) -> None:
    relay = serve(**relaying(hosted.url, api_key))
    hosted.stop()
    status, answer = await post(relay.url, "session")
    assert (status, answer["error"]["code"]) == (502, "hosted_api_error")
    assert "does not answer" in answer["error"]["message"]
