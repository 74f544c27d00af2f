"""The figures, as tables with ratios."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

SQLITE = "SQLite"
POSTGRES = "PostgreSQL"
PER_CALL = "usual"
KEPT = "usual, kept"

ByStore = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured at one size.

    Attributes:
        items: How many there were.
        p50: Median milliseconds, by call and store.
        p99: The 99th percentile of them.
        rates: Calls a second with 20 users at once, by load and store.
    """

    items: int
    p50: ByStore
    p99: ByStore
    rates: ByStore

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def print_report(about: dict[str, Any], small: Figures, large: Figures) -> None:
    """Prints the tables to standard output."""
    console = Console(width=110)
    console.print(", ".join(f"{name} {value}" for name, value in about.items()))
    console.print(
        "usual: psycopg2, a connection for every call; usual, kept: one connection for all.\n"
    )
    for table in (_latencies(large), _throughput(large), _growth(small, large)):
        console.print(table)


def _latencies(figures: Figures) -> Table:
    stores = (SQLITE, POSTGRES, PER_CALL, KEPT)
    table = _table(f"{figures.items:,} items, one user: milliseconds, p50 / p99", *stores)
    table.add_column("usual : PostgreSQL", justify="right")
    for call, p50 in figures.p50.items():
        cells = [f"{p50[store]:.2f} / {figures.p99[call][store]:.2f}" for store in stores]
        table.add_row(call, *cells, f"{p50[PER_CALL] / p50[POSTGRES]:.1f}")
    return table


def _throughput(figures: Figures) -> Table:
    stores = (SQLITE, POSTGRES, PER_CALL, KEPT)
    table = _table(f"{figures.items:,} items, 20 users at once: calls a second", *stores)
    for other in (PER_CALL, KEPT):
        table.add_column(f"PostgreSQL : {other}", justify="right")
    for load, rates in figures.rates.items():
        cells = [f"{rates[store]:,.0f}" for store in stores]
        ratios = [f"{rates[POSTGRES] / rates[other]:.1f}" for other in (PER_CALL, KEPT)]
        table.add_row(load, *cells, *ratios)
    return table


def _growth(small: Figures, large: Figures) -> Table:
    title = f"How much slower with {large.items:,} items than with {small.items:,}"
    stores = (SQLITE, POSTGRES, PER_CALL, KEPT)
    table = _table(title, *stores)
    for name, of in (("p50", "p50"), ("p99", "p99")):
        for call in small.p50:
            before, after = getattr(small, of)[call], getattr(large, of)[call]
            table.add_row(f"{call}, {name}", *(f"{after[s] / before[s]:.2f}" for s in stores))
    for load in small.rates:
        before, after = small.rates[load], large.rates[load]
        table.add_row(load, *(f"{before[s] / after[s]:.2f}" for s in stores))
    return table


def _table(title: str, *stores: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for store in stores:
        table.add_column(store, justify="right")
    return table
