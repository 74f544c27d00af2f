"""Measures how well and how fast texts are found, on SQLite and PostgreSQL, beside their own ways.

Examples:
  python -m bench.retrieval FOLDER                   a collection in the layout of TREC and BEIR
  python -m bench.retrieval FOLDER --model MODEL     by meaning, too; minilm.py says which models
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
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import Progress
from tests.postgres import drop_database, new_database, running_postgres

from bench.retrieval.beir import TestCollection, Text, enlarged, read_collection
from bench.retrieval.measures import DEPTH, ndcg, recall, reciprocal_rank
from bench.retrieval.minilm import SentenceModel
from bench.retrieval.ours import ByMeaning, Hybrid, Lexical, Ours, OurStore
from bench.retrieval.report import Changes, Figures, print_report
from bench.retrieval.searches import Fts5, Search, TsRank
from bench.retrieval.vectors import Vectors

# The machine may be busy with something else; of each query the middle one counts.
ROUNDS = 3
# A made document: about ten pages.
CHUNKS_OF_DOCUMENT = 50
REPLACED = 10
FIRST_SEARCHES = 3


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.retrieval",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="with corpus.jsonl, queries.jsonl and qrels/")
    parser.add_argument("--split", default="test", help="which of qrels/")
    parser.add_argument("--model", type=Path, help="folder of a model; without it, only by words")
    parser.add_argument("--chunks", type=int, help="make so many of the collection's sentences")
    parser.add_argument("--ours", action="store_true", help="without the databases' own ways")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser.parse_args()


@asynccontextmanager
async def searches(
    server: str, folder: Path, vectors: Vectors | None, *, ours_only: bool
) -> AsyncIterator[dict[str, Search]]:
    """All that is measured, by name, in databases that are empty."""
    async with AsyncExitStack() as stack:
        urls = [await asyncio.to_thread(new_database, server) for _ in range(2)]
        for url in urls:
            stack.push_async_callback(asyncio.to_thread, drop_database, url)
        every: dict[str, Search] = {}
        for name, url in (("SQLite", f"sqlite:///{folder / 'ours.db'}"), ("PostgreSQL", urls[0])):
            store = await stack.enter_async_context(OurStore.opened(url, vectors))
            every[f"lexical, {name}"] = Lexical(store)
            if vectors:
                every[f"vector, {name}"] = ByMeaning(store)
                every[f"hybrid, {name}"] = Hybrid(store)
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


async def follow(
    name: str, search: Ours, collection: TestCollection, documents: Sequence[Sequence[Text]]
) -> Changes:
    """What a search does when documents are replaced by longer ones."""
    chance = random.Random(name)  # noqa: S311 - the same documents each time
    query = next(iter(collection.queries.values()))
    if isinstance(search, ByMeaning):
        await search.store.embed()  # what others have replaced is not of this measure
    replaced, after = [], []
    for number, texts in enumerate(chance.sample(documents, min(REPLACED, len(documents)))):
        replaced.append(await search.replace(texts, f" replaced {number}"))
        started = time.perf_counter()
        await search.find(query, DEPTH)
        after.append((time.perf_counter() - started) * 1000)
    first = [await search.first(query, DEPTH) for _ in range(FIRST_SEARCHES)]
    dropped = None
    if isinstance(search, Hybrid):
        started = time.perf_counter()
        await search.store.drop_unused_vectors()
        dropped = (time.perf_counter() - started) * 1000
    return Changes(
        name,
        statistics.median(replaced),
        statistics.median(after),
        statistics.median(first),
        dropped,
    )


def _part(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def documents_of(collection: TestCollection, *, made: bool) -> list[list[Text]]:
    """The texts as documents: one for each, or of made ones as many as a real document has."""
    size = CHUNKS_OF_DOCUMENT if made else 1
    texts = collection.texts
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def about(server: str, documents: Sequence[Sequence[Text]], model: str | None) -> dict[str, Any]:
    """What was measured, and where."""
    with psycopg.connect(server) as connection:
        version = connection.execute("SELECT current_setting('server_version')").fetchone()
    assert version is not None  # noqa: S101 - a server has one
    return {
        "chunks": sum(map(len, documents)),
        "documents": len(documents),
        "model": model or "none (by words alone; --model)",
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": version[0],
    }


async def run(
    collection: TestCollection,
    documents: Sequence[Sequence[Text]],
    every: Mapping[str, Search],
    progress: Progress,
) -> tuple[list[Figures], list[Changes]]:
    """The figures of every search, and then what changes cost ours."""
    figures = [
        await measure(name, search, collection, documents)
        for name, search in progress.track(every.items(), description="Measuring")
    ]
    changes = [
        await follow(name, search, collection, documents)
        for name, search in every.items()
        if isinstance(search, Ours)
    ]
    return figures, changes


async def run_all(
    chosen: argparse.Namespace,
    collection: TestCollection,
    model: SentenceModel | None,
    server: str,
    folder: Path,
) -> tuple[list[Figures], list[Changes]]:
    """Everything that the command line asks for."""
    documents = documents_of(collection, made=bool(chosen.chunks))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        vectors = None
        if model:
            vectors = Vectors.made(model, collection, progress)
        async with searches(server, folder, vectors, ours_only=chosen.ours) as every:
            return await run(collection, documents, every, progress)


def main() -> int:
    """Runs it and prints the result. Returns the exit status."""
    chosen = options()
    collection = read_collection(chosen.folder, chosen.split)
    if chosen.chunks:
        collection = enlarged(collection, chosen.chunks)
    documents = documents_of(collection, made=bool(chosen.chunks))
    model = SentenceModel.read(chosen.model) if chosen.model else None
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        told = about(server, documents, model.name if model else None)
        figures, changes = asyncio.run(run_all(chosen, collection, model, server, Path(folder)))
    if chosen.json:
        as_json = {
            "about": told,
            "figures": [of.as_json() for of in figures],
            "changes": [of.as_json() for of in changes],
        }
        print(json.dumps(as_json, indent=2))
    else:
        print_report(told, figures, changes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
