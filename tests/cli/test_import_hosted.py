"""`import-hosted`: the real program, from a running server into another database."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.responses import Response

from chatkit_backend.cli import import_hosted
from chatkit_backend.context import RequestContext, User
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.hosted.source import OPENAI, HostedSource
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import items
from chatkit_backend.store.threads import ThreadStore
from tests.cli.conftest import Run
from tests.conftest import Serve
from tests.hosted.conversations import as_seen, completed
from tests.hosted.stub import KEY, HostedStub, error, image, item, message
from tests.serving import ServedApp

pytestmark = pytest.mark.slow

ADA = RequestContext(user=User("ada"))


@pytest.fixture
def stub() -> HostedStub:
    return HostedStub()


@pytest.fixture
def stub_url(stub: HostedStub) -> Iterator[str]:
    with ServedApp(stub.app) as served:
        yield f"{served.url}/v1"


Import = Callable[..., "subprocess.CompletedProcess[str]"]
StartImport = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def run_import(run: Run, stub_url: str) -> Import:
    """Runs the command on the stub."""

    def run_one(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        environment = {"OPENAI_API_KEY": KEY, **changes}
        return run("import-hosted", "--base-url", stub_url, *arguments, **environment)

    return run_one


async def stored_items(path: Path) -> int:
    """How many items there are in a database that another process writes."""
    if not path.exists():
        return 0
    database = await Database.open(f"sqlite:///{path}")
    try:
        if not (await database.schema()).is_current:
            return 0
        async with database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(items)) or 0
    finally:
        await database.close()


# From one running server of ours into another database


@pytest.fixture(params=["sqlite", "postgres"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'target.db'}"


async def test_every_conversation_of_a_running_server_comes_into_another_database(
    serve: Serve, origin: Database, target_url: str, run: Run
) -> None:
    served = serve(database_url=origin.address, files_url="memory://")
    key = (await ApiKeyStore(origin).create("import"))[1]
    arguments = ("import-hosted", "--base-url", f"{served.url}/v1", "--api-key-env", "THEIR_KEY")
    environment = {"THEIR_KEY": key, "CHATKIT_DATABASE_URL": target_url}

    done = await asyncio.to_thread(run, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "33 threads of http://127.0.0.1" in done.stdout
    assert "33 new." in done.stdout
    assert key not in done.stdout + done.stderr

    again = await asyncio.to_thread(run, *arguments, "--json", **environment)
    assert again.returncode == 0
    report = json.loads(again.stdout)
    assert report["complete"] is True
    assert report["stopped"] is None
    assert report["threads"] == dict.fromkeys(report["threads"], 0) | {"unchanged": 33}
    assert report["items"] == {}

    target = await Database.open(target_url)
    try:
        assert await as_seen(target) == completed(await as_seen(origin))
    finally:
        await target.close()


# What it says


def test_the_summary_tells_everything_and_more_than_twenty_lines_of_nothing(
    stub: HostedStub, run_import: Import
) -> None:
    unknown = [item(f"unknown{number}", "hologram") for number in range(25)]
    stub.add("t1", item("a"), message("m", image("atc", None)), *unknown)
    stub.add("t2", user="grace")
    done = run_import()
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"2 threads of http://127.0.0.1:\d+/v1: 2 new\.", lines[0])
    assert lines[1:7] == [
        "2 items stored: 1 chatkit.task, 1 chatkit.user_message.",
        "0 attachments stored (0 bytes).",
        "1 attachments without their bytes:",
        "  t1 m atc: The hosted API gives no URL for it.",
        "25 not mapped:",
        "  t1 unknown0 chatkit.hologram: type: 'chatkit.hologram' is unknown here.",
    ]
    assert lines[-2].startswith("  t1 unknown19 ")
    assert lines[-1] == "  and 5 more; --json has all."
    assert done.stderr == ""


def test_the_report_in_json_has_all(stub: HostedStub, run_import: Import) -> None:
    unknown = [item(f"unknown{number}", "hologram") for number in range(25)]
    stub.add("t1", message("m", image("atc", None)), *unknown)
    stub.add("t2", item("b"))
    stub.failures["/v1/chatkit/threads/t2/items"] = [error(400)]
    done = run_import("--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["complete"] is False
    assert report["threads"]["new"] == 1
    assert report["items"] == {"chatkit.user_message": 1}
    assert len(report["not_mapped"]) == 25
    assert report["not_mapped"][0] == {
        "thread_id": "t1",
        "item_id": "unknown0",
        "type": "chatkit.hologram",
        "reason": "type: 'chatkit.hologram' is unknown here.",
    }
    assert report["attachments"] == {
        "stored": 0,
        "bytes": 0,
        "not_stored": [
            {
                "thread_id": "t1",
                "item_id": "m",
                "attachment_id": "atc",
                "reason": "The hosted API gives no URL for it.",
            }
        ],
    }


def test_what_the_source_says_does_not_reach_the_terminal_as_commands(
    stub: HostedStub, run_import: Import
) -> None:
    stub.add("t1", item("\x1b[2Jevil", "\x1b]0;title\x07"))
    done = run_import()
    assert "evil" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_users_and_a_time_can_be_chosen(stub: HostedStub, run_import: Import) -> None:
    for number, user in enumerate(["ada", "grace", "joan", "ada"]):
        stub.add(f"t{number}", item("a"), user=user)
    assert " 3 new." in run_import("--user", "ada", "--user", "grace").stdout
    began = datetime.fromtimestamp(stub.threads[2]["created_at"], UTC).isoformat()
    done = run_import("--since", began)
    assert ": 1 new, 1 unchanged." in done.stdout
    assert run_import("--user", "nobody").stdout.endswith(": none.\n")


def test_a_terminal_shows_how_far_it_is_and_what_it_waits_for(
    stub: HostedStub, stub_url: str, program: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    stub.delay_seconds = 0.05
    for number in range(30):
        stub.add(f"t{number}", item("a"), item("b"))
    waits = [error(429, retry_after="1")] * 4
    stub.failures["/v1/chatkit/threads/t20/items"] = waits
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "import-hosted", "--base-url", stub_url],
        env=environment | {"OPENAI_API_KEY": KEY, "TERM": "xterm-256color"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4_096)
        except OSError:  # so Linux tells the end of a terminal
            break
        if not piece:
            break
        shown += piece
    out, _ = process.communicate(timeout=20)
    os.close(ours)
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()
    assert process.returncode == 0
    assert re.search(r"Importing .* 1\d/30 threads, 2\d items, \d+/s 0:00:\d\d", text)
    assert "Waiting 1 s (rate limit)" in text
    assert "30 new." in out


# What cannot be used


def test_a_key_that_is_not_set_is_told_by_its_name(run: Run, run_import: Import) -> None:
    done = run("import-hosted")
    assert done.returncode == 2
    assert "OPENAI_API_KEY: it is not set." in done.stderr
    assert "--api-key-env" in done.stderr
    done = run_import("--api-key-env", "THEIR_KEY", THEIR_KEY="  ")
    assert done.returncode == 2
    assert "THEIR_KEY: it is not set." in done.stderr


def test_the_key_of_the_settings_file_is_found(
    stub: HostedStub, stub_url: str, run: Run, tmp_path: Path
) -> None:
    stub.add("t", item("a"))
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\n", encoding="utf-8")
    assert run("import-hosted", "--base-url", stub_url).returncode == 0


@pytest.mark.parametrize("key", ["sk-wrong", "sk-kéy", "sk-a key", "sk-a\nkey"])
def test_a_key_that_is_not_taken_is_told_and_not_shown(
    stub: HostedStub, run_import: Import, key: str
) -> None:
    done = run_import(OPENAI_API_KEY=key)
    assert done.returncode == 2
    assert "OPENAI_API_KEY: " in done.stderr
    assert "key" in done.stderr
    assert key not in done.stderr + done.stdout
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is no date."),
        (["--since", "2026-13-01"], "--since: "),
        (["--base-url", "api.openai.com/v1"], "--base-url: must be an address"),
        (["--base-url", "ftp://host/v1"], "--base-url: must be an address"),
        (["--base-url", "http://127.0.0.1:9/v1"], "--base-url: Nothing answers at http://127.0"),
    ],
)
def test_an_option_that_cannot_be_used_is_told_by_its_name(
    run_import: Import, arguments: list[str], sentence: str
) -> None:
    done = run_import(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_settings_that_cannot_be_used_are_told(run_import: Import) -> None:
    done = run_import(CHATKIT_FILES_URL="ftp://host")
    assert done.returncode == 2
    assert "CHATKIT_FILES_URL: " in done.stderr
    done = run_import(CHATKIT_DATABASE_URL="sqlite:///missing/chat.db")
    assert done.returncode == 2
    assert "CHATKIT_DATABASE_URL: " in done.stderr


def test_a_database_without_tables_is_told(empty_postgres: str, run_import: Import) -> None:
    done = run_import(CHATKIT_DATABASE_URL=empty_postgres)
    assert done.returncode == 2
    assert "chatkit-backend migrate" in done.stderr


async def test_a_variable_of_the_openai_package_does_not_change_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert import_hosted._address(None) == OPENAI == "https://api.openai.com/v1"
    source = HostedSource.at(OPENAI, KEY)
    assert str(source._client.base_url) == "https://api.openai.com/v1/"
    await source.close()


def test_the_command_starts_without_the_agents_sdk() -> None:
    look = "import chatkit_backend.cli.import_hosted, sys; sys.exit('agents' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], check=False)  # noqa: S603 - our own program
    assert done.returncode == 0


# When it ends early


@pytest.fixture
def start_import(
    program: list[str],
    stub: HostedStub,
    stub_url: str,
    environment: dict[str, str],
    tmp_path: Path,
) -> StartImport:
    """Starts an import; gives it when it has got some way, and needs a while for the rest."""

    def start_one() -> subprocess.Popen[str]:
        stub.delay_seconds = 0.03
        stub.page = 5
        for number in range(40):
            stub.add(f"t{number}", *(item(f"i{number}_{index}") for index in range(10)))
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*program, "import-hosted", "--base-url", stub_url],
            env=environment | {"OPENAI_API_KEY": KEY},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 20
        while asyncio.run(stored_items(tmp_path / "chatkit.db")) < 60:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    return start_one


async def everything_is_here_once(folder: Path) -> None:
    database = await Database.open(f"sqlite:///{folder / 'chatkit.db'}")
    try:
        store = ThreadStore(database)
        for number in range(40):
            page = await store.load_thread_items(f"t{number}", None, 99, "asc", ADA)
            assert [found.id for found in page.data] == [
                f"i{number}_{index}" for index in range(10)
            ]
    finally:
        await database.close()


async def test_an_import_whose_process_is_killed_goes_on_where_it_was(
    stub: HostedStub, start_import: StartImport, run_import: Import, tmp_path: Path
) -> None:
    process = await asyncio.to_thread(start_import)
    process.kill()
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL
    before = await stored_items(tmp_path / "chatkit.db")
    assert 60 <= before < 400
    stub.requests.clear()
    done = await asyncio.to_thread(run_import)
    assert done.returncode == 0
    assert f"{400 - before} items stored" in done.stdout
    await everything_is_here_once(tmp_path)
    assert len(stub.asked_for("items")) < 80


async def test_an_import_that_is_interrupted_says_how_to_go_on(
    stub: HostedStub, start_import: StartImport, run_import: Import, tmp_path: Path
) -> None:
    process = await asyncio.to_thread(start_import)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Run the same command again: it goes on where it stopped." in err
    assert "Traceback" not in err
    assert "threads of http" in out
    assert (await asyncio.to_thread(run_import)).returncode == 0
    await everything_is_here_once(tmp_path)


# Files


async def test_bytes_of_a_user_who_is_deleted_go_too(
    stub: HostedStub, stub_url: str, run_import: Import, run: Run, tmp_path: Path
) -> None:
    stub.files["a.png"] = Response(b"png")
    address = stub_url.replace("/v1", "/files/a.png")
    for user in ("ada", "grace"):
        stub.add(f"t_{user}", message("m", image(f"atc_{user}", address)), user=user)
    done = await asyncio.to_thread(run_import)
    assert "2 attachments stored (6 bytes)." in done.stdout
    gone = await asyncio.to_thread(run, "users", "delete", "ada", "--yes", "--json")
    deleted: dict[str, Any] = json.loads(gone.stdout)["deleted"]
    assert (deleted["attachments"], deleted["files"]) == (1, 1)
    files = FileStorage.open(str(tmp_path / "chatkit-files"))
    assert await files.size("ada", "atc_ada") is None
    assert await files.size("grace", "atc_grace") == 3
