"""Vectors of chunks: stored once for each text, and gone with it, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select, text

from chatkit_backend.errors import SettingsError
from chatkit_backend.store import vectors as vector_module
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.dialects import postgres_vectors
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import chunks, collections, documents, vectors
from chatkit_backend.store.vectors import Pending, VectorStore, embedded_text

DIMENSIONS = 4


@pytest.fixture
def chunk_store(database: Database) -> ChunkStore:
    return ChunkStore(database)


@pytest.fixture
async def vector_store(database: Database) -> AsyncIterator[VectorStore]:
    store = VectorStore(database)
    await store.prepare(DIMENSIONS)
    yield store
    if not database.dialect.alone:
        async with database.write() as connection:
            await connection.execute(text("DROP TABLE IF EXISTS vectors"))


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatkit_backend.store.vectors._AT_ONCE", 2)


def document(source: str, *texts: str, title: str | None = None) -> NewDocument:
    parts = [NewChunk(words, (), 0) for words in texts]
    return NewDocument(source, "hash", title, None, parts)


def made(pending: Sequence[Pending]) -> NDArray[np.float32]:
    """What the model makes of these texts."""
    rows = [[len(of.text), *map(ord, of.text[-3:].rjust(3))] for of in pending]
    return np.array(rows, np.float32)


async def embed(store: VectorStore, collection: str = "docs", model: str = "m") -> int:
    """As ingesting does it. How many texts the model had to look at."""
    await store.begin(collection, model)
    pending = await store.pending(collection, 0, 100)
    unknown = await store.link_known(collection, pending)
    await store.put(collection, model, unknown, made(unknown))
    return len(unknown)


async def count(database: Database) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(vectors)) or 0


async def changed(database: Database, collection: str = "docs") -> int:
    counter = select(collections.c.vectors_changed).where(collections.c.name == collection)
    async with database.read() as connection:
        return int((await connection.execute(counter)).scalar_one())


async def linked(database: Database) -> dict[str, bytes | None]:
    """The hashes of the vectors of all chunks, by the sources of their documents."""
    async with database.read() as connection:
        rows = await connection.execute(
            select(documents.c.source, chunks.c.vector_hash).join(
                documents, documents.c.id == chunks.c.document_id
            )
        )
        return {row.source: row.vector_hash for row in rows}


# What is embedded


def test_a_model_sees_title_and_headings_each_once() -> None:
    assert embedded_text("Returns", ("Returns", "Rules", "Rules"), "Text") == "Returns\nRules\nText"
    assert embedded_text(None, (), "Text") == "Text"
    assert embedded_text("", ("", "A"), "A") == "A\nA"


async def test_chunks_without_vectors_are_given_by_their_ids_a_page_at_a_time(
    chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    parts = [NewChunk("one", ("Head",), 0), NewChunk("two", (), 0), NewChunk("three", (), 0)]
    await chunk_store.put_document("docs", NewDocument("a", "h", "Title", None, parts))
    await chunk_store.put_document("other", document("b", "four"))
    assert await vector_store.count_pending("docs") == 3
    first = await vector_store.pending("docs", 0, 2)
    assert [of.text for of in first] == ["Title\nHead\none", "Title\ntwo"]
    rest = await vector_store.pending("docs", first[-1].chunk_id, 2)
    assert [of.text for of in rest] == ["Title\nthree"]


async def test_a_collection_that_is_not_there_has_nothing_pending(
    vector_store: VectorStore,
) -> None:
    assert not await vector_store.begin("none", "m")
    assert await vector_store.pending("none", 0, 9) == []
    assert await vector_store.count_pending("none") == 0
    assert await vector_store.drop_unused("none") == 0
    asked = [Pending(1, "a", "text")]
    assert await vector_store.link_known("none", asked) == asked
    await vector_store.put("none", "m", asked, made(asked))


# Stored once for each text


async def test_a_chunk_with_a_vector_is_pending_no_more(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one", "two"))
    assert await embed(vector_store) == 2
    assert await vector_store.pending("docs", 0, 9) == []
    assert await vector_store.count_pending("docs") == 0
    assert await count(database) == 2


async def test_vectors_are_stored_with_length_1(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one"))
    await vector_store.begin("docs", "m")
    pending = await vector_store.pending("docs", 0, 9)
    await vector_store.put("docs", "m", pending, np.array([[0, 3e5, 0, -4e5]]))
    async with database.read() as connection:
        (stored,) = (await connection.exec_driver_sql("SELECT vector FROM vectors")).scalars()
    if isinstance(stored, bytes):
        assert stored == np.array([0, 0.6, 0, -0.8], "<f2").tobytes()
    else:
        numbers = [float(number) for number in stored[1:-1].split(",")]
        assert np.allclose(numbers, [0, 0.6, 0, -0.8], atol=1e-3)


async def test_a_renamed_document_needs_no_new_vectors(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("old", "one", "two"))
    await embed(vector_store)
    await chunk_store.put_document("docs", document("new", "one", "two"))
    await chunk_store.delete_documents("docs", ["old"])
    assert await embed(vector_store) == 0
    assert await vector_store.count_pending("docs") == 0
    assert await count(database) == 2


async def test_of_a_replaced_document_only_what_is_new_needs_vectors(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one", "two"))
    await embed(vector_store)
    await chunk_store.put_document("docs", document("a", "zero", "one", "two"))
    assert await embed(vector_store) == 1
    assert await count(database) == 3


async def test_chunks_with_the_same_text_share_a_vector(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    for source in ("a", "b"):
        await chunk_store.put_document("docs", document(source, "same"))
    assert await embed(vector_store) == 2
    assert await count(database) == 1
    hashes = await linked(database)
    assert hashes["a"] == hashes["b"] is not None


async def test_a_text_of_another_collection_needs_a_vector_of_its_own(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    for collection in ("docs", "other"):
        await chunk_store.put_document(collection, document("a", "same"))
        assert await embed(vector_store, collection) == 1
    assert await count(database) == 2


async def test_storing_the_same_vectors_again_changes_none(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    """Two that ingest at once do so."""
    await chunk_store.put_document("docs", document("a", "one", "two"))
    await vector_store.begin("docs", "m")
    pending = await vector_store.pending("docs", 0, 9)
    await asyncio.gather(*(vector_store.put("docs", "m", pending, made(pending)) for _ in range(4)))
    assert await count(database) == 2


async def test_nothing_is_stored_for_a_chunk_that_is_gone(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one"))
    await chunk_store.put_document("docs", document("b", "two"))
    await vector_store.begin("docs", "m")
    pending = await vector_store.pending("docs", 0, 9)
    await chunk_store.delete_documents("docs", ["a"])
    await vector_store.put("docs", "m", pending, made(pending))
    assert await count(database) == 1
    assert await vector_store.count_pending("docs") == 0


async def test_a_vector_for_each_chunk_is_asked_for(
    chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one", "two"))
    await vector_store.begin("docs", "m")
    pending = await vector_store.pending("docs", 0, 9)
    with pytest.raises(ValueError, match="shorter"):
        await vector_store.put("docs", "m", pending, made(pending[:1]))


# Another model


@pytest.mark.usefixtures("small_steps")
async def test_another_model_begins_without_vectors(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    for collection in ("docs", "other"):
        await chunk_store.put_document(collection, document("a", "1", "2", "3", "4", "5"))
        await embed(vector_store, collection)
    assert await vector_store.begin("docs", "m")
    assert await vector_store.count_pending("docs") == 0
    assert await vector_store.begin("docs", "new")
    assert await vector_store.count_pending("docs") == 5
    assert await vector_store.count_pending("other") == 0
    assert await count(database) == 5
    assert await embed(vector_store, model="new") == 5


async def test_vectors_of_another_model_are_not_stored(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one"))
    await vector_store.begin("docs", "old")
    pending = await vector_store.pending("docs", 0, 9)
    await vector_store.begin("docs", "new")
    await vector_store.put("docs", "old", pending, made(pending))
    assert await count(database) == 0
    assert await vector_store.count_pending("docs") == 1


@pytest.mark.usefixtures("small_steps")
async def test_a_change_of_the_model_that_was_cut_short_is_finished_by_the_next(
    database: Database,
    chunk_store: ChunkStore,
    vector_store: VectorStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await chunk_store.put_document("docs", document("a", "1", "2", "3", "4", "5"))
    await embed(vector_store, model="old")
    delete_oldest = "chatkit_backend.store.vectors._delete_oldest"
    with monkeypatch.context() as patch:
        patch.setattr(delete_oldest, _only_once())
        with pytest.raises(RuntimeError, match="power cut"):
            await vector_store.begin("docs", "new")
    await chunk_store.put_document("docs", document("b", "5"))
    pending = await vector_store.pending("docs", 0, 9)
    assert [of.text for of in pending] == ["1", "2", "5"]
    # Neither those that are left nor new ones of the old model are used.
    assert await vector_store.link_known("docs", pending) == pending
    await vector_store.put("docs", "old", pending, made(pending))
    await vector_store.put("docs", "new", pending, made(pending))
    assert await count(database) == 3
    for model in ("old", "new"):
        await vector_store.begin("docs", model)
        assert await count(database) == 0
        assert await embed(vector_store, model=model) == 6


def _only_once() -> object:
    real = vector_module._delete_oldest
    calls: list[object] = []

    async def once(*arguments: object) -> bool:
        if calls:
            raise RuntimeError("power cut")
        calls.append(arguments)
        return await real(*arguments)  # type: ignore[arg-type] # as it was called

    return once


# Deleted


@pytest.mark.usefixtures("small_steps")
async def test_vectors_that_no_chunk_uses_are_dropped(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    for collection in ("docs", "other"):
        await chunk_store.put_document(collection, document("a", "1", "2", "3", "4", "5"))
        await chunk_store.put_document(collection, document("b", "5", "6"))
        await embed(vector_store, collection)
    await chunk_store.delete_documents("docs", ["a"])
    assert await vector_store.drop_unused("docs") == 4
    assert await vector_store.drop_unused("docs") == 0
    assert await count(database) == 2 + 6
    assert await vector_store.count_pending("docs") == 0


async def test_a_vector_that_is_linked_while_it_is_dropped_stays(
    database: Database,
    chunk_store: ChunkStore,
    vector_store: VectorStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await chunk_store.put_document("docs", document("a", "one"))
    await embed(vector_store)
    await chunk_store.delete_documents("docs", ["a"])
    real = VectorStore._drop

    async def late(store: VectorStore, name: str, number: int, unused: dict[int, bytes]) -> int:
        await chunk_store.put_document("docs", document("b", "one"))
        assert await embed(vector_store) == 0
        return await real(store, name, number, unused)

    monkeypatch.setattr(VectorStore, "_drop", late)
    assert await vector_store.drop_unused("docs") == 0
    assert await count(database) == 1


async def test_vectors_go_with_their_collection(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one"))
    await embed(vector_store)
    await chunk_store.delete_collection("docs")
    assert await count(database) == 0
    await chunk_store.put_document("docs", document("a", "one"))
    assert await embed(vector_store) == 1


async def test_what_changes_vectors_is_counted(
    database: Database, chunk_store: ChunkStore, vector_store: VectorStore
) -> None:
    await chunk_store.put_document("docs", document("a", "one"))
    seen = [await changed(database)]
    await embed(vector_store)
    seen.append(await changed(database))
    await chunk_store.put_document("docs", document("a", "two"))
    await embed(vector_store)
    seen.append(await changed(database))
    await vector_store.drop_unused("docs")
    seen.append(await changed(database))
    await vector_store.begin("docs", "new")
    seen.append(await changed(database))
    assert seen == sorted(set(seen))
    await vector_store.begin("docs", "new")
    await vector_store.drop_unused("docs")
    assert await changed(database) == seen[-1]


# PostgreSQL without pgvector, or without the rights


@pytest.fixture
async def plain(empty_postgres: str) -> AsyncIterator[Database]:
    """A PostgreSQL database with our tables but nothing for vectors."""
    database = await Database.open(empty_postgres)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def weak_role(postgres_server: str) -> Iterator[str]:
    """The name of a role that may log in and nothing else."""
    name = "chatkit_weak"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"DROP ROLE IF EXISTS {name}")
        admin.execute(f"CREATE ROLE {name} LOGIN")
        yield name


async def refusal(url: str) -> str:
    database = await Database.open(url)
    try:
        with pytest.raises(SettingsError) as raised:
            await VectorStore(database).prepare(DIMENSIONS)
    finally:
        await database.close()
    return str(raised.value)


async def test_many_may_prepare_at_once(plain: Database) -> None:
    store = VectorStore(plain)
    await asyncio.gather(*(store.prepare(number % 2 + 3) for number in range(8)))
    async with plain.read() as connection:
        indexes = text("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%hnsw%' ORDER BY 1")
        found = (await connection.scalars(indexes)).all()
    assert found == ["ix_vectors_hnsw_3", "ix_vectors_hnsw_4"]


async def test_preparing_again_asks_once_and_locks_nothing(plain: Database) -> None:
    store = VectorStore(plain)
    await store.prepare(DIMENSIONS)
    async with plain.write() as connection:
        await plain.dialect.lock(connection, "vectors")
        await asyncio.wait_for(store.prepare(DIMENSIONS), 5)


async def test_vectors_too_long_for_an_index_can_be_kept(plain: Database) -> None:
    chunk_store, store = ChunkStore(plain), VectorStore(plain)
    await chunk_store.put_document("docs", document("a", "one"))
    await store.prepare(4001)
    await store.begin("docs", "m")
    pending = await store.pending("docs", 0, 9)
    await store.put("docs", "m", pending, np.ones((1, 4001)))
    assert await count(plain) == 1


async def test_a_role_that_may_not_add_the_extension_is_told_who_may(
    plain: Database, empty_postgres: str, weak_role: str
) -> None:
    said = await refusal(f"{empty_postgres}&user={weak_role}")
    assert "may not add pgvector" in said
    assert "run CREATE EXTENSION vector; as a superuser, or unset CHATKIT_EMBEDDING_MODEL." in said


async def test_a_role_that_may_not_make_tables_is_told_what_it_needs(
    plain: Database, empty_postgres: str, weak_role: str
) -> None:
    async with plain.write() as connection:
        await connection.execute(text("CREATE EXTENSION vector"))
    said = await refusal(f"{empty_postgres}&user={weak_role}")
    assert "may not make the table of vectors" in said


async def test_a_server_without_pgvector_is_told_how_to_get_it(
    empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_vectors, "_EXTENSION", "chatkit_no_such_extension")
    assert await refusal(empty_postgres) == (
        "PostgreSQL has no pgvector: install it and run CREATE EXTENSION vector; as a superuser, "
        "or unset CHATKIT_EMBEDDING_MODEL."
    )


async def test_an_old_pgvector_is_told_how_to_update_it(
    empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_vectors, "_LEAST_VERSION", (99, 0))
    assert "ALTER EXTENSION vector UPDATE" in await refusal(empty_postgres)


async def test_before_it_is_prepared_nothing_has_a_vector_and_documents_work(
    plain: Database,
) -> None:
    """A provider that is down must not keep anybody from ingesting."""
    chunk_store, store = ChunkStore(plain), VectorStore(plain)
    await chunk_store.put_document("docs", document("a", "one"))
    for model in ("old", "new"):
        assert await store.begin("docs", model)
    pending = await store.pending("docs", 0, 9)
    assert await store.count_pending("docs") == len(pending) == 1
    assert await store.link_known("docs", pending) == pending
    assert await store.drop_unused("docs") == 0
    await store.prepare(DIMENSIONS)
    await store.put("docs", "new", pending, made(pending))
    assert await store.count_pending("docs") == 0
    assert await chunk_store.delete_collection("docs")
