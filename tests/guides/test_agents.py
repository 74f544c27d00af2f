"""docs/agents.md: its code answers on a real server."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, set_tracing_disabled
from agents.models.openai_responses import OpenAIResponsesModel
from openai import AsyncOpenAI

from tests.chatting import Chat, streamed_text, texts_of, thread_of
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls

GUIDE = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The guide's modules, each under the name in its first line."""
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "my_app").mkdir()
    for name, block in re.findall(r"```python\n# (my_app/\w+\.py)\n(.*?)```", GUIDE, re.DOTALL):
        (tmp_path / name).write_text(block, encoding="utf-8")
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_app"]:
        del sys.modules[name]
    set_tracing_disabled(False)


async def test_the_agent_uses_its_tool(serve: Serve, provider: ScriptedProvider) -> None:
    provider.script(ToolCalls([("open_orders", "{}")]), Text("Order 7 comes."))
    async with Chat(serve(agent="my_app.agents:support").url, user="ada") as chat:
        events = await chat.say("What is open?")
    assert streamed_text(events) == "Order 7 comes."
    assert "Looking for your orders" in str(events)
    assert "ada waits for order 7." in str(provider.requests[-1].body)


async def test_the_function_makes_an_agent(serve: Serve, provider: ScriptedProvider) -> None:
    async with Chat(serve(agent="my_app.agents:for_plan").url) as chat:
        await chat.say("Hello")
    assert "You help customers" in str(provider.requests[-1].body)


async def test_the_desk_has_its_agent_and_its_actions(
    serve: Serve, provider: ScriptedProvider
) -> None:
    async with Chat(serve(agent="my_app.desk:Desk").url) as chat:
        thread = thread_of(await chat.say("Hello"))
        action = {"type": "close", "payload": {}}
        await chat.stream("threads.custom_action", thread_id=thread, item_id=None, action=action)
        assert texts_of(await chat.items(thread))[-1] == "Done: close."
    assert "You help customers" in str(provider.requests[-1].body)


async def test_the_server_for_the_sdk_answers(serve: Serve, provider: ScriptedProvider) -> None:
    served = serve(agent="my_app.server:Assistant")
    # The guide's names a hosted model.
    client = AsyncOpenAI(
        base_url=provider.base_url, api_key="test-key", default_headers={"Connection": "close"}
    )
    agent: Agent[Any] = sys.modules["my_app.server"].Assistant.agent
    agent.model = OpenAIResponsesModel("scripted", client)
    provider.script(Text("one"), Text("two"))
    async with Chat(served.url) as chat:
        thread = thread_of(await chat.say("1"))
        await chat.say("2", thread)
        assert texts_of(await chat.items(thread)) == ["one", "two"]


async def test_the_tag_is_resolved(serve: Serve, provider: ScriptedProvider) -> None:
    tag = {"type": "input_tag", "id": "7", "text": "order", "group": "orders", "data": {}}
    async with Chat(serve(tag_resolver="my_app.tags:resolve").url, user="ada") as chat:
        await chat.say("", content=[tag])
    assert "Order 7 of ada: in the mail" in str(provider.requests[-1].body)


async def test_the_guardrail_brings_its_sentence(serve: Serve, provider: ScriptedProvider) -> None:
    provider.script(Text("It costs $7."))
    async with Chat(serve(agent="my_app.guarded:shop").url) as chat:
        events = await chat.say("What does it cost?")
        assert events[-1]["message"] == "Prices are on our page, not in this chat."
        assert texts_of(await chat.items(thread_of(events))) == []
