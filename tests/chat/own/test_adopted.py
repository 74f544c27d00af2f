"""A `ChatKitServer` that somebody wrote for the SDK alone holds a conversation on ours."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agents import set_tracing_disabled

from tests.chatting import Chat, message, read_until, streamed_text, texts_of, thread_of
from tests.conftest import Serve
from tests.conversation import shown
from tests.own_code import sdk_server, write_module
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Hang, Text, ToolCalls
from tests.uploading import announce, picture_of, send, uploaded

MODULE = "somebodys_server"


@pytest.fixture(autouse=True)
def written(
    provider: ScriptedProvider,
    flavour: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    monkeypatch.setattr("sys.path", list(sys.path))
    write_module(tmp_path, MODULE, sdk_server(provider, flavour))
    yield
    sys.modules.pop(MODULE, None)
    set_tracing_disabled(False)


@pytest.mark.parametrize(
    "name", ["Assistant", "NoAttachments", "OwnStore", "make_assistant", "ready"]
)
async def test_it_holds_a_conversation_in_our_store(
    serve: Serve, provider: ScriptedProvider, name: str
) -> None:
    served = serve(agent=f"{MODULE}:{name}")
    provider.script(Text("one"), Text("two"), Text("three"))
    async with Chat(served.url) as chat:
        thread = thread_of(await chat.say("1"))
        await chat.say("2", thread)
        assert streamed_text(await chat.say("3", thread)) == "three"
        assert texts_of(await chat.items(thread)) == ["one", "two", "three"]
    assert shown(provider.requests[-1])[-5:] == [
        ("user", "1"),
        ("assistant", "one"),
        ("user", "2"),
        ("assistant", "two"),
        ("user", "3"),
    ]
    assert "somebody's own assistant" in str(provider.requests[-1].body)


async def test_its_history_outlives_a_restart(serve: Serve, provider: ScriptedProvider) -> None:
    provider.script(Text("one"), Text("two"))
    first = serve(agent=f"{MODULE}:Assistant")
    async with Chat(first.url) as chat:
        thread = thread_of(await chat.say("Remember me"))
    first.stop()
    sys.modules.pop(MODULE)
    async with Chat(serve(agent=f"{MODULE}:Assistant").url) as chat:
        await chat.say("Do you?", thread)
        assert texts_of(await chat.items(thread)) == ["one", "two"]
    assert "Remember me" in str(provider.requests[-1].body)


async def test_its_threads_are_each_users_own(serve: Serve) -> None:
    url = serve(agent=f"{MODULE}:Assistant").url
    async with Chat(url, user="ada") as ada, Chat(url, user="bob") as bob:
        thread = thread_of(await ada.say("Hello"))
        response = await bob.post(
            "threads.add_user_message", thread_id=thread, input=message("Hello")
        )
        assert response.status_code == 404


async def test_a_client_secret_finds_it(serve: Serve) -> None:
    url = serve(agent=f"{MODULE}:Assistant").url
    async with Chat(url) as chat:
        session = (await chat.http.post("/api/chatkit/session?userId=ada")).json()
    async with Chat(url, headers={"Authorization": f"Bearer {session['client_secret']}"}) as chat:
        events = await chat.say("Hello")
    assert streamed_text(events) == "Hello from the scripted provider."


async def test_its_actions_are_called_and_their_ids_overwrite_nothing(serve: Serve) -> None:
    # It gives each of its messages the same short id.
    async with Chat(serve(agent=f"{MODULE}:Assistant").url) as chat:
        thread = thread_of(await chat.say("Hello"))
        action = {"type": "close", "payload": {"n": 1}}
        for number in (1, 2):
            action = {"type": "close", "payload": {"n": number}}
            await chat.stream(
                "threads.custom_action", thread_id=thread, item_id=None, action=action
            )
        said = texts_of(await chat.items(thread))
        answer = await chat.ask(
            "threads.sync_custom_action", thread_id=thread, item_id=None, action=action
        )
    assert said[1:] == ["Done: {'n': 1}", "Done: {'n': 2}"]
    assert answer == {}


async def test_what_it_does_not_offer_is_refused_as_usual(serve: Serve) -> None:
    async with Chat(serve(agent=f"{MODULE}:Assistant", upload_max_files=0).url) as chat:
        response = await chat.post("input.transcribe", audio_base64="", mime_type="audio/webm")
        assert response.status_code == 501
        announced = await chat.post(
            "attachments.create", name="a.txt", size=1, mime_type="text/plain"
        )
        assert announced.status_code == 501


async def test_texts_around_its_tool_calls_stay_apart(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(
        ToolCalls([("weather", '{"city": "Oslo"}')], text_before="Let me look."), Text("It rains.")
    )
    async with Chat(serve(agent=f"{MODULE}:Assistant").url) as chat:
        events = await chat.say("How is Oslo?")
        items = await chat.items(thread_of(events))
    assert texts_of(items) == ["Let me look.", "It rains."]
    assert "__fake_id__" not in str(items) + str(events)


async def test_its_times_are_utc(serve: Serve) -> None:
    async with Chat(serve(agent=f"{MODULE}:Assistant").url) as chat:
        events = await chat.say("Hello")
    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    assert all(item["created_at"].endswith("Z") for item in done)


async def test_the_text_that_was_read_is_kept_when_it_is_stopped(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Hang(3, "one two three four"))
    served = serve(agent=f"{MODULE}:Assistant")
    async with Chat(served.url) as chat:
        async with chat.streaming("threads.create", input=message("Count")) as events:
            seen = await read_until(events, "one two three")
        served.stop()
    sys.modules.pop(MODULE)
    async with Chat(serve(agent=f"{MODULE}:Assistant").url) as chat:
        assert texts_of(await chat.items(thread_of(seen))) == ["one two three"]


async def test_tags_reach_its_model_through_the_resolver(
    serve: Serve, provider: ScriptedProvider, tmp_path: Path
) -> None:
    write_module(
        tmp_path,
        "somebodys_tags",
        "def resolve(tag, context):\n    return f'order {tag.data[\"n\"]} of {context.user.id}'\n",
    )
    served = serve(agent=f"{MODULE}:Assistant", tag_resolver="somebodys_tags:resolve")
    tag = {"type": "input_tag", "id": "t1", "text": "order", "data": {"n": 7}}
    async with Chat(served.url, user="ada") as chat:
        await chat.say("", content=[tag, {"type": "input_text", "text": " is late"}])
    assert "order 7 of ada" in str(provider.requests[-1].body)


async def test_its_model_stops_writing_when_the_client_leaves(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Hang(3, "one two three four"))
    async with Chat(serve(agent=f"{MODULE}:Assistant").url) as chat:
        async with chat.streaming("threads.create", input=message("Count")) as events:
            thread = thread_of(await read_until(events, "one two three"))
        assert await provider.requests[-1].until_closed_early(30)
        # The model is stopped first; then what it wrote is kept.
        while not (kept := texts_of(await chat.items(thread))):
            await asyncio.sleep(0.02)
        assert kept == ["one two three"]


async def test_what_the_user_chose_is_its_own_to_read(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Text("one"))
    async with Chat(serve(agent=f"{MODULE}:Assistant").url) as chat:
        said = message("Hello", inference_options={"model": "theirs", "tool_choice": {"id": "x"}})
        events = await chat.stream("threads.create", input=said)
    assert streamed_text(events) == "one"


@pytest.mark.parametrize(("name", "sees"), [("Assistant", False), ("Seeing", True)])
async def test_its_model_is_shown_pictures_where_it_names_one_that_sees(
    serve: Serve, provider: ScriptedProvider, name: str, sees: bool
) -> None:
    async with Chat(serve(agent=f"{MODULE}:{name}").url, user="ada") as chat:
        attachment = await uploaded(chat, picture_of(), "a.png", "image/png")
        await chat.say("Look", attachments=[attachment["id"]])
    assert ("data:image/" in str(provider.requests[-1].body)) == sees


async def test_its_sync_actions_convert_what_was_said_as_its_answers_do(
    serve: Serve, tmp_path: Path
) -> None:
    code = "def resolve(tag, context):\n    return f'order of {context.user.id}'\n"
    write_module(tmp_path, "somebodys_tags", code)
    served = serve(agent=f"{MODULE}:Remembering", tag_resolver="somebodys_tags:resolve")
    tag = {"type": "input_tag", "id": "t1", "text": "order", "data": {}}
    async with Chat(served.url, user="ada") as chat:
        thread = thread_of(await chat.say("", content=[tag]))
        action = {"type": "remember", "payload": {}}
        answer = await chat.ask(
            "threads.sync_custom_action", thread_id=thread, item_id=None, action=action
        )
        remembered = await chat.ask("threads.get_by_id", thread_id=thread)
    assert answer == {}
    assert "order of ada" in remembered["title"]


async def test_what_its_own_attachment_store_takes_is_not_taken_by_ours(serve: Serve) -> None:
    async with Chat(serve(agent=f"{MODULE}:Filing").url) as chat:
        assert (await announce(chat, b"words"))["id"] == "theirs"
        assert (await send(chat, b"words")).status_code == 501


async def test_a_page_is_not_told_that_the_demo_model_answers(serve: Serve) -> None:
    async with Chat(serve(agent=f"{MODULE}:Assistant", model=("demo",)).url) as chat:
        told = (await chat.http.get("/api/chatkit/config")).json()
    assert "notice" not in told["server"]
