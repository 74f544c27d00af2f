"""The workflow id of a session names the agent that answers."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agents import Agent, Model

from chatkit_backend.chat.agents import AgentRunner
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.own.workflows import Workflows, load_workflows
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.context import RequestContext, Session, User, Workflow
from chatkit_backend.errors import SettingsError
from chatkit_backend.store.threads import ThreadStore
from tests.chat.conftest import LocalChat, documents
from tests.provider.server import ScriptedProvider

BUILT_IN = Agent[TurnContext](name="built-in")
Write = Callable[[str, str], None]


def asking_for(workflow_id: str, **variables: str) -> RequestContext:
    workflow = Workflow(workflow_id, state_variables=variables)
    return RequestContext(
        User("ada"), session=Session("cksess_1", datetime.now(UTC), workflow=workflow)
    )


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module into the folder that the server is started from."""
    monkeypatch.setattr("sys.path", list(sys.path))
    written = []

    def write_one(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        written.append(name)

    yield write_one
    for name in written:
        sys.modules.pop(name, None)


async def name_of(workflows: Workflows, context: RequestContext) -> str:
    return (await workflows.agent(context)).name


async def test_an_id_names_its_agent_and_any_other_the_default(write: Write) -> None:
    write(
        "my_agents",
        """
        from agents import Agent

        support = Agent(name="support")
        """,
    )
    workflows = load_workflows(("wf_abc=my_agents:support",), BUILT_IN)
    assert await name_of(workflows, asking_for("wf_abc")) == "support"
    assert await name_of(workflows, asking_for("wf_other")) == "built-in"
    assert await name_of(workflows, RequestContext(User("ada"))) == "built-in"


async def test_the_default_can_be_an_agent_of_the_teams(write: Write) -> None:
    write("my_default", 'from agents import Agent\n\nmain = Agent(name="main")\n')
    workflows = load_workflows(("default=my_default:main",), BUILT_IN)
    assert await name_of(workflows, asking_for("wf_other")) == "main"
    assert await name_of(workflows, RequestContext(User("ada"))) == "main"


@pytest.mark.parametrize("define", ["def", "async def"])
async def test_a_function_makes_the_agent_from_the_state_variables(
    write: Write, define: str
) -> None:
    write(
        "my_functions",
        f"""
        from agents import Agent


        {define} for_plan(context):
            return Agent(name=context.session.workflow.state_variables["plan"])
        """,
    )
    workflows = load_workflows(("wf_abc=my_functions:for_plan",), BUILT_IN)
    assert await name_of(workflows, asking_for("wf_abc", plan="pro")) == "pro"


async def test_a_function_that_gives_no_agent_is_a_mistake_that_is_told(write: Write) -> None:
    write("my_mistakes", "def nothing(context):\n    return None\n")
    workflows = load_workflows(("wf_abc=my_mistakes:nothing",), BUILT_IN)
    with pytest.raises(TypeError, match=r"gave NoneType, not an agents\.Agent"):
        await workflows.agent(asking_for("wf_abc"))


@pytest.mark.parametrize(
    ("code", "path", "problem"),
    [
        ("", "no_such_module_here:agent", "ModuleNotFoundError"),
        (
            "import agents\n\nx = 1 / 0\n",
            "my_broken:x",
            r"ZeroDivisionError.*my_broken\.py, line 3",
        ),
        ("def f(:\n", "my_broken:f", "SyntaxError"),
        ("x = 1\n", "my_broken:x", "is no agents.Agent"),
        ("x = 1\n", "my_broken:y", r"my_broken\.py has no 'y'"),
    ],
)
def test_what_cannot_be_loaded_is_told_with_its_place(
    write: Write, code: str, path: str, problem: str
) -> None:
    write("my_broken", code)
    with pytest.raises(SettingsError, match=f"CHATKIT_WORKFLOWS: {path}.*{problem}"):
        load_workflows((f"wf_1={path}",), BUILT_IN)


async def test_the_agent_of_the_session_answers(
    store: ThreadStore, model: Model, provider: ScriptedProvider
) -> None:
    support = Agent[TurnContext](name="support", instructions="You are the support desk.")
    runner = AgentRunner(Workflows(BUILT_IN, {"wf_abc": support}), model)
    parts = ChatParts(
        store=store,
        runner=runner,
        budget=HistoryBudget(16_000, 100),
        turns=RunningTurns(),
        documents=documents(store),
    )
    server = ChatServer(parts)
    chat = LocalChat(server, store, asking_for("wf_abc"))
    await chat.say("Hello")
    assert "You are the support desk." in str(provider.requests[-1].body)
    await replace(chat, context=asking_for("wf_other")).say("Hello")
    assert "You are the support desk." not in str(provider.requests[-1].body)


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_session_can_keep_its_runs_out_of_the_traces(model: Model, wanted: bool) -> None:
    runner = AgentRunner(Workflows(BUILT_IN), model, tracing_key="sk-test")
    session = Session("cksess_1", datetime.now(UTC), workflow=Workflow("wf_1", tracing=wanted))
    config = runner._run_config(RequestContext(User("ada"), session=session))
    assert config.tracing_disabled is not wanted
    assert not runner._run_config(RequestContext(User("ada"))).tracing_disabled
