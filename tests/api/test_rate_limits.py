"""Too many requests are refused with the moment at which the next will do."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from tests.chatting import Chat, message
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider


async def test_more_answers_than_allowed_are_refused_before_anything_is_stored(
    serve: Serve, provider: ScriptedProvider
) -> None:
    url = serve(turns_per_minute=2).url
    async with Chat(url, user="ada") as ada, Chat(url, user="bob") as bob:
        for _ in range(2):
            await ada.say("Hello")
        refused = await ada.post("threads.create", input=message("Once more"))
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        assert "CHATKIT_TURNS_PER_MINUTE" in refused.json()["error"]["message"]
        # Reading goes on, nothing was stored, and others are not kept out.
        assert len((await ada.ask("threads.list"))["data"]) == 2
        await bob.say("Hello")
    assert len(provider.requests) == 3


async def test_more_requests_than_allowed_are_refused(serve: Serve) -> None:
    async with Chat(serve(requests_per_minute=3).url, user="ada") as ada:
        statuses = [(await ada.post("threads.list")).status_code for _ in range(4)]
        session = await ada.http.post("/api/chatkit/session")
    assert statuses == [200, 200, 200, 429]
    assert session.status_code == 429


async def test_the_limit_follows_the_user_through_every_session(serve: Serve) -> None:
    url = serve(turns_per_minute=2).url
    statuses = []
    for _ in range(3):
        async with Chat(url, user="ada") as browser:
            secret = (await browser.http.post("/api/chatkit/session")).json()["client_secret"]
        async with Chat(url, headers={"Authorization": f"Bearer {secret}"}) as chat:
            response = await chat.post("threads.create", input=message("Hello"))
            statuses.append(response.status_code)
    assert statuses == [200, 200, 429]


@pytest.fixture
async def api_key(tmp_path: Path) -> str:
    """A key in the database that `serve` uses."""
    database = await Database.open(f"sqlite:///{tmp_path / 'chat.db'}")
    await database.migrate()
    _, key = await ApiKeyStore(database).create("team")
    await database.close()
    return key


async def test_a_session_has_the_limit_that_it_was_created_with(serve: Serve, api_key: str) -> None:
    url = serve(auth=("session",)).url
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=api_key) as team:
        sessions = [
            await team.beta.chatkit.sessions.create(
                user="ada",
                workflow={"id": "wf_1"},
                rate_limits={"max_requests_per_1_minute": 1},
            )
            for _ in range(2)
        ]
    assert sessions[0].max_requests_per_1_minute == 1
    for session in sessions:
        headers = {"Authorization": f"Bearer {session.client_secret}"}
        async with Chat(url, headers=headers) as chat:
            await chat.say("Hello")
            refused = await chat.post("threads.create", input=message("Again"))
            assert refused.status_code == 429
            assert "session" in refused.json()["error"]["message"]


async def test_the_openai_package_is_told_when_its_key_asks_too_often(
    serve: Serve, api_key: str
) -> None:
    url = serve(api_requests_per_minute=2).url
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=api_key, max_retries=0) as team:
        for _ in range(2):
            await team.beta.chatkit.threads.list()
        with pytest.raises(openai.RateLimitError) as refused:
            await team.beta.chatkit.threads.list()
    assert refused.value.code == "rate_limit_exceeded"
    assert refused.value.type == "rate_limit_error"
    assert int(refused.value.response.headers["retry-after"]) >= 1
