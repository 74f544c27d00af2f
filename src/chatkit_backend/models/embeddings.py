"""Texts to vectors, over the embeddings API that is OpenAI's and that the others copy.

Opening a model makes a client, and never calls a provider. Free of the Agents SDK, so that
`ingest` does not wait for its import.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, omit

from chatkit_backend.errors import EmbeddingsRefused, EmbeddingsUnavailable, SettingsError
from chatkit_backend.models.clients import foreign_client, openai_client
from chatkit_backend.models.credentials import DEMO, CallLimits, Credentials
from chatkit_backend.models.endpoints import ModelSetting, endpoint, problem
from chatkit_backend.models.redaction import redact

SETTING: Final = ModelSetting(
    variable="CHATKIT_EMBEDDING_MODEL",
    examples={
        "openai": "openai/text-embedding-3-small",
        "gemini": "gemini/gemini-embedding-2",
        "ollama": "ollama/embeddinggemma",
        "openai-compatible": "openai-compatible/BAAI/bge-m3",
    },
)

# Rate limits are normal while many documents are ingested, and nobody waits at a keyboard.
DOCUMENT_RETRIES: Final = 5
# A message of a chat waits for its query: words alone find something, too.
QUERY_RETRIES: Final = 1
QUERY_SECONDS: Final = 3.0
# How long queries fail at once after one has failed, so that not every message waits as long.
PAUSE_SECONDS: Final = 15.0
CACHED_QUERIES: Final = 1_000  # 6 MB with 1,536 dimensions
MAX_QUOTED: Final = 500  # characters; some servers answer with whole HTML pages

# Stands in for a text without words: providers refuse a batch with an empty text in it.
_BLANK: Final = "-"
# Statuses that may be about one text alone: no reason to believe that the next one fails, too.
_REFUSED_TEXT: Final = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class _Requests:
    """What a request to a provider may hold.

    Providers count tokens. Texts are measured in bytes of UTF-8 instead, without a tokenizer.

    Attributes:
        encoding: How vectors are asked for. Base64 is a quarter of the size of JSON's numbers,
            and not known to every server.
        inputs: Number of texts.
        total_bytes: Of all texts together.
        text_bytes: Of a text; a longer one is cut.
        query_bytes: Of a query; a longer one is cut.
    """

    encoding: Literal["base64", "float"]
    inputs: int
    total_bytes: int
    text_bytes: int
    query_bytes: int


# 8,192 tokens a text, 300,000 tokens and 2,048 texts a request. The tokens of OpenAI's models are
# of one byte or more, so as many bytes are never too many.
# https://developers.openai.com/api/reference/resources/embeddings/methods/create
_OPENAI: Final = _Requests("base64", 2_048, 300_000, 8_000, 8_000)
# 100 texts a request ("at most 100 requests can be in one batch"); 2,048 tokens a text with
# gemini-embedding-001, which are at least 6,000 bytes of most languages. It drops the rest.
_GEMINI: Final = _Requests("float", 100, 100_000, 6_000, 6_000)
# Whatever server, often without a GPU: a batch has to be ready within the read timeout.
# Alibaba's takes 10 texts, text-embeddings-inference 32. Some models take no more than 512 tokens:
# a query as short as a chunk is taken where the chunks were.
_OTHERS: Final = _Requests("float", 10, 50_000, 8_000, 2_000)
_REQUESTS: Final = {"openai": _OPENAI, "gemini": _GEMINI}


class _Unusable(ValueError):
    """The answer does not hold the vectors. The message goes on with "The answer cannot …: "."""


class EmbeddingModel:
    """A model that turns texts into vectors; made by `open_embeddings`.

    Args:
        name: Identity of the vector space, such as `openai/text-embedding-3-small`, with `@512`
            appended when dimensions are asked for. Vectors of different spaces cannot be compared.
        client: Owned by the model, and closed with it.
        requests: What a request may hold.
        dimensions: To ask for; None for as many as the model has.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        name: str,
        client: AsyncOpenAI,
        requests: _Requests,
        dimensions: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name if dimensions is None else f"{name}@{dimensions}"
        self._model = name.partition("/")[2]
        self._client = client
        self._query_client = client.with_options(max_retries=QUERY_RETRIES)
        self._requests = requests
        self._asked_dimensions = dimensions
        self._dimensions = dimensions  # learned from the first answer when none are asked for
        self._clock = clock
        self._known: LRUCache[str, NDArray[np.float32]] = LRUCache(CACHED_QUERIES)
        self._paused_until = clock()
        self._last_failure = ""

    @property
    def at_once(self) -> int:
        """Most texts of a request."""
        return self._requests.inputs

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of documents' texts, in their order.

        Asks in batches, and is patient with a provider that is busy.

        Args:
            texts: Those too long for the provider are cut.

        Returns:
            Shape (len(texts), dimensions); each row of length 1.

        Raises:
            EmbeddingsRefused: The provider refuses a text, or the request as a whole.
            EmbeddingsUnavailable: Some or all vectors cannot be had.
        """
        fitting = [_cut(text, self._requests.text_bytes) for text in texts]
        batches = _batches(fitting, self._requests)
        try:
            parts = [await self._ask(self._client, batch) for batch in batches]
        except Exception as error:  # noqa: BLE001 - every failure is told the same way
            # Whatever it is: an odd key or address makes the client raise more than its own errors.
            # `from None`, here and below, because the cause holds the provider's words unredacted.
            raise self._unavailable(error) from None
        return np.concatenate(parts) if parts else np.empty((0, self._dimensions or 0), np.float32)

    async def embed_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a query.

        Takes about `QUERY_SECONDS` at most. After a failure, queries that are not cached fail at
        once for `PAUSE_SECONDS`.

        Returns:
            Shape (dimensions,), of length 1; read-only, because it is cached.

        Raises:
            EmbeddingsUnavailable: The vector cannot be had, or cannot be had in time.
        """
        query = _cut(text, self._requests.query_bytes)
        if (known := self._known.get(query)) is not None:
            return known
        self._raise_while_paused()
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                vectors = await self._ask(self._query_client, [query])
        except Exception as error:  # noqa: BLE001 - every failure is told the same way
            told = self._unavailable(error)
            if not isinstance(told, EmbeddingsRefused):
                self._paused_until = self._clock() + PAUSE_SECONDS
                self._last_failure = told.message
            raise told from None
        self._paused_until = self._clock()
        vector: NDArray[np.float32] = vectors[0]
        vector.setflags(write=False)
        self._known[query] = vector
        return vector

    async def close(self) -> None:
        """Closes the connections to the provider; the model is not usable afterwards."""
        await self._client.close()

    def _raise_while_paused(self) -> None:
        seconds = self._paused_until - self._clock()
        if seconds > 0:
            raise EmbeddingsUnavailable(
                f"{self._last_failure} It is asked again in {seconds:.0f} seconds."
            )

    async def _ask(self, client: AsyncOpenAI, texts: list[str]) -> NDArray[np.float32]:
        # The raw answer, because the client would make an object of every number.
        response = await client.embeddings.with_raw_response.create(
            input=texts,
            model=self._model,
            dimensions=omit if self._asked_dimensions is None else self._asked_dimensions,
            encoding_format=self._requests.encoding,
        )
        vectors = _vectors(response.content, len(texts))
        found = vectors.shape[1]
        if self._dimensions not in {None, found}:
            wanted = "were asked for" if self._asked_dimensions else "came before"
            raise _Unusable(f"its vectors have {found} dimensions, but {self._dimensions} {wanted}")
        self._dimensions = found
        return vectors

    def _unavailable(self, error: Exception) -> EmbeddingsUnavailable:
        model, reason = f"The embedding model {self.name}", self._reason(error)
        match error:
            case APIStatusError():
                told = f"{model} refused with status {error.status_code}: {reason}"
            case APITimeoutError() | TimeoutError():
                told = f"{model} did not answer in time"
            case APIConnectionError():
                told = f"{model} could not be reached: {reason}"
            case _Unusable():
                told = f"The answer of {model[0].lower()}{model[1:]} cannot be used: {reason}"
            case _:
                told = f"{model} could not be asked: {reason}"
        refused = getattr(error, "status_code", None) in _REFUSED_TEXT
        kind = EmbeddingsRefused if refused else EmbeddingsUnavailable
        return kind(f"{told.rstrip('.')}.")

    def _reason(self, error: Exception) -> str:
        """The provider's or the network's own words, redacted."""
        words = " ".join(_words(error).split())
        return redact(words, self._client.api_key)[:MAX_QUOTED] or type(error).__name__


