"""This project's own documentation as a collection, so that there is something to ask about.

It answers with no key and no file at hand: whoever starts the server for the first time sees an
answer with citations. The collection has a name that is no team's own, so that it can be kept like
the version that runs, and documents that are ingested later do not mix with it.
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

COLLECTION: Final = "chatkit-backend"

_PACKAGE: Final = Path(__file__).parents[1]
# The build puts the documents into the package; a checkout has them beside `src/`.
_INSTALLED: Final = (_PACKAGE / "guide" / "README.md", _PACKAGE / "guide" / "docs")
_IN_CHECKOUT: Final = (_PACKAGE.parents[1] / "README.md", _PACKAGE.parents[1] / "docs")


async def ingest_guide(store: ChunkStore) -> None:
    """Brings the collection up to date with the documentation of this version.

    Goes on where a start that was killed stopped.

    Raises:
        DatabaseUnavailable: The database does not answer.
    """
    paths = _INSTALLED if _INSTALLED[0].is_file() else _IN_CHECKOUT
    found = Selection(paths, include=("*.md",)).find()
    async with Converter() as converter:
        ingestion = Ingestion(store, converter, COLLECTION, base_url=None, max_bytes=1_000_000)
        results = [result async for result in ingestion.run(found, prune=True)]
    changed = [result for result in results if result.outcome != "unchanged"]
    if changed:
        _log.info(
            "ingested the documentation of chatkit-backend, for the demo model to quote",
            collection=COLLECTION,
            documents=len(changed),
            chunks=sum(result.chunks for result in changed),
        )
