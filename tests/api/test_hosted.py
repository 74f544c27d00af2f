"""The hosted API's drop-in, through the official `openai` package and a real server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from chatkit.types import ThreadItem
from openai import AsyncOpenAI, OpenAI
from openai.types.beta.chatkit import (
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadUserMessageItem,
    ChatKitWidgetItem,
)
from openai.types.beta.chatkit.chatkit_thread_item_list import (
    DataChatKitClientToolCall,
    DataChatKitTask,
    DataChatKitTaskGroup,
)
from sqlalchemy import select, update

from chatkit_backend.app import create_app
from chatkit_backend.auth.client_secrets import ClientSecrets, Lifetimes
from chatkit_backend.auth.credentials import Credentials
from chatkit_backend.context import RequestContext, SessionConfiguration, User, Workflow
from chatkit_backend.errors import DatabaseUnavailable, NotSignedIn
from chatkit_backend.store.all_threads import AllThreads
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.sessions import SessionStore
from chatkit_backend.store.tables import attachments, items, sessions, threads
from chatkit_backend.store.threads import ThreadStore
from tests.chatting import Chat, message, texts_of, thread_of
from tests.conftest import Serve, SettingsFor
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Hang
from tests.serving import ServedApp
from tests.store import examples

ADA, BOB = (RequestContext(user=User(name)) for name in ("ada", "bob"))
WORKFLOW: Any = {"id": "wf_1"}


@pytest.fixture(params=["sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The database; those of a test that asks for PostgreSQL are there."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'chat.db'}"


@pytest.fixture
def served(serve: Serve, address: str) -> ServedApp:
    return serve(database_url=address)


@pytest.fixture
async def database(served: ServedApp, address: str) -> AsyncIterator[Database]:
    """The database of the server, opened a second time."""
    database = await Database.open(address)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> ThreadStore:
    return ThreadStore(database)


@pytest.fixture
async def key(database: Database) -> str:
    return (await ApiKeyStore(database).create("shop"))[1]


@pytest.fixture
def client(served: ServedApp, key: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0) as client:
        yield client


@pytest.fixture
async def hosted(served: ServedApp, key: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key=key, max_retries=0) as client:
        yield client


@pytest.fixture
async def http(served: ServedApp, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """The same API without the package, for what it does not show."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=f"{served.url}/v1/chatkit", headers=headers) as client:
        yield client


# Sessions


async def test_a_session_has_the_defaults_of_the_hosted_api(hosted: AsyncOpenAI) -> None:
    session = await hosted.beta.chatkit.sessions.create(user="ada", workflow=WORKFLOW)
    answer = session.model_dump()
    assert answer.pop("id").startswith("cksess_")
    assert answer.pop("client_secret").startswith("ck_sess_")
    assert 595 <= answer.pop("expires_at") - time.time() <= 600
    assert answer == {
        "object": "chatkit.session",
        "status": "active",
        "user": "ada",
        "workflow": {
            "id": "wf_1",
            "version": None,
            "state_variables": None,
            "tracing": {"enabled": True},
        },
        "chatkit_configuration": {
            "automatic_thread_titling": {"enabled": True},
            "file_upload": {"enabled": False, "max_file_size": 512, "max_files": 10},
            "history": {"enabled": True, "recent_threads": None},
        },
        "max_requests_per_1_minute": 60,
        "rate_limits": {"max_requests_per_1_minute": 60},
    }


VARIABLES: dict[str, str | int | bool | float] = {
    "text": "1",
    "whole": 1,
    "yes": True,
    "real": 1.0,
    "": "",
    "ü" * 64: "v" * 4_096,
}