def open_embeddings(
    name: str,
    credentials: Credentials,
    limits: CallLimits | None = None,
    dimensions: int | None = None,
) -> EmbeddingModel:
    """The embedding model to call; close it with `await model.close()`.

    Args:
        name: `provider/model`, such as `openai/text-embedding-3-small`.
        credentials: Keys and addresses.
        limits: Timeouts of every call, and retries where there are to be more than
            `DOCUMENT_RETRIES` for documents.
        dimensions: Ask for vectors of so many dimensions; not every model can.

    Raises:
        SettingsError: The name cannot be used; one sentence with the remedy.
    """
    name = name.strip()
    provider = name.partition("/")[0]
    if told := _without_embeddings(name, provider) or problem(name, SETTING, credentials):
        raise SettingsError(told)
    limits = limits or CallLimits()
    patient = replace(limits, retries=max(limits.retries, DOCUMENT_RETRIES))
    called = endpoint(provider, credentials)
    base_url, api_key = called.base_url or "", called.api_key
    client: AsyncOpenAI
    if provider == "openai":
        client = openai_client(base_url, api_key or "", patient)
    else:
        client = foreign_client(base_url, api_key, patient)
    return EmbeddingModel(name, client, _REQUESTS.get(provider, _OTHERS), dimensions)


