"""The commands of docs/production.md do what it says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chatting import Chat, texts_of, thread_of
from tests.cli.conftest import Start
from tests.postgres import drop_database, new_database, programs_folder

pytestmark = pytest.mark.slow

RunAsShown = Callable[..., None]

GUIDE = Path(__file__).parent.parent.parent / "docs" / "production.md"


def commands(section: str) -> list[str]:
    """The shell commands of a section, block by block."""
    text = GUIDE.read_text(encoding="utf-8")
    body = re.split(rf"^##+ {section}$", text, flags=re.MULTILINE)[1]
    body = re.split(r"^##+ ", body, flags=re.MULTILINE)[0]
    return re.findall(r"```sh\n(.*?)```", body, flags=re.DOTALL)


@pytest.fixture
def run_as_shown(program_folder: Path, tmp_path: Path) -> RunAsShown:
    """Runs a block in a shell, as a reader would."""
    path = os.pathsep.join([str(program_folder), str(programs_folder()), os.environ["PATH"]])

    def run_one(block: str, **environment: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own guide
            ["bash", "-euo", "pipefail", "-c", block],  # noqa: S607 - wherever it is
            cwd=tmp_path,
            env={"PATH": path, "HOME": str(tmp_path)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run_one


@pytest.fixture
def second_postgres(postgres_server: str) -> Iterator[str]:
    """Another empty database."""
    url = new_database(postgres_server)
    yield url
    drop_database(url)


async def remember(start: Start, **environment: str) -> str:
    """A thread with one message."""
    program = start(**environment)
    async with Chat(program.url) as chat:
        thread = thread_of(await chat.say("Remember me"))
    program.stop()
    return thread


async def assert_remembered(start: Start, thread: str, **environment: str) -> None:
    async with Chat(start(**environment).url) as chat:
        assert texts_of(await chat.items(thread), "user_message") == ["Remember me"]
        await chat.say("And go on", thread)


async def test_postgresql_is_set_up_backed_up_and_restored(
    start: Start, run_as_shown: RunAsShown, empty_postgres: str, second_postgres: str
) -> None:
    (setting_up,) = commands("PostgreSQL")
    address = re.search(r'"(postgresql://[^"]+)"', setting_up)
    assert address
    setting_up = setting_up.replace(address[1], empty_postgres)
    run_as_shown("\n".join(setting_up.splitlines()[:2]))
    thread = await remember(start, CHATKIT_DATABASE_URL=empty_postgres)

    back_up, restore, *_ = commands("Backup and restore")
    run_as_shown(back_up, CHATKIT_DATABASE_URL=empty_postgres)
    run_as_shown(restore, NEW_DATABASE_URL=second_postgres)
    await assert_remembered(start, thread, CHATKIT_DATABASE_URL=second_postgres)


async def test_sqlite_is_backed_up_while_it_runs_and_restored(
    start: Start, run_as_shown: RunAsShown
) -> None:
    *_, back_up, restore = commands("Backup and restore")
    program = start()
    async with Chat(program.url) as chat:
        thread = thread_of(await chat.say("Remember me"))
        run_as_shown(back_up)
        await chat.say("Forget me", thread)
    program.stop()
    run_as_shown(restore)
    await assert_remembered(start, thread)


async def test_a_user_is_exported_and_deleted(
    start: Start, run_as_shown: RunAsShown, tmp_path: Path
) -> None:
    (block,) = commands("Users' rights and retention")
    program = start()
    async with Chat(program.url, user="ada") as chat:
        await chat.say("I am ada")
        run_as_shown(block)
        assert (await chat.ask("threads.list"))["data"] == []
    assert "I am ada" in (tmp_path / "ada.jsonl").read_text(encoding="utf-8")
