"""`chatkit-backend search`: what a question finds in a collection."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import typer
from rich.console import Console

from chatkit_backend.cli.collections import UNKNOWN, shown
from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.problems import told_as
from chatkit_backend.context import clean_text
from chatkit_backend.retrieval.questions import Question
from chatkit_backend.retrieval.search import FoundChunk
from chatkit_backend.searching import open_document_search

_SHOWN_CHARACTERS = 300


def run_search(
    query: str, collection: str, limit: int, score_threshold: float, *, as_json: bool
) -> int:
    """Prints the chunks that fit best, the best first.

    Args:
        query: What to look for.
        collection: Where.
        limit: Most chunks to print.
        score_threshold: Least score of a chunk, from 0 to 1.
        as_json: Print a JSON array instead of words.

    Returns:
        Exit status: 1 where there is no such collection, else 0.
    """
    configure_logging("warning", "auto")
    with told_as("Nothing was searched"):
        found = asyncio.run(_search(query, collection, limit, score_threshold))
    if found is None:
        typer.echo(
            f"There is no collection {collection!r}. `chatkit-backend collections list` shows "
            "them.",
            err=True,
        )
        return UNKNOWN
    if as_json:
        typer.echo(json.dumps([asdict(chunk) for chunk in found]))
    else:
        _print(found)
    return 0


async def _search(
    query: str, collection: str, limit: int, score_threshold: float
) -> list[FoundChunk] | None:
    async with open_document_search() as search:
        if collection not in await search.collections(None):
            return None
        return await search.find(Question(query), [collection], None, limit, score_threshold)


def _print(found: list[FoundChunk]) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    if not found:
        console.print("Nothing was found.")
    for number, chunk in enumerate(found, start=1):
        name = chunk.title or shown(chunk.source)
        # The first heading is often the title.
        place = _printable(" > ".join(dict.fromkeys([name, *chunk.heading_path])))
        console.print(f"{number}. {place}", style="bold")
        address = _printable(chunk.url or shown(chunk.source))
        console.print(f"   {chunk.score:.2f}  {address}", style="dim")
        text = _printable(chunk.text)
        short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
        console.print(f"   {short}\n")


def _printable(text: str) -> str:
    """What a document says, on one line: it may hold terminal commands."""
    return clean_text(text, len(text))
