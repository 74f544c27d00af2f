"""Nobody reaches what belongs to somebody else, through any route, however they name it.

What is foreign is answered just as what never was, and nothing changes.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, get_args

import httpx2
import jwt
import pytest
from chatkit.types import (
    InferenceOptions,
    NonStreamingReq,
    StreamingReq,
    UserMessageItem,
    UserMessageTextContent,
)
from fastapi import FastAPI
from sqlalchemy import select

from chatkit_backend.app import create_app
from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import attachments, metadata
from chatkit_backend.store.threads import ThreadStore
from tests.chatting import message
from tests.conftest import SettingsFor
from tests.store.examples import call, file_attachment, thread

SECRET_WORDS = "what only ada may read"


@dataclass(frozen=True)
class Names:
    """What a request may name: of ada, of nobody, or the asking user's own."""

    thread: str
    item: str
    attachment: str
    session: str


NOBODYS = Names("thr_" + "0" * 32, "msg_" + "0" * 32, "atc_" + "0" * 32, "cksess_" + "0" * 32)

Request = tuple[str, str, dict[str, Any] | None]


def operation(name: str, /, **params: Any) -> Request:
    return "POST", "/api/chatkit", {"type": name, "params": params}


def operations(its: Names, own: Names) -> dict[str, Request]:
    """Every operation with every way to name somebody else's things."""
    action = {"type": "ticket.forget", "payload": {}}
    answers: dict[str, Any] = {"answers": {}}
    return {
        "threads.get_by_id": operation("threads.get_by_id", thread_id=its.thread),
        "threads.list, after": operation("threads.list", after=its.thread),
        "threads.create, attachment": operation(
            "threads.create", input=message("Look", attachments=[its.attachment])
        ),
        "threads.add_user_message": operation(
            "threads.add_user_message", thread_id=its.thread, input=message("Let me in")
        ),
        "threads.add_user_message, attachment": operation(
            "threads.add_user_message",
            thread_id=own.thread,
            input=message("Look", attachments=[its.attachment]),
        ),
        "threads.add_client_tool_output": operation(
            "threads.add_client_tool_output", thread_id=its.thread, result={"stolen": True}
        ),
        "threads.add_structured_input": operation(
            "threads.add_structured_input", thread_id=its.thread, item_id=its.item, input=answers
        ),
        "threads.add_structured_input, item": operation(
            "threads.add_structured_input", thread_id=own.thread, item_id=its.item, input=answers
        ),
        "threads.retry_after_item": operation(
            "threads.retry_after_item", thread_id=its.thread, item_id=its.item
        ),
        "threads.retry_after_item, item": operation(
            "threads.retry_after_item", thread_id=own.thread, item_id=its.item
        ),
        "threads.custom_action": operation(
            "threads.custom_action", thread_id=its.thread, item_id=its.item, action=action
        ),
        "threads.sync_custom_action": operation(
            "threads.sync_custom_action", thread_id=its.thread, item_id=its.item, action=action
        ),
        "threads.custom_action, item": operation(
            "threads.custom_action", thread_id=own.thread, item_id=its.item, action=action
        ),
        "threads.sync_custom_action, item": operation(
            "threads.sync_custom_action", thread_id=own.thread, item_id=its.item, action=action
        ),
        "threads.update": operation("threads.update", thread_id=its.thread, title="Mine now"),
        "threads.delete": operation("threads.delete", thread_id=its.thread),
        "items.list": operation("items.list", thread_id=its.thread, limit=5),
        "items.list, after": operation("items.list", thread_id=own.thread, after=its.item),
        "items.feedback": operation(
            "items.feedback", thread_id=its.thread, item_ids=[its.item], kind="positive"
        ),
        "items.feedback, item": operation(
            "items.feedback", thread_id=own.thread, item_ids=[its.item], kind="positive"
        ),
        "attachments.delete": operation("attachments.delete", attachment_id=its.attachment),
        # Names nothing that is somebody's.
        "input.transcribe": operation(
            "input.transcribe", audio_base64="AAAA", mime_type="audio/webm"
        ),
    }