@pytest.mark.parametrize("address", ["sqlite", "postgres"], indirect=True)
def test_every_parameter_of_a_session_counts_and_is_told_again(client: OpenAI) -> None:
    created = client.beta.chatkit.sessions.create(
        user="Ada Lovelace <ada@example.com>",
        workflow={
            "id": "wf_1",
            "version": "7",
            "state_variables": VARIABLES,
            "tracing": {"enabled": False},
        },
        chatkit_configuration={
            "automatic_thread_titling": {"enabled": False},
            "file_upload": {"enabled": True, "max_file_size": 16, "max_files": 20},
            "history": {"enabled": False, "recent_threads": 3},
        },
        expires_after={"anchor": "created_at", "seconds": 86_400},
        rate_limits={"max_requests_per_1_minute": 5},
    )
    assert 86_395 <= created.expires_at - time.time() <= 86_400
    # Cancelled, it comes from the database.
    cancelled = client.beta.chatkit.sessions.cancel(created.id)
    for session in (created, cancelled):
        answer = session.model_dump()
        assert answer["user"] == "Ada Lovelace <ada@example.com>"
        assert answer["expires_at"] == created.expires_at
        assert answer["max_requests_per_1_minute"] == 5
        assert answer["rate_limits"] == {"max_requests_per_1_minute": 5}
        assert answer["chatkit_configuration"] == {
            "automatic_thread_titling": {"enabled": False},
            "file_upload": {"enabled": True, "max_file_size": 16, "max_files": 20},
            "history": {"enabled": False, "recent_threads": 3},
        }
        variables = answer["workflow"].pop("state_variables")
        assert answer["workflow"] == {"id": "wf_1", "version": "7", "tracing": {"enabled": False}}
        assert variables == VARIABLES
        assert [type(variables[name]) for name in VARIABLES] == [
            type(value) for value in VARIABLES.values()
        ]


async def test_a_client_secret_stands_for_the_session_that_was_asked_for(
    hosted: AsyncOpenAI, database: Database
) -> None:
    session = await hosted.beta.chatkit.sessions.create(
        user="ada",
        workflow={"id": "wf_1", "version": "7", "state_variables": {"plan": "pro"}},
        chatkit_configuration={"file_upload": {"enabled": True, "max_files": 2}},
        rate_limits={"max_requests_per_1_minute": 5},
    )
    secrets = ClientSecrets(SessionStore(database), Lifetimes())
    credentials = Credentials({"authorization": f"Bearer {session.client_secret}"})
    identity = await secrets(credentials)
    assert identity is not None
    assert identity.user == User("ada")
    assert identity.session is not None
    assert identity.session.id == session.id
    assert identity.session.workflow == Workflow("wf_1", "7", {"plan": "pro"})
    assert identity.session.configuration == SessionConfiguration(max_files=2)
    assert identity.session.turns_per_minute == 5


async def test_a_page_chats_with_the_client_secret_that_its_server_created(
    serve: Serve, address: str, key: str
) -> None:
    other = serve(database_url=address, auth=("session",))
    async with AsyncOpenAI(base_url=f"{other.url}/v1", api_key=key, max_retries=0) as client:
        session = await client.beta.chatkit.sessions.create(user="ada", workflow=WORKFLOW)
        bearer = {"Authorization": f"Bearer {session.client_secret}"}
        async with Chat(other.url, headers=bearer) as chat:
            thread = thread_of(await chat.say("Hello"))
            listed = await client.beta.chatkit.threads.list(user="ada")
            assert [one.id for one in listed.data] == [thread]
            await client.beta.chatkit.sessions.cancel(session.id)
            assert (await chat.post("threads.list")).status_code == 401


async def test_lifetime_and_rate_limit_that_are_not_asked_for_are_those_of_the_settings(
    serve: Serve, address: str, key: str
) -> None:
    other = serve(database_url=address, session_ttl=60, turns_per_minute=7)
    async with AsyncOpenAI(base_url=f"{other.url}/v1", api_key=key, max_retries=0) as client:
        session = await client.beta.chatkit.sessions.create(user="ada", workflow=WORKFLOW)
    assert 55 <= session.expires_at - time.time() <= 60
    assert session.max_requests_per_1_minute == 7
    assert session.rate_limits.max_requests_per_1_minute == 7


