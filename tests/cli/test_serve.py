"""`serve`: starts with a banner, refuses with a sentence, stops without losing text."""

from __future__ import annotations

import json
import signal
import socket

import pytest

from chatkit_backend.cli import serve
from chatkit_backend.settings import load_settings
from tests.chatting import Chat, message, read_until, streamed_text, texts_of, thread_of
from tests.cli.conftest import Run, Start
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Failure, Hang

pytestmark = pytest.mark.slow


async def test_it_says_what_it_uses_and_answers(start: Start) -> None:
    program = start()
    async with Chat(program.url) as chat:
        await chat.say("Hello")
    banner = "".join(program.out)
    for part in ("sqlite:///chatkit.db", "openai-compatible/scripted", "dev:", "chat --url"):
        assert part in banner


async def test_the_demo_model_says_how_to_connect_a_real_one(start: Start) -> None:
    program = start(CHATKIT_MODEL="")
    async with Chat(program.url) as chat:
        answer = streamed_text(await chat.say("Hello"))
    assert "demo model" in answer
    for variable in ("OPENAI_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY"):
        assert variable in answer
        assert variable in "".join(program.out)


async def test_a_thread_outlives_a_restart(start: Start) -> None:
    first = start()
    async with Chat(first.url) as chat:
        thread = thread_of(await chat.say("Remember me"))
    first.stop()
    async with Chat(start().url) as chat:
        assert texts_of(await chat.items(thread), "user_message") == ["Remember me"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"CHATKIT_HOST": "0.0.0.0"}, "CHATKIT_HOST"),  # noqa: S104 - it is refused
        ({"CHATKIT_DATABASE_URL": "sqlite:////nowhere/at/all/chat.db"}, "CHATKIT_DATABASE_URL"),
        ({"CHATKIT_MODEL": "watson/deep"}, "CHATKIT_MODEL"),
        ({"CHATKIT_MODEL": "gemini/some-model"}, "GEMINI_API_KEY"),
        ({"CHATKIT_CORS_ORIGINS": "*"}, "CHATKIT_CORS_ORIGINS"),
        ({"CHATKIT_HISTORY_ITEMS": "none"}, "CHATKIT_HISTORY_ITEMS"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(
    run: Run, changes: dict[str, str], name: str
) -> None:
    done = run("serve", "--port", "0", **changes)
    assert done.returncode == 2
    assert done.stderr.startswith("The server was not started:")
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_refused_with_a_sentence(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "CHATKIT_PORT" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_mistyped_setting_is_noticed(start: Start) -> None:
    program = start(CHATKIT_DATABSE_URL="sqlite:///x.db")
    assert program.url
    program.stop()
    assert "CHATKIT_DATABSE_URL" in "".join(program.err)


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
async def test_an_answer_under_way_is_kept_when_it_stops(
    start: Start, provider: ScriptedProvider, kind: signal.Signals
) -> None:
    provider.script(Hang(3, "one two three four"))
    program = start()
    async with (
        Chat(program.url) as chat,
        chat.streaming("threads.create", input=message("Count")) as events,
    ):
        seen = await read_until(events, "one two three")
        program.stop(kind)
    assert "Traceback" not in program.output
    async with Chat(start().url) as chat:
        assert texts_of(await chat.items(thread_of(seen))) == ["one two three"]


async def test_logs_are_json_on_stderr_and_hold_no_key(
    start: Start, provider: ScriptedProvider
) -> None:
    key = "sk-a-key-that-stays-secret"
    provider.script(Failure(401, "invalid_api_key", f"Incorrect API key provided: {key}"))
    program = start()
    async with Chat(program.url) as chat:
        events = await chat.say("my private words")
    program.stop()
    lines = [json.loads(line) for line in program.err]
    failure = next(line for line in lines if line["level"] == "error")
    assert (failure["status"], failure["code"]) == (401, "invalid_api_key")
    assert key not in program.output + json.dumps(events)
    assert "private words" not in program.output


def test_connections_do_not_wait_to_fill_a_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATKIT_PORT", "0")
    with (
        serve._listen(load_settings()) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_requests_are_not_logged_with_their_queries(start: Start) -> None:
    program = start()
    async with Chat(program.url, user="somebody-in-particular") as chat:
        await chat.ask("threads.list")
    program.stop()
    assert '"operation"' in program.output
    assert "somebody-in-particular" not in program.output
    assert "alembic" not in program.output
