"""The endpoint: operations in, events and JSON out."""

from __future__ import annotations

import json

import httpx2

from tests.chatting import Chat, message, streamed_text, texts_of, thread_of
from tests.conftest import Serve
from tests.conversation import instructions, shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import SlowFirstByte, Text


async def test_a_message_gets_a_streamed_answer_that_is_stored(
    serve: Serve, provider: ScriptedProvider, flavour: str, database_url: str
) -> None:
    provider.script(Text("Paris is the capital of France."))
    served = serve(model=(flavour,), database_url=database_url)
    async with Chat(served.url) as chat:
        events = await chat.say("What is the capital of France?")
        items = await chat.items(thread_of(events))
    assert streamed_text(events) == "Paris is the capital of France."
    assert texts_of(items, "user_message") == ["What is the capital of France?"]
    assert texts_of(items) == ["Paris is the capital of France."]


async def test_events_come_in_the_protocols_order(chat: Chat, provider: ScriptedProvider) -> None:
    provider.script(Text("Hi", chunks=1))
    kinds = [event["type"] for event in await chat.say("Hello")]
    assert kinds == [
        "thread.created",
        "thread.item.done",
        "stream_options",
        "thread.item.added",
        *["thread.item.updated"] * 2,
        "thread.item.done",
    ]


async def test_every_time_on_the_wire_is_utc(chat: Chat) -> None:
    events = await chat.say("Hello")
    times = [
        (event.get("item") or event["thread"])["created_at"]
        for event in events
        if "item" in event or "thread" in event
    ]
    stored = [item["created_at"] for item in await chat.items(thread_of(events))]
    assert len(times) == 4
    assert all(time.endswith("Z") for time in times + stored)


async def test_the_model_sees_the_conversation_with_the_current_message_once(
    serve: Serve, provider: ScriptedProvider, flavour: str
) -> None:
    provider.script(Text("One."), Text("Two."))
    async with Chat(serve(model=(flavour,)).url) as chat:
        thread = thread_of(await chat.say("first"))
        await chat.say("second", thread)
    assert shown(provider.requests[1]) == [
        ("user", "first"),
        ("assistant", "One."),
        ("user", "second"),
    ]


async def test_what_the_browser_reports_reaches_the_model_as_untrusted_data(
    serve: Serve, provider: ScriptedProvider
) -> None:
    metadata = {
        "userInfo": {"id": "u1", "name": "Ada", "educationLevel": "university"},
        "pageContext": {"title": "Pricing", "headings": ["Plans"]},
    }
    async with Chat(serve().url, metadata=metadata) as chat:
        await chat.say("What does it cost?")
    (_, reported), question = shown(provider.requests[0])
    assert question == ("user", "What does it cost?")
    assert "untrusted" in reported
    data = json.loads(reported.partition("<browser_context>")[2].partition("</browser_context>")[0])
    assert data == {
        "page": {"title": "Pricing", "headings": ["Plans"]},
        "user": {"name": "Ada", "educationLevel": "university"},
    }
    assert "Pricing" not in instructions(provider.requests[0])
    assert "Ada" not in instructions(provider.requests[0])


async def test_the_language_of_the_page_reaches_the_instructions(
    serve: Serve, provider: ScriptedProvider
) -> None:
    async with Chat(serve().url, headers={"Accept-Language": "de-CH,de;q=0.8"}) as chat:
        await chat.say("Hallo")
    assert "de-CH" in instructions(provider.requests[0])


async def test_a_stream_carries_headers_that_proxies_respect(chat: Chat) -> None:
    response = await chat.post("threads.create", input=message("Hello"))
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"


async def test_an_idle_stream_sends_comments(serve: Serve, provider: ScriptedProvider) -> None:
    provider.script(SlowFirstByte(0.5, Text("At last.")))
    async with Chat(serve(heartbeat_seconds=0.1).url) as chat:
        response = await chat.post("threads.create", input=message("Hello"))
    lines = response.text.splitlines()
    assert lines.count(": keep-alive") >= 2
    assert "At last." in response.text


async def test_threads_are_listed_newest_first_and_paged(chat: Chat) -> None:
    threads = [thread_of(await chat.say(f"thread {number}")) for number in range(3)]
    first = await chat.ask("threads.list", limit=2)
    second = await chat.ask("threads.list", limit=2, after=first["after"])
    assert [t["id"] for t in first["data"] + second["data"]] == threads[::-1]
    assert first["has_more"]
    assert not second["has_more"]


async def test_a_thread_comes_with_its_items(chat: Chat) -> None:
    thread = thread_of(await chat.say("Hello"))
    loaded = await chat.ask("threads.get_by_id", thread_id=thread)
    assert [item["type"] for item in loaded["items"]["data"]] == [
        "user_message",
        "assistant_message",
    ]


async def test_a_thread_can_be_renamed(chat: Chat) -> None:
    thread = thread_of(await chat.say("Hello"))
    await chat.ask("threads.update", thread_id=thread, title="Greetings")
    assert (await chat.ask("threads.get_by_id", thread_id=thread))["title"] == "Greetings"


async def test_a_deleted_thread_is_gone(chat: Chat) -> None:
    thread = thread_of(await chat.say("Hello"))
    assert await chat.ask("threads.delete", thread_id=thread) == {}
    assert (await chat.post("threads.get_by_id", thread_id=thread)).status_code == 404


async def test_a_retry_replaces_the_answer(chat: Chat, provider: ScriptedProvider) -> None:
    provider.script(Text("Wrong."), Text("Right."))
    thread = thread_of(await chat.say("Which?"))
    question = (await chat.items(thread))[0]["id"]
    await chat.stream("threads.retry_after_item", thread_id=thread, item_id=question)
    items = await chat.items(thread)
    assert texts_of(items, "user_message") == ["Which?"]
    assert texts_of(items) == ["Right."]


async def test_threads_are_still_there_after_a_restart(serve: Serve) -> None:
    before = serve()
    async with Chat(before.url) as chat:
        thread = thread_of(await chat.say("Remember me"))
    before.stop()
    async with Chat(serve().url) as chat:
        assert texts_of(await chat.items(thread), "user_message") == ["Remember me"]


async def test_users_see_their_own_threads_only(serve: Serve) -> None:
    url = serve().url
    async with Chat(url, user="ada") as ada, Chat(url, user="bob") as bob, Chat(url) as nobody:
        thread = thread_of(await ada.say("Mine"))
        assert [t["id"] for t in (await ada.ask("threads.list"))["data"]] == [thread]
        assert (await bob.ask("threads.list"))["data"] == []
        assert (await nobody.ask("threads.list"))["data"] == []


async def test_a_page_may_ask_for_all_its_threads_at_once(chat: Chat) -> None:
    # The official element asks for 9,999 threads in one page.
    thread = thread_of(await chat.say("Hello"))
    page = await chat.ask("threads.list", limit=9999, order="desc")
    assert [t["id"] for t in page["data"]] == [thread]


async def test_two_answers_can_stream_side_by_side(chat: Chat, provider: ScriptedProvider) -> None:
    provider.script(Text("a b c d e f", delay=0.02), Text("a b c d e f", delay=0.02))
    async with (
        chat.streaming("threads.create", input=message("1")) as one,
        chat.streaming("threads.create", input=message("2")) as two,
    ):
        assert streamed_text([event async for event in two]) == "a b c d e f"
        assert streamed_text([event async for event in one]) == "a b c d e f"


async def test_the_schema_of_the_api_is_served(chat: Chat) -> None:
    response: httpx2.Response = await chat.http.get("/openapi.json")
    assert "/api/chatkit" in response.json()["paths"]
