"""Measures the store on SQLite and PostgreSQL, beside the usual one.

Examples:
  python -m bench.store                    1,000,000 items; takes about ten minutes
  python -m bench.store --items 50000      in a minute or two
  python -m bench.store --json > run.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import Progress
from tests.postgres import drop_database, new_database, running_postgres

from bench.store.calls import CALLS, LOADS, AnyStore, latency, throughput
from bench.store.filling import ITEMS_OF_USER, Size, fill_postgres, fill_sqlite, fill_usual
from bench.store.report import KEPT, PER_CALL, POSTGRES, SQLITE, Figures, print_report
from bench.store.usual import SCHEMA, UsualStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore

# The machine may be busy with something else; the middle one of several rounds counts.
ROUNDS = 3


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.store",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--items", type=int, default=1_000_000, help="items in the large tables")
    parser.add_argument("--small", type=int, default=10_000, help="items in the small tables")
    parser.add_argument("--calls", type=int, default=300, help="calls of each kind, for latencies")
    parser.add_argument("--writes", type=int, default=2_000, help="calls a round, for throughput")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    chosen = parser.parse_args()
    for name in ("items", "small"):
        if getattr(chosen, name) < ITEMS_OF_USER:
            parser.error(f"--{name}: use {ITEMS_OF_USER} or more")
    return chosen


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Database]:
    """Our store's database, with its tables."""
    database = await Database.open(url)
    try:
        await database.migrate()
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def filled(
    server: str, folder: Path, size: Size, progress: Progress
) -> AsyncIterator[dict[str, AnyStore]]:
    """Every store that is compared, by name, with so much in it."""
    async with AsyncExitStack() as stack:
        databases = [await asyncio.to_thread(new_database, server) for _ in range(2)]
        for url in databases:
            stack.push_async_callback(asyncio.to_thread, drop_database, url)
        path = folder / f"{size.items}.db"
        sqlite = await stack.enter_async_context(ours(f"sqlite:///{path}"))
        postgres = await stack.enter_async_context(ours(databases[0]))
        await asyncio.to_thread(fill_sqlite, str(path), size, progress)
        await asyncio.to_thread(fill_postgres, databases[0], size, progress)
        await asyncio.to_thread(fill_usual, databases[1], size, SCHEMA, progress)
        yield {
            SQLITE: ThreadStore(sqlite),
            POSTGRES: ThreadStore(postgres),
            PER_CALL: UsualStore.per_call(databases[1]),
            KEPT: UsualStore.kept(databases[1]),
        }


async def measure(
    stores: dict[str, AnyStore], size: Size, chosen: argparse.Namespace, progress: Progress
) -> Figures:
    """The figures of every store at one size, taken in turns."""
    steps = ROUNDS * len(stores) * (len(CALLS) + len(LOADS))
    task = progress.add_task(f"Measuring {size.items:,} items", total=steps)
    times: dict[str, dict[str, list[float]]] = {c: {s: [] for s in stores} for c in CALLS}
    rates: dict[str, dict[str, list[float]]] = {n: {s: [] for s in stores} for n in LOADS}
    for round_ in range(ROUNDS):
        for name, call in CALLS.items():
            for store_name, store in stores.items():
                count = max(10, chosen.calls // ROUNDS)
                times[name][store_name] += await latency(store, size, call, count, round_)
                progress.advance(task)
        for name, load in LOADS.items():
            for store_name, store in stores.items():
                rate = await throughput(store, size, load, chosen.writes, round_)
                rates[name][store_name].append(rate)
                progress.advance(task)
    return Figures(
        items=size.items,
        p50={c: {s: _part(v, 50) for s, v in of.items()} for c, of in times.items()},
        p99={c: {s: _part(v, 99) for s, v in of.items()} for c, of in times.items()},
        rates={n: {s: statistics.median(v) for s, v in of.items()} for n, of in rates.items()},
    )


def _part(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def machine(server: str) -> dict[str, Any]:
    """Where it was measured."""
    with psycopg.connect(server) as connection:
        said = connection.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), "
            "current_setting('synchronous_commit')"
        ).fetchone()
    assert said is not None  # noqa: S101 - settings are always there
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": said[0],
        "fsync": said[1],
        "synchronous_commit": said[2],
    }


async def run(chosen: argparse.Namespace, server: str, folder: Path) -> list[Figures]:
    """The figures at both sizes, the small one first."""
    figures = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for items in (chosen.small, chosen.items):
            size = Size(items)
            async with filled(server, folder, size, progress) as stores:
                figures.append(await measure(stores, size, chosen, progress))
    return figures


def main() -> int:
    """Runs it and prints the result. Returns the exit status."""
    chosen = options()
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        about = machine(server)
        small, large = asyncio.run(run(chosen, server, Path(folder)))
    if chosen.json:
        figures = [small.as_json(), large.as_json()]
        print(json.dumps({"machine": about, "figures": figures}, indent=2))
    else:
        print_report(about, small, large)
    return 0


if __name__ == "__main__":
    sys.exit(main())
