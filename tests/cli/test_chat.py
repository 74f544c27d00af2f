"""`chat`: a person tries a server in the terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.engine import Database
from tests.chatting import Chat
from tests.cli.conftest import Run
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Failure, Text

pytestmark = pytest.mark.slow


def test_a_piped_message_is_answered(serve: Serve, provider: ScriptedProvider, run: Run) -> None:
    provider.script(Text("Hello to you."))
    done = run("chat", "--url", serve().url, stdin="Hello\n")
    assert done.returncode == 0
    assert "assistant > Hello to you." in done.stdout


def test_threads_are_listed_opened_and_continued(
    serve: Serve, provider: ScriptedProvider, run: Run
) -> None:
    url = serve().url
    provider.script(Text("First answer."), Text("Second answer."))
    listed = run("chat", "--url", url, "--user", "ada", stdin="First question\n/threads\n")
    line = next(line for line in listed.stdout.splitlines() if "thr_" in line)
    thread, beginning = line.split()[0], line
    assert "First question" in beginning
    opened = run("chat", "--url", url, "--user", "ada", stdin=f"/open {thread}\nGo on\n")
    assert "you > First question" in opened.stdout
    assert "assistant > First answer." in opened.stdout
    assert "assistant > Second answer." in opened.stdout
    assert len(provider.requests[1].body["messages"]) == 4


def test_new_begins_another_thread(serve: Serve, provider: ScriptedProvider, run: Run) -> None:
    run("chat", "--url", serve().url, stdin="one\n/new\ntwo\n")
    assert len(provider.requests[1].body["messages"]) == 2


def test_a_thread_can_be_named_at_the_start(serve: Serve, run: Run) -> None:
    done = run("chat", "--url", serve().url, "--thread", "thr_none")
    assert done.returncode == 1
    assert "thr_none" in done.stderr


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/dance", "no command /dance"),
        ("/open", "Which one?"),
        ("/open thr_none", "no thread 'thr_none'"),
        ("/threads", "No threads yet."),
        ("/help", "/threads lists"),
    ],
)
def test_commands_are_answered(serve: Serve, run: Run, line: str, answer: str) -> None:
    assert answer in run("chat", "--url", serve().url, stdin=f"{line}\n").stdout


def test_a_server_that_does_not_run_is_told(run: Run) -> None:
    done = run("chat", "--url", "http://127.0.0.1:9", stdin="Hello\n")
    assert done.returncode == 1
    assert "Is the server running?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_answer_is_told_and_fails_a_script(
    serve: Serve, provider: ScriptedProvider, run: Run
) -> None:
    provider.script(Failure(429, "insufficient_quota", "no"))
    done = run("chat", "--url", serve().url, stdin="Hello\n")
    assert "quota" in done.stdout
    assert done.returncode == 1


async def test_it_can_show_a_client_secret(serve: Serve, run: Run) -> None:
    url = serve().url
    async with Chat(url, user="ada") as browser:
        secret = (await browser.http.post("/api/chatkit/session")).json()["client_secret"]
    options = ("chat", "--url", url, "--client-secret-env", "SECRET")
    done = run(*options, stdin="Hello\n", SECRET=secret)
    assert done.returncode == 0
    async with Chat(url, user="ada") as browser:
        assert len((await browser.ask("threads.list"))["data"]) == 1
    refused = run(*options, stdin="Hello\n", SECRET="ck_sess_none")
    assert refused.returncode == 1
    assert "no such client secret" in refused.stderr
    missing = run(*options)
    assert missing.returncode == 2
    assert "SECRET: is not set" in missing.stderr


# Documents

RULES = {
    "returns.md": ("Returns", "https://shop.example/returns", "Goods can be sent back in 30 days."),
    "rules/gifts.md": ("Gifts", None, "Gift cards cannot be sent back."),
}
CITED = ["[1] Returns, Rules, https://shop.example/returns", "[2] Gifts, Rules, rules/gifts.md"]


@pytest.fixture
def shop(serve: Serve, tmp_path: Path) -> str:
    """The address of a server whose answers use two documents."""
    asyncio.run(_take_in_rules(f"sqlite:///{tmp_path / 'chat.db'}"))
    return serve(retrieval="context", retrieval_threshold=0.1).url


async def _take_in_rules(address: str) -> None:
    database = await Database.open(address)
    await database.make_ready()
    for source, (title, url, text) in RULES.items():
        chunk = NewChunk(text, (title, "Rules"), 0)
        document = NewDocument(source, "hash", title, url, [chunk])
        await ChunkStore(database).put_document("shop", document)
    await database.close()


def test_sources_stand_in_the_answer_and_are_listed_after_it(
    shop: str, provider: ScriptedProvider, run: Run
) -> None:
    # The second passage is cited first; those who read see no gaps and no order of passages.
    provider.script(Text("Goods in 30 days [2], no cards [1]. Not after 30 days [2]; see [7]."))
    done = run("chat", "--url", shop, stdin="Can goods and gift cards be sent back?\n/threads\n")
    assert done.returncode == 0
    assert "Searched the documents." in done.stdout
    text, _, rest = done.stdout.partition("see [7].\n\n")
    assert text.endswith("Goods in 30 days[1], no cards[2]. Not after 30 days[1]; ")
    assert rest.splitlines()[:2] == CITED
    assert rest.count("[1]") == 1
    thread = next(word for word in rest.split() if word.startswith("thr_"))
    again = run("chat", "--url", shop, stdin=f"/open {thread}\n").stdout
    said = "assistant > Goods in 30 days[1], no cards[2]. Not after 30 days[1]; see [7].\n\n"
    assert said + "\n".join(CITED) in again
    # Those of a message have none of the answer's.
    assert again.index("you > ") < again.index("assistant > ") < again.index("[1] Returns")
    assert again.count("[1] Returns") == 1


def test_every_answer_numbers_its_own_sources(
    shop: str, provider: ScriptedProvider, run: Run
) -> None:
    provider.script(Text("Goods can [1]."), Text("No [1]."), Text("None here."))
    asked = "Are goods sent back?\n/new\nHow about gift cards?\n/new\nHello\n"
    done = run("chat", "--url", shop, stdin=asked)
    listed = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert listed == [CITED[0], CITED[1].replace("[2]", "[1]")]


def test_a_search_that_finds_nothing_is_told(shop: str, run: Run) -> None:
    done = run("chat", "--url", shop, stdin="Hamlet?\n")
    assert "Found nothing in the documents." in done.stdout
    assert "[1]" not in done.stdout
