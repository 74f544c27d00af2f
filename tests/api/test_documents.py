"""Answers from documents over HTTP: what a page sees, and who sees what."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from openai import AsyncOpenAI

from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.engine import Database
from tests.chatting import Chat, Event, message, streamed_text, texts_of, thread_of
from tests.conftest import Serve
from tests.own_code import write_module
from tests.provider.server import ScriptedProvider
from tests.serving import ServedApp

QUESTION = "How do I keep chats in PostgreSQL?"
NO_KEY: dict[str, Any] = {
    "model": (),
    "openai_api_key": None,
    "openai_base_url": None,
    "openai_compatible_base_url": None,
}


def done(events: list[Event], kind: str) -> list[dict[str, Any]]:
    """The items of a kind that were finished."""
    return [
        event["item"]
        for event in events
        if event["type"] == "thread.item.done" and event["item"]["type"] == kind
    ]


def first(events: list[Event], kind: str) -> int:
    """Where an item of a kind is told of first."""
    return next(at for at, event in enumerate(events) if event.get("item", {}).get("type") == kind)


# With no key and no setting


async def test_whoever_starts_it_first_is_answered_from_its_own_documentation(
    serve: Serve,
) -> None:
    async with Chat(serve(**NO_KEY).url) as chat:
        events = await chat.say(QUESTION)
        items = await chat.items(thread_of(events))
    assert first(events, "workflow") < first(events, "assistant_message")
    (workflow,) = done(events, "workflow")
    assert workflow["workflow"]["summary"]["title"] == "Searched the documents"
    assert workflow["workflow"]["tasks"][0]["title_query"] == QUESTION
    (answer,) = done(events, "assistant_message")
    (content,) = answer["content"]
    annotations = content["annotations"]
    assert 1 <= len(annotations) <= 3
    assert [one["source"]["type"] for one in annotations] == ["file"] * len(annotations)
    assert {"README.md", "production.md"} & {one["source"]["filename"] for one in annotations}
    # Each stands behind the name of what it cites, whose number is gone.
    for one in annotations:
        assert content["text"][: one["index"]].endswith("**")
    assert "] [" not in content["text"]
    assert streamed_text(events) == content["text"]
    assert [item["type"] for item in items] == ["user_message", "workflow", "assistant_message"]
    assert items[2]["content"] == answer["content"]


async def test_what_is_not_in_the_documentation_is_not_found(serve: Serve) -> None:
    async with Chat(serve(**NO_KEY).url) as chat:
        events = await chat.say("Which trees grow in Norway?")
    assert "found nothing" in streamed_text(events)
    (answer,) = done(events, "assistant_message")
    assert answer["content"][0]["annotations"] == []


async def test_off_means_that_nothing_is_searched(serve: Serve) -> None:
    async with Chat(serve(**NO_KEY, retrieval="off").url) as chat:
        events = await chat.say(QUESTION)
    assert done(events, "workflow") == []
    (answer,) = done(events, "assistant_message")
    assert answer["content"][0]["annotations"] == []
    assert "You wrote" in answer["content"][0]["text"]


async def test_a_real_model_is_told_of_documents_only_where_that_is_set(
    serve: Serve, provider: ScriptedProvider, staff_handbook: str
) -> None:
    for retrieval, told in ((None, False), ("off", False), ("context", True)):
        async with Chat(serve(retrieval=retrieval, database_url=staff_handbook).url) as chat:
            events = await chat.say(HOLIDAYS)
        assert bool(done(events, "workflow")) is told
        assert ("<documents>" in str(provider.requests[-1].body)) is told


# Access

SHARED = "a secret shared with the identity provider"
RULE = ("handbook=department:hr",)
HOLIDAYS = "How many days of holiday are there in a year?"
HANDBOOK = {
    "Holidays": "There are thirty days of holiday in a year.",
    "Hours": "The office is open from nine to five.",
    "Laptops": "Everybody gets a laptop, and a new one every third spring.",
}


@pytest.fixture
async def staff_handbook(tmp_path: Path) -> str:
    """The address of a database with the collection `handbook`."""
    url = f"sqlite:///{tmp_path / 'staff.db'}"
    database = await Database.open(url)
    await database.make_ready()
    for title, text in HANDBOOK.items():
        document = NewDocument(f"{title}.md", "hash", title, None, [NewChunk(text, (title,), 0)])
        await ChunkStore(database).put_document("handbook", document)
    await database.close()
    return url


@pytest.fixture
def closed(serve: Serve, staff_handbook: str) -> ServedApp:
    """A server whose handbook is for one department; it is told of no further claims."""
    return serve(
        **NO_KEY,
        database_url=staff_handbook,
        retrieval="context",
        collection_access=RULE,
        auth=("session", "bearer"),
        jwt_secret=SHARED,
        jwt_algorithms=("HS256",),
    )


def signed_in(**claims: object) -> dict[str, str]:
    """What the page of a user sends whose token has these claims."""
    token = jwt.encode({"sub": "ada", "exp": time.time() + 60} | claims, SHARED, "HS256")
    return {"Authorization": f"Bearer {token}"}


async def said_of_holidays(served: ServedApp, headers: dict[str, str]) -> list[Event]:
    async with Chat(served.url, headers=headers) as chat:
        return await chat.say(HOLIDAYS)


def cites_the_handbook(events: list[Event]) -> bool:
    (answer,) = done(events, "assistant_message")
    cited = [one["source"]["title"] for one in answer["content"][0]["annotations"]]
    assert ("thirty" in answer["content"][0]["text"]) is (cited == ["Holidays"])
    return bool(cited)


@pytest.mark.parametrize("department", ["hr", ["sales", "hr"]])
async def test_a_user_with_the_claim_is_answered_from_the_collection(
    closed: ServedApp, department: object
) -> None:
    assert cites_the_handbook(await said_of_holidays(closed, signed_in(department=department)))


@pytest.mark.parametrize(
    "claims", [{}, {"department": "sales"}, {"department": None}, {"role": "hr"}]
)
async def test_for_anybody_else_there_is_no_such_collection(
    closed: ServedApp, claims: dict[str, object]
) -> None:
    events = await said_of_holidays(closed, signed_in(**claims))
    assert not cites_the_handbook(events)
    # Not even that there is something to search.
    assert done(events, "workflow") == []


async def test_what_a_page_says_of_itself_opens_nothing(closed: ServedApp) -> None:
    metadata = {
        "department": "hr",
        "claims": {"department": "hr"},
        "userInfo": {"department": "hr"},
    }
    async with Chat(closed.url, metadata=metadata, headers=signed_in()) as chat:
        events = await chat.stream(
            "threads.create", input=message(HOLIDAYS), metadata={"department": "hr"}
        )
    assert not cites_the_handbook(events)


@pytest.fixture
async def team(closed: ServedApp, staff_handbook: str) -> AsyncIterator[AsyncOpenAI]:
    """The team's own server, which makes sessions with an API key."""
    database = await Database.open(staff_handbook)
    _, key = await ApiKeyStore(database).create("intranet")
    await database.close()
    async with AsyncOpenAI(base_url=f"{closed.url}/v1", api_key=key, max_retries=0) as client:
        yield client


