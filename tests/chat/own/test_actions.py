"""Which functions can answer actions, and what is said of those that cannot."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, Model, RunContextWrapper, function_tool
from chatkit.actions import Action
from chatkit.errors import CustomStreamError
from chatkit.types import (
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadsSyncCustomActionReq,
    ThreadStreamEvent,
)
from chatkit.widgets import DynamicWidgetRoot
from pydantic import BaseModel

from chatkit_backend.chat.agents import AgentRunner
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.own.action_turns import ActionTurn
from chatkit_backend.chat.own.actions import FAILED, Actions, load_actions
from chatkit_backend.chat.own.workflows import Workflows
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import InvalidRequest, NotSupported, SettingsError
from chatkit_backend.store.threads import ThreadStore
from tests.chat.conftest import ADA, LocalChat, MakeChat, documents
from tests.chatting import thread_of
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Text, ToolCalls


class Ticket(BaseModel):
    id: int


@dataclass
class Point:
    x: int


def action(payload: Any = None) -> Action[str, Any]:
    return Action(type="a", payload=payload)


async def no_answer() -> AsyncIterator[ThreadStreamEvent]:
    nothing: list[ThreadStreamEvent] = []
    for event in nothing:
        yield event


@pytest.fixture
def turn(store: ThreadStore) -> ActionTurn:
    thread = ThreadMetadata(id="thr_1", created_at=datetime.now(UTC))
    return ActionTurn("a", thread, None, ADA, store, no_answer)


async def said(function: Callable[..., object], payload: Any, turn: ActionTurn) -> list[str]:
    actions = Actions()
    actions.on("a")(function)
    events = actions.fitting(action(payload)).events(turn)
    return [str(event.item) async for event in events if isinstance(event, ThreadItemDoneEvent)]


async def test_the_payload_comes_as_the_function_wants_it(turn: ActionTurn) -> None:
    def model(ticket: Ticket, turn: ActionTurn) -> object:
        return turn.say(f"ticket {ticket.id}")

    async def plain(turn: ActionTurn, payload: dict[str, Any] | None) -> object:
        return turn.say(f"payload {payload}")

    async def data(*, point: Point, turn: ActionTurn) -> object:
        return turn.say(f"point {point.x}")

    assert "ticket 3" in (await said(model, {"id": 3}, turn))[0]
    assert "payload {'a': 1}" in (await said(plain, {"a": 1}, turn))[0]
    assert "payload None" in (await said(plain, None, turn))[0]
    assert "point 4" in (await said(data, {"x": 4}, turn))[0]


async def test_a_function_that_waits_holds_nobody_up(turn: ActionTurn) -> None:
    def blocking(turn: ActionTurn) -> object:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return turn.say("done")

    assert "done" in (await said(blocking, None, turn))[0]


async def test_lists_and_generators_may_be_nested(turn: ActionTurn) -> None:
    async def inner() -> AsyncIterator[object]:
        yield [turn.say("two"), None]
        yield turn.say("three")

    async def outer() -> AsyncIterator[object]:
        yield turn.say("one")
        yield inner()

    one, two, three = await said(outer, None, turn)
    assert "one" in one
    assert "two" in two
    assert "three" in three


def test_a_type_has_one_function() -> None:
    actions = Actions()

    async def first() -> None: ...

    async def second() -> None: ...

    actions.on("a")(first)
    with pytest.raises(ValueError, match=r"'a'.* two functions: .*first and .*second"):
        actions.on("a")(second)


def no_annotation(ticket):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - what is refused
    return ticket


def two_payloads(ticket: Ticket, point: Point) -> None: ...


def many(*tickets: Ticket) -> None: ...


def yields(turn: ActionTurn) -> Iterator[ThreadStreamEvent]:
    yield turn.say("Hi")


def unknown(ticket: NowhereDefined) -> None: ...  # type: ignore[name-defined] # noqa: F821 - what is refused


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (no_annotation, r"no_annotation: annotate 'ticket' with the type of the payload"),
        (two_payloads, r"two_payloads: it takes one payload .* nothing can be given as 'point'"),
        (many, r"many: \*tickets.* cannot be filled"),
        (yields, r"yields: a function that yields has to be an `async def`"),
        (unknown, r"unknown: the type 'NowhereDefined' is not known"),
        (object(), r"goes on a function, not on object"),
    ],
)
def test_a_function_that_cannot_be_called_is_told_when_it_is_registered(
    function: Any, problem: str
) -> None:
    with pytest.raises(TypeError, match=rf"@actions\.on\('ticket\.close'\).*{problem}"):
        Actions().on("ticket.close")(function)


def test_a_payload_that_pydantic_cannot_check_is_told_when_it_is_registered() -> None:
    def close(store: ThreadStore) -> None: ...

    with pytest.raises(TypeError, match=r"pydantic cannot check .*ThreadStore"):
        Actions().on("a")(close)


async def test_an_action_whose_work_is_cancelled_by_others_fails_as_any_other(
    turn: ActionTurn,
) -> None:
    async def close() -> None:
        work = asyncio.create_task(asyncio.sleep(60))
        work.cancel()
        await work

    with pytest.raises(CustomStreamError, match=FAILED):
        await said(close, None, turn)


def test_the_decorator_needs_a_type() -> None:
    def close() -> None: ...

    with pytest.raises(TypeError, match="Name the type of the action"):
        Actions().on(close)  # type: ignore[arg-type] # the mistake


def test_an_unknown_action_is_refused_and_names_no_other() -> None:
    actions = Actions()
    with pytest.raises(NotSupported):
        actions.fitting(action())

    @actions.on("secret.one")
    async def secret() -> None: ...

    with pytest.raises(InvalidRequest) as refused:
        actions.fitting(Action(type="x" * 1000))
    assert "secret" not in refused.value.message
    assert len(refused.value.message) < 200


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes the module `my_actions` into the folder that the server is started from."""
    monkeypatch.setattr("sys.path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_actions", raising=False)

    def write_it(code: str) -> None:
        (tmp_path / "my_actions.py").write_text(textwrap.dedent(code), encoding="utf-8")

    return write_it


