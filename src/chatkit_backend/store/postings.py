"""BM25 over packed postings: which chunk holds which word how often, as arrays.

A segment is a number of chunks that were indexed together and is never added to. A chunk that is
gone has length 0 in it. So nothing else has to be kept right while documents change: how many
chunks there are, how long they are and how many hold a word is counted when a query asks.

Nothing here knows SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log
from struct import Struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Measured on the Cranfield collection; Lucene's k1 of 1.2 finds less there (bench/README.md).
K1: Final = 1.5
B: Final = 0.75
# A chunk of the usual length that has each word of a query once gets a score of 0.75; one that has
# half of them, weighed by how rare they are, 0.5.
_HALVINGS: Final = 2

# A posting: the chunk's place in its segment, and how often it holds the word.
POSTING: Final = np.dtype([("place", "<u2"), ("count", "u1")])
_pack: Final = Struct("<HB").pack
_LENGTH: Final = np.dtype("<u2")
_ID: Final = np.dtype("<i8")
_MOST_COUNTED: Final = 255
_LONGEST: Final = 65_535
# As many places as a posting can name.
MOST_CHUNKS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one chunk.

    Attributes:
        chunk_id: The chunk's.
        length: How many there are; 1 for a chunk without any.
        counts: How often each is there.
    """

    chunk_id: int
    length: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """Chunks that were indexed together, as they are stored.

    Attributes:
        chunk_ids: 8 bytes for each chunk, in the order of their places.
        lengths: 2 bytes for each: how many words it has; 0 for a chunk that is gone.
        postings: For each word its `POSTING`s, in the order of their places.
    """

    chunk_ids: bytes
    lengths: bytes
    postings: Mapping[str, bytes]


def packed(chunks: Sequence[Words]) -> Segment:
    """A segment of these chunks, `MOST_CHUNKS` at most."""
    # Word by word an array would be made of a few numbers: bytes are put together faster.
    found: defaultdict[str, bytearray] = defaultdict(bytearray)
    for place, chunk in enumerate(chunks):
        for word, count in chunk.counts.items():
            found[word] += _pack(place, min(count, _MOST_COUNTED))
    lengths = [min(max(chunk.length, 1), _LONGEST) for chunk in chunks]
    return Segment(
        np.array([chunk.chunk_id for chunk in chunks], _ID).tobytes(),
        np.array(lengths, _LENGTH).tobytes(),
        {word: bytes(postings) for word, postings in found.items()},
    )


