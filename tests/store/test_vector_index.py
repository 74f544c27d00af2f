"""Chunks found by their vectors: the nearest, in order, and none that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.dialects import ConnectionOptions, sqlite_vectors
from chatkit_backend.store.dialects.sqlite_vectors import InMemory
from chatkit_backend.store.engine import Database
from chatkit_backend.store.matrix import Matrix, halved, unit
from chatkit_backend.store.vector_index import VectorIndex
from chatkit_backend.store.vectors import VectorStore

DIMENSIONS = 24
Vectors = NDArray[np.float32]
Hits = list[tuple[int, float]]


def random_vectors(count: int, seed: int = 0) -> Vectors:
    return np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)


class Shelf:
    """Collections of documents of a chunk each, with vectors that a test chose."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.chunks = ChunkStore(database)
        self.vectors = VectorStore(database)
        self.index = VectorIndex(database.dialect)

    async def add(self, vectors: Vectors, collection: str = "docs", start: int = 0) -> list[int]:
        """Store a document for each vector. The ids of the chunks."""
        for number in range(start, start + len(vectors)):
            await self.add_document(f"{number}", f"text {number}", collection)
        return await self.embed(vectors, collection)

    async def add_document(self, source: str, words: str, collection: str = "docs") -> None:
        parts = [NewChunk(words, (), 0)]
        await self.chunks.put_document(collection, NewDocument(source, "h", None, None, parts))

    async def embed(
        self, vectors: Vectors, collection: str = "docs", model: str = "m"
    ) -> list[int]:
        await self.vectors.begin(collection, model)
        pending = await self.vectors.pending(collection, 0, 1000)
        await self.vectors.put(collection, model, pending, vectors)
        return [of.chunk_id for of in pending]

    async def nearest(self, query: Vectors, limit: int = 10, collection: str = "docs") -> Hits:
        async with self.database.snapshot() as connection:
            found = await connection.execute(
                text("SELECT id FROM collections WHERE name = :name"), {"name": collection}
            )
            return await self.index.nearest(connection, found.scalar_one(), query, limit)

    async def ids(self, query: Vectors, limit: int = 10, collection: str = "docs") -> list[int]:
        return [chunk_id for chunk_id, _ in await self.nearest(query, limit, collection)]


@pytest.fixture
async def shelf(database: Database) -> AsyncIterator[Shelf]:
    shelf = Shelf(database)
    await shelf.vectors.prepare(DIMENSIONS)
    yield shelf
    if not database.dialect.alone:
        async with database.write() as connection:
            await connection.execute(text("DROP TABLE IF EXISTS vectors"))


def brute_force(ids: Sequence[int], vectors: Vectors, query: Vectors, limit: int) -> Hits:
    stored = halved(vectors).astype(np.float32)
    cosines = stored @ (query / np.linalg.norm(query))
    order = np.lexsort((np.array(ids), -cosines))[:limit]
    return [(ids[place], float(cosines[place])) for place in order]


def assert_same(found: Hits, expected: Hits) -> None:
    assert [chunk_id for chunk_id, _ in found] == [chunk_id for chunk_id, _ in expected]
    assert np.allclose([of for _, of in found], [of for _, of in expected], atol=2e-3)


# The nearest, in order


async def test_the_order_is_that_of_comparing_one_by_one(shelf: Shelf) -> None:
    vectors = random_vectors(60)
    ids = await shelf.add(vectors)
    for seed in range(1, 6):
        (query,) = random_vectors(1, seed)
        assert_same(await shelf.nearest(query, 7), brute_force(ids, vectors, query, 7))
    assert len(await shelf.nearest(query, 100)) == 60


async def test_a_cosine_is_from_minus_one_to_one_however_long_the_vectors_are(
    shelf: Shelf,
) -> None:
    (vector,) = random_vectors(1)
    ids = await shelf.add(np.array([vector * 1e4, vector * -1e-4]))
    assert_same(await shelf.nearest(vector * 1e6), [(ids[0], 1.0), (ids[1], -1.0)])


async def test_of_equal_ones_the_smallest_ids_come_first(shelf: Shelf) -> None:
    ids = await shelf.add(np.tile(random_vectors(1), (9, 1)))
    assert await shelf.ids(random_vectors(1, 1)[0], 4) == ids[:4]


