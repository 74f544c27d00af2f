"""docs/widgets.md: its template and its code work against a real server."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from chatkit_backend.chat.events.widgets import MAX_TOLD
from tests.chatting import Chat, texts_of, thread_of
from tests.conftest import Serve
from tests.conversation import shown
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls

GUIDE = (Path(__file__).parents[2] / "docs" / "widgets.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code of the guide in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the guide's app, in which a server is started."""
    (tmp_path / "my_app").mkdir()
    (template,) = blocks("json")
    (tmp_path / "my_app" / "ticket.widget").write_text(template, encoding="utf-8")
    for code in blocks("python"):
        (name,) = re.findall(r"\A# (\S+)\n", code)
        (tmp_path / name).write_text(code, encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_app"]:
        monkeypatch.delitem(sys.modules, name)


async def test_a_tool_shows_a_widget_that_grows_and_its_button_changes_it(
    serve: Serve, provider: ScriptedProvider
) -> None:
    (setting,) = re.findall(r"^CHATKIT_ACTIONS=(\S+)", GUIDE, re.MULTILINE)
    served = serve(actions=setting, workflows=("default=my_app.agents:support",))
    provider.script(ToolCalls([("show_ticket", '{"number": 7}')]), Text("Here it is."))
    async with Chat(served.url, user="ada") as chat:
        events = await chat.say("Show me ticket 7")
        thread = thread_of(events)
        grown = [event["update"].get("delta") for event in events if "update" in event]
        assert grown[:2] == [" it up", ": open"]
        widget = next(i for i in await chat.items(thread) if i["type"] == "widget")
        button = widget["widget"]["children"][2]["onClickAction"]
        for operation in ("threads.custom_action", "threads.sync_custom_action"):
            response = await chat.post(
                operation, thread_id=thread, item_id=widget["id"], action=button
            )
            assert response.status_code == 200, response.text
            assert "Closed by ada" in response.text
        misfit = await chat.post(
            "threads.custom_action",
            thread_id=thread,
            item_id=widget["id"],
            action={**button, "payload": {"number": "x"}},
        )
        assert misfit.json()["error"]["field"] == "params.action.payload.number"
        await chat.say("And now?", thread)
    told = str(shown(provider.requests[-1]))
    assert "Ticket 7, closed." in told
    assert "The user closed ticket 7." in told


async def test_an_action_lets_the_agent_answer(serve: Serve, provider: ScriptedProvider) -> None:
    async with Chat(serve(actions="my_app.more:actions").url) as chat:
        thread = thread_of(await chat.say("Hello"))
        provider.script(Text("It was a nail."))
        events = await chat.stream(
            "threads.custom_action", thread_id=thread, action={"type": "ticket.explain"}
        )
        assert [event["type"] for event in events[:2]] == ["stream_options", "progress_update"]
        assert texts_of(await chat.items(thread))[-1] == "It was a nail."
    assert "what happened with this ticket" in str(shown(provider.requests[-1]))


def test_the_guide_names_how_much_of_a_widget_the_model_reads() -> None:
    assert f"{MAX_TOLD:,} characters" in GUIDE
