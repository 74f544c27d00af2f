"""The SDK's own code on our store: what it computes with what it loads."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from agents import RunResultStreaming
from agents.stream_events import RawResponsesStreamEvent
from chatkit.agents import AgentContext, stream_agent_response
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.types import (
    AssistantMessageItem,
    DurationSummary,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    Workflow,
    WorkflowItem,
)
from openai.types.responses import ResponseOutputItemAddedEvent, ResponseOutputMessage

from chatkit_backend.context import RequestContext
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import message, thread


class OneMessage:
    """A run that starts one message: a new visible item, so the SDK ends the open workflow."""

    async def stream_events(self) -> AsyncIterator[RawResponsesStreamEvent]:
        started = ResponseOutputMessage(
            id="msg_new", content=[], role="assistant", status="in_progress", type="message"
        )
        yield RawResponsesStreamEvent(
            data=ResponseOutputItemAddedEvent(
                item=started,
                output_index=0,
                sequence_number=0,
                type="response.output_item.added",
            )
        )


async def run(
    store: ThreadStore, context: RequestContext, events: object
) -> list[ThreadStreamEvent]:
    agent_context: AgentContext[RequestContext] = AgentContext(
        thread=thread(), store=store, request_context=context
    )
    result = cast("RunResultStreaming", events)
    return [event async for event in stream_agent_response(agent_context, result)]


async def test_a_turn_that_continues_a_stored_workflow_tells_how_long_it_took(
    store: ThreadStore, alice: RequestContext
) -> None:
    """Pitfall 4: with any other aware time this is a TypeError in the middle of the answer."""
    started = datetime.now(UTC) - timedelta(seconds=42)
    await store.save_thread(thread(), alice)
    await store.add_thread_item(
        "thr_1",
        WorkflowItem(
            id="wf_1",
            thread_id="thr_1",
            created_at=started.astimezone().replace(tzinfo=None),
            workflow=Workflow(type="reasoning", tasks=[]),
        ),
        alice,
    )
    events = await run(store, alice, OneMessage())
    done = [event.item for event in events if isinstance(event, ThreadItemDoneEvent)]
    assert [item.id for item in done] == ["wf_1"]
    assert isinstance(done[0], WorkflowItem)
    assert isinstance(done[0].workflow.summary, DurationSummary)
    assert 42 <= done[0].workflow.summary.duration < 47


async def test_a_workflow_that_stays_open_at_the_end_of_a_run_is_stored_once(
    store: ThreadStore, alice: RequestContext
) -> None:
    """Pitfall 3, by the SDK itself: it adds the item that it loaded."""

    async def nothing() -> AsyncIterator[RawResponsesStreamEvent]:
        none: list[RawResponsesStreamEvent] = []
        for event in none:
            yield event

    await store.save_thread(thread(), alice)
    open_workflow = WorkflowItem(
        id="wf_1",
        thread_id="thr_1",
        created_at=datetime.now(UTC),
        workflow=Workflow(type="custom", tasks=[]),
    )
    await store.add_thread_item("thr_1", open_workflow, alice)
    await run(store, alice, SimpleNamespace(stream_events=nothing))
    page = await store.load_thread_items("thr_1", None, 10, "asc", alice)
    assert [item.id for item in page.data] == ["wf_1"]


class Echo(ChatKitServer[RequestContext]):
    """A server as the SDK's documentation has it."""

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        item_id = self.store.generate_item_id("message", thread, context)
        yield ThreadItemDoneEvent(item=message(item_id, "Echo", thread.id))


async def ask(server: Echo, context: RequestContext, kind: str, **params: Any) -> Any:
    body = json.dumps({"type": kind, "params": params})
    result = await server.process(body, context)
    if isinstance(result, StreamingResult):
        frames = [frame async for frame in result]
        return [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    return json.loads(result.json)


async def test_a_server_of_the_sdk_runs_on_this_store(
    store: ThreadStore, alice: RequestContext, bob: RequestContext
) -> None:
    server = Echo(store)
    said = {
        "content": [{"type": "input_text", "text": "Hi"}],
        "attachments": [],
        "inference_options": {},
    }
    events = await ask(server, alice, "threads.create", input=said)
    thread_id = events[0]["thread"]["id"]
    assert [event["type"] for event in events].count("thread.item.done") == 2

    loaded = await ask(server, alice, "threads.get_by_id", thread_id=thread_id)
    assert [item["type"] for item in loaded["items"]["data"]] == [
        "user_message",
        "assistant_message",
    ]
    assert all(item["created_at"].endswith("Z") for item in loaded["items"]["data"])
    assert loaded["created_at"].endswith("Z")

    retried = loaded["items"]["data"][0]["id"]
    await ask(server, alice, "threads.retry_after_item", thread_id=thread_id, item_id=retried)
    items = await ask(server, alice, "items.list", thread_id=thread_id, order="asc")
    assert items["data"][0]["id"] == retried
    assert len(items["data"]) == 2

    await ask(server, alice, "threads.update", thread_id=thread_id, title="New")
    listed = await ask(server, alice, "threads.list", limit=9999)
    assert [found["title"] for found in listed["data"]] == ["New"]
    assert (await ask(server, bob, "threads.list"))["data"] == []
    await ask(server, alice, "threads.delete", thread_id=thread_id)
    assert (await ask(server, alice, "threads.list"))["data"] == []


async def test_an_item_of_the_sdk_can_be_edited_and_saved_back(
    store: ThreadStore, alice: RequestContext
) -> None:
    await store.save_thread(thread(), alice)
    await store.add_thread_item("thr_1", message("m"), alice)
    item = await store.load_item("thr_1", "m", alice)
    assert isinstance(item, AssistantMessageItem)
    copied = item.model_copy(deep=True)
    copied.content[0].text = "edited"
    await store.save_item("thr_1", copied, alice)
    assert await store.load_item("thr_1", "m", alice) == copied
