"""From a question to the chunks that may hold its answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import EmbeddingsUnavailable
from chatkit_backend.retrieval.access import CollectionAccess
from chatkit_backend.retrieval.embedding import Embedding
from chatkit_backend.retrieval.questions import Question
from chatkit_backend.retrieval.search import DocumentSearch, score_of
from chatkit_backend.store.chunk_search import ChunkSearch
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.engine import Database
from chatkit_backend.store.vectors import VectorStore
from chatkit_backend.store.words import words_of

TEXTS = {
    "cars": "Our car park opens at seven.",
    "food": "The canteen serves lunch at noon.",
    "pets": "Dogs stay outside of every building.",
    "leave": "Whoever is ill calls the office before nine.",
}
# Words that mean the same point in the same direction.
CONCEPTS = (
    {"car", "automobil", "vehicl"},
    {"canteen", "lunch", "eat", "hungri"},
    {"dog", "puppi", "pet"},
    {"ill", "sick", "feel"},
)


class Concepts:
    """A model that knows these words and no others."""

    name = "test/concepts"
    at_once = 100

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    def vector(self, text: str) -> NDArray[np.float32]:
        words = list(words_of(text))
        parts = [0.01 + sum(word in of for word in words) for of in CONCEPTS]
        vector = np.array(parts, np.float32)
        return vector / np.float32(np.linalg.norm(vector))

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.vector(text) for text in texts])

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked.append(text)
        if self.down:
            raise EmbeddingsUnavailable("The provider is down.")
        return self.vector(text)


async def fill(database: Database, collection: str, texts: dict[str, str]) -> None:
    for source, text in texts.items():
        document = NewDocument(source, source, None, None, [NewChunk(text, (), 0)])
        await ChunkStore(database).put_document(collection, document)


@pytest.fixture
async def concepts(database: Database) -> Concepts:
    """The model, after it has seen the collection `house`."""
    model = Concepts()
    await fill(database, "house", TEXTS)
    assert [done async for done in Embedding(VectorStore(database), model, "house").run()] == [4]
    return model


async def sources(search: DocumentSearch, text: str, *collections: str) -> list[str]:
    found = await search.find(Question(text), collections or ["house"], None, score_threshold=0)
    return [chunk.source for chunk in found]


async def test_words_alone_find_what_has_them(database: Database) -> None:
    await fill(database, "house", TEXTS)
    search = DocumentSearch(ChunkSearch(database))
    assert await sources(search, "Where is the canteen?") == ["food"]
    assert await sources(search, "I am hungry") == []


async def test_meaning_finds_what_has_other_words(database: Database, concepts: Concepts) -> None:
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    (best, *_) = await search.find(Question("I am hungry"), ["house"], None)
    assert best.source == "food"
    assert best.similarity == pytest.approx(1, abs=0.05)
    assert best.score == pytest.approx(1, abs=0.05)


async def test_what_both_rankings_have_comes_before_what_one_has(
    database: Database, concepts: Concepts
) -> None:
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    found = await sources(search, "May my puppy visit the office building?")
    assert found[0] == "pets"
    assert set(found) == {"pets", "leave", "food", "cars"}


async def test_the_threshold_and_the_limit_apply(database: Database, concepts: Concepts) -> None:
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    question = Question("a vehicle for my puppy")
    everything = await search.find(question, ["house"], None, 10, 0)
    assert len(everything) == 4
    assert [c.source for c in await search.find(question, ["house"], None, 1, 0)] == [
        everything[0].source
    ]
    least = everything[1].score
    kept = await search.find(question, ["house"], None, 10, least)
    assert {c.source for c in kept} == {"cars", "pets"}
    assert all(chunk.score >= least for chunk in kept)


async def test_a_provider_that_is_down_leaves_the_words_and_a_line_in_the_log(
    database: Database, concepts: Concepts
) -> None:
    concepts.down = True
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    with capture_logs() as logs:
        assert await sources(search, "Where is the canteen?") == ["food"]
    assert [(log["event"], log["reason"]) for log in logs] == [
        ("searching by words alone", "The provider is down.")
    ]


async def test_a_collection_without_vectors_is_searched_by_words_and_told_of(
    database: Database, concepts: Concepts
) -> None:
    await fill(database, "garden", {"roses": "A rose beside the canteen."})
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    with capture_logs() as logs:
        assert await sources(search, "canteen", "garden") == ["roses"]
    (told,) = logs
    assert told["collection"] == "garden"
    assert "ingest it again" in told["event"]


async def test_vectors_of_another_model_are_not_compared(
    database: Database, concepts: Concepts
) -> None:
    concepts.name = "test/other"
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    assert await sources(search, "I am hungry") == []
    assert await sources(search, "canteen") == ["food"]


async def test_several_collections_are_searched_as_one(
    database: Database, concepts: Concepts
) -> None:
    await fill(database, "garden", {"roses": "A rose beside the canteen.", "oak": "An old oak."})
    search = DocumentSearch(ChunkSearch(database))
    assert set(await sources(search, "canteen", "house", "garden", "none")) == {"food", "roses"}


async def test_a_question_that_points_back_is_searched_with_the_one_before(
    database: Database, concepts: Concepts
) -> None:
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    question = Question("and at noon?", ["When is lunch in the canteen?"])
    (best, *_) = await search.find(question, ["house"], None)
    assert best.source == "food"
    assert concepts.asked == ["and at noon?\nWhen is lunch in the canteen?"]
    by_words = DocumentSearch(ChunkSearch(database))
    (best, *_) = await by_words.find(
        Question("and dogs?", ["Where is the car park?"]), ["house"], None
    )
    assert best.source == "pets"


async def test_what_a_reader_may_not_read_is_not_found(
    database: Database, concepts: Concepts
) -> None:
    access = CollectionAccess.parsed(["house=department:hr"])
    search = DocumentSearch(ChunkSearch(database), access, concepts)
    sales = RequestContext(user=User(id="bob", claims={"department": "sales"}))
    staff = RequestContext(user=User(id="ada", claims={"department": "hr"}))
    for question in (Question("canteen"), Question("I am hungry")):
        assert await search.find(question, ["house"], sales) == []
        assert await search.find(question, ["house"], staff)
        assert await search.find(question, ["house"], None)
    assert await search.collections(sales) == []
    assert await search.collections(staff) == ["house"]


@pytest.mark.parametrize(
    "text", ["", "   ", "?!", '"', 'NEAR(a b) AND -c:d* "', "\0", "é" * 50_000]
)
async def test_any_text_is_a_question(database: Database, concepts: Concepts, text: str) -> None:
    search = DocumentSearch(ChunkSearch(database), embeddings=concepts)
    await search.find(Question(text, [text]), ["house"], None)


@pytest.mark.parametrize(
    ("cosine", "score"),
    [(None, 0), (-1, 0), (0, 0), (0.2, 0.25), (0.4, 0.5), (0.7, 0.75), (1, 1), (1.0001, 1)],
)
def test_a_cosine_as_a_score(cosine: float | None, score: float) -> None:
    assert score_of(cosine, 0.4) == pytest.approx(score)


async def test_embedding_stops_where_the_provider_does_and_goes_on_there(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_backend.retrieval.embedding._BATCH", 2)
    await fill(database, "house", TEXTS)
    model = Concepts()
    whole = model.embed
    calls: list[int] = []

    async def failing(texts: Sequence[str]) -> NDArray[np.float32]:
        calls.append(len(texts))
        if len(calls) == 2:
            raise EmbeddingsUnavailable("Too many requests.")
        return await whole(texts)

    monkeypatch.setattr(model, "embed", failing)
    embedding = Embedding(VectorStore(database), model, "house")
    assert await embedding.missing() == 4
    with pytest.raises(EmbeddingsUnavailable):
        [done async for done in embedding.run()]
    assert await embedding.missing() == 2
    assert [done async for done in embedding.run()] == [2]
    assert calls == [2, 2, 2]
    assert await embedding.missing() == 0
    assert await Embedding(VectorStore(database), model, "none").missing() == 0
    assert [done async for done in Embedding(VectorStore(database), model, "none").run()] == []
