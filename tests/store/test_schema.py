"""Revisions: from every earlier one to the newest and one step back, with data in the tables."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, inspect, select, text

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import SettingsError
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.dialects import dialect_of
from chatkit_backend.store.engine import Database
from chatkit_backend.store.schema import VERSION_TABLE, Schema, migrate, schema_of
from chatkit_backend.store.tables import items, metadata, threads, vector_metadata
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.store.vectors import VectorStore
from tests.store.examples import message, thread

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
NEWEST = REVISIONS[-1]

# What version 0.1 made, before there were revisions.
BEFORE_REVISIONS = """
CREATE TABLE threads (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, owner_id TEXT NOT NULL,
    next_item_position BIGINT NOT NULL, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
    data TEXT NOT NULL, CONSTRAINT uq_threads_id UNIQUE (id)
);
CREATE INDEX ix_threads_owner_id_position ON threads (owner_id, position);
CREATE TABLE attachments (
    id TEXT NOT NULL, owner_id TEXT NOT NULL, thread_id TEXT, created_at DATETIME NOT NULL,
    data TEXT NOT NULL, CONSTRAINT pk_attachments PRIMARY KEY (id),
    CONSTRAINT fk_attachments_thread_id FOREIGN KEY(thread_id)
        REFERENCES threads (id) ON DELETE CASCADE
);
CREATE INDEX ix_attachments_thread_id ON attachments (thread_id);
CREATE TABLE items (
    thread_id TEXT NOT NULL, id TEXT NOT NULL, position BIGINT NOT NULL, type TEXT NOT NULL,
    status TEXT, created_at DATETIME NOT NULL, data TEXT NOT NULL,
    CONSTRAINT pk_items PRIMARY KEY (thread_id, id),
    CONSTRAINT uq_items_thread_id_position UNIQUE (thread_id, position),
    CONSTRAINT fk_items_thread_id FOREIGN KEY(thread_id) REFERENCES threads (id) ON DELETE CASCADE
);
CREATE INDEX ix_items_thread_id_type_position ON items (thread_id, type, position);
INSERT INTO threads VALUES (
    7, 'thr_1', 'alice', 1, '2026-01-01 00:00:00.000000+00:00', '2026-01-01 00:00:00.000000+00:00',
    '{"id":"thr_1","created_at":"2026-01-01T00:00:00Z","status":{"type":"active"},"metadata":{}}'
);
"""


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, file_url: str) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return file_url
    url: str = request.getfixturevalue("empty_postgres")
    return url


async def schema_at(url: str) -> Schema:
    database = await Database.open(url)
    try:
        return await database.schema()
    finally:
        await database.close()


async def add_a_thread(database: Database) -> None:
    """With Core alone: the store of this version may need more than an old revision has."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with database.write() as connection:
        await connection.execute(
            insert(threads),
            {
                "id": "thr_1",
                "owner_id": "alice",
                "next_item_position": 1,
                "created_at": now,
                "updated_at": now,
                "data": thread().model_dump_json(),
            },
        )
        await connection.execute(
            insert(items),
            {
                "thread_id": "thr_1",
                "id": "m",
                "position": 0,
                "type": "user_message",
                "created_at": now,
                "data": message("m", "Kept").model_dump_json(),
            },
        )


async def test_a_new_database_gets_the_newest_revision(new_url: str) -> None:
    database = await Database.open(new_url)
    found = await database.migrate()
    assert (found.revision, found.needed) == (None, NEWEST)
    assert (await database.schema()).is_current
    await database.close()


async def test_the_revisions_are_those_that_these_tests_know(new_url: str) -> None:
    assert (await schema_at(new_url)).known == REVISIONS


async def test_migrating_again_changes_nothing(database: Database) -> None:
    found = await database.migrate()
    assert found.is_current


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_database_of_every_earlier_revision_is_brought_up_to_date_with_its_data(
    new_url: str, alice: RequestContext, revision: str
) -> None:
    database = await Database.open(new_url)
    await database.migrate(revision)
    assert (await database.schema()).revision == revision
    await add_a_thread(database)
    await database.migrate()
    assert (await database.schema()).is_current
    store = ThreadStore(database)
    page = await store.load_thread_items("thr_1", None, 9, "asc", alice)
    assert [item.id for item in page.data] == ["m"]
    await store.add_thread_item("thr_1", message("n"), alice)
    page = await store.load_thread_items("thr_1", None, 9, "asc", alice)
    assert [item.id for item in page.data] == ["m", "n"]
    await database.close()


async def test_the_newest_revision_can_be_taken_back_one_step_with_the_data(new_url: str) -> None:
    database = await Database.open(new_url)
    await database.migrate()
    await add_a_thread(database)
    await database.migrate(REVISIONS[-2])
    assert (await database.schema()).revision == REVISIONS[-2]
    async with database.read() as connection:
        assert (await connection.scalars(select(items.c.id))).all() == ["m"]
    await database.close()


async def differences(database: Database, *expected: MetaData) -> list[object]:
    """Between the tables that are there and those that the program expects."""
    every = MetaData()
    for tables in expected:
        for table in tables.sorted_tables:
            table.to_metadata(every)

    def compared(connection: Connection) -> list[object]:
        options = {
            "version_table": VERSION_TABLE,
            "compare_type": False,
            # One for each length of a vector: no table can list them.
            "include_name": lambda name, _, __: not str(name).startswith("ix_vectors_hnsw"),
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, every))

    async with database.snapshot() as connection:
        return await connection.run_sync(compared)


