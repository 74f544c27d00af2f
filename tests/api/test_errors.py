"""What goes wrong is told by a status before the first byte, and by an event after it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chatting import Chat, message, streamed_text, texts_of, thread_of
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.provider.steps import CutAfter, Failure, Text

HELLO = message("Hello")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b"null", None),
        (b'"threads.list"', None),
        (b"\xff\xfe", None),
        (b"{}", "type"),
        (b'{"type": "threads.explode", "params": {}}', "type"),
        (b'{"type": 7, "params": {}}', "type"),
        (b'{"type": "threads.list"}', "params"),
        (b'{"type": "threads.list", "params": []}', "params"),
        (b'{"type": "threads.list", "params": {"limit": "many"}}', "params.limit"),
        (b'{"type": "threads.list", "params": {"limit": -1}}', "params.limit"),
        (b'{"type": "threads.list", "params": {"order": "up"}}', "params.order"),
        (b'{"type": "threads.list", "params": {}, "metadata": 3}', "metadata"),
        (b'{"type": "threads.get_by_id", "params": {"thread_id": 3}}', "params.thread_id"),
        (b'{"type": "threads.create", "params": {"input": {}}}', "params.input.content"),
        (
            b'{"type": "threads.list", "params": {}, "metadata": {"pageContext": {"title": 3}}}',
            "metadata.pageContext.title",
        ),
    ],
)
async def test_a_body_that_cannot_be_used_is_answered_400_and_names_the_field(
    chat: Chat, body: bytes, field: str | None
) -> None:
    response = await chat.http.post("/api/chatkit", content=body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert error["code"] == "invalid_request"
    assert error["message"]
    assert error.get("field") == field


async def test_deeply_nested_json_is_answered_400(chat: Chat) -> None:
    body = (
        b'{"type":"threads.list","params":{},"metadata":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}"
    )
    response = await chat.http.post("/api/chatkit", content=body)
    assert response.status_code == 400


async def test_an_empty_message_is_refused(chat: Chat) -> None:
    response = await chat.post("threads.create", input=message("  \n"))
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "params.input.content"
    assert (await chat.ask("threads.list"))["data"] == []


@pytest.mark.parametrize("title", ["", " \n", "x" * 301])
async def test_a_title_that_is_empty_or_too_long_is_refused(chat: Chat, title: str) -> None:
    thread = thread_of(await chat.say("Hello"))
    response = await chat.post("threads.update", thread_id=thread, title=title)
    assert response.status_code == 400
    assert response.json()["error"]["field"] == "params.title"


UNKNOWN_THREAD: list[tuple[str, dict[str, Any]]] = [
    ("threads.get_by_id", {}),
    ("threads.update", {"title": "x"}),
    ("threads.delete", {}),
    ("items.list", {}),
    ("threads.add_user_message", {"input": HELLO}),
    ("threads.add_client_tool_output", {"result": 1}),
    ("threads.add_structured_input", {"item_id": "msg_x", "input": {}}),
    ("threads.retry_after_item", {"item_id": "msg_x"}),
]


@pytest.mark.parametrize(("operation", "params"), UNKNOWN_THREAD)
@pytest.mark.parametrize("whose", ["nobody's", "somebody else's"])
async def test_a_thread_that_is_not_the_users_is_not_found(
    serve: Serve, operation: str, params: dict[str, Any], whose: str
) -> None:
    url = serve().url
    async with Chat(url, user="ada") as ada, Chat(url, user="bob") as bob:
        thread = thread_of(await ada.say("Mine")) if whose == "somebody else's" else "thr_none"
        response = await bob.post(operation, thread_id=thread, **params)
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (404, "not_found")
        assert error["field"] == "params.thread_id"


async def test_a_foreign_thread_looks_just_like_one_that_never_was(serve: Serve) -> None:
    url = serve().url
    async with Chat(url, user="ada") as ada, Chat(url, user="bob") as bob:
        thread = thread_of(await ada.say("Mine"))
        foreign = (await bob.post("threads.get_by_id", thread_id=thread)).text
        unknown = (await bob.post("threads.get_by_id", thread_id="thr_0")).text
    assert foreign.replace(thread, "ID") == unknown.replace("thr_0", "ID")


async def test_a_retry_of_an_unknown_item_is_not_found(chat: Chat) -> None:
    # The SDK answers with an empty stream and status 200.
    thread = thread_of(await chat.say("Hello"))
    response = await chat.post("threads.retry_after_item", thread_id=thread, item_id="msg_none")
    assert response.status_code == 404
    assert response.json()["error"]["field"] == "params.item_id"


async def test_a_retry_after_an_answer_is_refused_and_deletes_nothing(chat: Chat) -> None:
    thread = thread_of(await chat.say("Hello"))
    answer = (await chat.items(thread))[1]["id"]
    response = await chat.post("threads.retry_after_item", thread_id=thread, item_id=answer)
    assert response.status_code == 400
    assert len(await chat.items(thread)) == 2


async def test_an_unknown_attachment_leaves_no_empty_thread_behind(chat: Chat) -> None:
    response = await chat.post(
        "threads.create", input=message("Look", attachments=["atc_of_somebody_else"])
    )
    assert response.status_code == 404
    assert response.json()["error"]["field"] == "params.input.attachments"
    assert (await chat.ask("threads.list"))["data"] == []


async def test_an_unknown_cursor_is_not_found(chat: Chat) -> None:
    response = await chat.post("threads.list", after="thr_none")
    assert response.status_code == 404
    assert response.json()["error"]["field"] == "params.after"


async def test_output_for_no_client_tool_is_a_conflict(chat: Chat) -> None:
    thread = thread_of(await chat.say("Hello"))
    response = await chat.post("threads.add_client_tool_output", thread_id=thread, result=1)
    assert response.status_code == 409


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("input.transcribe", {"audio_base64": "!", "mime_type": "text/plain"}),
        ("threads.custom_action", {"action": {"type": "go"}}),
        ("threads.sync_custom_action", {"action": {"type": "go"}}),
    ],
)
async def test_what_this_server_does_not_offer_is_said_and_not_feigned(
    chat: Chat, operation: str, params: dict[str, Any]
) -> None:
    thread = thread_of(await chat.say("Hello"))
    response = await chat.post(operation, thread_id=thread, **params)
    assert response.status_code == 501
    assert response.json()["error"]["code"] == "not_supported"


@pytest.mark.parametrize("announced", [True, False], ids=["with-length", "chunked"])
async def test_a_body_over_the_limit_is_answered_413(serve: Serve, announced: bool) -> None:
    async def parts() -> Any:
        for _ in range(3):
            yield b" " * 1024

    async with Chat(serve(max_body_bytes=2048).url) as chat:
        body = b" " * 3072 if announced else parts()
        response = await chat.http.post("/api/chatkit", content=body)
    assert response.status_code == 413
    assert "2048" in response.json()["error"]["message"]


async def test_a_body_just_within_the_limit_is_served(serve: Serve) -> None:
    body = b'{"type": "threads.list", "params": {}}'
    async with Chat(serve(max_body_bytes=2048).url) as chat:
        response = await chat.http.post("/api/chatkit", content=body.ljust(2048))
    assert response.status_code == 200


async def test_unknown_paths_and_methods_are_told_in_the_same_shape(chat: Chat) -> None:
    assert (await chat.http.get("/nowhere")).json()["error"]["code"] == "not_found"
    response = await chat.http.get("/api/chatkit")
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "refusal",
    [
        (
            Failure(401, "invalid_api_key", "Incorrect API key: sk-abc123def456"),
            False,
            "credential",
        ),
        (Failure(429, "insufficient_quota", "You exceeded your quota"), False, "quota"),
        (Failure(429, "rate_limit_exceeded", "Slow down"), True, "too many"),
        (Failure(404, "model_not_found", "No such model"), False, "not available"),
        (Failure(400, "context_length_exceeded", "maximum context length"), False, "too long"),
        (Failure(500, "server_error", "oops at 10.0.0.1"), True, "try again"),
    ],
)
async def test_a_provider_that_refuses_is_told_in_an_event(
    serve: Serve, provider: ScriptedProvider, flavour: str, refusal: tuple[Failure, bool, str]
) -> None:
    step, allow_retry, words = refusal
    provider.script(step)
    async with Chat(serve(model=(flavour,)).url) as chat:
        events = await chat.say("Hello")
        stored = await chat.items(thread_of(events))
    error = events[-1]
    assert (error["type"], error["code"]) == ("error", "custom")
    assert error["allow_retry"] is allow_retry
    assert words in error["message"]
    assert step.message not in error["message"]
    assert texts_of(stored, "user_message") == ["Hello"]


async def test_an_answer_that_is_cut_keeps_its_text(
    serve: Serve, provider: ScriptedProvider, flavour: str, database_url: str
) -> None:
    provider.script(CutAfter(3, "one two three four five"), Text("Better."))
    served = serve(model=(flavour,), database_url=database_url)
    async with Chat(served.url) as chat:
        events = await chat.say("Count")
        thread = thread_of(events)
        kept = texts_of(await chat.items(thread))
        question = (await chat.items(thread))[0]["id"]
        await chat.stream("threads.retry_after_item", thread_id=thread, item_id=question)
        after_retry = texts_of(await chat.items(thread))
    assert [event["type"] for event in events[-2:]] == ["thread.item.done", "error"]
    assert events[-1]["allow_retry"] is True
    assert kept == [streamed_text(events)] == ["one two three"]
    assert after_retry == ["Better."]


async def test_a_provider_that_cannot_be_reached_is_told_in_an_event(serve: Serve) -> None:
    served = serve(openai_compatible_base_url="http://127.0.0.1:9/v1")
    async with Chat(served.url) as chat:
        events = await chat.say("Hello")
    assert events[-1]["type"] == "error"
    assert events[-1]["allow_retry"] is True
    assert "reached" in events[-1]["message"]


async def test_a_provider_that_is_silent_for_too_long_is_told_in_an_event(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Failure(200, first_byte_delay=3))
    async with Chat(serve(model_read_timeout=0.2).url) as chat:
        events = await chat.say("Hello")
    assert "too long" in events[-1]["message"]
    assert events[-1]["allow_retry"] is True
