"""A real disk that is full, as far as the process can tell, and what is there afterwards."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.chatting import Chat, message, texts_of, thread_of
from tests.cli.conftest import Start

pytestmark = pytest.mark.slow

# Enough for the tables and some messages in the write-ahead log.
LARGEST_FILE = 400_000


async def test_a_full_disk_refuses_messages_and_loses_none_that_was_acknowledged(
    start: Start,
) -> None:
    program = start(limit=(resource.RLIMIT_FSIZE, LARGEST_FILE))
    acknowledged: list[str] = []
    async with Chat(program.url) as chat:
        thread = thread_of(await chat.say("first"))
        for number in range(300):
            text = f"{number} " + "long " * 400
            response = await chat.post(
                "threads.add_user_message", thread_id=thread, input=message(text)
            )
            if response.status_code != 200:
                break
            if '"user_message"' in response.text:
                acknowledged.append(text)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        assert (await chat.http.get("/readyz")).status_code == 503
        assert (await chat.http.get("/healthz")).status_code == 200
        assert len(acknowledged) > 3
    program.stop()
    assert "Traceback" not in program.output
    async with Chat(start().url) as chat:
        assert (await chat.http.get("/readyz")).status_code == 200
        stored = texts_of(await chat.items(thread), "user_message")
        assert [text for text in stored if text in acknowledged] == acknowledged
        await chat.say("There is room again", thread)


async def test_a_file_that_may_not_be_written_to_is_refused_at_the_start(
    start: Start, tmp_path: Path
) -> None:
    program = start(limit=(resource.RLIMIT_FSIZE, 0))
    assert program.wait() == 2
    assert "CHATKIT_DATABASE_URL" in program.output
    assert "Traceback" not in program.output