# These make something of the asking user's own, and have nothing to name somebody else's with.
MAKING = {"attachments.create": {"name": "a.txt", "size": 1, "mime_type": "text/plain"}}


def other_routes(its: Names) -> dict[str, Request]:
    """Every other route with every way to name somebody else's things."""
    return {
        "GET /debug/threads, after": ("GET", f"/debug/threads?after={its.thread}", None),
        "GET /debug/threads, user": ("GET", "/debug/threads?userId=ada", None),
        "POST /api/chatkit/session": ("POST", "/api/chatkit/session?userId=ada", None),
        "POST /api/chatkit/refresh": (
            "POST",
            "/api/chatkit/refresh",
            {"client_secret": its.session},
        ),
        "GET /v1/chatkit/threads": ("GET", "/v1/chatkit/threads?user=ada", None),
        "GET /v1/chatkit/threads/{thread_id}": ("GET", f"/v1/chatkit/threads/{its.thread}", None),
        "DELETE /v1/chatkit/threads/{thread_id}": (
            "DELETE",
            f"/v1/chatkit/threads/{its.thread}",
            None,
        ),
        "GET /v1/chatkit/threads/{thread_id}/items": (
            "GET",
            f"/v1/chatkit/threads/{its.thread}/items",
            None,
        ),
        "GET /api/chatkit/attachments/{attachment_id}": (
            "GET",
            f"/api/chatkit/attachments/{its.attachment}",
            None,
        ),
        "GET /api/chatkit/attachments/{attachment_id}/preview": (
            "GET",
            f"/api/chatkit/attachments/{its.attachment}/preview",
            None,
        ),
        "PUT /api/chatkit/attachments/{attachment_id}": (
            "PUT",
            f"/api/chatkit/attachments/{its.attachment}",
            None,
        ),
        "POST /v1/chatkit/sessions": (
            "POST",
            "/v1/chatkit/sessions",
            {"user": "ada", "workflow": {"id": "wf_1"}},
        ),
        "POST /v1/chatkit/sessions/{session_id}/cancel": (
            "POST",
            f"/v1/chatkit/sessions/{its.session}/cancel",
            None,
        ),
    }


# They tell nothing of anybody.
OPEN = {"GET /api/chatkit/config", "GET /healthz", "GET /readyz"}

WAYS = ["client secret", "bearer", "cookie"]
SHARED = "a secret shared with the identity provider"


@dataclass
class House:
    """A server in which ada and bob have things."""

    app: FastAPI
    database: Database
    adas: Names
    bobs: Names

    @asynccontextmanager
    async def bob(self, way: str) -> AsyncIterator[httpx2.AsyncClient]:
        """Bob, who shows who he is in one way, and claims in others that he is ada."""
        headers = signed_in("bob", "cookie" if way == "cookie" else "bearer")
        if way == "client secret":
            async with client(self.app, headers) as browser:
                secret = (await browser.post("/api/chatkit/session")).json()["client_secret"]
            headers = bearer(secret)
        async with client(self.app, headers, params={"userId": "ada"}) as bob:
            yield bob

    async def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is stored, sessions aside: bob makes some."""
        async with self.database.read() as connection:
            return {
                table.name: [tuple(row) for row in await connection.execute(select(table))]
                for table in metadata.sorted_tables
                if table.name not in {"sessions", "client_secrets"}
            }


def client(app: FastAPI, headers: dict[str, str], **options: Any) -> httpx2.AsyncClient:
    """A client of an application in this process, so that its memory can be looked into."""
    transport = httpx2.ASGITransport(app)
    return httpx2.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers, **options
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed_in(user: str, way: str = "bearer") -> dict[str, str]:
    """What the browser of a user who signed in at the team's provider sends."""
    token = jwt.encode({"sub": user, "exp": time.time() + 60}, SHARED, "HS256")
    if way == "cookie":
        return {"Cookie": f"auth_token={token}", "Origin": "http://localhost"}
    return bearer(token)


