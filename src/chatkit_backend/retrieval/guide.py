"""This project's own documentation as a collection, so that there is something to ask about.

It answers with no key and no file at hand: whoever starts the server for the first time sees an
answer with citations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog

from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.retrieval.files import Selection
from chatkit_backend.retrieval.ingest import Ingestion
from chatkit_backend.store.chunks import ChunkStore

_log = structlog.get_logger(__name__)

COLLECTION: Final = "docs"

_PACKAGE: Final = Path(__file__).parents[1]
# The build puts the documents into the package; a checkout has them beside `src/`.
_INSTALLED: Final = (_PACKAGE / "guide" / "README.md", _PACKAGE / "guide" / "docs")
_IN_CHECKOUT: Final = (_PACKAGE.parents[1] / "README.md", _PACKAGE.parents[1] / "docs")


async def ingest_guide(store: ChunkStore) -> None:
    """Takes the documentation in, unless there is a collection of that name already.

    Raises:
        DatabaseUnavailable: The database does not answer.
    """
    if COLLECTION in {one.name for one in await store.collections()}:
        return
    paths = _INSTALLED if _INSTALLED[0].is_file() else _IN_CHECKOUT
    found = Selection(paths, include=("*.md",)).find()
    async with Converter() as converter:
        ingestion = Ingestion(store, converter, COLLECTION, base_url=None, max_bytes=1_000_000)
        results = [result async for result in ingestion.run(found, prune=False)]
    _log.info(
        "ingested the documentation of chatkit-backend, for the demo model to quote",
        collection=COLLECTION,
        documents=len(results),
        chunks=sum(result.chunks for result in results),
    )
