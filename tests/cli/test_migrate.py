"""`migrate`: brings a database up to date, or says what it would do; `serve` on an outdated one."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.chatting import Chat
from tests.cli.conftest import Run, Start

pytestmark = pytest.mark.slow


def test_it_makes_the_tables_and_says_so(run: Run, empty_postgres: str) -> None:
    environment = {"CHATKIT_DATABASE_URL": empty_postgres}
    before = run("migrate", "--check", **environment)
    assert before.returncode == 1
    assert "has no tables yet" in before.stdout
    done = run("migrate", **environment)
    assert done.returncode == 0
    assert "went from revision none to 0007." in done.stdout
    again = run("migrate", **environment)
    assert "was up to date" in again.stdout
    after = run("migrate", "--check", **environment)
    assert (after.returncode, after.stderr) == (0, "")
    assert "is up to date (revision 0007)" in after.stdout


def test_the_sql_it_prints_can_be_run_by_hand(run: Run, empty_postgres: str) -> None:
    printed = run("migrate", "--sql", DATABASE_URL=empty_postgres)
    assert printed.returncode == 0
    with psycopg.connect(empty_postgres) as connection:
        connection.execute(printed.stdout)
    assert run("migrate", "--check", DATABASE_URL=empty_postgres).returncode == 0
    assert run("migrate", "--sql", DATABASE_URL=empty_postgres).stdout == ""


def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(run: Run) -> None:
    done = run("migrate", CHATKIT_DATABASE_URL="postgresql://ada:pass-word@127.0.0.1:1/db")
    assert done.returncode == 2
    assert done.stderr.startswith("The database was not changed:")
    assert "postgresql://ada@127.0.0.1:1/db" in done.stderr
    assert "pass-word" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_serve_refuses_an_outdated_postgresql_with_the_command_to_run(
    run: Run, empty_postgres: str
) -> None:
    done = run("serve", "--port", "0", CHATKIT_DATABASE_URL=empty_postgres)
    assert done.returncode == 2
    assert "chatkit-backend migrate" in done.stderr
    assert "--migrate" in done.stderr
    assert "Traceback" not in done.stderr
    doctor = run("doctor", CHATKIT_DATABASE_URL=empty_postgres)
    assert doctor.returncode == 1
    assert "chatkit-backend migrate" in doctor.stdout


async def test_serve_migrate_does_both(start: Start, empty_postgres: str) -> None:
    program = start("--migrate", CHATKIT_DATABASE_URL=empty_postgres)
    async with Chat(program.url) as chat:
        assert (await chat.http.get("/readyz")).status_code == 200
        await chat.say("Hello")
    assert "postgresql://postgres@" in "".join(program.out)


async def test_serve_brings_a_file_of_ones_own_up_to_date(
    start: Start, run: Run, tmp_path: Path
) -> None:
    async with Chat(start().url) as chat:
        await chat.say("Hello")
    done = run("migrate", "--check")
    assert done.returncode == 0
    assert "sqlite:///chatkit.db is up to date" in done.stdout