def merged(segments: Sequence[Segment]) -> Segment:
    """One segment of the chunks of several that are not gone, `MOST_CHUNKS` at most."""
    lengths = np.concatenate([np.frombuffer(segment.lengths, _LENGTH) for segment in segments])
    chunk_ids = np.concatenate([np.frombuffer(segment.chunk_ids, _ID) for segment in segments])
    starts = accumulate((len(s.lengths) // _LENGTH.itemsize for s in segments[:-1]), initial=0)
    lists = [
        (word, start, data)
        for segment, start in zip(segments, starts, strict=True)
        for word, data in segment.postings.items()
    ]
    words = sorted({word for word, _, _ in lists})
    number = {word: index for index, word in enumerate(words)}
    sizes = np.array([len(data) // POSTING.itemsize for _, _, data in lists], np.int64)
    old = np.frombuffer(b"".join(data for _, _, data in lists), POSTING)
    of_word = np.repeat(np.array([number[word] for word, _, _ in lists], np.int64), sizes)
    place = old["place"] + np.repeat(np.array([start for _, start, _ in lists], np.int64), sizes)

    kept = lengths[place] > 0
    order = np.argsort(of_word[kept], kind="stable")
    new = np.empty(len(order), POSTING)
    new["place"] = (np.cumsum(lengths > 0) - 1)[place[kept][order]]
    new["count"] = old["count"][kept][order]
    ends = np.cumsum(np.bincount(of_word[kept], minlength=len(words)))
    bounds = zip(words, [0, *ends[:-1].tolist()], ends.tolist(), strict=True)
    return Segment(
        chunk_ids[lengths > 0].tobytes(),
        lengths[lengths > 0].tobytes(),
        {word: new[begin:end].tobytes() for word, begin, end in bounds if begin < end},
    )


def without(chunk_ids: bytes, lengths: bytes, gone: Iterable[int]) -> tuple[bytes, int]:
    """The lengths of a segment after some chunks have gone, and how many chunks are left."""
    left = np.frombuffer(lengths, _LENGTH).copy()
    left[np.isin(np.frombuffer(chunk_ids, _ID), np.fromiter(gone, _ID))] = 0
    return left.tobytes(), int(np.count_nonzero(left))


def bounds_of(segment: Segment) -> tuple[int, int, int, int]:
    """The first and last id of its chunks, how many they are, and how many are left."""
    chunk_ids = np.frombuffer(segment.chunk_ids, _ID)
    lengths = np.frombuffer(segment.lengths, _LENGTH)
    live = int(np.count_nonzero(lengths))
    return int(chunk_ids.min()), int(chunk_ids.max()), len(chunk_ids), live


def chunk_id_at(chunk_ids: bytes, place: int) -> int:
    """The id of the chunk at a place of a segment."""
    return int(np.frombuffer(chunk_ids, _ID)[place])


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found.

    Attributes:
        segment: Index of its segment among those that were searched.
        place: Its place there.
        score: From 0 to 1, the higher the better the chunk fits.
    """

    segment: int
    place: int
    score: float


Floats = NDArray[np.float32]


def best(segments: Sequence[Segment], words: Mapping[str, float], limit: int) -> list[Hit]:
    """The chunks with the highest BM25, best first; those without any of the words are left out.

    Args:
        segments: All of a collection; of their postings only those of `words` are needed. Their
            `chunk_ids` are not needed.
        words: With how much each counts, 1 for an ordinary one.
        limit: Most hits to give.
    """
    lengths = [np.frombuffer(segment.lengths, _LENGTH).astype(np.float32) for segment in segments]
    chunks = sum(int(np.count_nonzero(of)) for of in lengths)
    if not chunks:
        return []
    mean = sum(float(of.sum(dtype=np.float64)) for of in lengths) / chunks
    held: list[dict[str, NDArray[Any]]] = [
        _live(s, of, words) for s, of in zip(segments, lengths, strict=True)
    ]
    weights = {
        word: counts * _weight(chunks, sum(len(h.get(word, ())) for h in held))
        for word, counts in words.items()
    }
    scores = [_scores(of, mean, h, weights) for of, h in zip(lengths, held, strict=True)]
    return _highest(scores, limit, whole=sum(weights.values()))


def _live(segment: Segment, lengths: Floats, words: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The postings of the words in a segment, without those of chunks that are gone."""
    lists = {
        word: np.frombuffer(segment.postings[word], POSTING)
        for word in words
        if word in segment.postings
    }
    if lengths.all():
        return lists
    return {word: of[lengths[of["place"]] > 0] for word, of in lists.items()}


def _weight(chunks: int, holding: int) -> float:
    """Robertson's idf in Lucene's form, which is never negative."""
    return log(1 + (chunks - holding + 0.5) / (holding + 0.5))


def _scores(
    lengths: Floats, mean: float, held: Mapping[str, NDArray[Any]], weights: Mapping[str, float]
) -> Floats:
    scores = np.zeros(len(lengths), np.float32)
    norms = K1 * (1 - B + B / mean * lengths)
    for word, of in held.items():
        place, count = of["place"], of["count"].astype(np.float32)
        scores[place] += weights[word] * (K1 + 1) * count / (count + norms[place])
    return scores


def _highest(scores: Sequence[Floats], limit: int, whole: float) -> list[Hit]:
    hits: list[Hit] = []
    for segment, of in enumerate(scores):
        # Of equal ones at the limit all, so that the order below decides and not the algorithm.
        least = np.partition(of, -limit)[-limit] if limit < len(of) else 0
        places = np.flatnonzero((of >= least) & (of > 0))
        hits += [
            Hit(segment, int(at), 1 - 2 ** (-_HALVINGS * float(of[at]) / whole)) for at in places
        ]
    # Sorting is stable: of equal ones the first in the collection comes first.
    return sorted(hits, key=lambda hit: -hit.score)[:limit]
