"""Collections in the layout of TREC and BEIR, and larger ones made of them."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

# 6 sentences of the Cranfield collection are 150 words, as long as chunks are.
_SENTENCES = (3, 9)
# Sentences are drawn by rank to this power: some come again and again, as in a company's documents.
_ZIPF = -0.5
_SENTENCE_ENDS = re.compile(r"\s\.\s|(?<=[.!?])\s+(?=[A-Z])")
_SHORTEST_SENTENCE = 4


@dataclass(frozen=True, slots=True)
class Text:
    """A document of the collection.

    Attributes:
        id: Its name.
        title: Empty where it has none.
        text: All of it.
        sentences: What a made one was made of; of others nobody has counted them.
    """

    id: str
    title: str
    text: str
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestCollection:
    """Documents, queries, and which documents answer which query.

    Attributes:
        texts: The documents.
        queries: By their ids.
        judgements: By query id and document id, how well it answers; 1 and more is an answer. Empty
            where nobody has judged.
    """

    texts: list[Text]
    queries: dict[str, str]
    judgements: dict[str, dict[str, int]]


def read_collection(folder: Path, split: str = "test") -> TestCollection:
    """The collection in a folder: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.

    Only queries with judgements are kept, as the measures are defined for them alone.

    Raises:
        OSError: A file is missing.
        ValueError: One is not in that layout.
    """
    judgements: dict[str, dict[str, int]] = {}
    with (folder / "qrels" / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            of_query = judgements.setdefault(row["query-id"], {})
            of_query[row["corpus-id"]] = int(row["score"])
    queries = {line["_id"]: line["text"] for line in _lines(folder / "queries.jsonl")}
    return TestCollection(
        [
            Text(line["_id"], line.get("title") or "", line["text"])
            for line in _lines(folder / "corpus.jsonl")
        ],
        {query: text for query, text in queries.items() if query in judgements},
        judgements,
    )


def _lines(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def enlarged(collection: TestCollection, texts: int, seed: int = 1) -> TestCollection:
    """So many new documents of the collection's sentences; its queries, and no judgements.

    Each has 3 to 9 sentences. The sentence of rank r is drawn with a weight of r to the power of
    -0.5.
    """
    chance = random.Random(seed)  # noqa: S311 - the same collection each time
    sentences = [
        sentence.strip()
        for of in collection.texts
        for sentence in _SENTENCE_ENDS.split(of.text)
        if len(sentence.split()) >= _SHORTEST_SENTENCE
    ]
    chance.shuffle(sentences)
    weights = list(accumulate((rank + 1) ** _ZIPF for rank in range(len(sentences))))
    drawn = (
        chance.choices(sentences, cum_weights=weights, k=chance.randint(*_SENTENCES))
        for _ in range(texts)
    )
    made = [Text(f"{number}", "", " . ".join(of), tuple(of)) for number, of in enumerate(drawn)]
    return TestCollection(made, collection.queries, {})