async def test_all_chunks_with_a_text_are_found(shelf: Shelf) -> None:
    for source in ("a", "b", "c"):
        await shelf.add_document(source, "same")
    vectors = np.tile(random_vectors(1), (3, 1))
    ids = await shelf.embed(vectors)
    assert await shelf.ids(vectors[0]) == ids
    assert await shelf.ids(vectors[0], 2) == ids[:2]


async def test_only_chunks_of_the_collection_are_found(shelf: Shelf) -> None:
    vectors = random_vectors(4)
    here = await shelf.add(vectors)
    there = await shelf.add(vectors, "other")
    assert set(await shelf.ids(vectors[0])) == set(here)
    assert set(await shelf.ids(vectors[0], collection="other")) == set(there)


async def test_a_query_of_another_length_or_without_direction_finds_nothing(shelf: Shelf) -> None:
    vectors = random_vectors(3)
    ids = await shelf.add(vectors)
    for query in (vectors[0][:7], vectors[0] * 0, vectors[0] * np.float32("nan")):
        assert await shelf.nearest(query) == []
    assert len(await shelf.ids(vectors[0])) == len(ids)


async def test_a_vector_without_direction_is_near_to_nothing(shelf: Shelf) -> None:
    vectors = random_vectors(3)
    vectors[1] = 0
    ids = await shelf.add(vectors)
    for query in random_vectors(5, 1):
        hits = dict(await shelf.nearest(query))
        assert hits.get(ids[1], 0.0) == 0.0
        assert {ids[0], ids[2]} <= hits.keys()


# What changes


async def test_what_was_added_after_a_search_is_found(shelf: Shelf) -> None:
    vectors = random_vectors(30)
    ids = await shelf.add(vectors[:10])
    await shelf.nearest(vectors[0])
    for begin in (10, 20):
        ids += await shelf.add(vectors[begin : begin + 10], start=begin)
        (query,) = random_vectors(1, begin)
        expected = brute_force(ids, vectors[: len(ids)], query, 5)
        assert_same(await shelf.nearest(query, 5), expected)


async def test_chunks_that_are_gone_take_no_place_of_others(shelf: Shelf) -> None:
    vectors = random_vectors(60)
    ids = await shelf.add(vectors)
    by_nearness = [of for of, _ in brute_force(ids, vectors, vectors[0], 60)]
    gone = by_nearness[:50]
    await shelf.chunks.delete_documents("docs", [f"{ids.index(of)}" for of in gone])
    assert await shelf.ids(vectors[0], 5) == by_nearness[50:55]
    await shelf.vectors.drop_unused("docs")
    assert await shelf.ids(vectors[0], 5) == by_nearness[50:55]