async def move_in(app: FastAPI, store: ThreadStore, user: str) -> Names:
    """A thread, items, an attachment and a session of a user."""
    context = RequestContext(User(user))
    its = Names(f"thr_{user}", f"msg_{user}", f"atc_{user}", "")
    await store.save_thread(thread(its.thread, title=f"{SECRET_WORDS}: {user}"), context)
    await store.add_thread_item(its.thread, message_of(user, its), context)
    await store.add_thread_item(its.thread, call(f"call_{user}", thread_id=its.thread), context)
    await store.save_attachment(file_attachment(its.attachment), context)
    async with client(app, signed_in(user)) as browser:
        session = (await browser.post("/api/chatkit/session")).json()
    return replace(its, session=session["session_id"])


def message_of(user: str, its: Names) -> UserMessageItem:
    return UserMessageItem(
        id=its.item,
        thread_id=its.thread,
        created_at=datetime.now(UTC),
        content=[UserMessageTextContent(text=f"{SECRET_WORDS}: {user}")],
        inference_options=InferenceOptions(),
    )


@pytest.fixture
async def house(settings_for: SettingsFor, database_url: str) -> AsyncIterator[House]:
    app = create_app(
        settings_for(
            auth=("session", "cookie", "bearer"),
            jwt_secret=SHARED,
            jwt_algorithms=("HS256",),
            database_url=database_url,
            actions="tests.api.tickets:actions",
            debug=True,
        )
    )
    async with app.router.lifespan_context(app):
        store: ThreadStore = app.state.services.store
        adas, bobs = await move_in(app, store, "ada"), await move_in(app, store, "bob")
        yield House(app, store._database, adas, bobs)


async def answered(chat: httpx2.AsyncClient, request: Request) -> httpx2.Response:
    method, path, body = request
    return await chat.request(method, path, json=body)


def without(names: Names, response: httpx2.Response) -> str:
    """What was answered, the names that were asked for made alike."""
    text = response.text
    for value in vars(names).values():
        text = text.replace(value, "…")
    return text


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_adas_looks_to_bob_like_what_never_was(house: House, way: str) -> None:
    async with house.bob(way) as bob:
        before = await house.contents()
        for name, request in operations(house.adas, house.bobs).items():
            foreign = await answered(bob, request)
            missing = await answered(bob, operations(NOBODYS, house.bobs)[name])
            assert foreign.status_code == missing.status_code, name
            assert foreign.status_code in {404, 501}, (name, foreign.text)
            assert without(house.adas, foreign) == without(NOBODYS, missing), name
            assert SECRET_WORDS not in foreign.text, name
        assert await house.contents() == before


@pytest.mark.parametrize("way", WAYS)
async def test_no_other_route_shows_or_changes_what_is_adas(house: House, way: str) -> None:
    async with house.bob(way) as bob:
        before = await house.contents()
        for name, request in other_routes(house.adas).items():
            response = await answered(bob, request)
            assert f"{SECRET_WORDS}: ada" not in response.text, name
            if name.startswith(("GET /v1", "POST /v1", "DELETE /v1")):
                # These are for servers with an API key.
                assert response.status_code == 401, name
            if "/attachments" in name:
                assert response.status_code == (403 if name.startswith("PUT") else 404), name
            if response.is_success:
                assert response.json()["user_id"] == "bob", name
        assert await house.contents() == before
    async with client(house.app, signed_in("ada")) as ada:
        threads = (await answered(ada, operation("threads.list"))).json()["data"]
    assert [thread["id"] for thread in threads] == [house.adas.thread]


