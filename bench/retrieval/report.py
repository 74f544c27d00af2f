"""The figures, as a table."""

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
        replace_ms: Median milliseconds to replace one document; None where it was not measured.
    """

    name: str
    ndcg: float | None
    recall: float | None
    mrr: float | None
    p50: float
    p99: float
    index_bytes: int
    fill_seconds: float
    replace_ms: float | None

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def print_report(about: dict[str, Any], figures: Sequence[Figures]) -> None:
    """Prints the table to standard output."""
    console = Console(width=110)
    console.print(", ".join(f"{name} {value}" for name, value in about.items()))
    table = Table("")
    for heading in (
        "nDCG@10",
        "recall@10",
        "MRR@10",
        "p50 / p99 ms",
        "index MB",
        "fill s",
        "replace ms",
    ):
        table.add_column(heading, justify="right")
    for of in figures:
        table.add_row(
            of.name,
            _number(of.ndcg, 4),
            _number(of.recall, 4),
            _number(of.mrr, 4),
            f"{of.p50:.1f} / {of.p99:.1f}",
            _number(of.index_bytes / _MEGABYTE, 1),
            _number(of.fill_seconds, 1),
            _number(of.replace_ms, 1),
        )
    console.print(table)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
