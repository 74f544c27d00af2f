"""Documents: stored, replaced, deleted, and found by their words, on every database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import count
from math import log
from typing import Any

import pytest

from chatkit_backend.errors import DatabaseUnavailable
from chatkit_backend.store import lexical_index
from chatkit_backend.store.chunk_search import ChunkSearch
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.engine import Database
from chatkit_backend.store.postings import K1, B
from chatkit_backend.store.words import words_of
from tests.passages import lexical

SMALL = 4


@pytest.fixture
def chunk_store(database: Database) -> ChunkStore:
    return ChunkStore(database)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs and merges all the time."""
    monkeypatch.setattr(lexical_index, "_MOST_RECENT", SMALL)
    monkeypatch.setattr(lexical_index, "_MOST_PACKED", 3 * SMALL)


def document(source: str, *texts: str, title: str | None = None, mark: str = "") -> NewDocument:
    chunks = [NewChunk(text, (), 0) for text in texts]
    return NewDocument(source, f"hash of {source}{mark}", title, None, chunks)


async def sources(store: ChunkStore, query: str, collection: str = "docs") -> list[str]:
    return [chunk.source for chunk, _ in await lexical(store, collection, query, 10)]


# Stored


async def test_what_was_put_is_found_with_all_that_was_known_of_it(chunk_store: ChunkStore) -> None:
    await chunk_store.put_document(
        "docs",
        NewDocument(
            "guide/returns.md",
            "hash",
            "Returns",
            "https://example.org/returns",
            [
                NewChunk("You may send it back.", ("Returns", "Rules"), 10),
                NewChunk("Keep the parcel's label.", ("Returns", "Labels"), 90),
            ],
        ),
    )
    ((chunk, score),) = await lexical(chunk_store, "docs", "label", 10)
    assert 0 < score < 1
    assert (chunk.collection, chunk.source, chunk.title, chunk.url, chunk.position) == (
        "docs",
        "guide/returns.md",
        "Returns",
        "https://example.org/returns",
        1,
    )
    assert chunk.heading_path == ("Returns", "Labels")
    assert chunk.text == "Keep the parcel's label."


async def test_a_chunk_is_found_by_its_title_and_its_headings(chunk_store: ChunkStore) -> None:
    chunk = NewChunk("Within thirty days.", ("Deadlines",), 0)
    await chunk_store.put_document("docs", NewDocument("a", "h", "Refunds", None, [chunk]))
    for query in ("refund", "deadline"):
        assert await sources(chunk_store, query) == ["a"]


async def test_hashes_are_those_of_the_newest_documents(chunk_store: ChunkStore) -> None:
    assert await chunk_store.content_hashes("docs") == {}
    await chunk_store.put_document("docs", document("a", "one"))
    await chunk_store.put_document("docs", document("b"))
    await chunk_store.put_document("docs", document("a", "two", mark="!"))
    await chunk_store.put_document("other", document("c", "three"))
    assert await chunk_store.content_hashes("docs") == {"a": "hash of a!", "b": "hash of b"}


async def test_collections_and_documents_are_counted_and_listed(chunk_store: ChunkStore) -> None:
    assert await chunk_store.collections() == []
    await chunk_store.put_document("b", document("2", "one", "two", title="Two"))
    await chunk_store.put_document("b", document("1", "one"))
    await chunk_store.put_document("b", document("2", "one", "two", "three", title="Two"))
    await chunk_store.put_document("a", document("1"))
    listed = await chunk_store.collections()
    assert [(of.name, of.documents, of.chunks) for of in listed] == [("a", 1, 0), ("b", 2, 4)]
    assert listed[0].updated_at >= listed[1].updated_at
    found = [of async for of in chunk_store.documents("b")]
    assert [(of.source, of.title, of.chunks) for of in found] == [("1", None, 1), ("2", "Two", 3)]
    assert found[1].content_hash == "hash of 2"
    assert found[1].updated_at.utcoffset() is not None
    assert [of async for of in chunk_store.documents("none")] == []


