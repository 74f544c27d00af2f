"""`chatkit-backend ingest`: takes files into a collection, once or with every change."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chatkit_backend.cli.collections import shown
from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.migrate import configured_database
from chatkit_backend.cli.problems import UNUSABLE, told_as
from chatkit_backend.errors import DatabaseUnavailable, EmbeddingsUnavailable, SettingsError
from chatkit_backend.retrieval.converter import Converter
from chatkit_backend.retrieval.embedding import Embedding
from chatkit_backend.retrieval.files import Found, Selection
from chatkit_backend.retrieval.ingest import FileResult, Ingestion
from chatkit_backend.retrieval.watching import watched
from chatkit_backend.searching import embedding_model
from chatkit_backend.settings import load_settings
from chatkit_backend.store.chunks import ChunkStore
from chatkit_backend.store.vectors import VectorStore

SOME_FAILED: Final = 1  # exit status
INTERRUPTED: Final = 130  # exit status after Ctrl-C, as shells have it

_NAME = re.compile(r"\w[\w.-]{0,99}")
_OUTCOMES: Final = ("added", "replaced", "unchanged", "removed", "failed")

# A file costs about as much as so many bytes, however small it is; for the time that is left.
_BYTES_PER_FILE: Final = 2_000

# Documents that a sentence names.
_NAMED: Final = 10

# How long a watch waits before it tries a database again that did not answer.
_RETRY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to be ingested; the names are those of the options."""

    paths: tuple[Path, ...]
    collection: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    base_url: str | None = None
    prune: bool = False


@dataclass(slots=True)
class _Summary:
    """What was done so far."""

    counts: Counter[str] = field(default_factory=Counter)
    chunks: int = 0
    failures: list[FileResult] = field(default_factory=list)
    embedded: int = 0
    not_embedded: int = 0
    embedding_problem: str | None = None

    def add(self, result: FileResult) -> None:
        self.counts[result.outcome] += 1
        self.chunks += result.chunks
        if result.outcome == "failed":
            self.failures.append(result)


def run_ingest(order: Order, *, watch: bool, as_json: bool) -> int:
    """Brings a collection up to date.

    Args:
        order: What to take in, and where.
        watch: Go on with every change until somebody stops it.
        as_json: Print JSON instead of words; with `watch` a line for each change.

    Returns:
        Exit status: 0, or 1 when some files failed, or 2 when there was nothing to ingest.
    """
    configure_logging("warning", "auto")
    summary = _Summary()
    with told_as("Nothing was ingested" if not watch else "The watch ended"):
        selection = _selection(order)
        work = (
            _watch(order, selection, as_json=as_json)
            if watch
            else _once(order, selection, summary, as_json=as_json)
        )
        try:
            return asyncio.run(work)
        except KeyboardInterrupt:
            done = sum(summary.counts.values()) - summary.counts["failed"]
            told = "" if watch else f" {done} files are done; run it again to go on."
            typer.echo(f"Stopped.{told} No document is left half done.", err=True)
            return 0 if watch else INTERRUPTED


