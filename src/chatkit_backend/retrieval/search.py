"""From a question to the chunks that may hold its answer, best first.

Words and meaning each give a ranking; a chunk's place in the two decides, by reciprocal rank
fusion (Cormack, Clarke and Buettcher, SIGIR 2009), because their scores cannot be compared. What is
told as a chunk's score is the better of its two.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Final, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import EmbeddingsUnavailable
from chatkit_backend.retrieval.access import CollectionAccess
from chatkit_backend.retrieval.questions import Question
from chatkit_backend.store.chunk_search import Candidates, Chunk, ChunkSearch, Meaning, Scored

_log = structlog.get_logger(__name__)

# Measured on the Cranfield collection (bench/README.md).
_RANK_OFFSET: Final = 60
_DEPTH: Final = 50

DEFAULT_LIMIT: Final = 5
DEFAULT_THRESHOLD: Final = 0.5
DEFAULT_MIDPOINT: Final = 0.4


class Embeds(Protocol):
    """Turns questions into vectors."""

    name: str

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a question, of length 1.

        Raises:
            EmbeddingsUnavailable: There is none to be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundChunk(Chunk):
    """A chunk that was found.

    Attributes:
        score: From 0 to 1, how well it fits: the better of its two scores, by words and by
            meaning. 0.5 for one that has half of the question's words, weighed by how rare they
            are, or whose meaning is as near as the midpoint of the settings says.
        similarity: The cosine of the angle between its vector and the question's, from -1 to 1;
            None where it was not found by its meaning.
    """

    score: float
    similarity: float | None = None


class DocumentSearch:
    """Searches in the collections that a reader may read.

    Args:
        chunks: Finds chunks in one collection.
        access: Who may read which collection.
        embeddings: Understands questions; None searches by words alone.
        midpoint: The cosine that gives a score of 0.5; differs from model to model.
    """

    def __init__(
        self,
        chunks: ChunkSearch,
        access: CollectionAccess | None = None,
        embeddings: Embeds | None = None,
        midpoint: float = DEFAULT_MIDPOINT,
    ) -> None:
        self._chunks = chunks
        self._access = access or CollectionAccess()
        self._embeddings = embeddings
        self._midpoint = midpoint

    async def collections(self, reader: RequestContext | None) -> list[str]:
        """The names of the collections that somebody may read; None is the team itself."""
        return await self._chunks.names(closed=self._access.closed_to(reader))

    async def find(
        self,
        question: Question,
        collections: Sequence[str],
        reader: RequestContext | None,
        limit: int = DEFAULT_LIMIT,
        score_threshold: float = DEFAULT_THRESHOLD,
    ) -> list[FoundChunk]:
        """The chunks that fit best, best first.

        Where the embedding model does not answer, it is searched by words alone.

        Args:
            question: What is asked.
            collections: Where to search. One that does not exist, or that the reader may not read,
                has nothing.
            reader: Who asks; None is the team itself, which may read all.
            limit: Most chunks to give; 1 or more.
            score_threshold: Least score, from 0 to 1.

        Raises:
            DatabaseUnavailable: The database does not answer.
        """
        meaning = await self._meaning(question)
        closed = self._access.closed_to(reader)
        texts = question.texts()
        found = {
            name: await self._chunks.candidates(name, texts, meaning, _DEPTH, closed=closed)
            for name in collections
        }
        if meaning:
            _tell_of_missing_vectors(found, meaning.model)
        fused = _fused(found.values(), self._midpoint)
        return [chunk for chunk in fused if chunk.score >= score_threshold][:limit]

    async def _meaning(self, question: Question) -> Meaning | None:
        if self._embeddings is None or not question.text.strip():
            return None
        try:
            vector = await self._embeddings.embed_query(question.whole())
        except EmbeddingsUnavailable as error:
            _log.warning("searching by words alone", reason=str(error))
            return None
        return Meaning(self._embeddings.name, vector)


def _tell_of_missing_vectors(found: dict[str, Candidates], model: str) -> None:
    for name, candidates in found.items():
        if candidates.by_meaning is None and candidates.by_words:
            _log.warning(
                "searching by words alone: the collection has no vectors of this model; "
                "ingest it again",
                collection=name,
                model=model,
            )


def _fused(found: Iterable[Candidates], midpoint: float) -> list[FoundChunk]:
    """All candidates, in the order of their places in the two rankings."""
    found = list(found)
    by_words = _merged(candidates.by_words for candidates in found)
    by_meaning = _merged(candidates.by_meaning or [] for candidates in found)
    chunks = {chunk.id: chunk for chunk, _ in (*by_words, *by_meaning)}
    scores = {chunk.id: score for chunk, score in by_words}
    cosines = {chunk.id: cosine for chunk, cosine in by_meaning}
    ranks: defaultdict[int, float] = defaultdict(float)
    for ranking in (by_words, by_meaning):
        for rank, (chunk, _) in enumerate(ranking, start=1):
            ranks[chunk.id] += 1 / (_RANK_OFFSET + rank)
    # Sorting is stable: of equal ones, what was found by its words comes first.
    return [
        _found(
            chunks[chunk_id],
            max(scores.get(chunk_id, 0.0), score_of(cosines.get(chunk_id), midpoint)),
            cosines.get(chunk_id),
        )
        for chunk_id in sorted(ranks, key=lambda of: -ranks[of])
    ]


def _merged(rankings: Iterable[Sequence[Scored]]) -> list[Scored]:
    """The rankings of several collections as one."""
    every = [scored for ranking in rankings for scored in ranking]
    return sorted(every, key=lambda scored: -scored[1])[:_DEPTH]


def score_of(cosine: float | None, midpoint: float) -> float:
    """A cosine as a score from 0 to 1, 0.5 at the midpoint and straight on either side of it."""
    if cosine is None or cosine <= 0:
        return 0.0
    if cosine <= midpoint:
        return cosine / midpoint / 2
    return min(0.5 + (cosine - midpoint) / (1 - midpoint) / 2, 1.0)


def _found(chunk: Chunk, score: float, similarity: float | None) -> FoundChunk:
    values = {field.name: getattr(chunk, field.name) for field in fields(Chunk)}
    return FoundChunk(**values, score=score, similarity=similarity)


@dataclass(frozen=True, slots=True)
class OpenSearch:
    """A search that can be used by whatever runs for one reader.

    Attributes:
        search: The search.
        reader: Who asks.
        loop: Where its connections can be used.
    """

    search: DocumentSearch
    reader: RequestContext
    loop: asyncio.AbstractEventLoop


# In every operation: so that whatever code of the team's it runs searches with the server's
# connections, and finds nothing that the user may not read.
_OPEN: ContextVar[OpenSearch | None] = ContextVar("open document search", default=None)


def search_of_this_operation() -> OpenSearch | None:
    """The search of the operation that runs this; None outside of one."""
    return _OPEN.get()


def search_for(reader: RequestContext, search: DocumentSearch) -> None:
    """Let the task that calls this, and those it starts, search for a reader until they end."""
    _OPEN.set(OpenSearch(search, reader, asyncio.get_running_loop()))
