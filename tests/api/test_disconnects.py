"""A client that leaves stops the model, keeps the text so far, and leaves nothing running."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest
import uvicorn

from chatkit_backend.app import create_app
from chatkit_backend.chat.events.endings import INTERRUPTED
from tests.chatting import Chat, message, streamed_text, texts_of, thread_of
from tests.conftest import Serve, SettingsFor
from tests.conversation import shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Hang, SlowFirstByte, Text

THREE_WORDS = Hang(3, "one two three four")


async def _leave_after(chat: Chat, text: str, words: int) -> str:
    """Starts an answer, leaves when so many words have come, and gives the thread's id."""
    seen = []
    async with chat.streaming("threads.create", input=message(text)) as events:
        async for event in events:
            seen.append(event)
            if len(streamed_text(seen).split()) == words:
                break
    return thread_of(seen)


async def _items_once_kept(chat: Chat, thread: str, count: int) -> list[str]:
    for _ in range(200):
        debug = (await chat.http.get("/debug/threads")).json()["threads"]
        items = next(t["items"] for t in debug if t["id"] == thread)
        if len(items) >= count:
            return [f"{item['type']}: {item['text']}" for item in items]
        await asyncio.sleep(0.02)
    raise AssertionError(f"never kept: {items}")


async def test_what_was_read_is_kept_and_the_model_is_stopped(
    serve: Serve, provider: ScriptedProvider, flavour: str, database_url: str
) -> None:
    provider.script(THREE_WORDS)
    served = serve(model=(flavour,), database_url=database_url, debug=True)
    async with Chat(served.url) as chat:
        thread = await _leave_after(chat, "Count", words=3)
        assert await provider.requests[0].until_closed_early()
        assert await _items_once_kept(chat, thread, 3) == [
            "user_message: Count",
            "assistant_message: one two three",
            f"sdk_hidden_context: {INTERRUPTED}",
        ]


async def test_a_client_that_leaves_before_the_first_word_stops_the_model(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Hang(0))
    async with Chat(serve(debug=True).url) as chat:
        async with chat.streaming("threads.create", input=message("Hello")) as events:
            thread = thread_of([await anext(events)])
            assert await provider.until_called(1)
        assert await provider.requests[0].until_closed_early()
        kept = await _items_once_kept(chat, thread, 2)
    assert kept == ["user_message: Hello", f"sdk_hidden_context: {INTERRUPTED}"]


async def test_the_conversation_goes_on_after_an_interrupted_answer(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(THREE_WORDS, Text("five"))
    async with Chat(serve(debug=True).url) as chat:
        thread = await _leave_after(chat, "Count", words=3)
        await _items_once_kept(chat, thread, 3)
        await chat.say("And then?", thread)
        assert texts_of(await chat.items(thread)) == ["one two three", "five"]
    roles = [role for role, _ in shown(provider.requests[1])]
    assert roles == ["user", "assistant", "user", "user"]
    note = shown(provider.requests[1])[2][1]
    assert INTERRUPTED in note
    assert "cancelled" not in note


async def test_a_thread_that_is_deleted_during_its_answer_stays_deleted(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(THREE_WORDS)
    async with Chat(serve(debug=True).url) as chat:
        async with chat.streaming("threads.create", input=message("Count")) as events:
            thread = thread_of([await anext(events)])
            assert await provider.until_called(1)
            await chat.ask("threads.delete", thread_id=thread)
        assert await provider.requests[0].until_closed_early()
        assert (await chat.http.get("/debug/threads")).json()["threads"] == []


async def test_a_server_that_stops_keeps_the_answers_so_far(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(THREE_WORDS)
    served = serve()
    seen = []
    async with (
        Chat(served.url) as chat,
        chat.streaming("threads.create", input=message("Count")) as events,
    ):
        async for event in events:
            seen.append(event)
            if streamed_text(seen) == "one two three":
                break
        await asyncio.to_thread(served.stop)
    async with Chat(serve().url) as chat:
        assert texts_of(await chat.items(thread_of(seen))) == ["one two three"]


@pytest.mark.parametrize("step", [THREE_WORDS, Hang(0), SlowFirstByte(5, Text("late"))])
async def test_nothing_is_left_running(
    settings_for: SettingsFor,
    provider: ScriptedProvider,
    caplog: pytest.LogCaptureFixture,
    step: Hang | SlowFirstByte,
) -> None:
    # In this test's own loop, so that its tasks can be seen.
    provider.script(step, step)
    server = uvicorn.Server(uvicorn.Config(create_app(settings_for()), port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with Chat(f"http://127.0.0.1:{port}") as chat:
        await chat.ask("threads.list")
        before = _names_of_tasks()
        for _ in range(2):
            async with chat.streaming("threads.create", input=message("Count")) as events:
                async for event in events:
                    if event["type"] == "stream_options":
                        break
                assert await provider.until_called(1)
        for request in provider.requests:
            assert await request.until_closed_early()
        async with asyncio.timeout(5):
            while _names_of_tasks() != before:
                await asyncio.sleep(0.02)
    server.should_exit = True
    await serving
    gc.collect()
    await asyncio.sleep(0)
    complaints = [r.message for r in caplog.records if r.levelno >= logging.ERROR]
    assert complaints == []


def _names_of_tasks() -> set[str]:
    # The connection's own task of uvicorn comes and goes with keep-alive.
    names = {str(task.get_coro()).split(" at ")[0] for task in asyncio.all_tasks()}
    return {name for name in names if "RequestResponseCycle" not in name}