@pytest.mark.parametrize(
    ("variables", "admitted"),
    [({"department": "hr"}, True), ({"department": "sales"}, False), ({}, False)],
)
async def test_the_teams_own_server_opens_it_with_state_variables(
    closed: ServedApp, team: AsyncOpenAI, variables: dict[str, str], admitted: bool
) -> None:
    session = await team.beta.chatkit.sessions.create(
        user="ada", workflow={"id": "wf_1", "state_variables": dict(variables)}
    )
    bearer = {"Authorization": f"Bearer {session.client_secret}"}
    assert cites_the_handbook(await said_of_holidays(closed, bearer)) is admitted


async def test_the_claim_goes_with_the_session_that_a_signed_in_user_gets(
    closed: ServedApp,
) -> None:
    async with Chat(closed.url, headers=signed_in(department="hr")) as page:
        made = await page.http.post("/api/chatkit/session")
        bearer = {"Authorization": f"Bearer {made.json()['client_secret']}"}
    assert cites_the_handbook(await said_of_holidays(closed, bearer))


async def test_a_thread_that_goes_on_without_the_claim_finds_nothing_anew(
    closed: ServedApp,
) -> None:
    async with Chat(closed.url, headers=signed_in(department="hr")) as chat:
        thread = thread_of(await chat.say(HOLIDAYS))
    async with Chat(closed.url, headers=signed_in()) as chat:
        events = await chat.say(HOLIDAYS, thread)
        assert not cites_the_handbook(events)
        assert len(texts_of(await chat.items(thread))) == 2


