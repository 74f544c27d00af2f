"""examples/docs_helper answers from its folder, with citations."""

from __future__ import annotations

import pytest

from tests.chatting import Chat, texts_of, thread_of
from tests.examples.conftest import Start

# Starting a server takes long where many tests run.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


async def test_it_cites_the_handbook(start: Start) -> None:
    async with Chat(start("examples.docs_helper.app")) as chat:
        events = await chat.say("How many days of paid leave do I have?")
        items = await chat.items(thread_of(events))
        [answer] = texts_of(items)
        assert "27 days of paid leave" in answer
        cited = items[-1]["content"][0]["annotations"]
        assert cited[0]["source"]["url"] == "https://handbook.example.com/leave"
        # Its search is shown above the answer.
        assert [item["type"] for item in items][1] == "workflow"
