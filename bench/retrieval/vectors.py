"""The vectors of a collection, all made before a clock runs: how long a model takes is its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from bench.retrieval.beir import TestCollection, Text
from chatkit_backend.store.vectors import embedded_text

Floats: TypeAlias = NDArray[np.float32]

_AT_ONCE = 64
# What a replaced text has of another direction: its vector is not quite the one it had.
_CHANGE = 0.1


class Model(Protocol):
    """Turns texts into vectors."""

    name: str

    def embed(self, texts: Sequence[str]) -> Floats:
        """The vectors, a row for each text, each of length 1."""


class Vectors:
    """What a model made of the texts and the queries; to our code it is an embedding model.

    Args:
        name: Of the model.
        vectors: By the text that the model gets to see.
    """

    name: str

    def __init__(self, name: str, vectors: dict[str, Floats]) -> None:
        self.name = name
        self._vectors = vectors
        self.at_once = 256
        self._chance = np.random.default_rng(1)

    @classmethod
    def made(cls, model: Model, collection: TestCollection, progress: Progress) -> Vectors:
        """The vectors of a collection.

        That of a made text is the mean of its sentences', with length 1: each sentence comes many
        times, and is embedded once.
        """
        queries = set(collection.queries.values())
        seen = {of for text in collection.texts for of in text.sentences or (_seen(text),)}
        vectors = _embedded(model, sorted(seen | queries), progress)
        made = {
            _seen(text): _unit(np.mean([vectors[of] for of in text.sentences], axis=0))
            for text in collection.texts
            if text.sentences
        }
        return cls(model.name, made | {of: vectors[of] for of in queries} if made else vectors)

    async def embed(self, texts: Sequence[str]) -> Floats:
        """The vectors of texts, a row for each."""
        return np.stack([self._vectors[text] for text in texts])

    async def embed_query(self, text: str) -> Floats:
        """The vector of a query."""
        return self._vectors[text]

    def replace(self, texts: Sequence[Text], more: str) -> None:
        """Have vectors for texts with something added, not quite those that they had."""
        for text in texts:
            old = self._vectors[_seen(text)]
            other = _unit(self._chance.standard_normal(len(old)))
            self._vectors[_seen(text, more)] = _unit(old + _CHANGE * other)


def _embedded(model: Model, texts: Sequence[str], progress: Progress) -> dict[str, Floats]:
    vectors: dict[str, Floats] = {}
    starts = range(0, len(texts), _AT_ONCE)
    for start in progress.track(starts, description=f"Embedding {len(texts)} texts"):
        some = texts[start : start + _AT_ONCE]
        vectors.update(zip(some, model.embed(some), strict=True))
    return vectors


def _seen(text: Text, more: str = "") -> str:
    return embedded_text(text.title or None, (), f"{text.text}{more}")


def _unit(vector: NDArray[np.floating]) -> Floats:
    of_length_1: Floats = (vector / np.linalg.norm(vector)).astype(np.float32)
    return of_length_1
