"""`serve --agent` and `serve --reload`, with what teams bring, in a process of its own."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.chatting import Chat, message, read_until, streamed_text, texts_of, thread_of
from tests.cli.conftest import Run, Start
from tests.conftest import CHAT_COMPLETIONS, RESPONSES
from tests.own_code import AGENT, OUR_SERVER, sdk_server, write_module
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Hang, Text, ToolCalls

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_OUR_SERVER = """
from chatkit_backend import ChatServer
class x(ChatServer):
    def __init__(self, parts):
        1 / 0
"""
_SDK_SERVER = """
from chatkit.server import ChatKitServer
class x(ChatKitServer):
    def respond(self, *_):
        pass
    def __init__(self, store):
        1 / 0
"""


@pytest.mark.parametrize("name", ["support", "for_user_later"])
async def test_an_agent_answers_with_its_tools(
    start: Start, provider: ScriptedProvider, tmp_path: Path, name: str
) -> None:
    write_module(tmp_path, "own", AGENT)
    provider.script(ToolCalls([("whoami", "{}")]), lambda body: Text(str(body["messages"][-1])))
    program = start("--agent", f"own:{name}")
    async with Chat(program.url, user="ada") as chat:
        assert "'ada'" in streamed_text(await chat.say("Who am I?"))
    banner = "".join(program.out)
    assert f"Agent      own:{name}" in banner
    assert "openai-compatible/scripted" in banner


async def test_a_server_of_ours_answers_as_it_wants(start: Start, tmp_path: Path) -> None:
    write_module(tmp_path, "own", OUR_SERVER)
    async with Chat(start(CHATKIT_AGENT="own:Echo").url) as chat:
        thread = thread_of(await chat.say("Hello"))
        action = {"type": "close", "payload": {}}
        await chat.stream("threads.custom_action", thread_id=thread, item_id=None, action=action)
        assert texts_of(await chat.items(thread)) == ["You said: Hello", "Done: close"]


@pytest.mark.parametrize(
    ("name", "flavour"),
    [("Assistant", CHAT_COMPLETIONS), ("make_assistant", RESPONSES), ("ready", RESPONSES)],
)
async def test_a_server_of_the_sdk_answers_and_keeps_its_threads(
    start: Start, provider: ScriptedProvider, tmp_path: Path, name: str, flavour: str
) -> None:
    write_module(tmp_path, "own", sdk_server(provider, flavour))
    provider.script(Text("one"), Text("two"))
    first = start("--agent", f"own:{name}")
    async with Chat(first.url) as chat:
        thread = thread_of(await chat.say("1"))
    banner = "".join(first.out)
    assert f"Agent      own:{name}" in banner
    assert "Model" not in banner
    first.stop()
    async with Chat(start("--agent", f"own:{name}").url) as chat:
        await chat.say("2", thread)
        assert texts_of(await chat.items(thread)) == ["one", "two"]
    assert "Traceback" not in first.output


async def test_every_worker_has_the_agent(
    start: Start, provider: ScriptedProvider, tmp_path: Path
) -> None:
    write_module(tmp_path, "own", AGENT)
    async with Chat(start("--agent", "own:support", "--workers", "2").url) as chat:
        await chat.say("Hello")
    assert "You are the support desk." in str(provider.requests[-1].body)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = 1 / 0", "own.py, line 1"),
        ("def x(:", "own.py, line 1"),
        ("import nowhere", "own.py, line 1"),
        ("y = 1", "has no 'x'"),
        (_OUR_SERVER, "own.py, line 5"),
        (_SDK_SERVER, "own.py, line 7"),
    ],
)
def test_what_cannot_answer_is_told_before_the_port_is_bound(
    run: Run, tmp_path: Path, code: str, problem: str
) -> None:
    write_module(tmp_path, "own", code)
    # A port that only root could bind, which nobody gets to see.
    done = run("serve", "--port", "1", "--agent", "own:x")
    assert done.returncode == 2
    assert done.stderr.startswith("The server was not started:\n  CHATKIT_AGENT: ")
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert "CHATKIT_PORT" not in done.stderr


def test_the_doctor_looks_at_it(run: Run, provider: ScriptedProvider, tmp_path: Path) -> None:
    write_module(tmp_path, "own", sdk_server(provider, "openai/scripted"))
    done = run("doctor", CHATKIT_AGENT="own:Assistant")
    assert "own:Assistant answers." in done.stdout
    assert "scripted is set up" not in done.stdout
    done = run("doctor", CHATKIT_AGENT="own:nothing")
    assert done.returncode == 1
    assert "CHATKIT_AGENT: own:nothing is not there" in done.stdout


async def test_a_change_of_the_code_is_served(
    start: Start, provider: ScriptedProvider, tmp_path: Path
) -> None:
    write_module(tmp_path, "own", AGENT)
    program = start("--agent", "own:support", "--reload")
    async with Chat(program.url) as chat:
        thread = thread_of(await chat.say("Hello"))

    async def instructed_with(words: str) -> bool:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            # The listener stays open, so no request is refused.
            async with Chat(program.url) as chat:
                await chat.say("Hello again", thread)
            if words in str(provider.requests[-1].body):
                return True
        return False

    assert await instructed_with("the support desk")
    (tmp_path / "own.py").write_text(AGENT.replace("the support desk", "a parrot"))
    assert await instructed_with("a parrot")
    assert "".join(program.out).count("is ready") == 1
    assert program.stop() == 0
    assert "Traceback" not in program.output


async def test_code_that_cannot_run_waits_for_the_next_change(
    start: Start, provider: ScriptedProvider, tmp_path: Path
) -> None:
    write_module(tmp_path, "own", AGENT)
    program = start("--agent", "own:support", "--reload")
    url = program.url
    (tmp_path / "own.py").write_text("def support(:\n")
    deadline = time.monotonic() + 120
    while "own.py, line 1" not in program.output:
        assert time.monotonic() < deadline, program.output
        await asyncio.sleep(0.1)
    assert "waits for the next change" in program.output
    assert "Traceback" not in program.output
    (tmp_path / "own.py").write_text(AGENT)
    async with Chat(url) as chat:
        assert streamed_text(await chat.say("Hello")) == "Hello from the scripted provider."


async def test_an_answer_under_way_does_not_hold_up_a_reload(
    start: Start, provider: ScriptedProvider, tmp_path: Path
) -> None:
    write_module(tmp_path, "own", AGENT)
    provider.script(Hang(3, "one two three four"))
    program = start("--agent", "own:support", "--reload", CHATKIT_SHUTDOWN_SECONDS="600")
    async with (
        Chat(program.url) as chat,
        chat.streaming("threads.create", input=message("Count")) as events,
    ):
        thread = thread_of(await read_until(events, "one two three"))
        (tmp_path / "own.py").write_text(AGENT.replace("the support desk", "a parrot"))
        async with Chat(program.url) as other:
            deadline = time.monotonic() + 120
            while "a parrot" not in str(provider.requests[-1].body):
                assert time.monotonic() < deadline
                # It may itself be under way when the server begins anew.
                with suppress(httpx2.TransportError):
                    await other.say("Hello")
    async with Chat(program.url) as chat:
        assert texts_of(await chat.items(thread)) == ["one two three"]


def test_reload_and_several_workers_are_refused(run: Run) -> None:
    done = run("serve", "--port", "0", "--workers", "2", "--reload")
    assert done.returncode == 2
    assert "CHATKIT_WORKERS: --reload serves with one process" in done.stderr
