"""Gives the chunks of a collection their vectors: those that have none yet, in batches.

It comes after ingesting, so that a provider that is down or slow holds up nothing: what is stored
is found by its words meanwhile, and the next run goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from chatkit_backend.errors import EmbeddingsRefused
from chatkit_backend.store.vectors import Pending, VectorStore

# Requests to a provider hold fewer texts; a transaction for each batch costs little beside them.
_BATCH: Final = 256

# Refused by nobody but who refuses everything.
_HARMLESS: Final = "text"


class EmbedsDocuments(Protocol):
    """Turns the texts of documents into vectors.

    Attributes:
        at_once: Most texts of a request.
    """

    name: str

    @property
    def at_once(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors, a row for each text, each of length 1.

        Raises:
            EmbeddingsRefused: There are none to be had for one of the texts.
            EmbeddingsUnavailable: There are none to be had.
        """
        ...


class Embedding:
    """Brings the vectors of one collection up to date.

    Args:
        vectors: Keeps them.
        model: Makes them.
        collection: Its name.

    Attributes:
        refused: The documents of which the last run left out a text, and what the provider said.
    """

    def __init__(self, vectors: VectorStore, model: EmbedsDocuments, collection: str) -> None:
        self._vectors = vectors
        self._model = model
        self._collection = collection
        self._answers = False  # whether the provider gave any vector in this run
        self.refused: dict[str, str] = {}

    async def missing(self) -> int:
        """How many chunks have no vector of this model yet.

        Raises:
            DatabaseUnavailable: The database does not answer.
        """
        if not await self._vectors.begin(self._collection, self._model.name):
            return 0
        return await self._vectors.count_pending(self._collection)

    async def run(self) -> AsyncGenerator[int, None]:
        """Embeds what is missing. Gives the number of chunks that got their vectors, bit by bit.

        A text that has a vector in this collection already is not sent again. One that the provider
        refuses is left out, until the next run.

        Raises:
            DatabaseUnavailable: The database does not answer.
            EmbeddingsUnavailable: The provider does not; what was yielded is stored.
            SettingsError: The database cannot keep vectors.
        """
        self.refused, self._answers = {}, False
        if not await self._vectors.begin(self._collection, self._model.name):
            return
        after = 0
        while pending := await self._vectors.pending(self._collection, after, _BATCH):
            new = await self._vectors.link_known(self._collection, pending)
            if len(new) < len(pending):
                yield len(pending) - len(new)
            for start in range(0, len(new), self._model.at_once):
                yield await self._embed(new[start : start + self._model.at_once])
            after = pending[-1].chunk_id
        await self._vectors.drop_unused(self._collection)

    async def _embed(self, new: Sequence[Pending]) -> int:
        """Embeds what fits into a request. How many chunks got their vectors."""
        try:
            vectors = await self._model.embed([chunk.text for chunk in new])
        except EmbeddingsRefused as error:
            refusal = error
        else:
            self._answers = True
            await self._vectors.prepare(vectors.shape[1])
            await self._vectors.put(self._collection, self._model.name, new, vectors)
            return len(new)
        if len(new) > 1:
            half = len(new) // 2
            return await self._embed(new[:half]) + await self._embed(new[half:])
        if not self._answers:
            # Not to send every text by itself to a provider that knows no such model.
            await self._model.embed([_HARMLESS])
            self._answers = True
        self.refused[new[0].source] = str(refusal)
        return 0
