"""What happens when a thread is asked, retried or deleted twice at once, on every database."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.chatting import Chat, message, read_until, streamed_text, texts_of, thread_of
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Hang, Text
from tests.uploading import send

HANGING = Hang(3, "one two three four")


async def positions_are_unique(chat: Chat, thread_id: str) -> bool:
    """A page that goes on after every single item finds every item once."""
    whole = [item["id"] for item in await chat.items(thread_id)]
    found: list[str] = []
    after = None
    while True:
        page = await chat.ask("items.list", thread_id=thread_id, limit=1, order="asc", after=after)
        found += [item["id"] for item in page["data"]]
        if not page["has_more"]:
            return found == whole and len(set(found)) == len(found)
        after = page["after"]


async def test_two_messages_at_once_are_both_stored_and_both_answered(
    serve: Serve, provider: ScriptedProvider, database_url: str
) -> None:
    async with Chat(serve(database_url=database_url).url) as chat:
        thread = thread_of(await chat.say("First"))
        provider.script(Text("An answer"), Text("Another"))
        await asyncio.gather(chat.say("Second", thread), chat.say("Third", thread))
        items = await chat.items(thread)
        assert sorted(texts_of(items, "user_message")) == ["First", "Second", "Third"]
        assert {"An answer", "Another"} < set(texts_of(items))
        assert await positions_are_unique(chat, thread)


async def test_of_two_first_messages_at_once_one_gets_the_file_that_both_name(
    serve: Serve, provider: ScriptedProvider, database_url: str, tmp_path: Path
) -> None:
    provider.script(Text("I see."), Text("I see."))
    served = serve(database_url=database_url, files_url=str(tmp_path / "files"))
    async with Chat(served.url) as chat:
        attachment = (await send(chat, b"Read this")).json()["id"]
        both = await asyncio.gather(
            *(
                chat.post("threads.create", input=message("Hello", attachments=[attachment]))
                for _ in range(2)
            )
        )
        assert sorted(response.status_code for response in both) == [200, 404]
        (refused,) = [response for response in both if response.status_code == 404]
        error = refused.json()["error"]
        assert (error["code"], error["field"]) == ("not_found", "params.input.attachments")
        assert len((await chat.ask("threads.list"))["data"]) == 1


async def test_a_retry_during_an_answer_stops_it_and_takes_its_place(
    serve: Serve, provider: ScriptedProvider, database_url: str
) -> None:
    provider.script(HANGING, Text("The whole answer"))
    async with Chat(serve(database_url=database_url).url) as chat:
        async with chat.streaming("threads.create", input=message("Count")) as events:
            seen = await read_until(events, "one two three")
            thread, asked = thread_of(seen), seen[1]["item"]["id"]
            again = await chat.stream("threads.retry_after_item", thread_id=thread, item_id=asked)
            # The first stream ends; nobody waits for it for ever.
            rest = [event async for event in events]
        assert streamed_text(again) == "The whole answer"
        assert "error" not in [event["type"] for event in rest]
        assert texts_of(await chat.items(thread)) == ["The whole answer"]
    assert await provider.requests[0].until_closed_early()


async def test_two_retries_at_once_leave_one_answer(
    serve: Serve, provider: ScriptedProvider, database_url: str
) -> None:
    async with Chat(serve(database_url=database_url).url) as chat:
        events = await chat.say("Hello")
        thread, asked = thread_of(events), events[1]["item"]["id"]
        provider.script(*(Text("Again") for _ in range(5)))
        retries = (
            chat.stream("threads.retry_after_item", thread_id=thread, item_id=asked)
            for _ in range(5)
        )
        await asyncio.gather(*retries)
        items = await chat.items(thread)
        assert texts_of(items, "user_message") == ["Hello"]
        assert texts_of(items) == ["Again"]
        assert await positions_are_unique(chat, thread)


async def test_a_delete_during_an_answer_stops_it_and_leaves_nothing(
    serve: Serve, provider: ScriptedProvider, database_url: str
) -> None:
    provider.script(HANGING)
    async with Chat(serve(database_url=database_url, debug=True).url) as chat:
        async with chat.streaming("threads.create", input=message("Count")) as events:
            thread = thread_of([await anext(events)])
            assert await provider.until_called(1)
            await chat.ask("threads.delete", thread_id=thread)
            rest = [event async for event in events]
        assert "error" not in [event["type"] for event in rest]
        assert (await chat.http.get("/debug/threads")).json()["threads"] == []
    assert await provider.requests[0].until_closed_early()


async def test_nobody_stops_an_answer_in_somebody_elses_thread(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Hang(1, "one two"))
    url = serve().url
    async with (
        Chat(url, user="ada") as ada,
        Chat(url, user="mallory") as mallory,
        ada.streaming("threads.create", input=message("Count")) as events,
    ):
        thread = thread_of([await anext(events)])
        asked = (await anext(events))["item"]["id"]
        assert await provider.until_called(1)
        for operation in ("threads.delete", "threads.retry_after_item"):
            refused = await mallory.post(operation, thread_id=thread, item_id=asked)
            assert refused.status_code == 404
        assert not provider.requests[0].closed_early
        assert texts_of(await ada.items(thread), "user_message") == ["Count"]


async def test_an_answer_whose_thread_is_deleted_by_another_replica_is_dropped(
    serve: Serve, provider: ScriptedProvider, postgres_url: str
) -> None:
    provider.script(Text("A long answer that takes its time", delay=0.05))
    replicas = [serve(database_url=postgres_url, debug=True) for _ in range(2)]
    async with Chat(replicas[0].url) as chat, Chat(replicas[1].url) as other:
        async with chat.streaming("threads.create", input=message("Count")) as events:
            thread = thread_of([await anext(events)])
            assert await provider.until_called(1)
            await other.ask("threads.delete", thread_id=thread)
            rest = [event async for event in events]
        assert rest[-1]["type"] == "error"
        assert (await chat.http.get("/debug/threads")).json()["threads"] == []


async def test_twenty_users_at_once_lose_nothing_and_see_only_their_own(
    serve: Serve, database_url: str
) -> None:
    url = serve(database_url=database_url).url

    async def use(number: int) -> None:
        async with Chat(url, user=f"user {number}") as chat:
            thread = thread_of(await chat.say("0"))
            for turn in range(1, 3):
                await chat.say(f"{turn}", thread)
            items = await chat.items(thread)
            assert texts_of(items, "user_message") == ["0", "1", "2"]
            assert len(texts_of(items)) == 3
            assert len((await chat.ask("threads.list"))["data"]) == 1

    await asyncio.gather(*(use(number) for number in range(20)))