async def test_chunks_are_looked_up_a_few_at_a_time_and_only_so_deep(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_backend.store.vector_index._AT_ONCE", 7)
    vectors = random_vectors(60)
    ids = await shelf.add(vectors)
    by_nearness = [of for of, _ in brute_force(ids, vectors, vectors[0], 60)]
    assert await shelf.ids(vectors[0], 40) == by_nearness[:40]
    gone = by_nearness[:50]
    await shelf.chunks.delete_documents("docs", [f"{ids.index(of)}" for of in gone])
    assert await shelf.ids(vectors[0], 5) == by_nearness[50:55]
    monkeypatch.setattr("chatkit_backend.store.vector_index._DEEPEST", 40)
    assert await shelf.ids(vectors[0], 5) == []


async def test_after_a_change_of_the_model_only_new_vectors_are_found(shelf: Shelf) -> None:
    old, new = random_vectors(4), random_vectors(4, 1)
    ids = await shelf.add(old)
    await shelf.nearest(old[0])
    await shelf.vectors.begin("docs", "new")
    assert await shelf.nearest(old[0]) == []
    assert await shelf.embed(new, model="new") == ids
    assert_same(await shelf.nearest(new[2], 4), brute_force(ids, new, new[2], 4))


async def test_vectors_of_a_new_length_replace_the_old_ones(shelf: Shelf) -> None:
    vectors = random_vectors(4)
    ids = await shelf.add(vectors)
    await shelf.nearest(vectors[0])
    await shelf.vectors.prepare(7)
    await shelf.embed(vectors[:, :7], model="short")
    assert await shelf.nearest(vectors[0]) == []
    assert (await shelf.ids(vectors[1][:7]))[0] == ids[1]


async def test_a_collection_that_was_deleted_and_made_again_begins_anew(shelf: Shelf) -> None:
    vectors = random_vectors(4)
    await shelf.add(vectors[:3])
    await shelf.nearest(vectors[0])
    await shelf.chunks.delete_collection("docs")
    ids = await shelf.add(vectors[3:])
    assert await shelf.ids(vectors[0]) == ids


async def test_a_change_by_another_process_is_noticed(shared_url: str) -> None:
    here = Shelf(await Database.open(shared_url))
    await here.database.migrate()
    there = Shelf(await Database.open(shared_url))
    await here.vectors.prepare(DIMENSIONS)
    vectors = random_vectors(6)
    ids = await here.add(vectors[:3])
    assert set(await there.ids(vectors[0])) == set(ids)
    ids += await here.add(vectors[3:], start=3)
    assert set(await there.ids(vectors[0])) == set(ids)
    await here.chunks.delete_documents("docs", ["0"])
    await here.vectors.drop_unused("docs")
    assert set(await there.ids(vectors[0])) == set(ids[1:])
    if not here.database.dialect.alone:
        async with here.database.write() as connection:
            await connection.execute(text("DROP TABLE vectors"))
    for shelf in (here, there):
        await shelf.database.close()


# Held in memory


@pytest.fixture
async def in_file(file_url: str) -> AsyncIterator[Shelf]:
    database = await Database.open(file_url)
    await database.migrate()
    yield Shelf(database)
    await database.close()


def searched(shelf: Shelf) -> InMemory:
    found = shelf.index._search
    assert isinstance(found, InMemory)
    return found


async def test_searches_at_once_load_a_vector_once_and_find_the_same(
    in_file: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_vectors, "_PAGE", 8)
    added: list[int] = []
    add = Matrix.add

    def noted(matrix: Matrix, ids: Sequence[int], stored: Sequence[bytes]) -> None:
        added.extend(ids)
        add(matrix, ids, stored)

    monkeypatch.setattr(Matrix, "add", noted)
    vectors = random_vectors(50)
    ids = await in_file.add(vectors)
    queries = random_vectors(5, 1)
    found = await asyncio.gather(*(in_file.nearest(query, 9) for query in queries))
    for query, hits in zip(queries, found, strict=True):
        assert_same(hits, brute_force(ids, vectors, query, 9))
    assert len(added) == len(set(added)) == 50


async def test_a_search_without_changes_reads_no_vectors(in_file: Shelf) -> None:
    vectors = random_vectors(4)
    await in_file.add(vectors)
    await in_file.nearest(vectors[0])
    (held,) = searched(in_file)._collections.values()
    matrix = held.matrix
    async with in_file.database.write() as connection:
        await connection.execute(text("UPDATE vectors SET vector = x'00'"))
    assert len(await in_file.nearest(vectors[0])) == 4
    assert held.matrix is matrix


async def test_vectors_that_are_gone_leave_the_memory(in_file: Shelf) -> None:
    vectors = random_vectors(4)
    await in_file.add(vectors)
    await in_file.add(vectors, "other")
    await in_file.nearest(vectors[0])
    await in_file.chunks.delete_documents("docs", ["0"])
    await in_file.vectors.drop_unused("docs")
    await in_file.nearest(vectors[0])
    collections = searched(in_file)._collections
    assert [len(held.matrix) for held in collections.values()] == [3]
    await in_file.chunks.delete_collection("docs")
    await in_file.nearest(vectors[0], collection="other")
    assert [len(held.matrix) for held in collections.values()] == [4]


async def test_an_older_snapshot_does_not_take_back_what_a_newer_one_loaded(
    in_file: Shelf,
) -> None:
    vectors = random_vectors(6)
    ids = await in_file.add(vectors[:3])
    async with in_file.database.snapshot() as old:
        await old.exec_driver_sql("SELECT count(*) FROM chunks")
        await in_file.add(vectors[3:], start=3)
        assert len(await in_file.nearest(vectors[0])) == 6
        hits = await in_file.index.nearest(old, 1, vectors[0], 10)
        assert {chunk_id for chunk_id, _ in hits} == set(ids)
    (held,) = searched(in_file)._collections.values()
    assert len(held.matrix) == 6


async def test_a_search_that_is_cancelled_while_it_loads_leaves_nothing_wrong(
    in_file: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_vectors, "_PAGE", 4)
    vectors = random_vectors(40)
    ids = await in_file.add(vectors)
    for waited in range(30):
        search = asyncio.create_task(in_file.nearest(vectors[0]))
        await asyncio.sleep(waited / 5000)
        search.cancel()
        await asyncio.gather(search, return_exceptions=True)
    assert_same(await in_file.nearest(vectors[3], 9), brute_force(ids, vectors, vectors[3], 9))


def test_numbers_are_widened_exactly_whatever_their_size() -> None:
    row = np.array([0, -0.0, 1, -1, 2**-14, -(2**-14), 0.3333, 0.9995], np.float16)
    matrix = Matrix(len(row))
    matrix.add([1], [row.tobytes()])
    for place, number in enumerate(row):
        query = np.zeros(len(row), np.float32)
        query[place] = 1
        assert matrix.nearest(query, 1) == [(1, float(number))]


def test_the_last_rows_of_a_matrix_are_compared_too() -> None:
    vectors = random_vectors(600)
    matrix = Matrix(DIMENSIONS, room=10)
    for begin in range(0, 600, 100):
        part = halved(vectors[begin : begin + 100])
        matrix.add(range(begin, begin + 100), [row.tobytes() for row in part])
    for place in (0, 255, 256, 511, 512, 599):
        assert matrix.nearest(unit(vectors[place]), 1)[0][0] == place


def test_what_is_stored_has_no_number_that_slows_a_processor_down() -> None:
    row = halved(np.array([1.0, 1e-5, -1e-5, 2.0**-13]))
    assert row.tolist() == [1.0, 0.0, 0.0, 2.0**-13]


# Found by the server


@pytest.fixture
async def on_server(postgres_url: str) -> AsyncIterator[Shelf]:
    """With one connection, so that every transaction shows what an earlier one left."""
    database = await Database.open(postgres_url, ConnectionOptions(pool_size=1))
    yield Shelf(database)
    async with database.write() as connection:
        await connection.execute(text("DROP TABLE IF EXISTS vectors"))
    await database.close()


async def test_without_a_table_nothing_is_found_and_the_transaction_goes_on(
    on_server: Shelf,
) -> None:
    await on_server.add_document("a", "text")
    async with on_server.database.snapshot() as connection:
        assert await on_server.index.nearest(connection, 1, random_vectors(1)[0], 10) == []
        assert (await connection.execute(text("SELECT count(*) FROM chunks"))).scalar_one() == 1
    await on_server.vectors.prepare(DIMENSIONS)
    vectors = random_vectors(1)
    ids = await on_server.embed(vectors)
    assert await on_server.ids(vectors[0]) == ids


async def test_a_search_changes_nothing_of_the_session(on_server: Shelf) -> None:
    """Behind a pooler in transaction mode somebody else gets the session next."""
    await on_server.vectors.prepare(DIMENSIONS)
    vectors = random_vectors(3)
    await on_server.add(vectors)
    changed = text(
        "SELECT name, setting FROM pg_settings WHERE source = 'session' OR name = 'hnsw.ef_search' "
        "OR name = 'hnsw.iterative_scan' ORDER BY 1"
    )
    for _ in range(2):
        assert len(await on_server.nearest(vectors[0])) == 3
        async with on_server.database.read() as connection:
            assert [tuple(row) for row in await connection.execute(changed)] == [
                ("hnsw.ef_search", "40"),
                ("hnsw.iterative_scan", "off"),
            ]


async def test_a_collection_is_found_among_the_nearer_vectors_of_another(on_server: Shelf) -> None:
    """Where the index is used, it may give up before it gets there."""
    await on_server.vectors.prepare(DIMENSIONS)
    (query,) = random_vectors(1)
    noise = random_vectors(300, 1) / 4
    await on_server.add(query + noise, "near")
    ids = await on_server.add(noise[:12] - query, "far")
    async with on_server.database.snapshot() as connection:
        for setting, value in (
            ("enable_sort", "off"),
            ("enable_seqscan", "off"),
            ("hnsw.max_scan_tuples", "1"),
        ):
            await connection.exec_driver_sql("SELECT set_config(%s, %s, true)", (setting, value))
        found: Any = await connection.exec_driver_sql(
            "SELECT id FROM collections WHERE name = 'far'"
        )
        hits = await on_server.index.nearest(connection, found.scalar_one(), query, 10)
    assert len({chunk_id for chunk_id, _ in hits} & set(ids)) == 10