async def test_a_cancelled_session_is_told_without_its_secret_which_works_no_more(
    hosted: AsyncOpenAI, database: Database
) -> None:
    created = await hosted.beta.chatkit.sessions.create(user="ada", workflow=WORKFLOW)
    first = await hosted.beta.chatkit.sessions.cancel(created.id)
    second = await hosted.beta.chatkit.sessions.cancel(created.id)
    expected = created.model_copy(update={"status": "cancelled", "client_secret": ""})
    assert first == second == expected
    credentials = Credentials({"authorization": f"Bearer {created.client_secret}"})
    with pytest.raises(NotSignedIn) as refused:
        await ClientSecrets(SessionStore(database), Lifetimes())(credentials)
    assert refused.value.code == "client_secret_cancelled"


async def test_a_session_that_is_over_can_still_be_cancelled(
    hosted: AsyncOpenAI, database: Database
) -> None:
    created = await hosted.beta.chatkit.sessions.create(user="ada", workflow=WORKFLOW)
    async with database.write() as connection:
        await connection.execute(
            update(sessions).values(expires_at=datetime(2026, 1, 1, tzinfo=UTC))
        )
    cancelled = await hosted.beta.chatkit.sessions.cancel(created.id)
    assert (cancelled.status, cancelled.expires_at) == ("cancelled", 1_767_225_600)


