"""What the configuration of a session allows, and what it hides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import pytest
from chatkit.types import (
    ChatKitReq,
    NonStreamingReq,
    StreamingReq,
    ThreadMetadata,
    is_streaming_req,
)
from pydantic import TypeAdapter
from pydantic_core import from_json

from chatkit_backend.chat.server import ChatServer
from chatkit_backend.context import RequestContext, Session, SessionConfiguration, User
from chatkit_backend.errors import (
    BodyTooLarge,
    Forbidden,
    InvalidRequest,
    NotFound,
    NotSupported,
    RequestError,
)
from chatkit_backend.store.threads import ThreadStore
from tests.chat.conftest import MakeChat
from tests.chatting import message, texts_of, thread_of
from tests.conftest import CHAT_COMPLETIONS
from tests.store.examples import file_attachment

NOW = datetime.now(UTC)
ADA = RequestContext(User("ada"))
_OPERATION: TypeAdapter[ChatKitReq] = TypeAdapter(ChatKitReq)

Configured = Callable[..., RequestContext]


def in_session(**configuration: Any) -> RequestContext:
    """A request of ada in a session that began now."""
    session = Session("cksess_1", NOW, configuration=SessionConfiguration(**configuration))
    return replace(ADA, session=session)


@pytest.fixture
def flavour() -> str:
    """One of the providers' APIs is enough: no model is asked here that both would not be."""
    return CHAT_COMPLETIONS


@pytest.fixture
def server(make_chat: MakeChat) -> ChatServer:
    return make_chat().server


@pytest.fixture
async def threads(store: ThreadStore) -> None:
    """Three threads from before the session, and one of its own, the newest."""
    for name, hours in (("old", 3), ("older", 2), ("oldest", 1)):
        await store.save_thread(thread_at(name, NOW - timedelta(hours=hours)), ADA)
    await store.save_thread(thread_at("own", NOW + timedelta(seconds=1)), ADA)


def thread_at(thread_id: str, created_at: datetime) -> ThreadMetadata:
    return ThreadMetadata(id=thread_id, created_at=created_at)


async def ask(
    server: ChatServer, context: RequestContext, operation: str, **params: Any
) -> dict[str, Any]:
    parsed = _OPERATION.validate_python({"type": operation, "params": params})
    if is_streaming_req(parsed):
        chunks = [chunk async for chunk in server.stream(parsed, context)]
        return {"chunks": chunks}
    answer: dict[str, Any] = from_json(await server.answer(parsed, context))
    return answer


async def listed(server: ChatServer, context: RequestContext, **params: Any) -> list[str]:
    page = await ask(server, context, "threads.list", **params)
    return [thread["id"] for thread in page["data"]]


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(
    ("configuration", "reachable"),
    [
        ({}, ["own", "oldest", "older", "old"]),
        ({"recent_threads": 2}, ["own", "oldest"]),
        ({"recent_threads": 99}, ["own", "oldest", "older", "old"]),
        ({"history": False}, ["own"]),
        ({"history": False, "recent_threads": 1}, ["own"]),
    ],
)
async def test_a_session_lists_the_threads_that_it_reaches(
    server: ChatServer, configuration: dict[str, Any], reachable: list[str]
) -> None:
    context = in_session(**configuration)
    assert await listed(server, context) == reachable
    assert await listed(server, context, order="asc") == reachable[::-1]


@pytest.mark.usefixtures("threads")
async def test_the_reachable_threads_come_in_pages(server: ChatServer) -> None:
    context = in_session(recent_threads=3)
    first = await ask(server, context, "threads.list", limit=2)
    assert ([t["id"] for t in first["data"]], first["has_more"]) == (["own", "oldest"], True)
    second = await ask(server, context, "threads.list", limit=2, after=first["after"])
    assert ([t["id"] for t in second["data"]], second["has_more"]) == (["older"], False)
    with pytest.raises(NotFound):
        # It exists, but not for this session.
        await listed(server, context, after="old")


OPERATIONS: dict[str, dict[str, Any]] = {
    "threads.get_by_id": {},
    "items.list": {"limit": 5},
    "threads.update": {"title": "Mine"},
    "threads.delete": {},
    "threads.add_user_message": {"input": message("Hello")},
    "threads.retry_after_item": {"item_id": "msg_1"},
    "threads.add_client_tool_output": {"result": {}},
    "threads.add_structured_input": {"item_id": "i", "input": {"answers": {}}},
    "threads.custom_action": {"item_id": "i", "action": {"type": "a", "payload": {}}},
    "threads.sync_custom_action": {"item_id": "i", "action": {"type": "a", "payload": {}}},
    "items.feedback": {"item_ids": ["i"], "kind": "positive"},
}


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("configuration", [{"recent_threads": 1}, {"history": False}])
async def test_no_operation_reaches_another_thread(
    server: ChatServer, store: ThreadStore, operation: str, configuration: dict[str, Any]
) -> None:
    with pytest.raises(NotFound) as hidden:
        await ask(
            server,
            in_session(**configuration),
            operation,
            thread_id="oldest",
            **OPERATIONS[operation],
        )
    assert hidden.value.message == "There is no thread 'oldest'."
    assert (await store.load_thread("oldest", ADA)).title is None


