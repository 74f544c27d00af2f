"""A real disk that is full, as far as the process can tell, and what is there afterwards."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.chatting import Chat, message, texts_of, thread_of
from tests.cli.conftest import Start
from tests.uploading import announce, files_in, put, send

pytestmark = pytest.mark.slow

# Enough for the tables and some messages in the write-ahead log.
LARGEST_FILE = 600_000


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
            if '"type":"error"' in response.text:
                assert "The answer could not be stored." in response.text
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        # There may be room for a page or two, for which a message is too large.
        ready = [(await chat.http.get("/readyz")).status_code for _ in range(8)]
        assert ready[-1] == 503
        assert (await chat.http.get("/healthz")).status_code == 200
        assert len(acknowledged) > 3
    program.stop()
    assert "Traceback" not in program.output
    async with Chat(start().url) as chat:
        assert (await chat.http.get("/readyz")).status_code == 200
        stored = texts_of(await chat.items(thread), "user_message")
        assert [text for text in stored if text in acknowledged] == acknowledged
        await chat.say("There is room again", thread)


async def test_a_full_disk_refuses_files_and_leaves_nothing_of_them(
    start: Start, tmp_path: Path
) -> None:
    program = start(limit=(resource.RLIMIT_FSIZE, LARGEST_FILE))
    folder = tmp_path / "chatkit-files"
    large = b"a" * 2 * LARGEST_FILE
    async with Chat(program.url) as chat:
        attachment = await announce(chat, large)
        for response in (await put(attachment, large), await send(chat, large)):
            assert response.status_code == 503
            assert response.json()["error"]["code"] == "files_unavailable"
            assert int(response.headers["retry-after"]) > 0
        assert files_in(folder) == []
        assert (await send(chat, b"There is room for this")).status_code == 200
        thread_of(await chat.say("The chat goes on"))
    program.stop()
    assert program.output.count("files unavailable") == 2
    assert "File too large" in program.output
    assert "Traceback" not in program.output


async def test_a_file_that_may_not_be_written_to_is_refused_at_the_start(
    start: Start, tmp_path: Path
) -> None:
    program = start(limit=(resource.RLIMIT_FSIZE, 0))
    assert program.wait() == 2
    assert "CHATKIT_DATABASE_URL" in program.output
    assert "Traceback" not in program.output