def _selection(order: Order) -> Selection:
    """What to look for.

    Raises:
        SettingsError: An option cannot be used.
    """
    problems = []
    if not _NAME.fullmatch(order.collection):
        problems.append(
            f"--collection: {order.collection!r} is no name; write letters, digits, `.`, `_` and "
            "`-`, 100 at most, a letter or digit first."
        )
    if order.base_url is not None:
        parts = urlsplit(order.base_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            problems.append("--base-url: write an address such as https://example.com/docs.")
    problems += [
        f"PATH: there is no {shown(str(path))!r}."
        for path in order.paths
        if not (path.exists() or path.is_symlink())
    ]
    if problems:
        raise SettingsError(*problems)
    return Selection(order.paths, order.include, order.exclude)


@dataclass(frozen=True, slots=True)
class _Work:
    """What brings a collection up to date.

    Attributes:
        ingestion: Takes in the files.
        vectors: Keeps the vectors.
        embedding: Makes vectors of what was taken in; None where no model is set.
    """

    ingestion: Ingestion
    vectors: VectorStore
    embedding: Embedding | None


@asynccontextmanager
async def _work(order: Order) -> AsyncIterator[_Work]:
    settings = load_settings()
    async with AsyncExitStack() as opened:
        model = embedding_model(settings)
        if model:
            opened.push_async_callback(model.close)
        database = await opened.enter_async_context(configured_database())
        await database.make_ready()
        converter = await opened.enter_async_context(Converter())
        ingestion = Ingestion(
            ChunkStore(database),
            converter,
            order.collection,
            base_url=order.base_url,
            max_bytes=settings.ingest_max_bytes,
        )
        vectors = VectorStore(database)
        embedding = Embedding(vectors, model, order.collection) if model else None
        yield _Work(ingestion, vectors, embedding)


async def _once(order: Order, selection: Selection, summary: _Summary, *, as_json: bool) -> int:
    started = time.monotonic()
    found = _found(selection)
    if not found.files and not found.problems:
        raise SettingsError(_nothing(found))
    async with _work(order) as work:
        with _progress(found) as progress:
            async for result in work.ingestion.run(found, prune=order.prune):
                summary.add(result)
                _advance(progress, found, summary, result)
        if work.embedding and found.files:
            await _embed(work.embedding, summary)
        if work.embedding is None:
            # Else they would pile up: nobody else drops those of what was replaced.
            await work.vectors.drop_unused(order.collection)
    seconds = time.monotonic() - started
    if as_json:
        typer.echo(json.dumps(_as_json(order, found, summary, seconds), indent=2))
    else:
        _print_summary(order, found, summary, seconds)
    if not found.files:
        return UNUSABLE
    return SOME_FAILED if summary.failures or summary.embedding_problem else 0


async def _embed(embedding: Embedding, summary: _Summary) -> None:
    """Makes the vectors that are missing. What fails is told in the summary."""
    summary.not_embedded = await embedding.missing()
    with _bar("vectors") as progress:
        task = progress.add_task("", total=summary.not_embedded, of=summary.not_embedded)
        try:
            async for done in embedding.run():
                summary.embedded += done
                summary.not_embedded -= done
                progress.update(task, advance=done)
        except EmbeddingsUnavailable as error:
            summary.embedding_problem = str(error)
        else:
            summary.embedding_problem = _refusals(embedding)


def _refusals(embedding: Embedding) -> str | None:
    """A sentence on the documents that have a text without vector; None where there are none."""
    if not embedding.refused:
        return None
    names = [shown(source) for source in embedding.refused]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    (reason, *_) = embedding.refused.values()
    return f"Text of {', '.join(names[:_NAMED])}{more} was refused: {reason}"


async def _watch(order: Order, selection: Selection, *, as_json: bool) -> int:
    told: dict[str, str | None] = {}
    typer.echo("Watching; Ctrl-C stops it.", err=True)
    async with _work(order) as work:
        async for found in watched(lambda: _found(selection)):
            results = _until_stored(work.ingestion, found, prune=order.prune)
            failed = {}
            async for result in results:
                if result.outcome == "failed":
                    failed[result.source] = result.reason
                    if told.get(result.source) == result.reason:
                        continue
                if result.outcome != "unchanged":
                    _tell_change(result, as_json=as_json)
            told = failed
            await _embed_changes(work, order.collection)
    return 0


async def _embed_changes(work: _Work, collection: str) -> None:
    """Makes the vectors that are missing; after a failure the next change tries again."""
    try:
        if work.embedding is None:
            await work.vectors.drop_unused(collection)
            return
        async for _ in work.embedding.run():
            pass
        if told := _refusals(work.embedding):
            typer.echo(f"Vectors are missing: {told}", err=True)
    except (EmbeddingsUnavailable, DatabaseUnavailable) as error:
        typer.echo(f"Vectors are missing: {error}", err=True)


async def _until_stored(
    ingestion: Ingestion, found: Found, *, prune: bool
) -> AsyncIterator[FileResult]:
    """One run after the other until the database has answered through all of one."""
    while True:
        try:
            async for result in ingestion.run(found, prune=prune):
                yield result
        except DatabaseUnavailable as error:
            typer.echo(f"{error} Trying again in {_RETRY_SECONDS:g} seconds.", err=True)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return


def _found(selection: Selection) -> Found:
    try:
        return selection.find()
    except ValueError as error:
        raise SettingsError(f"--include, --exclude: {error}.") from error


def _nothing(found: Found) -> str:
    passed_by = []
    if found.other_types:
        passed_by.append(f"{found.other_types} files of other types")
    if found.links:
        passed_by.append(f"{found.links} symbolic links")
    passed = f" ({' and '.join(passed_by)} passed by)" if passed_by else ""
    return (
        f"PATH: there is nothing to ingest{passed}. Markdown, text, HTML, PDF and DOCX files are "
        "taken in, whatever is hidden is not. Nothing was removed, either."
    )


def _progress(found: Found) -> Progress:
    progress = Progress(
        TextColumn("{task.fields[files]} of {task.fields[of]} files"),
        BarColumn(),
        TextColumn("{task.fields[chunks]} chunks,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True, highlight=False, soft_wrap=True, markup=False),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    total = sum(file.signature.size + _BYTES_PER_FILE for file in found.files.values())
    progress.add_task("", total=total, files=0, of=len(found.files), chunks=0)
    return progress


def _bar(what: str) -> Progress:
    return Progress(
        TextColumn(f"{{task.completed:,}} of {{task.fields[of]:,}} {what}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True, highlight=False),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _advance(progress: Progress, found: Found, summary: _Summary, result: FileResult) -> None:
    file = found.files.get(result.source)
    if result.outcome == "failed":
        progress.console.print(f"{shown(result.source)} {result.reason}.", style="red")
    if file:
        task = progress.tasks[0]
        progress.update(
            task.id,
            advance=file.signature.size + _BYTES_PER_FILE,
            files=task.fields["files"] + 1,
            chunks=summary.chunks,
        )


def _tell_change(result: FileResult, *, as_json: bool) -> None:
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "source": result.source,
                    "outcome": result.outcome,
                    "chunks": result.chunks,
                    "reason": result.reason,
                }
            )
        )
        return
    more = f"  {result.reason}" if result.reason else f"  {result.chunks} chunks"
    typer.echo(
        f"{datetime.now().astimezone():%H:%M:%S}  {result.outcome:9}{shown(result.source)}{more}"
    )


def _as_json(order: Order, found: Found, summary: _Summary, seconds: float) -> dict[str, Any]:
    return {
        "collection": order.collection,
        **{outcome: summary.counts[outcome] for outcome in _OUTCOMES},
        "chunks": summary.chunks,
        "links_passed_by": found.links,
        "other_types_passed_by": found.other_types,
        "embedded": summary.embedded,
        "not_embedded": summary.not_embedded,
        "embedding_problem": summary.embedding_problem,
        "seconds": round(seconds, 3),
        "failures": [
            {"source": failure.source, "reason": failure.reason} for failure in summary.failures
        ],
    }


def _print_summary(order: Order, found: Found, summary: _Summary, seconds: float) -> None:
    table = Table(show_header=False, box=None)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for outcome in _OUTCOMES:
        table.add_row(outcome, f"{summary.counts[outcome]:,}")
    table.add_row("new chunks", f"{summary.chunks:,}")
    if summary.embedded:
        table.add_row("new vectors", f"{summary.embedded:,}")
    if summary.not_embedded:
        table.add_row("without vectors", f"{summary.not_embedded:,}")
    if found.links:
        table.add_row("links not followed", f"{found.links:,}")
    if found.other_types:
        table.add_row("of other types", f"{found.other_types:,}")
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(f"Collection {order.collection}, {seconds:.1f} s", style="bold")
    console.print(table)
    if summary.embedding_problem:
        typer.echo(
            f"Vectors are missing: {summary.embedding_problem} What has none is found by its words "
            "only; run it again to go on.",
            err=True,
        )