def test_every_operation_that_names_a_thread_stands_in_the_table() -> None:
    named = {
        request.model_fields["type"].default
        for request in (*get_args(StreamingReq), *get_args(NonStreamingReq))
        if "thread_id" in get_type_hints(get_type_hints(request)["params"])
    }
    assert named == set(OPERATIONS)


async def test_a_conversation_can_be_had_without_history(server: ChatServer) -> None:
    session = Session("cksess_1", NOW, configuration=SessionConfiguration(history=False))
    context = replace(ADA, session=session)
    created = await ask(server, context, "threads.create", input=message("Hello"))
    events = [from_json(chunk.removeprefix(b"data: ")) for chunk in created["chunks"]]
    thread = thread_of(events)
    await ask(server, context, "threads.add_user_message", thread_id=thread, input=message("Again"))
    page = await ask(server, context, "items.list", thread_id=thread, order="asc")
    assert texts_of(page["data"], "user_message") == ["Hello", "Again"]


ATTACH = {"name": "a.txt", "size": 2_000_000, "mime_type": "text/plain"}


def with_files(*attachments: str) -> tuple[str, dict[str, Any]]:
    return "threads.create", {"input": message("Look", attachments=list(attachments))}


@pytest.mark.parametrize(
    ("configuration", "operation", "error"),
    [
        ({"uploads": False}, ("attachments.create", ATTACH), Forbidden),
        ({"max_file_megabytes": 1}, ("attachments.create", ATTACH), BodyTooLarge),
        ({"uploads": False}, with_files("atc_1"), Forbidden),
        ({"max_files": 1}, with_files("atc_1", "atc_2"), InvalidRequest),
    ],
)
async def test_files_are_limited_as_the_session_says(
    server: ChatServer,
    store: ThreadStore,
    configuration: dict[str, Any],
    operation: tuple[str, dict[str, Any]],
    error: type[RequestError],
) -> None:
    name, params = operation
    for attachment in ("atc_1", "atc_2"):
        await store.save_attachment(file_attachment(attachment), ADA)
    with pytest.raises(error):
        await ask(server, in_session(**configuration), name, **params)
    assert await listed(server, ADA) == []


async def test_files_within_the_limits_are_allowed(server: ChatServer, store: ThreadStore) -> None:
    await store.save_attachment(file_attachment("atc_1"), ADA)
    context = in_session(max_files=1)
    await ask(server, context, "threads.create", input=message("Look", attachments=["atc_1"]))
    assert len(await listed(server, ADA)) == 1


async def test_a_file_that_a_thread_has_is_not_moved_to_another(
    server: ChatServer, store: ThreadStore
) -> None:
    await store.save_attachment(file_attachment("atc_1"), ADA)
    look = message("Look", attachments=["atc_1"])
    await ask(server, ADA, "threads.create", input=look)
    (thread,) = await listed(server, ADA)
    await store.save_thread(thread_at("other", NOW), ADA)
    for operation, params in (
        ("threads.create", {}),
        ("threads.add_user_message", {"thread_id": "other"}),
    ):
        with pytest.raises(NotFound, match="There is no attachment 'atc_1'"):
            await ask(server, ADA, operation, input=look, **params)
    await ask(server, ADA, "threads.add_user_message", input=look, thread_id=thread)
    assert (await store.load_attachment("atc_1", ADA)).thread_id == thread


@pytest.mark.usefixtures("threads")
async def test_a_file_of_a_thread_that_is_not_reached_is_not_deleted(
    server: ChatServer, store: ThreadStore
) -> None:
    for attachment_id, thread_id in (("hidden", "oldest"), ("shown", "own"), ("unsent", None)):
        await store.save_attachment(file_attachment(attachment_id, thread_id), ADA)
    context = in_session(history=False)
    for attachment_id, error in (
        ("hidden", NotFound),
        ("shown", NotSupported),  # by a server without a place for files
        ("unsent", NotSupported),
    ):
        with pytest.raises(error):
            await ask(server, context, "attachments.delete", attachment_id=attachment_id)