# Access of what a team brings

SEARCHING = """
import asyncio

from chatkit.server import ChatKitServer
from chatkit.types import ProgressUpdateEvent, SyncCustomActionResponse

from chatkit_backend import Actions, ChatServer, search_chunks

actions = Actions()
found = []


async def look():
    chunks = await search_chunks("handbook", "days of holiday in a year", 1, 0)
    found.append([chunk.title for chunk in chunks])


async def respond(self, thread, input_user_message, context):
    await look()
    yield ProgressUpdateEvent(text="Looked.")


async def act(self, thread, action, sender, context):
    await look()
    yield ProgressUpdateEvent(text="Looked.")


async def sync_act(self, thread, action, sender, context):
    await look()
    return SyncCustomActionResponse()


OWN = {"respond": respond, "action": act, "sync_action": sync_act}
Theirs = type("Theirs", (ChatKitServer,), OWN)
Ours = type("Ours", (ChatServer,), OWN)


@actions.on("look")
async def looking():
    await look()


async def resolve(tag, context):
    await look()


def resolve_in_a_thread(tag, context):
    asyncio.run(look())
"""
MINE = "searching_code"
LOOK = {"type": "look", "payload": {}}
TAG = {"type": "input_tag", "id": "t1", "text": "holidays", "data": {}}


@pytest.mark.parametrize("department", ["hr", "sales"])
@pytest.mark.parametrize(
    ("setting", "named", "operations"),
    [
        ("agent", "Theirs", ["threads.create"]),
        ("agent", "Theirs", ["threads.custom_action", "threads.sync_custom_action"]),
        ("agent", "Ours", ["threads.create"]),
        ("agent", "Ours", ["threads.custom_action", "threads.sync_custom_action"]),
        ("actions", "actions", ["threads.custom_action", "threads.sync_custom_action"]),
        ("tag_resolver", "resolve", ["threads.create"]),
        ("tag_resolver", "resolve_in_a_thread", ["threads.create"]),
    ],
)
async def test_code_of_the_teams_finds_what_the_user_may_read(
    serve: Serve,
    staff_handbook: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    setting: str,
    named: str,
    operations: list[str],
    department: str,
) -> None:
    monkeypatch.setattr("sys.path", list(sys.path))
    # What is searched where nobody is known to ask.
    monkeypatch.setenv("CHATKIT_DATABASE_URL", staff_handbook)
    monkeypatch.setenv("CHATKIT_COLLECTION_ACCESS", ",".join(RULE))
    write_module(tmp_path, MINE, SEARCHING)
    served = serve(
        database_url=staff_handbook,
        collection_access=RULE,
        auth=("bearer",),
        jwt_secret=SHARED,
        jwt_algorithms=("HS256",),
        **{setting: f"{MINE}:{named}"},
    )
    said = message("", content=[TAG])
    async with Chat(served.url, headers=signed_in(department=department)) as chat:
        events = await chat.stream("threads.create", input=said)
        found = sys.modules[MINE].found
        if operations != ["threads.create"]:
            found.clear()
            for operation in operations:
                answer = await chat.post(operation, thread_id=thread_of(events), action=LOOK)
                assert answer.status_code == 200
    expected = ["Holidays"] if department == "hr" else []
    assert found == [expected] * len(operations)