def _without_embeddings(name: str, provider: str) -> str | None:
    """A sentence for a provider of chat models that has no embeddings; None for any other."""
    if provider not in {"anthropic", DEMO}:
        return None
    who = "Anthropic" if provider == "anthropic" else "the demo model"
    examples = list(SETTING.examples.values())
    choice = f"{', '.join(examples[:-1])} or {examples[-1]}"
    return f"{SETTING.variable}: {name!r} cannot be used, as {who} has no embeddings; set {choice}."


def _cut(text: str, max_bytes: int) -> str:
    # Half a surrogate pair, as JSON may hold, has no UTF-8 and becomes a question mark.
    data = text[:max_bytes].encode("utf-8", "replace")
    cut = data[:max_bytes].decode("utf-8", "ignore")
    return cut if cut.strip() else _BLANK


def _batches(texts: Sequence[str], requests: _Requests) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode())
        if len(batch) == requests.inputs or (batch and size + length > requests.total_bytes):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


def _vectors(body: bytes, count: int) -> NDArray[np.float32]:
    """The vectors of an answer, each of length 1, in the order of the texts.

    Raises:
        _Unusable: They are not all there, or are no directions.
    """
    try:
        entries = json.loads(body)["data"]
        rows = [_numbers(entry) for entry in _in_order(entries, count)]
        matrix = np.stack(rows)
    except _Unusable:
        raise
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        raise _Unusable("it is not what the embeddings API answers") from None
    if matrix.ndim != 2:  # noqa: PLR2004 - texts and dimensions
        raise _Unusable("its vectors are no lists of numbers")
    with np.errstate(over="ignore", under="ignore"):
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise _Unusable("a vector holds something that is no finite number")
    if not lengths.all():
        raise _Unusable("a vector holds nothing but zeros")
    directions: NDArray[np.float32] = (matrix / lengths).astype(np.float32)
    return directions


def _in_order(entries: Any, count: int) -> list[Any]:
    """The embeddings of an answer's entries, sorted by index."""
    if len(entries) != count:
        raise _Unusable(f"it holds {len(entries)} vectors for {count} texts")
    by_index: dict[int, Any] = {}
    for position, entry in enumerate(entries):
        index = entry.get("index")
        # Gemini leaves out an index of 0, as protocol buffers do; some servers leave out them all.
        by_index[position if index is None else index] = entry["embedding"]
    if by_index.keys() != set(range(count)):
        raise _Unusable("the indexes of its vectors are not those of the texts")
    return [by_index[index] for index in range(count)]


def _numbers(embedding: Any) -> NDArray[np.float64]:
    if isinstance(embedding, str):
        packed = base64.b64decode(embedding, validate=True)
        return np.frombuffer(packed, "<f4").astype(np.float64)
    return np.asarray(embedding, np.float64)


def _words(error: Exception) -> str:
    """What a provider says of a refusal, else what the error says."""
    if not isinstance(error, APIStatusError):
        return str(error.__cause__ or error)
    told: object = error.body
    if isinstance(told, list) and told:  # Gemini wraps its errors in a list
        told = told[0]
    for field in ("error", "message"):
        if isinstance(told, dict):
            told = told.get(field, told)
    return str(told or error.message)
