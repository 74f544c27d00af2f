"""What CHATKIT_AGENT may name, and what is told where it names something else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agents import Agent

from chatkit_backend.chat.own.answering import Answering, load_answering
from chatkit_backend.chat.own.foreign import Stores
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import SettingsError
from chatkit_backend.store.later import ThreadStoreToCome
from tests.own_code import AGENT, OUR_SERVER, write_module

BUILT_IN = Agent[TurnContext](name="built-in")
ADA = RequestContext(User("ada"))
Write = Callable[[str], None]

_SDK = """
from agents import Agent
from chatkit.server import ChatKitServer
from chatkit_backend import ChatServer

class Base(ChatKitServer):
    async def respond(self, thread, input, context):
        yield
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes the module `own` into the folder that the server is started from."""
    monkeypatch.setattr("sys.path", list(sys.path))
    yield lambda code: write_module(tmp_path, "own", code)
    sys.modules.pop("own", None)


def answering(name: str, *workflows: str) -> Answering:
    return load_answering(f"own:{name}", workflows, BUILT_IN, Stores())


@pytest.mark.parametrize(
    ("name", "instructions"),
    [
        ("support", "You are the support desk."),
        ("for_user", "You serve ada."),
        ("for_user_later", "You serve ada."),
        ("ready_made", "You are the support desk."),
    ],
)
async def test_an_agent_or_a_function_that_makes_one(
    write: Write, name: str, instructions: str
) -> None:
    write(AGENT)
    agent = await answering(name).workflows.agent(ADA)
    assert agent.instructions == instructions


async def test_workflow_ids_still_choose_among_agents(write: Write) -> None:
    write(AGENT + "\nother = Agent(name='other')\n")
    found = answering("support", "wf_1=own:other")
    assert found.workflows.by_id["wf_1"].name == "other"  # type: ignore[union-attr] # an agent
    assert (await found.workflows.agent(ADA)).name == "support"


async def test_our_server_keeps_the_workflows(write: Write) -> None:
    write(OUR_SERVER + "\nfrom agents import Agent\nother = Agent(name='other')\n")
    found = answering("Echo", "default=own:other")
    assert issubclass(found.server, ChatServer)
    assert (await found.workflows.agent(ADA)).name == "other"


async def test_our_server_can_bring_its_agent(write: Write) -> None:
    write(_SDK + "\nclass Desk(ChatServer):\n    agent = Agent(name='desk')\n")
    assert (await answering("Desk").workflows.agent(ADA)).name == "desk"


@pytest.mark.parametrize(
    "constructor",
    [
        "pass",
        "def __init__(self, store): super().__init__(store)",
        "def __init__(self, my_threads): super().__init__(my_threads)",
        "def __init__(self, my_threads, /): super().__init__(my_threads)",
        "def __init__(self, *, store, file_store): super().__init__(store, file_store)",
        "def __init__(self, name='x', store=None): super().__init__(store)",
        "def __init__(self, *args, **kwargs): super().__init__(*args, **kwargs)",
        "def __init__(self, *args): super().__init__(*args)",
        "def __init__(self): super().__init__({})",
    ],
)
def test_another_server_is_made_with_our_stores(write: Write, constructor: str) -> None:
    write(f"{_SDK}\nclass Own(Base):\n    {constructor}\n")
    stores = Stores()
    found = load_answering("own:Own", (), BUILT_IN, stores)
    assert found.foreign is not None
    assert found.foreign.store is stores.threads
    assert found.foreign.attachment_store is stores.attachments
    assert found.runs_its_own_models


@pytest.mark.parametrize(
    "factory",
    [
        "def make(store): return Base(store)",
        "def make(): return Base({})",
        "def make(threads) -> Base: return Base(threads)",
        "from __future__ import annotations\ndef make(threads) -> Base: return Base(threads)",
        "make = Base({})",
    ],
)
def test_a_factory_or_a_ready_server(write: Write, factory: str) -> None:
    future, _, rest = factory.rpartition("annotations\n")
    write(f"{future}{'annotations' if future else ''}\n{_SDK}\n{rest}\n")
    stores = Stores()
    found = load_answering("own:make", (), BUILT_IN, stores)
    assert found.foreign is not None
    assert found.foreign.store is stores.threads


def test_a_second_name_of_the_store_is_ours_too(write: Write) -> None:
    write(
        f"{_SDK}\nclass Own(Base):\n    def __init__(self):\n"
        "        self.data = {}\n        super().__init__(self.data)\n"
    )
    stores = Stores()
    found = load_answering("own:Own", (), BUILT_IN, stores)
    assert found.foreign.data is stores.threads  # type: ignore[union-attr] # as written above


def test_an_attachment_store_of_their_own_stays(write: Write) -> None:
    write(f"{_SDK}\ntheirs = object()\nready = Base({{}}, theirs)\n")
    found = answering("ready")
    assert found.foreign is not None
    assert found.foreign.attachment_store is sys.modules["own"].theirs


def test_one_object_that_is_both_of_their_stores_stays_the_one_of_attachments(write: Write) -> None:
    write(f"{_SDK}\nboth = object()\nready = Base(both, both)\n")
    stores = Stores()
    found = load_answering("own:ready", (), BUILT_IN, stores)
    assert found.foreign is not None
    assert found.foreign.store is stores.threads
    assert found.foreign.attachment_store is sys.modules["own"].both


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = 1", "own:x is int"),
        ("class x: pass", "own:x is the class x"),
        ("y = 1", r"own\.py has no 'x'"),
        ("def x(a, b): pass", "one argument, the RequestContext"),
        ("def x(): return 1", "own:x is int"),
        ("async def x(store): pass", "no async function"),
        ("class x(Base):\n    def __init__(self, store, redis): pass", "wants 'redis'"),
        ("class x(ChatKitServer): pass", "cannot be made: TypeError.*abstract"),
        ("1 / 0", r"ZeroDivisionError: division by zero \(.*own\.py, line 10\)"),
        ("import json\njson.loads('')", r"JSONDecodeError.* \(.*own\.py, line 11\)"),
        ("def f(:", r"SyntaxError.*own\.py, line 10\)"),
        ("import nowhere_at_all", r"No module named 'nowhere_at_all' \(.*own\.py, line 10\)"),
        ("exit()", r"SystemExit.*own\.py, line 10\)"),
        (
            "class x(Base):\n    def __init__(self, store): 1 / 0",
            r"own:x cannot be made: ZeroDivisionError.*own\.py, line 11\)",
        ),
        (
            "class x(Base):\n    def __init__(self, store): store.load_thread('a', 1).send(None)",
            "can be used when the server runs",
        ),
    ],
)
def test_what_cannot_answer_is_told_with_its_place(write: Write, code: str, problem: str) -> None:
    write(f"{_SDK}\n{code}\n")
    with pytest.raises(SettingsError, match=f"(?s)CHATKIT_AGENT: .*{problem}"):
        answering("x")


@pytest.mark.parametrize(
    ("agent", "problem"),
    [
        ("def agent(self, context): pass", "gets no self.* one argument, the RequestContext"),
        ("agent = 'desk'", "Desk.agent is str"),
        ("agent = Agent", "Desk.agent is the class Agent"),
    ],
)
def test_an_agent_of_our_server_that_cannot_answer_is_told_at_the_start(
    write: Write, agent: str, problem: str
) -> None:
    write(f"{_SDK}\nclass Desk(ChatServer):\n    {agent}\n")
    with pytest.raises(SettingsError, match=f"CHATKIT_AGENT: .*{problem}"):
        answering("Desk")


def test_a_module_that_is_not_there_is_told_with_the_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"no module 'nowhere' in {tmp_path}"):
        load_answering("nowhere.at.all:x", (), BUILT_IN, Stores())


def test_two_defaults_are_refused(write: Write) -> None:
    write(f"{AGENT}\n{_SDK}\nclass Desk(ChatServer):\n    agent = support\n")
    for name in ("support", "Desk"):
        with pytest.raises(SettingsError, match=r"CHATKIT_WORKFLOWS: .*leave out one"):
            answering(name, "wf_1=own:support", "default=own:support")


def test_another_server_chooses_its_agents_itself(write: Write) -> None:
    write(f"{AGENT}\n{_SDK}")
    with pytest.raises(SettingsError, match=r"CHATKIT_WORKFLOWS: .*chooses its agents itself"):
        answering("Base", "wf_1=own:support")


def test_one_object_may_be_both_stores_of_a_server(write: Write) -> None:
    write(_SDK + "\nboth = object()\nready = Base(both, both)\nready.copy = both\n")
    found = answering("ready")
    both = sys.modules["own"].both
    assert found.foreign is not None
    assert found.foreign.attachment_store is both
    assert isinstance(found.foreign.store, ThreadStoreToCome)
    assert vars(found.foreign)["copy"] is found.foreign.store
    assert found.keeps_its_own_files
