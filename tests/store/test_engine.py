"""Opening, transactions, and what becomes of them when something goes wrong."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.store.dialects import sqlite
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import items, threads

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(thread_id: str, data: str = "{}") -> dict[str, object]:
    return {
        "id": thread_id,
        "owner_id": "alice",
        "next_item_position": 0,
        "created_at": NOW,
        "updated_at": NOW,
        "data": data,
    }


async def add(connection: AsyncConnection, thread_id: str) -> None:
    await connection.execute(insert(threads), row(thread_id))


async def ids(database: Database) -> list[str]:
    async with database.read() as connection:
        found = await connection.scalars(select(threads.c.id).order_by(threads.c.position))
        return [str(thread_id) for thread_id in found]


def sqlite_threads() -> int:
    return sum("_connection_worker_thread" in thread.name for thread in threading.enumerate())


# Opening


@pytest.mark.parametrize(
    "url",
    ["", "memory", "memory://x", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://h/d"],
)
async def test_an_address_that_is_no_database_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(SettingsError, match=r"CHATKIT_DATABASE_URL: must be sqlite:///FILE"):
        await Database.open(url)


async def test_a_relative_path_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = await Database.open("sqlite:///here.db")
    await database.migrate()
    monkeypatch.chdir("/")
    await database.ping()
    await database.close()
    assert (tmp_path / "here.db").is_file()


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"the folder {tmp_path / 'no'} does not exist. Create"):
        await Database.open(f"sqlite:///{tmp_path / 'no' / 'chat.db'}")


async def test_a_relative_path_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=f"the folder {tmp_path / 'no'} does not exist"):
        await Database.open("sqlite:///no/chat.db")


async def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{tmp_path} cannot be used .* name another file"):
        await Database.open(f"sqlite:///{tmp_path}")


async def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ann, " * 200)
    with pytest.raises(SettingsError, match=f"{path} cannot be used .* not a database"):
        await Database.open(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear Ann")


async def test_two_memory_databases_are_independent() -> None:
    first, second = await Database.open("memory://"), await Database.open("memory://")
    for database in (first, second):
        await database.migrate()
    async with first.write() as connection:
        await add(connection, "only in the first")
    assert await ids(second) == []
    await first.close()
    await second.ping()
    await second.close()


async def test_a_file_is_in_wal_mode_and_checks_foreign_keys_on_every_connection(
    file_url: str,
) -> None:
    database = await Database.open(file_url)
    await database.migrate()
    async with database.read() as one, database.read() as two:
        for connection in (one, two):
            pragmas = [
                (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            ]
            assert pragmas == ["wal", 1, 1, sqlite.BUSY_SECONDS * 1000]
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            assert driver.isolation_level is None
    await database.close()


async def test_an_item_of_no_thread_is_refused_by_the_database(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(
                insert(items),
                {
                    "thread_id": "none",
                    "id": "i",
                    "position": 1,
                    "type": "t",
                    "created_at": NOW,
                    "data": "{}",
                },
            )


async def test_tables_can_be_created_again_without_harm(database: Database) -> None:
    async with database.write() as connection:
        await add(connection, "kept")
    await database.migrate()
    assert await ids(database) == ["kept"]


async def test_many_servers_may_open_a_new_file_at_once(file_url: str) -> None:
    async def start() -> Database:
        database = await Database.open(file_url)
        await database.migrate()
        return database

    for database in await asyncio.gather(*(start() for _ in range(8))):
        await database.ping()
        await database.close()


def test_the_switch_to_a_write_ahead_log_waits_for_others(tmp_path: Path) -> None:
    """SQLite's own busy timeout does not always cover it: one start in 240 of six at once."""
    path = tmp_path / "chat.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as file,
    ):
        other.execute("CREATE TABLE t (a)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            file.execute("PRAGMA journal_mode = WAL").fetchone()
        release = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
        release.start()
        sqlite._use_write_ahead_log(file)
        release.join()
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_database_outlives_the_process_that_wrote_it(file_url: str) -> None:
    first = await Database.open(file_url)
    await first.migrate()
    async with first.write() as connection:
        await add(connection, "kept")
    await first.close()
    second = await Database.open(file_url)
    assert await ids(second) == ["kept"]
    await second.close()


# Answering


async def test_ping_is_quiet_when_the_database_answers(database: Database) -> None:
    await database.ping()


async def test_ping_fails_without_tables(url: str) -> None:
    database = await Database.open(url)
    with pytest.raises(DatabaseUnavailable, match="no tables yet"):
        await database.ping()
    await database.close()


async def test_a_closed_database_says_so_and_can_be_closed_again(url: str) -> None:
    database = await Database.open(url)
    await database.migrate()
    await database.close()
    await database.close()
    with pytest.raises(DatabaseUnavailable, match="closed"):
        await database.ping()


async def test_closing_waits_for_the_transactions_that_run(file_url: str) -> None:
    database = await Database.open(file_url)
    await database.migrate()
    async with database.write() as connection:
        closing_task = asyncio.create_task(database.close())
        await asyncio.sleep(0.02)
        assert not closing_task.done()
        await add(connection, "in time")
    await closing_task
    again = await Database.open(file_url)
    assert await ids(again) == ["in time"]
    await again.close()


async def test_closing_ends_the_threads_of_the_driver(url: str) -> None:
    before = sqlite_threads()
    database = await Database.open(url)
    await database.migrate()
    await database.ping()
    assert sqlite_threads() > before
    await database.close()
    # Their last act is to report to the loop; they end a moment after it has heard.
    deadline = time.monotonic() + 5
    while sqlite_threads() > before and time.monotonic() < deadline:
        time.sleep(0.001)  # noqa: ASYNC251 - the loop has nothing left to do for them
    assert sqlite_threads() == before


def test_a_process_that_forgets_to_close_ends_all_the_same(file_url: str) -> None:
    program = (
        "import asyncio\n"
        "from chatkit_backend.store.engine import Database\n"
        "async def main():\n"
        f"    database = await Database.open({file_url!r})\n"
        "    await database.migrate()\n"
        "    print('done')\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout == "done\n"


# Transactions


async def test_what_a_block_that_raises_wrote_is_rolled_back(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await add(connection, "gone")
            raise RuntimeError
    assert await ids(database) == []


async def test_a_reader_sees_the_database_as_it_was_when_it_began(file_url: str) -> None:
    database = await Database.open(file_url)
    await database.migrate()
    count = select(func.count()).select_from(threads)
    async with database.snapshot() as reader:
        assert await reader.scalar(count) == 0
        async with database.write() as writer:
            await add(writer, "later")
        assert await reader.scalar(count) == 0
    assert await ids(database) == ["later"]
    await database.close()


async def test_a_number_of_a_deleted_thread_is_not_given_out_again(database: Database) -> None:
    async with database.write() as connection:
        await add(connection, "first")
        before = await connection.scalar(select(threads.c.position))
        await connection.execute(threads.delete())
        await add(connection, "second")
        after = await connection.scalar(select(threads.c.position))
    assert before is not None
    assert after is not None
    assert after > before


async def test_writers_take_their_turns_and_keep_no_reader_waiting(file_url: str) -> None:
    database = await Database.open(file_url)
    await database.migrate()

    async def write(name: str) -> None:
        async with database.write() as connection:
            await add(connection, name)

    async with database.write() as connection:
        await add(connection, "first")
        waiting = [asyncio.create_task(write(f"{number}")) for number in range(20)]
        await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            await database.ping()
    await asyncio.gather(*waiting)
    assert await ids(database) == ["first", *(f"{number}" for number in range(20))]
    await database.close()


async def test_in_memory_readers_and_writers_take_turns() -> None:
    database = await Database.open("memory://")
    await database.migrate()

    async def write() -> None:
        async with database.write() as connection:
            started.set()
            await add(connection, "x")

    started = asyncio.Event()
    async with database.read():
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.02)
        assert not started.is_set()
    await writing
    assert await ids(database) == ["x"]
    await database.close()


async def test_two_databases_on_one_file_write_at_once_without_a_locked_error(
    file_url: str,
) -> None:
    one, two = await Database.open(file_url), await Database.open(file_url)
    await one.migrate()

    async def write(database: Database, name: str) -> None:
        for number in range(25):
            async with database.write() as connection:
                # A read first is what makes SQLite refuse a reader that turns writer.
                await connection.scalar(select(func.count()).select_from(threads))
                await add(connection, f"{name}{number}")

    await asyncio.gather(write(one, "a"), write(two, "b"), write(one, "c"), write(two, "d"))
    assert len(await ids(one)) == 100
    assert await ids(one) == await ids(two)
    await one.close()
    await two.close()


# Cancellation

SLOW = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
    "SELECT max(i) FROM n"
)


async def assert_usable(database: Database, expected: list[str]) -> None:
    assert await ids(database) == expected
    async with asyncio.timeout(5), database.write() as connection:
        await add(connection, "next")
    assert await ids(database) == [*expected, "next"]


async def test_a_write_cancelled_between_statements_leaves_nothing_behind(
    database: Database,
) -> None:
    written = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await add(connection, "gone")
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_usable(database, [])


async def test_a_write_cancelled_within_a_statement_leaves_nothing_behind(
    database: Database,
) -> None:
    async with database.write() as connection:
        await add(connection, "kept")
    written = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await add(connection, "gone")
            written.set()
            await connection.execute(text(SLOW))

    task = asyncio.create_task(write())
    await written.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_usable(database, ["kept"])


async def test_a_writer_cancelled_while_it_waits_its_turn_takes_nobody_elses(
    database: Database,
) -> None:
    async def write(name: str) -> None:
        async with database.write() as connection:
            await add(connection, name)

    async with database.write() as connection:
        await add(connection, "first")
        waiting = [asyncio.create_task(write(name)) for name in ("cancelled", "second")]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await assert_usable(database, ["first", "second"])


async def test_cancelling_at_any_moment_leaves_the_database_usable(database: Database) -> None:
    async def write(name: str) -> None:
        async with database.write() as connection:
            await add(connection, f"{name}a")
            await add(connection, f"{name}b")

    for step in range(40):
        task = asyncio.create_task(write(f"{step}"))
        # Each run is cut a little later than the one before, the second cut hitting the clean-up.
        for _ in range(step):
            await asyncio.sleep(0.0001)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    found = await ids(database)
    # Both rows of a transaction, or neither.
    assert {name[:-1] for name in found if name.endswith("a")} == {
        name[:-1] for name in found if name.endswith("b")
    }
    await assert_usable(database, found)


# What the database's errors become


async def test_a_lock_that_another_process_keeps_is_told_as_busy(
    file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    database = await Database.open(file_url)
    await database.migrate()
    with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="busy") as raised:
            await database.migrate()
        assert isinstance(raised.value.__cause__, Exception)
        await database.ping()
        with pytest.raises(DatabaseUnavailable, match="busy"):
            await Database.open(file_url)
    await database.migrate()
    await database.close()


async def test_a_full_disk_is_told_as_such_and_nothing_is_stored(url: str) -> None:
    database = await Database.open(url)
    await database.migrate()
    with pytest.raises(DatabaseUnavailable, match="disk is full"):
        async with database.write() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")
            await connection.execute(insert(threads), row("big", "x" * 1_000_000))
    assert await ids(database) == []
    await database.close()


async def test_a_database_that_cannot_be_written_to_is_told_as_such(url: str) -> None:
    database = await Database.open(url)
    await database.migrate()
    with pytest.raises(DatabaseUnavailable, match="cannot be written to"):
        async with database.write() as connection:
            await connection.exec_driver_sql("PRAGMA query_only = ON")
            await add(connection, "x")
    await database.close()


async def test_a_damaged_file_is_told_as_such(file_url: str) -> None:
    database = await Database.open(file_url)
    await database.migrate()
    await database.close()
    path = Path(file_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as file:
        roots = file.execute(
            "SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'threads'"
        ).fetchall()
    # With the pages that list the tables intact, the file opens but cannot be read.
    whole = bytearray(path.read_bytes())
    for (root,) in roots:
        whole[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    path.write_bytes(whole)
    again = await Database.open(file_url)
    with pytest.raises(DatabaseUnavailable, match="damaged"):
        await again.ping()
    await again.close()


async def test_more_readers_than_connections_wait_for_their_turn(file_url: str) -> None:
    database = await Database.open(file_url)
    await database.migrate()
    await asyncio.gather(*(database.ping() for _ in range(50)))
    await database.close()


async def test_errors_do_not_show_what_users_wrote(database: Database) -> None:
    words = "terces ym"[::-1]  # a traceback shows the lines of this test
    with pytest.raises(IntegrityError) as raised:
        async with database.write() as connection:
            for _ in range(2):
                await connection.execute(insert(threads), row(words, f'"{words}"'))
    assert words not in "".join(traceback.format_exception(raised.value))