async def test_documents_are_listed_beyond_the_first_page(
    chunk_store: ChunkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_backend.store.chunks._AT_ONCE", 2)
    for number in range(5):
        await chunk_store.put_document("docs", document(f"{number}"))
    found = [of.source async for of in chunk_store.documents("docs")]
    assert found == ["0", "1", "2", "3", "4"]


async def test_a_chunk_that_is_alone_is_found_by_all_of_its_words(chunk_store: ChunkStore) -> None:
    # Each of them is in more than half of the chunks, as nothing is in a large collection.
    await chunk_store.put_document("docs", document("a", "Keep the parcel's label."))
    ((_, one),) = await lexical(chunk_store, "docs", "label zebra", 10)
    ((_, both),) = await lexical(chunk_store, "docs", "label parcel zebra", 10)
    assert both > one


# Replaced and deleted


@pytest.mark.usefixtures("small_segments")
async def test_a_replaced_document_is_found_by_its_new_words_only(chunk_store: ChunkStore) -> None:
    for number in range(3 * SMALL):
        await chunk_store.put_document("docs", document(f"{number}", f"old{number} same"))
    for number in range(3 * SMALL):
        await chunk_store.put_document("docs", document(f"{number}", f"new{number} same"))
        assert await sources(chunk_store, f"old{number}") == []
        assert await sources(chunk_store, f"new{number}") == [f"{number}"]


@pytest.mark.usefixtures("small_segments")
async def test_deleted_documents_are_found_no_more(chunk_store: ChunkStore) -> None:
    for number in range(3 * SMALL):
        await chunk_store.put_document("docs", document(f"{number}", f"word{number}", "same"))
    assert await chunk_store.delete_documents("docs", ["1", "2", "1", "none"]) == 2
    assert await chunk_store.delete_documents("docs", ["1"]) == 0
    assert await chunk_store.delete_documents("none", ["1"]) == 0
    assert await sources(chunk_store, "word1 word2 word3") == ["3"]
    (summary,) = await chunk_store.collections()
    assert (summary.documents, summary.chunks) == (3 * SMALL - 2, 2 * (3 * SMALL - 2))


@pytest.mark.usefixtures("small_segments")
async def test_a_deleted_collection_leaves_nothing_behind(
    chunk_store: ChunkStore, database: Database
) -> None:
    for number in range(3 * SMALL):
        await chunk_store.put_document("docs", document(f"{number}", "same"))
        await chunk_store.put_document("other", document(f"{number}", "same"))
    assert await chunk_store.delete_collection("docs")
    assert not await chunk_store.delete_collection("docs")
    assert await sources(chunk_store, "same") == []
    assert len(await sources(chunk_store, "same", "other")) == 10
    assert await chunk_store.delete_collection("other")
    async with database.read() as connection:
        for table in (
            "collections",
            "documents",
            "chunks",
            "lexical_recent",
            "lexical_segments",
            "lexical_postings",
        ):
            left = await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")  # noqa: S608
            assert (table, left.scalar_one()) == (table, 0)


async def test_a_deletion_that_was_stopped_hides_the_collection_and_is_finished_later(
    chunk_store: ChunkStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_backend.store.chunks._AT_ONCE", 2)
    for number in range(5):
        await chunk_store.put_document("docs", document(f"{number}", "same"))
    for work in (lambda: chunk_store.delete_collection("docs"), chunk_store.finish_deleting):
        with monkeypatch.context() as patch:
            patch.setattr(database, "write", stopping(database, 2))
            with pytest.raises(DatabaseUnavailable, match="stopped"):
                await work()
        assert await chunk_store.collections() == []
        assert await ChunkSearch(database).names(closed=()) == []
        assert await chunk_store.content_hashes("docs") == {}
        assert await sources(chunk_store, "same") == []
    await chunk_store.put_document("docs", document("new", "same"))
    await chunk_store.finish_deleting()
    assert await sources(chunk_store, "same") == ["new"]
    async with database.read() as connection:
        for table in ("collections", "documents", "chunks"):
            left = await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")  # noqa: S608
            assert (table, left.scalar_one()) == (table, 1)


def stopping(database: Database, before: int) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """`write` of a database that stops before the transaction of that number."""
    write = database.write
    begun = count(1)

    def begin(**options: bool) -> AbstractAsyncContextManager[Any]:
        if next(begun) == before:
            raise DatabaseUnavailable("stopped")
        return write(**options)

    return begin


async def test_no_collection_is_named_like_one_that_is_being_deleted(
    chunk_store: ChunkStore,
) -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        await chunk_store.put_document("/1", document("a", "same"))


# Ranked


def bm25(texts: Sequence[Sequence[str]], query: Sequence[str]) -> list[float]:
    """By the book; words in more than half of the texts left out."""
    mean = sum(map(len, texts)) / len(texts)
    holding = {word: sum(word in text for text in texts) for word in query}
    counted = [word for word in query if holding[word] <= len(texts) / 2]
    idf = {
        word: log(1 + (len(texts) - holding[word] + 0.5) / (holding[word] + 0.5))
        for word in counted
    }
    whole = sum(idf.values())
    found = [
        sum(
            idf[word]
            * (K1 + 1)
            * (count := text.count(word))
            / (count + K1 * (1 - B + B * len(text) / mean))
            for word in counted
        )
        for text in texts
    ]
    return [1 - 2 ** (-2 * of / whole) for of in found]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.usefixtures("small_segments")
async def test_scores_are_those_of_bm25_whatever_was_changed_before(
    chunk_store: ChunkStore, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same changes each time
    words = [f"w{number}" for number in range(12)]
    kept: dict[str, list[list[str]]] = {}
    for _ in range(60):
        source = f"s{chance.randrange(20)}"
        if chance.random() < 0.2:
            await chunk_store.delete_documents("docs", [source])
            kept.pop(source, None)
            continue
        texts = [
            chance.choices(words, range(1, 13), k=chance.randint(1, 9))
            for _ in range(chance.choice([1, 1, 2, 7]))
        ]
        await chunk_store.put_document("docs", document(source, *map(" ".join, texts)))
        kept[source] = texts
    places = [(source, position) for source, of in kept.items() for position in range(len(of))]
    texts = [text for of in kept.values() for text in of]
    for query in (["w0", "w3"], ["w1"], ["w0", "w2", "w4", "none"]):
        expected = dict(zip(places, bm25(texts, query), strict=True))
        found = await lexical(chunk_store, "docs", " ".join(query), 1000)
        scores = {(chunk.source, chunk.position): score for chunk, score in found}
        assert scores == pytest.approx({at: s for at, s in expected.items() if s}, rel=1e-5)
        assert list(scores.values()) == sorted(scores.values(), reverse=True)
        top = await lexical(chunk_store, "docs", " ".join(query), 3)
        assert top == found[:3]


async def test_the_rarer_word_counts_more(chunk_store: ChunkStore) -> None:
    for source, text in (("a", "red apple"), ("b", "red pear"), ("c", "green plum"), ("d", "fig")):
        await chunk_store.put_document("docs", document(source, text))
    assert await sources(chunk_store, "red pear") == ["b", "a"]


async def test_a_word_in_most_chunks_is_found_where_nothing_else_is_asked_for(
    chunk_store: ChunkStore,
) -> None:
    for source, text in (("a", "the apple"), ("b", "the pear")):
        await chunk_store.put_document("docs", document(source, text))
    assert sorted(await sources(chunk_store, "the")) == ["a", "b"]
    assert await sources(chunk_store, "the pear") == ["b"]


async def test_a_chunk_that_has_each_word_once_scores_three_quarters(
    chunk_store: ChunkStore,
) -> None:
    for source, text in (("a", "red apple"), ("b", "red pear"), ("c", "plum fig"), ("d", "kiwi")):
        await chunk_store.put_document("docs", document(source, text, "green tea"))
    scores = {c.source: score for c, score in await lexical(chunk_store, "docs", "red pear", 9)}
    assert scores["b"] == pytest.approx(0.75, abs=0.03)
    assert 0.3 < scores["a"] < 0.5


async def test_words_that_stand_in_any_question_do_not_count(chunk_store: ChunkStore) -> None:
    await chunk_store.put_document("docs", document("a", "How do you do?"))
    await chunk_store.put_document("docs", document("b", "You can pay by card."))
    await chunk_store.put_document("docs", document("c", "Nothing else."))
    assert await sources(chunk_store, "How do I pay, please?") == ["b"]
    assert await sources(chunk_store, "how?") == ["a"]
    assert await sources(chunk_store, "and on Sundays?") == []


async def test_collections_do_not_count_in_each_others_scores(chunk_store: ChunkStore) -> None:
    await chunk_store.put_document("docs", document("a", "red apple"))
    await chunk_store.put_document("docs", document("b", "pear"))
    alone = await lexical(chunk_store, "docs", "apple", 10)
    for number in range(20):
        await chunk_store.put_document("other", document(f"{number}", "apple apple"))
    assert await lexical(chunk_store, "docs", "apple", 10) == alone
    assert await lexical(chunk_store, "none", "apple", 10) == []


# Any text


@pytest.mark.parametrize(
    "query",
    [
        "",
        " \n",
        '"',
        '"label',
        "NEAR(label parcel, 2)",
        "label AND NOT parcel OR",
        "label:parcel - * ^ ( ) { } & | ! <-> \\ ' % _ ; --",
        "title:label",
        "label\0parcel",
        "\0",
        "\ud800",
        "label \udfff parcel",
        "🙂",
        "label " + "x" * 100_000,
        "e\u0301" * 50_000,
        " ".join(f"word{number}" for number in range(12_000)) + " label",
        "label " + " ".join(f"word{number}" for number in range(12_000)),
    ],
    ids=range(17),
)
async def test_any_text_is_a_query(chunk_store: ChunkStore, query: str) -> None:
    await chunk_store.put_document("docs", document("a", "Keep the parcel's label."))
    await chunk_store.put_document("docs", document("b", "Nothing.", "Else."))
    found = await sources(chunk_store, query)
    assert found == (["a"] if "label" in query[:100] else [])


async def test_any_text_can_be_stored(chunk_store: ChunkStore) -> None:
    odd = "one\0two \ufffd0 \ud800 three"
    chunk = NewChunk(odd, (odd,), 0)
    await chunk_store.put_document("docs", NewDocument("a\0b", "h", odd, odd, [chunk]))
    ((found, _),) = await lexical(chunk_store, "docs", "three", 10)
    kept = odd.replace("\ud800", "?")
    assert (found.text, found.title, found.url) == (kept, kept, kept)
    assert (found.heading_path, found.source) == ((kept,), "a\0b")
    with pytest.raises(ValueError, match="surrogates"):
        await chunk_store.put_document("docs", document("\ud800"))


async def test_a_chunk_without_words_is_no_trouble(chunk_store: ChunkStore) -> None:
    await chunk_store.put_document("docs", document("a", "...", "", "apple"))
    assert len(await lexical(chunk_store, "docs", "apple", 10)) == 1
    assert await lexical(chunk_store, "docs", "...", 10) == []


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Boundary layers were heated", "heating of a boundary layer"),
        ("Die Rücksendung größerer Pakete", "rucksendung GRÖSSERER"),
        ("les économies d'énergie", "Economie"),
        ("返品の方法について説明します", "返品方法"),
        ("水", "水"),
        ("반품 방법을 설명합니다", "방법"),
        ("हिन्दी में लिखा", "हिन्दी"),
        ("CHATKIT_DATABASE_URL=x", "database url"),
        ("\ufb01le \uff11\uff12", "file 12"),
    ],
)
async def test_words_of_many_languages_are_found(
    chunk_store: ChunkStore, text: str, query: str
) -> None:
    await chunk_store.put_document("docs", document("a", text))
    await chunk_store.put_document("docs", document("b", "unrelated"))
    assert await sources(chunk_store, query) == ["a"]


def test_kana_with_a_mark_is_another_letter() -> None:
    assert set(words_of("か")).isdisjoint(words_of("が"))


# At once


@pytest.fixture
async def another(database: Database, database_url: str) -> AsyncIterator[ChunkStore]:
    """The store of another process, where the database can have one."""
    if database_url == "memory://":
        yield ChunkStore(database)
        return
    opened = await Database.open(database_url)
    yield ChunkStore(opened)
    await opened.close()


@pytest.mark.usefixtures("small_segments")
async def test_writers_of_one_source_leave_one_document(
    chunk_store: ChunkStore, another: ChunkStore
) -> None:
    writers = [
        store.put_document("docs", document("a", *[f"word{n}"] * n, mark=f"{n}"))
        for n in range(1, 9)
        for store in (chunk_store, another)
    ]
    await asyncio.gather(*writers)
    (summary,) = await chunk_store.collections()
    found = [await lexical(chunk_store, "docs", f"word{n}", 20) for n in range(1, 9)]
    assert summary.documents == 1
    assert sorted(map(len, found))[:-1] == [0] * 7
    assert max(map(len, found)) == summary.chunks


@pytest.mark.usefixtures("small_segments")
async def test_a_reader_never_sees_a_part_of_a_document(
    chunk_store: ChunkStore, another: ChunkStore
) -> None:
    await another.put_document("docs", document("z", "unrelated"))
    await another.put_document("docs", document("a", *["same"] * 3))

    async def write() -> None:
        for number in range(15):
            await another.put_document("docs", document("a", *["same"] * (3 + number % 2 * 4)))
            await another.put_document("docs", document(f"z{number}", *["unrelated"] * 3))

    writing = asyncio.create_task(write())
    seen = set()
    while not writing.done():
        seen.add(len(await lexical(chunk_store, "docs", "same", 100)))
        await asyncio.sleep(0)
    await writing
    assert seen <= {3, 7}