async def test_a_session_that_never_was_is_not_found(hosted: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no session 'cksess_x'") as raised:
        await hosted.beta.chatkit.sessions.cancel("cksess_x")
    assert (raised.value.code, raised.value.param) == ("not_found", "session_id")


async def test_a_client_secret_is_not_kept_on_its_way(http: httpx2.AsyncClient) -> None:
    response = await http.post("/sessions", json={"user": "ada", "workflow": WORKFLOW})
    assert response.headers["cache-control"] == "no-store"


async def test_what_the_hosted_api_does_not_know_is_ignored_and_null_is_as_good_as_nothing(
    http: httpx2.AsyncClient,
) -> None:
    body = {
        "user": "ada",
        "scope": {"a": 1},
        "workflow": {"id": "w", "version": None, "state_variables": None, "tracing": None, "x": 1},
        "chatkit_configuration": {
            "automatic_thread_titling": None,
            "file_upload": {"enabled": True, "max_file_size": None, "max_files": None},
            "history": {"recent_threads": None},
        },
        "expires_after": None,
        "rate_limits": {},
    }
    response = await http.post("/sessions", json=body)
    assert response.status_code == 200, response.text
    configuration = response.json()["chatkit_configuration"]
    assert configuration["file_upload"] == {"enabled": True, "max_file_size": 512, "max_files": 10}


def with_workflow(**fields: Any) -> dict[str, Any]:
    return {"user": "ada", "workflow": WORKFLOW | fields}


def asking(**fields: Any) -> dict[str, Any]:
    return {"user": "ada", "workflow": WORKFLOW} | fields


def wrong_setting(part: str, **field: Any) -> tuple[dict[str, Any], str]:
    (name,) = field
    body = asking(chatkit_configuration={part: field})
    return body, f"chatkit_configuration.{part}.{name}"


BAD_SESSIONS: list[tuple[dict[str, Any], str]] = [
    ({}, "user"),
    ({"user": "ada"}, "workflow"),
    (asking(user=""), "user"),
    (asking(user="  "), "user"),
    (asking(user="a\nb"), "user"),
    (asking(user="a\u202eb"), "user"),
    (asking(user="\x00"), "user"),
    (asking(user="u" * 256), "user"),
    (asking(user=7), "user"),
    (asking(user=None), "user"),
    (asking(workflow="wf_1"), "workflow"),
    (asking(workflow={}), "workflow.id"),
    (with_workflow(id=""), "workflow.id"),
    (with_workflow(id="w" * 256), "workflow.id"),
    (with_workflow(version=7), "workflow.version"),
    (with_workflow(tracing={"enabled": "yes"}), "workflow.tracing.enabled"),
    (with_workflow(state_variables=[1]), "workflow.state_variables"),
    (with_workflow(state_variables={"a": None}), "workflow.state_variables.a"),
    (with_workflow(state_variables={"a": {}}), "workflow.state_variables.a"),
    (with_workflow(state_variables={"a": "v" * 4_097}), "workflow.state_variables.a"),
    (with_workflow(state_variables={"k" * 65: 1}), f"workflow.state_variables.{'k' * 65}"),
    (
        with_workflow(state_variables={f"{n}": n for n in range(65)}),
        "workflow.state_variables",
    ),
    wrong_setting("file_upload", max_file_size=0),
    wrong_setting("file_upload", max_file_size=513),
    wrong_setting("file_upload", max_file_size=1.5),
    wrong_setting("file_upload", max_files=0),
    wrong_setting("file_upload", enabled=1),
    wrong_setting("history", recent_threads=0),
    wrong_setting("automatic_thread_titling", enabled="yes"),
    (asking(chatkit_configuration={"history": True}), "chatkit_configuration.history"),
    (asking(expires_after={"seconds": 60}), "expires_after.anchor"),
    (asking(expires_after={"anchor": "now", "seconds": 60}), "expires_after.anchor"),
    (asking(expires_after={"anchor": "created_at"}), "expires_after.seconds"),
    (asking(expires_after={"anchor": "created_at", "seconds": 0}), "expires_after.seconds"),
    (asking(expires_after={"anchor": "created_at", "seconds": 86_401}), "expires_after.seconds"),
    (asking(rate_limits={"max_requests_per_1_minute": 0}), "rate_limits.max_requests_per_1_minute"),
    (
        asking(rate_limits={"max_requests_per_1_minute": "5"}),
        "rate_limits.max_requests_per_1_minute",
    ),
]


async def test_a_session_with_a_wrong_field_is_a_bad_request_that_names_it(
    hosted: AsyncOpenAI, database: Database
) -> None:
    for body, field in BAD_SESSIONS:
        with pytest.raises(openai.BadRequestError) as raised:
            await hosted.post("/chatkit/sessions", body=body, cast_to=object)
        error = raised.value
        path = (
            field
            if not field.startswith(("file", "hist", "auto"))
            else f"chatkit_configuration.{field}"
        )
        assert (error.code, error.type) == ("invalid_request", "invalid_request_error")
        assert error.param == path, (body, error.message)
        assert str(error).startswith(f"Error code: 400 - {path}: ")
    async with database.read() as connection:
        assert (await connection.execute(select(sessions))).all() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'"ada"',
        b'{"user": "\\ud800", "workflow": {"id": "w"}}',
        b"[" * 5_000,
        b'{"user": "a", "workflow": {"id": "w", "state_variables": {"a": NaN}}}',
        b'{"user": "a", "workflow": {"id": "w", "state_variables": {"a": 1e999}}}',
    ],
)
async def test_a_body_that_is_no_session_is_a_bad_request(
    http: httpx2.AsyncClient, body: bytes
) -> None:
    response = await http.post("/sessions", content=body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


# Threads


async def fill_threads(store: ThreadStore, count: int) -> list[str]:
    """Threads of ada and bob by turns; their ids, the oldest first."""
    names = [f"thr_{number:02}" for number in range(count)]
    for number, name in enumerate(names):
        await store.save_thread(examples.thread(name, title=f"T{number}"), (ADA, BOB)[number % 2])
    return names


async def test_all_threads_are_met_once_by_paging_in_either_order(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    names = await fill_threads(store, 45)
    newest_first = [thread.id async for thread in hosted.beta.chatkit.threads.list()]
    oldest_first = [
        thread.id async for thread in hosted.beta.chatkit.threads.list(order="asc", limit=7)
    ]
    assert newest_first == names[::-1]
    assert oldest_first == names


async def test_the_synchronous_client_pages_as_well(client: OpenAI, store: ThreadStore) -> None:
    names = await fill_threads(store, 45)

    def walk() -> list[list[str]]:
        pages = client.beta.chatkit.threads.list(limit=20).iter_pages()
        return [[thread.id for thread in page.data] for page in pages]

    pages = await asyncio.to_thread(walk)
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [name for page in pages for name in page] == names[::-1]


async def test_threads_of_one_user_can_be_had_alone(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    names = await fill_threads(store, 45)
    found = [thread async for thread in hosted.beta.chatkit.threads.list(user="bob", limit=10)]
    assert [thread.id for thread in found] == names[1::2][::-1]
    assert {thread.user for thread in found} == {"bob"}
    assert (await hosted.beta.chatkit.threads.list(user="carol")).data == []


async def test_a_page_lies_after_or_before_a_thread_in_the_order_of_the_list(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    names = await fill_threads(store, 10)
    listed = hosted.beta.chatkit.threads.list
    place = names[5]
    pages = {
        ("after", "asc"): names[6:9],
        ("before", "asc"): names[2:5],
        ("after", "desc"): [names[4], names[3], names[2]],
        ("before", "desc"): [names[8], names[7], names[6]],
    }
    for (side, order), expected in pages.items():
        page = await listed(**{side: place, "order": order, "limit": 3})  # type: ignore[arg-type] # names of its parameters
        assert [thread.id for thread in page.data] == expected
        assert page.has_more is True
        assert page.last_id == expected[-1]
    between = await listed(after=names[2], before=names[5], order="asc")
    assert [thread.id for thread in between.data] == names[3:5]
    assert between.has_more is False


async def test_paging_on_from_a_page_before_a_thread_ends_there(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    # The package goes on with `after` beside the `before` that it was given.
    names = await fill_threads(store, 10)
    walk = hosted.beta.chatkit.threads.list(before=names[5], order="asc", limit=3)
    assert [thread.id async for thread in walk] == names[2:5]


async def test_a_page_has_twenty_threads_and_its_cursors(
    http: httpx2.AsyncClient, store: ThreadStore
) -> None:
    names = await fill_threads(store, 21)
    page = (await http.get("/threads")).json()
    assert len(page.pop("data")) == 20
    assert page == {
        "object": "list",
        "has_more": True,
        "first_id": names[20],
        "last_id": names[1],
    }
    empty = (await http.get("/threads", params={"user": "nobody"})).json()
    assert empty == {
        "object": "list",
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


async def test_a_thread_can_be_looked_at_with_its_owner(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    await store.save_thread(examples.thread(title="Hi", metadata={"secret": 1}), BOB)
    thread = await hosted.beta.chatkit.threads.retrieve("thr_1")
    assert thread.model_dump(exclude_none=True) == {
        "id": "thr_1",
        "object": "chatkit.thread",
        "created_at": 1_795_435_200,
        "status": {"type": "active"},
        "title": "Hi",
        "user": "bob",
    }


async def test_a_deleted_thread_is_gone_with_all_that_belongs_to_it_and_no_other_is(
    hosted: AsyncOpenAI, store: ThreadStore, database: Database
) -> None:
    for name, owner in (("thr_a", ADA), ("thr_b", BOB)):
        await store.save_thread(examples.thread(name), owner)
        await store.add_thread_item(name, examples.message("m", thread_id=name), owner)
        await store.save_attachment(examples.file_attachment(f"atc_{name}", name), owner)
    deleted = await hosted.beta.chatkit.threads.delete("thr_b")
    assert deleted.model_dump() == {
        "id": "thr_b",
        "deleted": True,
        "object": "chatkit.thread.deleted",
    }
    with pytest.raises(openai.NotFoundError):
        await hosted.beta.chatkit.threads.retrieve("thr_b")
    async with database.read() as connection:
        for table, column in (
            (threads, threads.c.id),
            (items, items.c.thread_id),
            (attachments, attachments.c.thread_id),
        ):
            assert (await connection.scalars(select(column).select_from(table))).all() == ["thr_a"]


async def test_deleting_a_thread_stops_the_answer_that_is_written_to_it(
    served: ServedApp, hosted: AsyncOpenAI, provider: ScriptedProvider
) -> None:
    provider.script(Hang(3, "one two three four"))
    async with Chat(served.url, user="ada") as chat:
        async with chat.streaming("threads.create", input=message("Count")) as events:
            thread = thread_of([await anext(events)])
            assert await provider.until_called(1)
            await hosted.beta.chatkit.threads.delete(thread)
            rest = [event async for event in events]
        assert "error" not in [event["type"] for event in rest]
        assert (await chat.ask("threads.list"))["data"] == []
    assert await provider.requests[0].until_closed_early()


async def test_what_a_user_said_can_be_read_by_the_teams_server(
    served: ServedApp, hosted: AsyncOpenAI
) -> None:
    async with Chat(served.url, user="ada") as chat:
        thread = thread_of(await chat.say("Hello"))
        answer = texts_of(await chat.items(thread))
    page = await hosted.beta.chatkit.threads.list_items(thread, order="asc")
    asked, said = page.data
    assert isinstance(asked, ChatKitThreadUserMessageItem)
    assert [part.text for part in asked.content] == ["Hello"]
    assert isinstance(said, ChatKitThreadAssistantMessageItem)
    assert [part.text for part in said.content] == answer
    assert abs(said.created_at - time.time()) < 30
    assert (await hosted.beta.chatkit.threads.retrieve(thread)).user == "ada"


# Items


async def fill_items(store: ThreadStore, count: int) -> list[str]:
    """Messages, and after each of them what no client sees; the ids of the messages."""
    await store.save_thread(examples.thread(), ADA)
    names = [f"msg_{number:02}" for number in range(count)]
    hidden = [item for item in examples.one_of_each() if item.id in {"hidden", "sdk_hidden", "end"}]
    for number, name in enumerate(names):
        await store.add_thread_item("thr_1", examples.message(name, f"{number}"), ADA)
        unseen = hidden[number % 3].model_copy(update={"id": f"unseen_{number}"})
        await store.add_thread_item("thr_1", unseen, ADA)
    return names


async def test_all_items_are_met_once_by_paging_in_either_order(
    hosted: AsyncOpenAI, client: OpenAI, store: ThreadStore
) -> None:
    names = await fill_items(store, 45)
    listed = hosted.beta.chatkit.threads.list_items
    assert [item.id async for item in listed("thr_1")] == names[::-1]
    assert [item.id async for item in listed("thr_1", order="asc", limit=7)] == names

    def walk() -> list[int]:
        pages = client.beta.chatkit.threads.list_items("thr_1", limit=20).iter_pages()
        return [len(page.data) for page in pages]

    assert await asyncio.to_thread(walk) == [20, 20, 5]


async def test_a_page_lies_after_or_before_an_item_in_the_order_of_the_list(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    names = await fill_items(store, 10)
    listed = hosted.beta.chatkit.threads.list_items
    after = await listed("thr_1", after=names[5], order="asc", limit=3)
    before = await listed("thr_1", before=names[5], order="asc", limit=3)
    newer = await listed("thr_1", before=names[5], limit=3)
    assert [item.id for item in after.data] == names[6:9]
    assert [item.id for item in before.data] == names[2:5]
    assert [item.id for item in newer.data] == [names[8], names[7], names[6]]


async def test_an_item_of_every_type_comes_as_the_packages_own_class(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    await store.save_thread(examples.thread(), ADA)
    kept: list[ThreadItem] = examples.one_of_each()
    for item in kept:
        await store.add_thread_item("thr_1", item, ADA)
    listed = hosted.beta.chatkit.threads.list_items("thr_1", order="asc")
    found = {item.id: item async for item in listed}
    assert list(found) == [
        item.id for item in kept if item.id not in {"hidden", "sdk_hidden", "end"}
    ]
    assert {type(item) for item in found.values()} == {
        ChatKitThreadUserMessageItem,
        ChatKitThreadAssistantMessageItem,
        ChatKitWidgetItem,
        DataChatKitClientToolCall,
        DataChatKitTask,
        DataChatKitTaskGroup,
    }
    assert {(item.object, item.thread_id, item.created_at) for item in found.values()} == {
        ("chatkit.thread_item", "thr_1", 1_795_435_200)
    }
    user = found["user"]
    assert isinstance(user, ChatKitThreadUserMessageItem)
    assert [part.type for part in user.content] == ["quoted_text", "input_text", "input_text"]
    call = found["completed"]
    assert isinstance(call, DataChatKitClientToolCall)
    assert json.loads(call.output or "")["big"] == 2**70


# Errors


async def test_an_unknown_thread_or_cursor_is_not_found_and_named(
    hosted: AsyncOpenAI, store: ThreadStore
) -> None:
    await fill_items(store, 1)
    chatkit = hosted.beta.chatkit.threads
    missing: dict[str, list[Awaitable[object]]] = {
        "thread_id": [
            chatkit.retrieve("thr_x"),
            chatkit.delete("thr_x"),
            chatkit.list_items("thr_x"),
            chatkit.list_items("thr_x", after="msg_00"),
        ],
        "after": [chatkit.list(after="thr_x"), chatkit.list_items("thr_1", after="msg_x")],
        "before": [chatkit.list(before="thr_x"), chatkit.list_items("thr_1", before="msg_x")],
    }
    for field, calls in missing.items():
        for asked in calls:
            with pytest.raises(openai.NotFoundError, match="There is no ") as raised:
                await asked
            assert raised.value.param == field
            assert raised.value.code == "not_found"
            assert raised.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"order": "up"}, "order"),
    ],
)
async def test_a_wrong_query_is_a_bad_request_that_names_the_parameter(
    hosted: AsyncOpenAI, store: ThreadStore, query: dict[str, object], field: str
) -> None:
    await store.save_thread(examples.thread(), ADA)
    threads_of = hosted.beta.chatkit.threads
    for asked in (
        threads_of.list(extra_query=query),
        threads_of.list_items("thr_1", extra_query=query),
    ):
        with pytest.raises(openai.BadRequestError) as raised:
            await asked
        assert raised.value.param == field
        assert raised.value.message.startswith(f"Error code: 400 - {field}: ")


@pytest.mark.parametrize("limit", [1, 100])
async def test_the_smallest_and_the_largest_page_can_be_had(
    hosted: AsyncOpenAI, store: ThreadStore, limit: int
) -> None:
    await fill_threads(store, 2)
    page = await hosted.beta.chatkit.threads.list(limit=limit)
    assert len(page.data) == min(limit, 2)


async def wrong_credentials(database: Database) -> dict[str, dict[str, str]]:
    """Headers and query parameters that open nothing here."""
    revoked, secret = await ApiKeyStore(database).create("old")
    await ApiKeyStore(database).revoke(revoked.id)
    issued = await ClientSecrets(SessionStore(database), Lifetimes()).create(User("ada"))
    return {
        "nothing": {},
        "no bearer": {"Authorization": "Basic YWRhOmFkYQ=="},
        "empty": {"Authorization": "Bearer"},
        "foreign": {"Authorization": "Bearer sk-proj-0123456789"},
        "unknown": {"Authorization": "Bearer ck_live_" + "A" * 43},
        "endless": {"Authorization": "Bearer ck_live_" + "A" * 4_000},
        "revoked": {"Authorization": f"Bearer {secret}"},
        "client secret": {"Authorization": f"Bearer {issued.client_secret}"},
    }


async def test_no_route_answers_without_an_api_key_that_works(
    served: ServedApp, database: Database, settings_for: SettingsFor
) -> None:
    paths = create_app(settings_for()).openapi()["paths"]
    routes = [
        (method, path.replace("{thread_id}", "thr_1").replace("{session_id}", "cksess_1"))
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1")
    ]
    assert len(routes) == 6
    credentials = await wrong_credentials(database)
    async with httpx2.AsyncClient(base_url=served.url, params={"userId": "ada"}) as http:
        for name, headers in credentials.items():
            for method, path in routes:
                response = await http.request(method, path, headers=headers, params={"limit": 0})
                assert response.status_code == 401, (name, method, path)
                assert response.headers["www-authenticate"] == "Bearer"
                error = response.json()["error"]
                assert error["code"] == "invalid_api_key"
                assert error["type"] == "invalid_request_error"
                assert error["param"] is None
                secret = headers.get("Authorization", "").partition(" ")[2]
                assert not secret or secret not in response.text


@pytest.mark.parametrize(
    ("api_key", "words"),
    [("ck_live_unknown", "unknown or was revoked"), ("sk-proj-abc", "unknown or was revoked")],
)
async def test_a_wrong_api_key_is_an_authentication_error(
    served: ServedApp, api_key: str, words: str
) -> None:
    with OpenAI(base_url=f"{served.url}/v1", api_key=api_key, max_retries=0) as client:
        for ask in (
            client.beta.chatkit.threads.list,
            lambda: client.beta.chatkit.threads.delete("thr_1"),
            lambda: client.beta.chatkit.sessions.create(user="ada", workflow=WORKFLOW),
            lambda: client.beta.chatkit.sessions.cancel("cksess_1"),
        ):
            with pytest.raises(openai.AuthenticationError, match=words) as raised:
                ask()
            assert raised.value.code == "invalid_api_key"


async def test_a_key_that_is_revoked_works_no_more(hosted: AsyncOpenAI, database: Database) -> None:
    await hosted.beta.chatkit.threads.list()
    for key in await ApiKeyStore(database).all():
        await ApiKeyStore(database).revoke(key.id)
    with pytest.raises(openai.AuthenticationError):
        await hosted.beta.chatkit.threads.list()


async def test_a_key_over_its_rate_limit_is_a_rate_limit_error_that_says_when_to_come_again(
    serve: Serve, address: str, key: str
) -> None:
    limited = serve(database_url=address, api_requests_per_minute=2)
    async with AsyncOpenAI(base_url=f"{limited.url}/v1", api_key=key, max_retries=0) as client:
        for _ in range(2):
            await client.beta.chatkit.threads.list()
        with pytest.raises(openai.RateLimitError, match="2 requests a minute") as raised:
            await client.beta.chatkit.threads.list()
    assert raised.value.type == "rate_limit_error"
    assert 1 <= int(raised.value.response.headers["retry-after"]) <= 60


async def test_unknown_paths_and_methods_under_v1_are_told_in_openais_shape(
    hosted: AsyncOpenAI, http: httpx2.AsyncClient, served: ServedApp
) -> None:
    with pytest.raises(openai.NotFoundError, match="nothing at /v1/models") as raised:
        await hosted.models.list()
    assert (raised.value.type, raised.value.code) == ("invalid_request_error", "not_found")
    response = await http.put("/threads")
    assert response.status_code == 405
    assert response.json() == {
        "error": {
            "message": "PUT is not allowed at /v1/chatkit/threads.",
            "type": "invalid_request_error",
            "param": None,
            "code": "method_not_allowed",
        }
    }
    async with httpx2.AsyncClient(base_url=served.url) as other:
        for path, openai_shape in (("/v1", True), ("/v1x", False), ("/nowhere", False)):
            assert ("type" in (await other.get(path)).json()["error"]) is openai_shape


async def test_a_body_over_the_limit_is_told_in_openais_shape(
    serve: Serve, address: str, key: str
) -> None:
    small = serve(database_url=address, max_body_bytes=2_048)
    async with AsyncOpenAI(base_url=f"{small.url}/v1", api_key=key, max_retries=0) as client:
        with pytest.raises(openai.APIStatusError, match="2048 bytes") as raised:
            await client.beta.chatkit.sessions.create(user="u" * 3_000, workflow=WORKFLOW)
    assert (raised.value.status_code, raised.value.code) == (413, "body_too_large")


async def test_a_mistake_of_ours_is_a_server_error_that_names_a_line_of_the_log(
    hosted: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(AllThreads, "find", fail)
    with pytest.raises(openai.InternalServerError, match="Something went wrong") as raised:
        await hosted.beta.chatkit.threads.retrieve("thr_1")
    assert (raised.value.status_code, raised.value.type) == (500, "server_error")
    assert "secret detail" not in str(raised.value)


async def test_a_database_that_does_not_answer_is_a_server_error_worth_trying_again(
    hosted: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(AllThreads, "find", fail)
    with pytest.raises(openai.InternalServerError, match="Try again in a moment") as raised:
        await hosted.beta.chatkit.threads.retrieve("thr_1")
    assert (raised.value.status_code, raised.value.code) == (503, "database_unavailable")
    assert raised.value.response.headers["retry-after"] == "5"