def test_the_setting_names_the_actions(write: Callable[[str], None]) -> None:
    write(
        """
        from chatkit_backend import Actions, ActionTurn

        actions = Actions()

        @actions.on("a")
        async def answer(payload: dict, turn: ActionTurn): ...
        """
    )
    load_actions("my_actions:actions").fitting(action({}))
    with pytest.raises(InvalidRequest):
        load_actions("my_actions:actions").fitting(action("no dict"))


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = 1\n", "is no chatkit_backend.Actions"),
        (
            """
            from chatkit_backend import Actions

            x = Actions()

            @x.on("a")
            def answer(payload): ...
            """,
            r"TypeError: @actions\.on\('a'\), my_actions\.answer: annotate 'payload'",
        ),
    ],
)
def test_what_cannot_be_loaded_is_told(
    write: Callable[[str], None], code: str, problem: str
) -> None:
    write(code)
    with pytest.raises(SettingsError, match=f"CHATKIT_ACTIONS: my_actions:x .*{problem}"):
        load_actions("my_actions:x")


class OwnServer(ChatServer):
    """A server of a team's that answers actions itself."""

    async def action(
        self, thread: ThreadMetadata, action: Any, sender: Any, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        turn = self._action_turn(thread, action, sender, context)
        yield turn.say(f"own {action.type}")


async def test_a_subclass_answers_its_actions_itself(store: ThreadStore, model: Model) -> None:
    parts = ChatParts(
        store=store,
        runner=AgentRunner(Workflows(Agent[TurnContext](name="assistant")), model),
        budget=HistoryBudget(16_000, 100),
        turns=RunningTurns(),
        documents=documents(store),
    )
    chat = LocalChat(OwnServer(parts), store)
    thread = thread_of(await chat.say("Hello"))
    sent = {"thread_id": thread, "action": {"type": "anything"}}
    events = await chat.stream("threads.custom_action", **sent)
    assert events[-1]["item"]["content"][0]["text"] == "own anything"
    sync = ThreadsSyncCustomActionReq.model_validate({"params": sent})
    with pytest.raises(NotSupported):
        await chat.server.answer(sync, chat.context)


@function_tool
async def show_progress(run: RunContextWrapper[TurnContext]) -> str:
    """Shows how far it is."""

    async def growing() -> AsyncIterator[DynamicWidgetRoot]:
        widget = DynamicWidgetRoot.model_validate(
            {"type": "Card", "children": [{"type": "Text", "id": "t", "value": "1"}]}
        )
        yield widget
        assert isinstance(widget.children, list)
        widget.children[0].value = "12"  # type: ignore[attr-defined] # a field of the template
        yield widget
        raise ValueError("no further")

    await run.context.stream_widget(growing())
    return "never"


async def test_a_widget_of_a_tool_that_fails_is_finished_as_it_was_last_shown(
    make_chat: MakeChat, provider: ScriptedProvider
) -> None:
    # The run goes on after a tool that failed, so nothing else would finish the widget.
    provider.script(ToolCalls([("show_progress", "{}")]), Text("That did not work."))
    chat = make_chat(tools=[show_progress])
    events = await chat.say("Show me")
    deltas = [event["update"].get("component_id") for event in events if "update" in event]
    assert "t" in deltas
    widgets = [item for item in await chat.items(thread_of(events)) if item.type == "widget"]
    assert [widget.widget.model_dump()["children"][0]["value"] for widget in widgets] == ["12"]
    assert len(provider.requests) == 2
