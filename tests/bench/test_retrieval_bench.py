"""The benchmark of retrieval: its measures are the usual ones, and it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from math import log2
from pathlib import Path

import numpy as np
import pytest
from bench.retrieval.__main__ import documents_of, run, searches
from bench.retrieval.beir import enlarged, read_collection
from bench.retrieval.measures import ndcg, recall, reciprocal_rank
from bench.retrieval.vectors import Vectors
from numpy.typing import NDArray
from rich.progress import Progress

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five documents; two queries with judgements and one without."""
    corpus = [
        {"_id": "a", "title": "Apples", "text": "Red apples grow on trees in the garden ."},
        {"_id": "b", "title": "", "text": "Green pears grow on trees behind the house ."},
        {"_id": "c", "title": "Stones", "text": "Grey stones lie in the river and do nothing ."},
        {"_id": "d", "title": "", "text": "A dog sleeps under the old table all day ."},
        {"_id": "e", "title": "", "text": "Clouds over the hills bring rain at night ."},
    ]
    queries = [
        {"_id": "1", "text": "which apples are red?"},
        {"_id": "2", "text": "which pears grow on trees?"},
        {"_id": "3", "text": "nobody judged this"},
    ]
    for name, lines in (("corpus", corpus), ("queries", queries)):
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(of)}\n" for of in lines))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\n1\ta\t2\n2\ta\t1\n2\tb\t3\n2\tc\t0\n"
    )
    return tmp_path


def test_ndcg_is_the_share_of_the_best_gain() -> None:
    judged = {"a": 3, "b": 1, "c": 2, "d": 0}
    gained = 1 / log2(2) + 3 / log2(4)
    most = 3 / log2(2) + 2 / log2(3) + 1 / log2(4)
    assert ndcg(["b", "x", "a", "d"], judged) == pytest.approx(gained / most)
    assert ndcg(["a", "c", "b"], judged) == 1
    assert ndcg(["x", "d"], judged) == 0
    assert ndcg(["a"], {"d": 0}) == 0
    assert ndcg(["x"] * 10 + ["a"], judged) == 0


def test_recall_is_the_share_of_answers_that_were_found() -> None:
    judged = {"a": 3, "b": 1, "c": 2, "d": 0}
    assert recall(["b", "x", "d"], judged) == pytest.approx(1 / 3)
    assert recall(["x"] * 9 + ["a", "b"], judged) == pytest.approx(1 / 3)
    assert recall(["a"], {}) == 0


def test_the_reciprocal_rank_is_that_of_the_first_answer() -> None:
    assert reciprocal_rank(["x", "d", "b", "a"], {"a": 3, "b": 1, "d": 0}) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x"] * 10 + ["a"], {"a": 1}) == 0


def test_only_judged_queries_are_read(folder: Path) -> None:
    collection = read_collection(folder)
    assert [text.id for text in collection.texts] == ["a", "b", "c", "d", "e"]
    assert list(collection.queries) == ["1", "2"]
    assert collection.judgements["2"] == {"a": 1, "b": 3, "c": 0}


def test_a_made_collection_is_the_same_each_time(folder: Path) -> None:
    collection = read_collection(folder)
    made = enlarged(collection, 20)
    assert made == enlarged(collection, 20)
    assert len(made.texts) == 20
    assert not made.judgements


class Letters:
    """A model of meaning that counts letters."""

    name = "letters"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts = [[text.count(letter) for letter in "abcdefghilmnoprstuwy"] for text in texts]
        vectors = np.array(counts, np.float32)
        lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / lengths


@pytest.mark.slow
@pytest.mark.parametrize("chunks", [None, 120])
async def test_searches_by_meaning_are_measured_too(
    folder: Path, tmp_path: Path, postgres_server: str, chunks: int | None
) -> None:
    collection = read_collection(folder)
    if chunks:
        collection = enlarged(collection, chunks)
    documents = documents_of(collection, made=bool(chunks))
    with Progress(disable=True) as progress:
        vectors = Vectors.made(Letters(), collection, progress)
        async with searches(postgres_server, tmp_path, vectors, ours_only=True) as every:
            figures, changes = await run(collection, documents, every, progress)
    assert [of.name.split(",")[0] for of in figures] == ["lexical", "vector", "hybrid"] * 2
    assert [of.name for of in changes] == [of.name for of in figures]
    for of in figures:
        assert of.p99 >= of.p50 > 0
        assert of.index_bytes > 0
        assert (of.ndcg is None) == bool(chunks)
    # SQLite and PostgreSQL find the same.
    assert [of.ndcg for of in figures[:3]] == pytest.approx([of.ndcg for of in figures[3:]])
    for change in changes:
        assert change.replace > 0
        assert (change.drop_unused is None) == (not change.name.startswith("hybrid"))


@pytest.mark.slow
def test_it_prints_every_figure(folder: Path, postgres_server: str) -> None:
    for options, judged in (([], True), (["--chunks", "300"], False)):
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "bench.retrieval", str(folder), "--json", *options],
            cwd=ROOT,
            env=os.environ | {"CHATKIT_TEST_POSTGRES_URL": postgres_server},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        figures = json.loads(done.stdout)["figures"]
        assert len(figures) == 4
        for of in figures:
            assert of["p99"] >= of["p50"] > 0
            assert of["index_bytes"] > 0
            assert of["ndcg"] == (pytest.approx(1) if judged else None)
            assert of["mrr"] == (1 if judged else None)
