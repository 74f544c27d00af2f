"""`users`: everything of one user, written out or deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatkit_backend.files.storage import owner_hash
from tests.chatting import Chat
from tests.cli.conftest import Run, Start

pytestmark = pytest.mark.slow


@pytest.fixture
async def two_users(start: Start) -> None:
    """A database in which ada and grace have chatted."""
    program = start()
    for name in ("ada", "grace"):
        async with Chat(program.url, user=name) as chat:
            await chat.say(f"I am {name}")
    program.stop()


@pytest.mark.usefixtures("two_users")
def test_an_export_is_json_lines_of_one_user(run: Run, tmp_path: Path) -> None:
    done = run("users", "export", "ada")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["thread", "item", "item"]
    assert lines[1]["data"]["content"][0]["text"] == "I am ada"
    assert "grace" not in done.stdout
    assert done.stderr == "3 lines written.\n"


@pytest.mark.usefixtures("two_users")
def test_an_export_goes_into_a_new_file_that_nobody_else_can_read(run: Run, tmp_path: Path) -> None:
    done = run("users", "export", "ada", "--output", "ada.jsonl")
    assert done.returncode == 0
    written = tmp_path / "ada.jsonl"
    assert len(written.read_text(encoding="utf-8").splitlines()) == 3
    assert written.stat().st_mode & 0o077 == 0
    again = run("users", "export", "ada", "--output", "ada.jsonl")
    assert again.returncode == 2
    assert "--output: cannot create ada.jsonl" in again.stderr
    assert len(written.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.usefixtures("two_users")
def test_a_deletion_asks_first_and_takes_nothing_of_others(run: Run) -> None:
    refused = run("users", "delete", "ada", stdin="n\n")
    assert refused.returncode == 1
    assert "Delete every thread" in refused.stderr
    assert len(run("users", "export", "ada").stdout.splitlines()) == 3

    done = run("users", "delete", "ada", stdin="y\n")
    assert done.returncode == 0
    assert (
        done.stdout.strip()
        == "Deleted of user 'ada': 1 threads, 2 items, 0 attachments, 0 sessions, 0 files."
    )
    assert run("users", "export", "ada").stdout == ""
    assert len(run("users", "export", "grace").stdout.splitlines()) == 3


@pytest.mark.usefixtures("two_users")
def test_a_deletion_can_be_scripted(run: Run) -> None:
    done = run("users", "delete", "ada", "--yes", "--json")
    assert json.loads(done.stdout) == {
        "user_id": "ada",
        "deleted": {"threads": 1, "items": 2, "attachments": 0, "sessions": 0, "files": 0},
    }


@pytest.mark.usefixtures("two_users")
def test_a_deletion_leaves_the_files_of_another_database_alone(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "chatkit-files"
    file = folder / owner_hash("ada") / "atc_1"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"of the other database")
    (folder / "database").write_text("sqlite:///the-other.db (id 0123456789abcdef)")

    done = run("users", "delete", "ada", "--yes")

    assert done.returncode == 2
    assert "are those of sqlite:///the-other.db" in done.stderr
    assert file.read_bytes() == b"of the other database"
    assert len(run("users", "export", "ada").stdout.splitlines()) == 3
    (folder / "database").unlink()
    assert run("users", "delete", "ada", "--yes").stdout.strip().endswith(" 1 files.")
