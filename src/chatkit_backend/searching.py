"""The search of the settings, for the server, for the command line and for anybody's own code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from chatkit_backend.database import open_database
from chatkit_backend.providers import model_credentials, model_limits
from chatkit_backend.retrieval.access import CollectionAccess
from chatkit_backend.retrieval.questions import Question
from chatkit_backend.retrieval.search import (
    DEFAULT_LIMIT,
    DEFAULT_THRESHOLD,
    DocumentSearch,
    FoundChunk,
    search_of_this_operation,
)
from chatkit_backend.settings import Settings, load_settings
from chatkit_backend.store.chunk_search import ChunkSearch
from chatkit_backend.store.engine import Database

if TYPE_CHECKING:
    from chatkit_backend.models.embeddings import EmbeddingModel


async def search_chunks(
    collection_name: str,
    query: str,
    limit: int = DEFAULT_LIMIT,
    score_threshold: float = DEFAULT_THRESHOLD,
) -> list[FoundChunk]:
    """The passages of a collection that fit a question best, best first.

    In whatever the server runs for a user (a tool of your agent, a function for actions or tags, a
    server of your own), it searches through the server's connections, and finds nothing in a
    collection that they may not read. Anywhere else it opens the database of the environment and
    of `.env`, finds what is in any collection, and closes it again; for many searches in a row use
    `open_document_search`.

    Args:
        collection_name: Where to search. Nothing is found where there is no such collection.
        query: Any text: it has no syntax.
        limit: Most passages to give; 1 or more.
        score_threshold: Least score, from 0 to 1; `FoundChunk.score` says what it means.

    Raises:
        ValueError: `limit` or `score_threshold` is out of bounds.
        SettingsError: A setting cannot be used.
        DatabaseUnavailable: The database does not answer.
    """
    if limit < 1:
        raise ValueError(f"limit: {limit} is below 1.")
    if not 0 <= score_threshold <= 1:
        raise ValueError(f"score_threshold: {score_threshold} is not from 0 to 1.")
    question = Question(query)
    here = search_of_this_operation()
    reader = here.reader if here else None
    # A function in a thread of its own may have brought a loop of its own, too.
    if here and here.loop is asyncio.get_running_loop():
        return await here.search.find(question, [collection_name], reader, limit, score_threshold)
    async with open_document_search() as search:
        return await search.find(question, [collection_name], reader, limit, score_threshold)


@asynccontextmanager
async def open_document_search(settings: Settings | None = None) -> AsyncIterator[DocumentSearch]:
    """The search of the settings, for the length of a block.

    Args:
        settings: None reads the environment and `.env`.

    Raises:
        SettingsError: A setting cannot be used.
        DatabaseUnavailable: The database does not answer.
    """
    settings = settings or load_settings()
    async with AsyncExitStack() as opened:
        embeddings = embedding_model(settings)
        if embeddings:
            opened.push_async_callback(embeddings.close)
        database = await open_database(settings)
        opened.push_async_callback(database.close)
        await database.make_ready()
        yield document_search(settings, database, embeddings)


def document_search(
    settings: Settings, database: Database, embeddings: EmbeddingModel | None
) -> DocumentSearch:
    """The search of the settings, in an open database."""
    return DocumentSearch(
        ChunkSearch(database),
        CollectionAccess.parsed(settings.collection_access),
        embeddings,
        settings.embedding_midpoint,
    )


def embedding_model(settings: Settings) -> EmbeddingModel | None:
    """The model that understands questions, None for none; the caller closes it.

    Raises:
        SettingsError: It cannot be used.
    """
    if settings.embedding_model is None:
        return None
    # The openai package takes a second, and is needed here only.
    from chatkit_backend.models.embeddings import open_embeddings  # noqa: PLC0415

    return open_embeddings(
        settings.embedding_model,
        model_credentials(settings),
        model_limits(settings),
        settings.embedding_dimensions,
    )
