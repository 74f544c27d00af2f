"""Measures how well and how fast texts are found, on SQLite and PostgreSQL, beside their own ways.

Examples:
  python -m bench.retrieval FOLDER                   a collection in the layout of TREC and BEIR
  python -m bench.retrieval FOLDER --chunks 100000   latencies, on so many made of its sentences
  python -m bench.retrieval FOLDER --chunks 100000 --ours
  python -m bench.retrieval FOLDER --json > run.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import Progress
from tests.postgres import drop_database, new_database, running_postgres

from bench.retrieval.beir import TestCollection, Text, enlarged, read_collection
from bench.retrieval.measures import DEPTH, ndcg, recall, reciprocal_rank
from bench.retrieval.report import Figures, print_report
from bench.retrieval.searches import Fts5, OurLexical, Search, TsRank
from chatkit_backend.store.engine import Database

# The machine may be busy with something else; of each query the middle one counts.
ROUNDS = 3
# A made document: about ten pages.
CHUNKS_OF_DOCUMENT = 50
REPLACED = 30


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.retrieval",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="with corpus.jsonl, queries.jsonl and qrels/")
    parser.add_argument("--split", default="test", help="which of qrels/")
    parser.add_argument("--chunks", type=int, help="make so many of the collection's sentences")
    parser.add_argument("--ours", action="store_true", help="without the databases' own ways")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


@asynccontextmanager
async def searches(
    server: str, folder: Path, *, ours_only: bool
) -> AsyncIterator[dict[str, Search]]:
    """All that is measured, by name, each on an empty database."""
    async with AsyncExitStack() as stack:
        urls = [await asyncio.to_thread(new_database, server) for _ in range(2)]
        for url in urls:
            stack.push_async_callback(asyncio.to_thread, drop_database, url)
        ours = []
        for url in (f"sqlite:///{folder / 'ours.db'}", urls[0]):
            database = await Database.open(url)
            stack.push_async_callback(database.close)
            await database.migrate()
            ours.append(OurLexical(database))
        every: dict[str, Search] = {
            "lexical, SQLite": ours[0],
            "lexical, PostgreSQL": ours[1],
        }
        if not ours_only:
            every["FTS5 bm25"] = Fts5(folder / "fts5.db")
            every["PostgreSQL ts_rank"] = await stack.enter_async_context(TsRank.connected(urls[1]))
        yield every


async def measure(
    name: str, search: Search, collection: TestCollection, documents: Sequence[Sequence[Text]]
) -> Figures:
    """The figures of one search."""
    started = time.perf_counter()
    await search.fill(documents)
    filled = time.perf_counter() - started
    rankings, milliseconds = await ask(search, collection.queries)
    judged = collection.judgements

    def mean(measure: Any) -> float | None:
        if not judged:
            return None
        return statistics.fmean(measure(found, judged[query]) for query, found in rankings.items())

    return Figures(
        name=name,
        ndcg=mean(ndcg),
        recall=mean(recall),
        mrr=mean(reciprocal_rank),
        p50=_part(milliseconds, 50),
        p99=_part(milliseconds, 99),
        index_bytes=await search.index_bytes(),
        fill_seconds=filled,
        replace_ms=await replace(search, documents) if isinstance(search, OurLexical) else None,
    )


async def ask(search: Search, queries: dict[str, str]) -> tuple[dict[str, list[str]], list[float]]:
    """What each query finds, by its id, and how many milliseconds it took."""
    rankings: dict[str, list[str]] = {}
    times: dict[str, list[float]] = {query: [] for query in queries}
    for _ in range(ROUNDS):
        for query, text in queries.items():
            started = time.perf_counter()
            rankings[query] = await search.find(text, DEPTH)
            times[query].append((time.perf_counter() - started) * 1000)
    return rankings, [statistics.median(of) for of in times.values()]


async def replace(search: OurLexical, documents: Sequence[Sequence[Text]]) -> float:
    """Milliseconds that it takes to replace a document with a longer one: the median of some."""
    chance = random.Random(1)  # noqa: S311 - the same documents each time
    times = []
    for texts in chance.sample(documents, min(REPLACED, len(documents))):
        started = time.perf_counter()
        await search.put(texts, more=" replaced")
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _part(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def documents_of(collection: TestCollection, *, made: bool) -> list[list[Text]]:
    """The texts as documents: one for each, or of made ones as many as a real document has."""
    size = CHUNKS_OF_DOCUMENT if made else 1
    texts = collection.texts
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def about(server: str, documents: Sequence[Sequence[Text]]) -> dict[str, Any]:
    """What was measured, and where."""
    with psycopg.connect(server) as connection:
        version = connection.execute("SELECT current_setting('server_version')").fetchone()
    assert version is not None  # noqa: S101 - a server has one
    return {
        "chunks": sum(map(len, documents)),
        "documents": len(documents),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": version[0],
    }


async def run(
    collection: TestCollection,
    documents: Sequence[Sequence[Text]],
    server: str,
    folder: Path,
    *,
    ours_only: bool,
) -> list[Figures]:
    """The figures of every search."""
    figures = []
    async with searches(server, folder, ours_only=ours_only) as every:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            for name, search in progress.track(every.items(), description="Measuring"):
                figures.append(await measure(name, search, collection, documents))
    return figures


def main() -> int:
    """Runs it and prints the result. Returns the exit status."""
    chosen = options()
    collection = read_collection(chosen.folder, chosen.split)
    if chosen.chunks:
        collection = enlarged(collection, chosen.chunks)
    documents = documents_of(collection, made=bool(chosen.chunks))
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        told = about(server, documents)
        figures = asyncio.run(
            run(collection, documents, server, Path(folder), ours_only=chosen.ours)
        )
    if chosen.json:
        print(json.dumps({"about": told, "figures": [of.as_json() for of in figures]}, indent=2))
    else:
        print_report(told, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
