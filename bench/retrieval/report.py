"""The figures, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one search.

    Attributes:
        name: Of the search.
        ndcg: nDCG@10, the mean over the queries; None where nobody has judged, as the next two.
        recall: Recall@10.
        mrr: Mean reciprocal rank of the first answer among 10.
        p50: Median milliseconds of a query.
        p99: The 99th percentile of them.
        index_bytes: How large the index is.
        fill_seconds: How long it took to store and index everything.
    """

    name: str
    ndcg: float | None
    recall: float | None
    mrr: float | None
    p50: float
    p99: float
    index_bytes: int
    fill_seconds: float

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Changes:
    """What it takes to follow a change, in milliseconds, each the median of some.

    Attributes:
        name: Of the search.
        replace: To replace one document, until it can be found.
        search_after: The first search after that.
        first_search: The first of a process that has just opened the database.
        drop_unused: To drop the vectors that were left over, once; None where there are none.
    """

    name: str
    replace: float
    search_after: float
    first_search: float
    drop_unused: float | None

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def print_report(
    about: dict[str, Any], figures: Sequence[Figures], changes: Sequence[Changes]
) -> None:
    """Prints the tables to standard output."""
    console = Console(width=110)
    console.print(", ".join(f"{name} {value}" for name, value in about.items()))
    console.print(_of_figures(figures))
    console.print("Changes, ms")
    console.print(_of_changes(changes))


def _of_figures(figures: Sequence[Figures]) -> Table:
    table = _table("nDCG@10", "recall@10", "MRR@10", "p50 / p99 ms", "index MB", "fill s")
    for of in figures:
        table.add_row(
            of.name,
            _number(of.ndcg, 4),
            _number(of.recall, 4),
            _number(of.mrr, 4),
            f"{of.p50:.1f} / {of.p99:.1f}",
            _number(of.index_bytes / _MEGABYTE, 1),
            _number(of.fill_seconds, 1),
        )
    return table


def _of_changes(changes: Sequence[Changes]) -> Table:
    table = _table("replace", "search after it", "first of a process", "drop unused vectors")
    for of in changes:
        table.add_row(
            of.name,
            _number(of.replace, 1),
            _number(of.search_after, 1),
            _number(of.first_search, 1),
            _number(of.drop_unused, 1),
        )
    return table


def _table(*headings: str) -> Table:
    table = Table("")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
