"""The usual measures of a ranking, each from 0 to 1, for one query.

As `trec_eval` computes them: the gain of a document is its judgement, discounted by the binary
logarithm of its rank plus one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2

DEPTH = 10


def ndcg(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain of the first `depth`."""
    best = sorted(judged.values(), reverse=True)
    most = _gain(best[:depth])
    return _gain([judged.get(found, 0) for found in ranking[:depth]]) / most if most else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum(max(grade, 0) / log2(rank + 2) for rank, grade in enumerate(grades))


def recall(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """The share of all answers that is among the first `depth`."""
    answers = {document for document, grade in judged.items() if grade > 0}
    return len(answers & set(ranking[:depth])) / len(answers) if answers else 0.0


def reciprocal_rank(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """One divided by the rank of the first answer; 0 where it is beyond `depth`."""
    for rank, document in enumerate(ranking[:depth], 1):
        if judged.get(document, 0) > 0:
            return 1 / rank
    return 0.0