async def test_the_revisions_make_the_tables_that_the_program_uses(new_url: str) -> None:
    database = await Database.open(new_url)
    await database.migrate()
    with_vectors = [vector_metadata] if database.dialect.alone else []
    assert await differences(database, metadata, *with_vectors) == []
    await database.close()


@pytest.mark.filterwarnings("ignore:Did not recognize type 'halfvec'")
async def test_what_is_prepared_for_vectors_is_the_table_that_the_program_uses(
    new_url: str,
) -> None:
    database = await Database.open(new_url)
    await database.migrate()
    await VectorStore(database).prepare(3)
    assert await differences(database, metadata, vector_metadata) == []
    await database.close()


async def test_vectors_go_with_their_revision_and_come_back_with_it(new_url: str) -> None:
    database = await Database.open(new_url)
    await database.migrate()
    chunk_store, store = ChunkStore(database), VectorStore(database)
    parts = [NewChunk("text", (), 0)]
    await chunk_store.put_document("docs", NewDocument("a", "h", None, None, parts))
    for _ in range(2):
        await store.prepare(3)
        await store.begin("docs", "m")
        pending = await store.pending("docs", 0, 9)
        await store.put("docs", "m", pending, np.ones((1, 3)))
        assert await store.count_pending("docs") == 0
        await database.migrate("0004")
        async with database.snapshot() as connection:
            assert not await connection.run_sync(lambda sync: inspect(sync).has_table("vectors"))
        assert await chunk_store.content_hashes("docs") == {"a": "h"}
        await database.migrate()
        assert await store.count_pending("docs") == 1
    await database.close()


async def test_documents_are_jsonb_and_times_have_zones_on_postgresql(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        types: dict[str, str] = dict(
            connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_name = 'items'"
            ).fetchall()
        )
    assert types["data"] == "jsonb"
    assert types["created_at"] == "timestamp with time zone"
    assert types["position"] == "bigint"


async def test_many_replicas_may_migrate_at_once(new_url: str) -> None:
    databases = [await Database.open(new_url) for _ in range(6)]
    found = await asyncio.gather(*(database.migrate() for database in databases))
    assert sorted(str(schema.revision) for schema in found) == [NEWEST] * 5 + ["None"]
    for database in databases:
        assert (await database.schema()).is_current
        await database.close()


async def test_a_migration_that_fails_leaves_nothing_behind(new_url: str) -> None:
    database = await Database.open(new_url)
    with pytest.raises(RuntimeError, match="power cut"):
        async with database.write() as connection:
            found = await connection.run_sync(schema_of)
            await connection.run_sync(migrate, found, "head")
            raise RuntimeError("power cut")
    assert (await database.schema()).revision is None
    await database.migrate()
    await database.close()


async def test_a_file_made_before_there_were_revisions_is_taken_over(
    file_url: str, alice: RequestContext
) -> None:
    with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"))) as file:
        file.executescript(BEFORE_REVISIONS)
    before = await schema_at(file_url)
    assert (before.revision, before.is_current) == ("0001", False)
    database = await Database.open(file_url)
    await database.make_ready()
    assert (await database.schema()).is_current
    store = ThreadStore(database)
    await store.add_thread_item("thr_1", message("m"), alice)
    assert (await store.load_threads(9, None, "asc", alice)).data[0].id == "thr_1"
    await database.close()


async def test_an_outdated_postgresql_is_refused_with_the_command_to_run(
    empty_postgres: str,
) -> None:
    database = await Database.open(empty_postgres)
    with pytest.raises(SettingsError, match=r"has no tables yet.*`chatkit-backend migrate`"):
        await database.make_ready()
    await database.migrate(REVISIONS[0])
    with pytest.raises(SettingsError, match=rf"at revision 0001.*needs {NEWEST}.*serve --migrate"):
        await database.make_ready()
    await database.migrate()
    await database.make_ready()
    await database.close()


async def test_a_database_of_a_later_version_is_refused_and_left_alone(new_url: str) -> None:
    database = await Database.open(new_url)
    await database.migrate()
    async with database.write() as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    for ready in (database.migrate, database.make_ready):
        with pytest.raises(SettingsError, match="revision 9999, which this version"):
            await ready()
    assert (await database.schema()).revision == "9999"
    await database.close()


async def test_tables_of_another_program_are_left_alone(new_url: str) -> None:
    database = await Database.open(new_url)
    async with database.write() as connection:
        await connection.exec_driver_sql("CREATE TABLE threads (id TEXT, user_id TEXT)")
    with pytest.raises(SettingsError, match=r"tables of another program named threads"):
        await database.migrate()
    async with database.read() as connection:
        await connection.exec_driver_sql("SELECT id, user_id FROM threads")
    await database.close()


async def test_the_printed_sql_does_what_migrating_does(empty_postgres: str) -> None:
    database = await Database.open(empty_postgres)
    sql = await database.migration_sql()
    with psycopg.connect(empty_postgres) as connection:
        connection.execute(sql)
    assert (await database.schema()).is_current
    await database.make_ready()
    assert await database.migration_sql() == ""
    await database.close()


async def test_the_printed_sql_begins_at_the_revision_that_is_there(new_url: str) -> None:
    database = await Database.open(new_url)
    await database.migrate(REVISIONS[0])
    sql = await database.migration_sql()
    assert "CREATE TABLE threads" not in sql
    assert "ix_attachments_owner_id_id" in sql
    await database.close()


def test_only_a_database_of_ones_own_is_migrated_unasked(file_url: str, postgres_url: str) -> None:
    urls = (file_url, "memory://", postgres_url)
    assert [dialect_of(url).alone for url in urls] == [True, True, False]
