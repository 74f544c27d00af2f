"""docs/threads.md: its agent locks and closes threads, and what it says of refusals is true."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chatting import Chat, message, thread_of
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls

GUIDE = (Path(__file__).parents[2] / "docs" / "threads.md").read_text(encoding="utf-8")


@pytest.fixture
def url(serve: Serve, agent: str, flavour: str) -> str:
    """A server on which the guide's agent answers."""
    return serve(workflows=(agent,), model=(flavour,)).url


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The guide's agent, as a module in the folder that the server is started from."""
    [code] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "guide_of_threads.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    yield "default=guide_of_threads:support"
    sys.modules.pop("guide_of_threads", None)


@pytest.mark.parametrize(("tool", "status"), [("hand_over", "locked"), ("finish", "closed")])
async def test_the_agent_ends_the_input_of_a_thread(
    url: str, provider: ScriptedProvider, tool: str, status: str
) -> None:
    provider.script(ToolCalls([(tool, "{}")]), Text("Goodbye."))
    async with Chat(url) as chat:
        events = await chat.say("I want to talk to a person")
        thread = thread_of(events)
        [told] = [event["thread"] for event in events if event["type"] == "thread.updated"]
        assert told["status"]["type"] == status
        assert events[-1]["item"]["content"][0]["text"] == "Goodbye."
        loaded = await chat.ask("threads.get_by_id", thread_id=thread)
        assert loaded["status"] == told["status"]
        refused = await chat.post(
            "threads.add_user_message", thread_id=thread, input=message("Wait!")
        )
        assert refused.status_code == 409
        [example] = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
        if status == "locked":
            assert refused.json() == json.loads(example)
        # What the guide says stays possible.
        await chat.ask("threads.update", thread_id=thread, title="Handed over")
        listed = (await chat.ask("threads.list"))["data"]
        assert [(one["title"], one["status"]["type"]) for one in listed] == [
            ("Handed over", status)
        ]
        assert len(await chat.items(thread)) == 2
        await chat.ask("threads.delete", thread_id=thread)
    assert len(provider.requests) == 2
