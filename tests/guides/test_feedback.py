"""docs/feedback.md: its request, its commands and its SQL work."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.engine import Database
from chatkit_backend.store.feedback import FeedbackStore
from chatkit_backend.store.threads import ThreadStore
from tests.chatting import Chat, thread_of
from tests.conftest import Serve
from tests.store.examples import message, thread

pytestmark = pytest.mark.slow

GUIDE = (Path(__file__).parents[2] / "docs" / "feedback.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code of the guide in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


async def test_what_the_chat_sends_is_what_the_commands_write(
    serve: Serve, program: list[str], tmp_path: Path
) -> None:
    (request,), (commands,) = blocks("json"), blocks("sh")
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    served = serve(database_url=url)
    async with Chat(served.url) as chat:
        created = thread_of(await chat.say("Hello?"))
        _, answer = await chat.items(created)
        body = request.replace("$THREAD", created).replace("$ITEM", answer["id"])
        response = await chat.http.post("/api/chatkit", content=body)
    assert (response.status_code, response.json()) == (200, {})
    served.stop()
    first, _ = [run(program, line, url, tmp_path) for line in commands.splitlines()]
    written = json.loads(first)
    with (tmp_path / "feedback.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (written["kind"], row["kind"], row["question"]) == ("negative", "negative", "Hello?")
    named = re.findall(r"^\| (`[^|]+) \|", GUIDE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", "".join(named)) == list(written) == list(row)


def run(program: list[str], line: str, url: str, folder: Path) -> str:
    """What a command prints."""
    done = subprocess.run(  # noqa: S603 - our own program
        [*program, *shlex.split(line)[1:]],
        env={"PATH": os.environ["PATH"], "CHATKIT_DATABASE_URL": url},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
async def test_the_sql_works(database_url: str) -> None:
    database = await Database.open(database_url)
    await database.migrate()
    store, context = ThreadStore(database), RequestContext(User("ada"))
    await store.save_thread(thread(), context)
    for name in ("a", "b", "c"):
        await store.add_thread_item("thr_1", message(name), context)
    await FeedbackStore(database).record("thr_1", ["a", "b"], "negative", context)
    await FeedbackStore(database).record("thr_1", ["c"], "positive", context)
    await database.close()
    by_day, worst = (rows_of(database_url, statement) for statement in blocks("sql"))
    assert [row[1:] for row in by_day] == [(1, 2)]
    assert worst == [("thr_1", "ada", 2)]


def rows_of(url: str, statement: str) -> list[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            return file.execute(statement).fetchall()
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()
