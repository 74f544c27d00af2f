"""Every query finds its rows through an index, however large the tables are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Table, bindparam, event, insert, update

from chatkit_backend.context import RequestContext, Session, User
from chatkit_backend.store.all_threads import AllThreads, ListingRequest
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.attachments import delete_unused, owners_of
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.dialects.dialect import ConnectionOptions
from chatkit_backend.store.engine import Database
from chatkit_backend.store.feedback import FeedbackStore
from chatkit_backend.store.imports import ImportedThreads
from chatkit_backend.store.rated_items import rated_items
from chatkit_backend.store.retention import delete_old_threads
from chatkit_backend.store.sessions import SessionStore, StoredSession, delete_old_sessions
from chatkit_backend.store.signing_keys import signing_key
from chatkit_backend.store.tables import (
    api_keys,
    attachments,
    chunks,
    client_secrets,
    collections,
    documents,
    feedback,
    imported_threads,
    items,
    lexical_postings,
    lexical_recent,
    lexical_segments,
    sessions,
    signing_keys,
    threads,
    vectors,
)
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.store.users import export_user
from chatkit_backend.store.vector_index import VectorIndex
from chatkit_backend.store.vectors import VectorStore, _delete_oldest
from tests.passages import lexical
from tests.store.examples import call, file_attachment, message, thread, user_message


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    # Filling the tables may take longer than a transaction of a request may.
    database = await Database.open(database_url, ConnectionOptions(timeout_seconds=60))
    await database.migrate()
    yield database
    await database.close()


Statement = tuple[str, Any]

NOW = datetime.now(UTC)


@contextmanager
def noted(database: Database) -> Iterator[list[Statement]]:
    """The statements that are sent inside of the block."""
    sent: list[Statement] = []
    engine = database._engine.sync_engine

    def note(*arguments: Any) -> None:
        sent.append((arguments[2], arguments[3]))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


async def fill(database: Database) -> None:
    """5,000 threads of 5 users, 100 items in every 50th: enough for a planner to use indexes."""
    at = {"created_at": NOW, "data": json.dumps({"text": "x" * 300})}
    async with database.write() as connection:
        await connection.execute(
            insert(threads),
            [
                at
                | {
                    "id": f"t{number}",
                    "owner_id": f"u{number % 5}",
                    "next_item_position": 100,
                    "updated_at": NOW,
                }
                for number in range(5_000)
            ],
        )
        await connection.execute(
            insert(items),
            [
                at
                | {
                    "thread_id": f"t{number}",
                    "id": f"i{position}",
                    "position": position,
                    "type": "client_tool_call" if position % 7 == 3 else "user_message",
                    "status": "pending" if position == 3 else None,
                }
                for number in range(0, 5_000, 50)
                for position in range(100)
            ],
        )
        await connection.execute(
            insert(feedback),
            [
                {
                    "thread_id": f"t{number}",
                    "item_id": f"i{position}",
                    "owner_id": f"u{number % 5}",
                    "kind": "positive" if position % 3 else "negative",
                    "created_at": NOW - timedelta(days=1),
                    "updated_at": NOW - timedelta(days=1),
                }
                for number in range(0, 5_000, 50)
                for position in range(100)
            ],
        )
        await connection.execute(
            insert(attachments),
            [
                at | {"id": f"a{number}", "owner_id": f"u{number % 5}", "thread_id": f"t{number}"}
                for number in range(200)
            ],
        )
        await connection.execute(
            insert(signing_keys),
            [{"name": f"k{number}", "key": b"k", "created_at": NOW} for number in range(2_000)],
        )
        await connection.execute(
            insert(sessions),
            [
                at | {"id": f"s{number}", "owner_id": f"u{number % 50}", "expires_at": NOW}
                for number in range(5_000)
            ],
        )
        await connection.execute(
            insert(client_secrets),
            [
                {"hash": f"h{number}", "session_id": f"s{number}", "expires_at": NOW}
                for number in range(5_000)
            ],
        )
        await connection.execute(
            insert(imported_threads),
            [
                {"thread_id": f"t{number}", "owner_id": f"u{number % 5}", "imported_at": NOW}
                for number in range(5_000)
            ],
        )
        await connection.execute(
            insert(api_keys),
            [
                {
                    "id": f"k{number}",
                    "name": "",
                    "hash": f"h{number}",
                    "ending": "",
                    "created_at": NOW,
                }
                for number in range(500)
            ],
        )
    await fill_collections(database)
    async with database.write() as connection:
        await connection.exec_driver_sql("ANALYZE")


async def fill_collections(database: Database) -> None:
    """5,000 documents of one chunk, half of them in one of 500 collections; in 1,000 segments."""
    numbers = range(1, 5_001)
    rows: dict[Table, list[dict[str, Any]]] = {
        collections: [
            {"id": n, "name": f"c{n}", "documents": 10, "chunks": 10, "updated_at": NOW}
            for n in numbers[:500]
        ],
        documents: [
            {
                "id": n,
                "collection_id": n % 500 + 1 if n % 2 else 1,
                "source": f"s{n}",
                "content_hash": "",
                "chunks": 1,
                "updated_at": NOW,
            }
            for n in numbers
        ],
        chunks: [
            {"id": n, "document_id": n, "position": 0, "start": 0, "heading_path": "[]", "text": ""}
            for n in numbers
        ],
        lexical_recent: [
            {"chunk_id": n, "collection_id": n % 500 + 1, "length": 1, "words": "word\n1"}
            for n in numbers
        ],
        lexical_segments: [
            {
                "id": n,
                "collection_id": n % 500 + 1,
                "chunks": 1,
                "live": 1,
                "first_chunk_id": n,
                "last_chunk_id": n,
                "chunk_ids": n.to_bytes(8, "little"),
                "lengths": b"\1\0",
            }
            for n in numbers[:1_000]
        ],
        lexical_postings: [
            {"segment_id": n % 1_000 + 1, "word": f"w{n // 1_000}", "postings": b"\0\0\1"}
            for n in numbers
        ],
    }
    async with database.write() as connection:
        for table, of_table in rows.items():
            await connection.execute(insert(table), of_table)
        if connection.dialect.name == "postgresql":
            for table in (collections, documents, chunks, lexical_segments):
                await connection.exec_driver_sql(f"ALTER SEQUENCE {table}_id_seq RESTART 10001")


async def use_everything(database: Database, store: ThreadStore, alice: RequestContext) -> None:
    """Every query that is made for a request, an export or the retention."""
    await store.save_thread(thread(), alice)
    await store.change_thread("thr_1", lambda _: None, alice)
    await store.add_thread_item("thr_1", call("answered"), alice)
    await store.change_item("thr_1", call("answered"), alice)
    assert await store.answer_item("thr_1", call("answered"), alice)
    for number in range(3):
        await store.add_thread_item("thr_1", message(f"{number}"), alice)
    await store.add_thread_item("thr_1", call("call"), alice)
    await store.load_thread("thr_1", alice)
    for after in (None, "1"):
        await store.load_thread_items("thr_1", after, 20, "desc", alice)
        await store.load_thread_items("thr_1", after, 20, "asc", alice)
    await store.load_thread_items("thr_1", "call", 20, "asc", alice)
    for after in (None, "thr_1"):
        await store.load_threads(20, after, "desc", alice)
        await store.load_threads(20, after, "asc", alice)
    assert await store.newest_thread_ids(5, alice)
    await store.load_item("thr_1", "1", alice)
    await store.latest_client_tool_call("thr_1", alice)
    await store.count_items(["thr_1"], alice)
    await use_feedback(database, alice)
    await list_everything(AllThreads(database))
    await store.delete_thread_item("thr_1", "1", alice)
    await store.save_attachment(file_attachment(), alice)
    await store.change_attachment(file_attachment().id, lambda same: same, alice)
    await store.save_attachment(file_attachment(thread_id="thr_1"), alice)
    await store.load_attachment("atc_1", alice)
    await store.begin_thread(thread("begun"), user_message("first", thread_id="begun"), alice)
    await store.add_user_message("thr_1", user_message("with a file", "atc_1"), alice)
    await store.delete_attachment("atc_1", alice)
    await use_sessions(database)
    await import_a_thread(ImportedThreads(database), alice)
    assert await owners_of(database, ["a1", "none"]) == {"a1": "u1"}
    await store.save_attachment(file_attachment("unused"), alice)
    assert await delete_unused(database, datetime.now(UTC)) == 1
    assert await signing_key(database, "addresses") == await signing_key(database, "addresses")
    await use_collections(ChunkStore(database))
    await delete_old_threads(database, NOW - timedelta(days=1))
    assert [line async for line in export_user(database, "alice")]
    await store.delete_thread("thr_1", alice)


async def use_sessions(database: Database) -> None:
    """Every query that is made for a client secret or an API key."""
    secrets = SessionStore(database)
    session = StoredSession(User("alice"), Session("cksess_1", NOW), 600, NOW)
    await secrets.add(session, "hash")
    assert await secrets.by_secret("hash")
    later = NOW + timedelta(seconds=60)
    assert await secrets.add_secret(
        "cksess_1",
        old_hash="hash",
        old_expires_at=NOW,
        new_hash="new hash",
        new_expires_at=later,
        now=NOW,
    )
    assert await secrets.cancel("cksess_1", NOW)
    over = StoredSession(User("alice"), Session("cksess_2", NOW), 600, NOW - timedelta(days=2))
    await secrets.add(over, "old hash")
    assert await delete_old_sessions(database, NOW - timedelta(days=1)) == 1
    assert await ApiKeyStore(database).by_secret("none") is None


async def use_feedback(database: Database, alice: RequestContext) -> None:
    """Every query that is made to store and to export feedback."""
    await FeedbackStore(database).record("thr_1", ["0", "call"], "positive", alice)
    found = [item async for item in rated_items(database, NOW - timedelta(hours=1))]
    assert len(found) == 2
    # So many that the export needs a second page.
    assert len([item async for item in rated_items(database, kind="negative")]) > 200


async def import_a_thread(imported: ImportedThreads, alice: RequestContext) -> None:
    """Every query that is made for a page of an import."""
    for standing in ("new", "begun"):
        begun = await imported.begin(thread("imported"), alice)
        assert begun.standing == standing
        assert await imported.add_page("imported", [message("1")], "1", alice) is not None


async def use_collections(store: ChunkStore) -> None:
    """Every query that is made to store, find and delete documents."""
    # Collections are few, and listed as a whole; so that query is not among these.
    parts = [NewChunk("word w2", (), 0)] * 200
    await store.put_document("c1", NewDocument("a", "", None, None, parts))
    await store.put_document("c1", NewDocument("a", "", None, None, parts[:1]))
    assert await lexical(store, "c1", "w1 w2 word", 10)
    assert await store.content_hashes("c1")
    assert (
        await anext(store.documents("c1"))
    ).chunks  # of the last page a database may sort the rest
    assert await store.delete_documents("c1", ["a"]) == 1
    assert await store.delete_collection("c2")


async def list_everything(everything: AllThreads) -> None:
    await everything.find("thr_1")
    for ascending in (True, False):
        for after, before in ((None, None), ("1", None), (None, "1"), ("0", "1")):
            asked = ListingRequest(after, before, 20, ascending)
            await everything.items("thr_1", asked)
            asked = ListingRequest(after and "thr_1", before and "thr_1", 20, ascending)
            await everything.page(None, asked)
            await everything.page("alice", asked)


async def test_every_query_uses_an_index_and_sorts_nothing(
    database: Database,
    store: ThreadStore,
    alice: RequestContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A page is a small part of a collection, as it is of a large one.
    monkeypatch.setattr("chatkit_backend.store.chunks._AT_ONCE", 50)
    await fill(database)
    with noted(database) as sent:
        await use_everything(database, store, alice)
    verbs = ("SELECT", "UPDATE", "DELETE", "WITH")
    planned = [
        (text, values) for text, values in sent if text.startswith(verbs) and "_lock" not in text
    ]
    assert len(planned) > 20
    for text, values in planned:
        for step in await plan(database, text, values):
            assert "SCAN" not in step, (text, step)
            assert "SORT" not in step, (text, step)
            assert "TEMP B-TREE" not in step, (text, step)


async def test_the_newest_client_tool_call_has_an_index_of_its_own(
    database: Database, store: ThreadStore, alice: RequestContext
) -> None:
    await fill(database)
    await store.save_thread(thread(), alice)
    with noted(database) as sent:
        await store.latest_client_tool_call("thr_1", alice)
    ((text, values),) = [(text, values) for text, values in sent if "items.type" in text]
    steps = await plan(database, text, values)
    assert any("IX_ITEMS_THREAD_ID_TYPE_POSITION" in step for step in steps)


async def fill_vectors(database: Database) -> None:
    """One for each chunk but the last 500 of the first collection, which has half of all."""
    numbers = [n for n in range(1, 5_001) if n % 2 or n <= 4_000]
    made = np.random.default_rng(0).standard_normal((len(numbers), 8)).astype(np.float16)
    rows = [
        {
            "id": n,
            "collection_id": n % 500 + 1 if n % 2 else 1,
            "hash": n.to_bytes(16, "big"),
            "vector": vector,
        }
        for n, vector in zip(numbers, made, strict=True)
    ]
    link = update(chunks).where(chunks.c.id == bindparam("chunk"))
    async with database.write() as connection:
        await connection.execute(insert(vectors), rows)
        await connection.execute(
            link.values(vector_hash=bindparam("of")),
            [{"chunk": row["id"], "of": row["hash"]} for row in rows],
        )
        await connection.execute(update(collections).values(embedding_model="m"))
        if connection.dialect.name == "postgresql":
            await connection.exec_driver_sql("ALTER SEQUENCE vectors_id_seq RESTART 10001")
    async with database.write() as connection:
        await connection.exec_driver_sql("ANALYZE")


@pytest.fixture
async def with_vectors(database: Database) -> AsyncIterator[VectorStore]:
    """Everything filled, vectors too."""
    store = VectorStore(database)
    await store.prepare(8)
    await fill(database)
    await fill_vectors(database)
    yield store
    if not database.dialect.alone:
        async with database.write() as connection:
            await connection.exec_driver_sql("DROP TABLE vectors")


async def use_vectors(store: VectorStore) -> None:
    """Every query that is made to store, link and delete vectors."""
    await store.begin("c1", "m")
    pending = await store.pending("c1", 0, 10)
    assert len(pending) == 10
    # Not of the one that has half of the chunks: to read them all is best there.
    assert await store.count_pending("c4") == 0
    unknown = await store.link_known("c1", pending)
    assert unknown == pending
    await store.put("c1", "m", pending, np.ones((10, 8)))
    await store.link_known("c1", await store.pending("c1", 0, 10))
    assert await store.drop_unused("c1") == 0
    async with store._database.write() as connection:
        # As for a new model, again and again.
        assert await _delete_oldest(connection, 1)


async def find_by_vectors(database: Database, index: VectorIndex, collection_id: int) -> None:
    async with database.snapshot() as connection:
        assert await index.nearest(connection, collection_id, np.ones(8), 5)


async def test_every_query_for_vectors_uses_an_index_and_sorts_nothing(
    database: Database, with_vectors: VectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A step is a small part of a collection, as it is of a large one.
    monkeypatch.setattr("chatkit_backend.store.vectors._AT_ONCE", 10)
    monkeypatch.setattr("chatkit_backend.store.vector_index._SPARE", 1)
    with noted(database) as sent:
        await use_vectors(with_vectors)
        await find_by_vectors(database, VectorIndex(database.dialect), 1)
    verbs = ("SELECT", "UPDATE", "DELETE")
    # Collections are few, and listed as a whole; the others ask for nothing that is in a table.
    skipped = ("SELECT id FROM collections", "to_regclass")
    planned = [
        (words, values)
        for words, values in sent
        if words.startswith(verbs) and not any(part in words for part in skipped)
    ]
    assert len(planned) > 15
    for words, values in planned:
        for step in await plan(database, words, values[0] if isinstance(values, list) else values):
            assert "SCAN" not in step, (words, step)
            assert "SORT" not in step, (words, step)
            assert "TEMP B-TREE" not in step, (words, step)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_vectors_that_nobody_uses_are_looked_for_by_their_hashes(
    database: Database, with_vectors: VectorStore
) -> None:
    # Beginning with the collection took 16 seconds with 100,000 chunks.
    with noted(database) as sent:
        await with_vectors.drop_unused("c1")
    asked = next((words, values) for words, values in sent if "vector_hash IN" in words)
    assert any("IX_CHUNKS_VECTOR_HASH" in step for step in await plan(database, *asked))


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.usefixtures("with_vectors")
async def test_postgresql_searches_large_collections_by_their_index_and_small_ones_one_by_one(
    database: Database,
) -> None:
    for collection_id, by_index in ((1, True), (2, False)):
        with noted(database) as sent:
            await find_by_vectors(database, VectorIndex(database.dialect), collection_id)
        words, values = next(of for of in sent if "AS distance" in of[0])
        steps = await plan(database, words, values)
        assert any("IX_VECTORS_HNSW_8" in step for step in steps) == by_index, steps
        assert not any("SEQ SCAN" in step for step in steps), steps


async def plan(database: Database, text: str, values: Any) -> list[str]:
    """The steps in which the database would do it, in capitals; an index is no scan here."""
    async with database.write() as connection:
        if connection.dialect.name == "sqlite":
            steps = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
            return [_without_first_rows(str(step.detail).upper()) for step in steps]
        explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}", values)
        tree = explained.scalar_one()
        tree = json.loads(tree) if isinstance(tree, str) else tree
        return list(_nodes(tree[0]["Plan"]))


def _without_first_rows(step: str) -> str:
    # The way to the smallest or largest of a key: it reads no more than the LIMIT.
    return step.replace("SCAN CONSTANT ROW", "CONSTANT ROW")


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    # Rows that are found one by one, or that are not in a table.
    kind = {
        "Index Scan": "Index",
        "Index Only Scan": "Index",
        "Bitmap Index Scan": "Index",
        "Bitmap Heap Scan": "Rows of index",
        "CTE Scan": "Rows of CTE",
    }.get(node["Node Type"], node["Node Type"])
    yield f"{kind} {node.get('Index Name', '')}".upper()
    for child in node.get("Plans", []):
        yield from _nodes(child)
