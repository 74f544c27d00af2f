"""The debug view: what is stored, for its owner, when it is open."""

from __future__ import annotations

from pathlib import Path

from chatkit_backend.auth.client_secrets import ClientSecrets, Lifetimes
from chatkit_backend.context import SessionConfiguration, User
from chatkit_backend.store.engine import Database
from chatkit_backend.store.sessions import SessionStore
from tests.chatting import Chat, thread_of
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text


async def test_it_is_closed_by_default(chat: Chat) -> None:
    response = await chat.http.get("/debug/threads")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


async def test_it_shows_threads_with_types_texts_and_counts(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Text("Hi there"))
    async with Chat(serve(debug=True).url, user="ada") as chat:
        thread = thread_of(await chat.say("Hello"))
        view = (await chat.http.get("/debug/threads")).json()
    assert (view["user_id"], view["thread_count"], view["item_count"]) == ("ada", 1, 2)
    shown = view["threads"][0]
    assert (shown["id"], shown["status"], shown["item_count"]) == (thread, "active", 2)
    assert [(item["type"], item["text"]) for item in shown["items"]] == [
        ("user_message", "Hello"),
        ("assistant_message", "Hi there"),
    ]


async def test_it_shows_nobody_elses_threads(serve: Serve) -> None:
    url = serve(debug=True).url
    async with Chat(url, user="ada") as ada, Chat(url, user="bob") as bob:
        await ada.say("Mine")
        assert (await bob.http.get("/debug/threads")).json()["threads"] == []


async def test_it_shows_a_session_only_what_the_session_reaches(
    serve: Serve, tmp_path: Path
) -> None:
    url = serve(debug=True).url
    async with Chat(url, user="ada") as ada:
        await ada.say("Before the session")
    database = await Database.open(f"sqlite:///{tmp_path / 'chat.db'}")
    made = await ClientSecrets(SessionStore(database), Lifetimes()).create(
        User("ada"), configuration=SessionConfiguration(history=False)
    )
    await database.close()
    headers = {"Authorization": f"Bearer {made.client_secret}"}
    async with Chat(url, headers=headers) as page:
        assert (await page.http.get("/debug/threads")).json()["threads"] == []


async def test_it_can_be_paged_and_shortened(serve: Serve) -> None:
    async with Chat(serve(debug=True).url) as chat:
        for number in range(3):
            await chat.say(f"thread {number}")
        first = (await chat.http.get("/debug/threads?limit=2&items=1")).json()
        after = first["after"]
        second = (await chat.http.get("/debug/threads", params={"after": after})).json()
    assert (first["has_more"], len(first["threads"])) == (True, 2)
    assert [len(thread["items"]) for thread in first["threads"]] == [1, 1]
    assert [thread["items"][0]["text"] for thread in second["threads"]] == ["thread 0"]


async def test_a_limit_that_is_no_number_is_told_with_its_name(serve: Serve) -> None:
    async with Chat(serve(debug=True).url) as chat:
        response = await chat.http.get("/debug/threads?limit=many")
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "limit"
