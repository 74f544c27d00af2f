"""The index that finds chunks by their words: BM25, the same on every database.

It is kept in three tables. What is new lies in `lexical_recent`, a row for each chunk. When enough
has gathered there it becomes a segment: a row in `lexical_segments`, and in `lexical_postings` one
for each word. Segments of a size are merged into larger ones, so that a query reads few rows. A
chunk that goes is marked in its segment, which is written anew when half of it has gone.

A database's own ranking was passed over: PostgreSQL's knows neither how rare a word is nor how long
a chunk is; SQLite's FTS5 does, but counts all collections together, and takes a quarter of a second
to rank 100,000 chunks (bench/README.md).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chatkit_backend.store.dialects import Dialect
from chatkit_backend.store.dialects.columns import OF_BYTES
from chatkit_backend.store.postings import (
    MOST_CHUNKS,
    POSTING,
    Segment,
    Words,
    best,
    bounds_of,
    chunk_id_at,
    merged,
    packed,
    without,
)
from chatkit_backend.store.tables import lexical_postings, lexical_recent, lexical_segments
from chatkit_backend.store.words import telling_words_of, words_of

# A query reads all that is recent: this much in a millisecond.
_MOST_RECENT: Final = 128
# As many segments of a size become one of the next. With more at once a chunk would be written more
# rarely, and a query would read more rows.
_MERGED_AT_ONCE: Final = 4
# Merging larger ones would make one with more chunks than a posting can tell apart.
_MOST_PACKED: Final = MOST_CHUNKS // _MERGED_AT_ONCE - 1

# Of a query. Somebody pastes a book: what it is about shows in fewer words than these.
_MOST_LOOKED_UP: Final = 512
_MOST_RANKED: Final = 64

Found = tuple[int, float]


def counted(chunk_id: int, texts: Iterable[str]) -> Words:
    """The words of a chunk, in all the texts that it shall be found by."""
    counts = Counter(word for text in texts for word in words_of(text))
    return Words(chunk_id, counts.total(), counts)


def query_words(texts: Mapping[str, float]) -> dict[str, float]:
    """The words of a query, with how much each counts; of a very long one the first.

    Args:
        texts: What is asked, with how much its words count: the question 1, what it may refer to
            less.
    """
    words: dict[str, float] = {}
    for text, counts in texts.items():
        for word in telling_words_of(text):
            if len(words) == _MOST_LOOKED_UP:
                return words
            words[word] = max(counts, words.get(word, 0))
    return words


# Searching

_IN_COLLECTION: Final = lexical_segments.c.collection_id == bindparam("collection")

_SEGMENTS: Final = (
    select(lexical_segments.c.id, lexical_segments.c.live, lexical_segments.c.lengths)
    .prefix_with(OF_BYTES)
    .where(_IN_COLLECTION)
)

_RECENT: Final = select(
    lexical_recent.c.chunk_id, lexical_recent.c.length, lexical_recent.c.words
).where(lexical_recent.c.collection_id == bindparam("collection"))

_OF_WORDS: Final = (
    lexical_postings.c.segment_id.in_(bindparam("segments", expanding=True)),
    lexical_postings.c.word.in_(bindparam("words", expanding=True)),
)

# A database knows how long a value is without reading it.
_SIZES: Final = select(
    lexical_postings.c.word, func.length(lexical_postings.c.postings).label("bytes")
).where(*_OF_WORDS)

_POSTINGS: Final = (
    select(lexical_postings.c.segment_id, lexical_postings.c.word, lexical_postings.c.postings)
    .prefix_with(OF_BYTES)
    .where(*_OF_WORDS)
)

_CHUNK_IDS: Final = (
    select(lexical_segments.c.id, lexical_segments.c.chunk_ids)
    .prefix_with(OF_BYTES)
    .where(lexical_segments.c.id.in_(bindparam("segments", expanding=True)))
)


async def search(
    connection: AsyncConnection, collection_id: int, words: Mapping[str, float], limit: int
) -> list[Found]:
    """The chunks that fit the words best, with their scores, best first.

    Args:
        connection: In a snapshot: what is merged between two statements would be missed.
        collection_id: Where to search.
        words: What `query_words` gives.
        limit: Most chunks to give.
    """
    collection = {"collection": collection_id}
    rows = sorted((await connection.execute(_SEGMENTS, collection)).all())
    lengths = {row.id: row.lengths for row in rows}
    wanted = frozenset(words)
    new = sorted((await connection.execute(_RECENT, collection)).all())
    recent = [_recent_words(*row, wanted) for row in new]
    chunks = sum(row.live for row in rows) + len(recent)
    ranked = await _ranked(connection, list(lengths), recent, list(words), chunks)
    segments = await _segments_with(connection, lengths, ranked)
    counting = {word: words[word] for word in ranked}
    # In a thread: with millions of chunks, everybody's answers would stand still for it.
    hits = await asyncio.to_thread(best, [*segments, packed(recent)], counting, limit)
    held_in = {list(lengths)[hit.segment] for hit in hits if hit.segment < len(lengths)}
    chunk_ids = await _chunk_ids(connection, held_in)
    return [
        (
            chunk_id_at(chunk_ids[list(lengths)[hit.segment]], hit.place)
            if hit.segment < len(lengths)
            else recent[hit.place].chunk_id,
            hit.score,
        )
        for hit in hits
    ]


async def _ranked(
    connection: AsyncConnection,
    segments: Sequence[int],
    recent: Sequence[Words],
    words: Sequence[str],
    chunks: int,
) -> list[str]:
    """The words that decide: the rarest, and those that no chunk holds."""
    held = Counter(word for chunk in recent for word in chunk.counts)
    if segments:
        asked = {"segments": segments, "words": words}
        for row in await connection.execute(_SIZES, asked):
            held[row.word] += row.bytes // POSTING.itemsize
    rarest = sorted((word for word in words if held[word]), key=lambda word: held[word])
    # What is in most chunks tells none from another, and would take most of the time.
    telling = [word for word in rarest if held[word] <= max(chunks / 2, 1)] or rarest[:1]
    return telling[:_MOST_RANKED] + [word for word in words if not held[word]]


async def _segments_with(
    connection: AsyncConnection, lengths: Mapping[int, bytes], words: Sequence[str]
) -> list[Segment]:
    """The segments with the postings of these words."""
    postings: dict[int, dict[str, bytes]] = {segment: {} for segment in lengths}
    if lengths:
        asked = {"segments": list(lengths), "words": words}
        for row in await connection.execute(_POSTINGS, asked):
            postings[row.segment_id][row.word] = row.postings
    return [Segment(b"", of, postings[segment]) for segment, of in lengths.items()]


async def _chunk_ids(connection: AsyncConnection, segments: Collection[int]) -> dict[int, bytes]:
    if not segments:
        return {}
    rows = await connection.execute(_CHUNK_IDS, {"segments": list(segments)})
    return {row.id: row.chunk_ids for row in rows}


# Words of a recent chunk: a line of words, and a line with the count of each.


def _recent_row(collection_id: int, chunk: Words) -> dict[str, object]:
    words, counts = " ".join(chunk.counts), " ".join(map(str, chunk.counts.values()))
    return {
        "chunk_id": chunk.chunk_id,
        "collection_id": collection_id,
        "length": chunk.length,
        "words": f"{words}\n{counts}",
    }


def _recent_words(
    chunk_id: int, length: int, lines: str, wanted: frozenset[str] | None = None
) -> Words:
    """All words of a chunk, or those that are wanted: every query reads every recent chunk."""
    line, _, counted = lines.partition("\n")
    words = line.split()
    if wanted is None:
        return Words(chunk_id, length, dict(zip(words, map(int, counted.split()), strict=True)))
    held = wanted.intersection(words)
    counts = counted.split() if held else []
    return Words(chunk_id, length, {word: int(counts[words.index(word)]) for word in held})


# Changing. Whoever does holds the lock on the collection's row.

_COUNT_RECENT: Final = select(func.count()).where(
    lexical_recent.c.collection_id == bindparam("collection")
)

_TOUCHED: Final = select(
    lexical_segments.c.id, lexical_segments.c.chunk_ids, lexical_segments.c.lengths
).where(
    _IN_COLLECTION,
    lexical_segments.c.first_chunk_id <= bindparam("last"),
    lexical_segments.c.last_chunk_id >= bindparam("first"),
)

_STATES: Final = select(
    lexical_segments.c.id, lexical_segments.c.chunks, lexical_segments.c.live
).where(_IN_COLLECTION)

_WHOLE: Final = select(lexical_segments).where(
    lexical_segments.c.id.in_(bindparam("segments", expanding=True))
)

_WHOLE_POSTINGS: Final = select(lexical_postings).where(
    lexical_postings.c.segment_id.in_(bindparam("segments", expanding=True))
)


async def add(
    connection: AsyncConnection, dialect: Dialect, collection_id: int, chunks: Sequence[Words]
) -> bool:
    """Index new chunks, which are stored already. Whether there may be something to merge."""
    collection = {"collection": collection_id}
    known = await connection.scalar(_COUNT_RECENT, collection) or 0
    if known + len(chunks) < _MOST_RECENT:
        if chunks:
            rows = [_recent_row(collection_id, chunk) for chunk in chunks]
            await connection.execute(insert(lexical_recent), rows)
        return False
    new = sorted((await connection.execute(_RECENT, collection)).all())
    recent = [_recent_words(*row) for row in new]
    await connection.execute(
        delete(lexical_recent).where(lexical_recent.c.collection_id == collection_id)
    )
    every = [*recent, *chunks]
    for start in range(0, len(every), _MOST_PACKED):
        part = await asyncio.to_thread(packed, every[start : start + _MOST_PACKED])
        await _store(connection, dialect, collection_id, part)
    return True


async def remove(
    connection: AsyncConnection, collection_id: int, chunk_ids: Collection[int]
) -> bool:
    """Forget chunks: mark those in segments; recent ones go when they are deleted.

    Returns:
        Whether there may be something to merge.
    """
    if not chunk_ids:
        return False
    marked = False
    bounds = {"first": min(chunk_ids), "last": max(chunk_ids)}
    touched = await connection.execute(_TOUCHED, {"collection": collection_id, **bounds})
    for row in touched.all():
        lengths, live = without(row.chunk_ids, row.lengths, chunk_ids)
        if lengths != row.lengths:
            await connection.execute(
                update(lexical_segments)
                .where(lexical_segments.c.id == row.id)
                .values(lengths=lengths, live=live)
            )
            marked = True
    return marked


async def remove_all(connection: AsyncConnection, collection_id: int) -> None:
    """Forget all chunks of a collection."""
    for table in (lexical_recent, lexical_segments):
        await connection.execute(delete(table).where(table.c.collection_id == collection_id))


async def merge(connection: AsyncConnection, dialect: Dialect, collection_id: int) -> bool:
    """Merge some segments, if there are any to merge. Whether there may be more."""
    states = sorted((await connection.execute(_STATES, {"collection": collection_id})).all())
    together = _to_merge([(row.id, row.chunks, row.live) for row in states])
    if not together:
        return False
    asked = {"segments": together}
    postings: dict[int, dict[str, bytes]] = {segment: {} for segment in together}
    for row in await connection.execute(_WHOLE_POSTINGS, asked):
        postings[row.segment_id][row.word] = row.postings
    segments = [
        Segment(row.chunk_ids, row.lengths, postings[row.id])
        for row in await connection.execute(_WHOLE, asked)
    ]
    whole = await asyncio.to_thread(merged, segments)
    await connection.execute(delete(lexical_segments).where(lexical_segments.c.id.in_(together)))
    if whole.chunk_ids:
        await _store(connection, dialect, collection_id, whole)
    return True


def _to_merge(states: Sequence[tuple[int, int, int]]) -> list[int]:
    """The ids of segments that should become one; none if all is well.

    Args:
        states: Of each segment its id, its chunks, and how many of them are left.
    """
    by_size: dict[int, list[int]] = {}
    for segment, chunks, live in states:
        if live <= chunks // 2:
            return [segment]
        if live > _MOST_PACKED:
            continue
        of_size = by_size.setdefault(_size_class(live), [])
        of_size.append(segment)
        if len(of_size) == _MERGED_AT_ONCE:
            return of_size
    return []


def _size_class(chunks: int) -> int:
    size = 0
    while chunks >= _MOST_RECENT * _MERGED_AT_ONCE:
        chunks //= _MERGED_AT_ONCE
        size += 1
    return size


async def _store(
    connection: AsyncConnection, dialect: Dialect, collection_id: int, segment: Segment
) -> None:
    first, last, chunks, live = bounds_of(segment)
    segment_id = await connection.scalar(
        insert(lexical_segments)
        .values(
            collection_id=collection_id,
            chunks=chunks,
            live=live,
            first_chunk_id=first,
            last_chunk_id=last,
            chunk_ids=segment.chunk_ids,
            lengths=segment.lengths,
        )
        .returning(lexical_segments.c.id)
    )
    rows = [
        {"segment_id": segment_id, "word": word, "postings": data}
        for word, data in segment.postings.items()
    ]
    if rows:
        await dialect.insert_many(connection, lexical_postings, rows)
