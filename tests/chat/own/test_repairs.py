"""What code of the team's calls in the SDKs by itself works as ours does."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from agents import set_tracing_disabled
from agents.tracing import set_trace_processors
from agents.tracing.processors import default_processor

from tests.chatting import Chat, streamed_text, thread_of
from tests.conftest import Serve
from tests.conversation import shown
from tests.own_code import sdk_server, write_module
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text
from tests.traces import SeenTraces

MODULE = "own_runs"

# Each runs an agent with the SDK alone, on the client and the model of the server above it.
_OWN_RUNS = """

from chatkit_backend import Actions, ActionTurn, ChatServer

runs = Assistant(None, None)


class Desk(ChatServer):
    async def respond(self, thread, input, context):
        runs.store = self.store
        async for event in runs.respond(thread, input, context):
            yield event

    async def sync_action(self, thread, action, sender, context):
        page = await self.store.load_thread_items(thread.id, None, 20, "asc", context)
        thread.title = str(await simple_to_agent_input(page.data))
        return SyncCustomActionResponse()


async def run_one():
    result = Runner.run_streamed(runs.agent, "Sum it up")
    async for _ in result.stream_events():
        pass
    return str(result.final_output)


actions = Actions()


@actions.on("sum")
async def sum_up(turn: ActionTurn):
    return turn.say(await run_one())


async def resolve(tag, context):
    return await run_one()
"""
ALL = {
    "agent": f"{MODULE}:Desk",
    "actions": f"{MODULE}:actions",
    "tag_resolver": f"{MODULE}:resolve",
}
TAG = {"type": "input_tag", "id": "t1", "text": "order", "data": {}}


@pytest.fixture(autouse=True)
def written(
    provider: ScriptedProvider, flavour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setattr("sys.path", list(sys.path))
    write_module(tmp_path, MODULE, sdk_server(provider, flavour) + _OWN_RUNS)
    set_tracing_disabled(False)  # as the SDK begins
    yield
    sys.modules.pop(MODULE, None)
    set_tracing_disabled(False)


@pytest.fixture
def seen() -> Iterator[SeenTraces]:
    processor = SeenTraces()
    set_trace_processors([processor])
    yield processor
    set_trace_processors([default_processor()])


async def _run_everything(chat: Chat) -> AsyncIterator[str]:
    """Runs an agent in an answer, in an action and for a tag; names each when it has run."""
    thread = thread_of(await chat.say("Hello"))
    yield "answer"
    action = {"type": "sum", "payload": {}}
    said = await chat.stream("threads.custom_action", thread_id=thread, item_id=None, action=action)
    assert said[-1]["type"] == "thread.item.done"
    yield "action"
    await chat.say("", content=[TAG])
    yield "tag and answer"


@pytest.mark.parametrize("agent", [f"{MODULE}:Desk", f"{MODULE}:Assistant"])
async def test_no_trace_of_any_run_is_made_unless_it_was_asked_for(
    serve: Serve, seen: SeenTraces, agent: str
) -> None:
    async with Chat(serve(**ALL | {"agent": agent}, tracing="off").url) as chat:
        async for what in _run_everything(chat):
            assert not seen.traces, what


async def test_every_run_is_traced_where_it_was_asked_for(serve: Serve, seen: SeenTraces) -> None:
    async with Chat(serve(**ALL, tracing="openai").url) as chat:
        made = [len(seen.traces) async for _ in _run_everything(chat)]
    assert made == [1, 2, 4]


async def test_an_answer_of_our_servers_subclass_has_the_repairs_too(
    serve: Serve, provider: ScriptedProvider
) -> None:
    provider.script(Text("one"), Text("about the order"), Text("two"))
    async with Chat(serve(**ALL).url) as chat:
        thread = thread_of(await chat.say("1"))
        assert streamed_text(await chat.say("", thread, content=[TAG])) == "two"
        action = {"type": "remember", "payload": {}}
        await chat.ask("threads.sync_custom_action", thread_id=thread, item_id=None, action=action)
        remembered = await chat.ask("threads.get_by_id", thread_id=thread)
    answer = provider.requests[2]
    assert ("assistant", "one") in shown(answer)
    assert "about the order" in str(answer.body)
    assert "@order" in remembered["title"]