async def test_bobs_own_things_are_found(house: House) -> None:
    """Otherwise requests that are wrong for everybody would pass the tests above."""
    for name, request in operations(house.bobs, house.bobs).items():
        async with house.bob("bearer") as bob:
            response = await answered(bob, request)
        expected = {
            "threads.add_structured_input": 400,  # the item is a message
            "threads.add_structured_input, item": 400,
            "threads.custom_action": 400,
            "threads.custom_action, item": 400,
            "threads.sync_custom_action": 400,
            "threads.sync_custom_action, item": 400,
        }.get(name)
        assert response.status_code in ({expected} if expected else {200, 501}), (
            name,
            response.text,
        )
        store: ThreadStore = house.app.state.services.store
        if name == "threads.delete":
            await move_in(house.app, store, "bob")
        if name == "threads.create, attachment":
            # It is that thread's now, and no other one may have it.
            context = RequestContext(user=User("bob"))
            await store.delete_attachment(house.bobs.attachment, context)
            await store.save_attachment(file_attachment(house.bobs.attachment), context)


@pytest.mark.parametrize("way", WAYS)
async def test_what_bob_makes_is_his_whoever_he_claims_to_be(house: House, way: str) -> None:
    async with house.bob(way) as bob:
        for name, params in MAKING.items():
            answer = await answered(bob, operation(name, **params))
            assert answer.status_code == 200, name
        file = {"file": ("a.txt", b"bytes", "text/plain")}
        assert (await bob.post("/api/chatkit/attachments", files=file)).status_code == 200
    async with house.database.read() as connection:
        owners = list(await connection.scalars(select(attachments.c.owner_id)))
    assert sorted(owners) == ["ada", "bob", "bob", "bob"]


async def test_a_signed_address_of_adas_file_is_no_use_for_another(house: House) -> None:
    ada = RequestContext(User("ada"), server_url="http://localhost")
    url = house.app.state.services.addresses.image_url(ada, house.adas.attachment)
    file = url.replace("/preview?", "?")
    # Without the query of `house.bob`, which would replace that of the address.
    async with client(house.app, signed_in("bob")) as bob:
        before = await house.contents()
        changed = url.replace(house.adas.attachment, house.bobs.attachment)
        assert (await bob.get(changed)).status_code == 403
        # It shows a picture, and gives out no file: that is for whoever is signed in.
        assert (await bob.get(file)).status_code == 404
        assert (await bob.put(file, content=b"mine")).status_code == 403
        assert await house.contents() == before


async def test_a_session_that_was_cancelled_by_its_team_opens_nothing(house: House) -> None:
    async with house.bob("client secret") as bob:
        services = house.app.state.services
        assert (await answered(bob, operation("threads.list"))).status_code == 200
        authorization = bob.headers["authorization"]
        stored = await services.client_secrets._stored(authorization.removeprefix("Bearer "))
        _, key = await ApiKeyStore(house.database).create("the team")
        async with client(house.app, bearer(key)) as team:
            path = f"/v1/chatkit/sessions/{stored.session.id}/cancel"
            assert (await team.post(path)).json()["status"] == "cancelled"
            missing = await team.post(f"/v1/chatkit/sessions/{NOBODYS.session}/cancel")
            assert missing.status_code == 404
        for request in operations(house.bobs, house.bobs).values():
            assert (await answered(bob, request)).status_code == 401


def test_every_operation_stands_in_the_table() -> None:
    kinds = {
        request.model_fields["type"].default
        for request in (*get_args(StreamingReq), *get_args(NonStreamingReq))
    }
    in_table = {name.partition(",")[0] for name in operations(NOBODYS, NOBODYS)}
    assert in_table | MAKING.keys() == kinds


def test_every_route_stands_in_the_table(settings_for: SettingsFor) -> None:
    paths = create_app(settings_for()).openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    in_table = {name.partition(",")[0] for name in other_routes(NOBODYS)}
    assert routes == in_table | OPEN | {"POST /api/chatkit", "POST /api/chatkit/attachments"}
