"""`chatkit-backend import-hosted`: brings conversations along from OpenAI-hosted ChatKit."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from chatkit_backend.cli.dates import moment_of
from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.migrate import configured_database
from chatkit_backend.cli.problems import UNUSABLE, tell, told_as
from chatkit_backend.context import clean_text
from chatkit_backend.errors import (
    DatabaseUnavailable,
    FilesUnavailable,
    HostedApiError,
    SettingsError,
)
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.hosted.downloads import Downloads, web_client
from chatkit_backend.hosted.import_report import OUTCOMES, ImportReport, Outcome, Progress
from chatkit_backend.hosted.importing import Import, Wanted
from chatkit_backend.hosted.source import OPENAI, HostedSource, KeyRefused, SourceRefused
from chatkit_backend.settings import load_settings
from chatkit_backend.store.imports import ImportedThreads
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.sweep import claim

INCOMPLETE: Final = 1  # exit status: something was left out, or waits for another run
INTERRUPTED: Final = 130  # as shells have it for SIGINT

_FAILURE: Final = "The import is not complete"
_AGAIN: Final = "Run the same command again: it goes on where it stopped."

_MAX_SHOWN: Final = 20
_MAX_LINE: Final = 300
_RATE_SECONDS: Final = 10.0

_WORDS: Final[dict[Outcome, str]] = {
    "new": "new",
    "continued": "continued",
    "unchanged": "unchanged",
    "deleted_here": "deleted here since",
    "of_another_user": "with the id of another user's thread",
    "not_by_import": "with the id of a thread that is here already",
    "gone_there": "deleted there meanwhile",
    "failed": "not read to the end",
}


def run_import(
    api_key_env: str,
    base_url: str | None,
    users: list[str],
    since: str | None,
    *,
    as_json: bool,
) -> int:
    """Imports, and says what was imported.

    Args:
        api_key_env: Name of the variable that holds the key.
        base_url: Address of the hosted API; None for OpenAI's own.
        users: Only the threads of these users; empty for all.
        since: Only threads that were begun at this time or later, as text; None for all.
        as_json: Print the report as JSON instead of words.

    Returns:
        Exit status: 0 when everything was brought along, 1 when something was not, 2 when there
        was nothing to work with, 130 when it was interrupted.
    """
    configure_logging("warning", "auto")
    report = ImportReport()
    with told_as(_FAILURE):
        address = _address(base_url)
        source = HostedSource.at(address, _api_key(api_key_env))
        wanted = Wanted(tuple(users), moment_of("--since", since) if since else None)
        status, problem = _ended(source, wanted, report, api_key_env)
    if as_json:
        told = {"complete": status == 0, "stopped": problem, **report.as_json()}
        typer.echo(json.dumps(told, indent=2))
    elif report.threads or not problem:
        typer.echo("\n".join(_summary(report, address)))
    if problem:
        tell(_FAILURE, problem)
    return status


def _ended(
    source: HostedSource, wanted: Wanted, report: ImportReport, api_key_env: str
) -> tuple[int, str | None]:
    """How the import ended: the exit status, and what stopped it, if anything did."""
    try:
        asyncio.run(_import(source, wanted, report))
    except KeyRefused as error:
        return UNUSABLE, f"{api_key_env}: {error.message}"
    except SourceRefused as error:
        return UNUSABLE, f"--base-url: {error.message}"
    except HostedApiError as error:
        return INCOMPLETE, f"{error.message} {_AGAIN}"
    except (DatabaseUnavailable, FilesUnavailable) as error:
        return UNUSABLE, f"{error} {_AGAIN}"
    except KeyboardInterrupt:
        return INTERRUPTED, f"It was interrupted. {_AGAIN}"
    return 0 if report.is_complete else INCOMPLETE, None


async def _import(source: HostedSource, wanted: Wanted, report: ImportReport) -> None:
    files = FileStorage.open(load_settings().files_url)
    try:
        async with configured_database() as database, web_client() as http:
            await database.make_ready()
            await claim(database, files)
            store, imported = ThreadStore(database), ImportedThreads(database)
            downloads = Downloads(files, http)
            importing = Import(source, store, imported, downloads, wanted=wanted, report=report)
            with _progress_bar() as show:
                async for progress in importing.run():
                    show(progress)
    finally:
        await source.close()


# What is asked for


def _api_key(name: str) -> str:
    key = os.environ.get(name, "").strip()
    if not key and name == "OPENAI_API_KEY":
        # It is one of this server's settings, too, which may stand in .env.
        from_settings = load_settings().openai_api_key
        key = from_settings.get_secret_value().strip() if from_settings else ""
    if not key:
        raise SettingsError(
            f"{name}: it is not set. Set it to the API key of the project whose threads are to be "
            "imported, or name another variable with --api-key-env."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"{name}: this is no API key: it has a character that none has.")
    return key


def _address(base_url: str | None) -> str:
    if base_url is None:
        return OPENAI
    try:
        parts = urlsplit(base_url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError("--base-url: must be an address such as https://host/v1.")
    return base_url


# While it runs


@contextmanager
def _progress_bar() -> Iterator[Callable[[Progress], None]]:
    """What shows on a terminal how far the import is; elsewhere, nothing does."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("threads, {task.fields[items]} items, {task.fields[rate]}/s"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with ProgressBar(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Listing", total=None, items=0, rate=0)
        passed: deque[tuple[float, int]] = deque()

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=_doing(progress),
                total=progress.threads_known,
                completed=progress.threads_done,
                items=f"{progress.items:,}",
                rate=_rate(passed, progress.items),
            )

        yield show


def _doing(progress: Progress) -> str:
    if progress.waiting is not None:
        return f"Waiting {progress.waiting.seconds:.0f} s ({progress.waiting.why})"
    return "Importing" if progress.threads_done or progress.items else "Listing"


def _rate(passed: deque[tuple[float, int]], items: int) -> int:
    """Items a second, of late.

    Args:
        passed: When there were how many; the items of now are added.
        items: How many there are now.
    """
    now = time.monotonic()
    passed.append((now, items))
    while now - passed[0][0] > _RATE_SECONDS:
        passed.popleft()
    began, before = passed[0]
    return round((items - before) / max(now - began, 1.0))


# When it has ended


def _summary(report: ImportReport, address: str) -> Iterator[str]:
    threads = report.threads
    yield f"{threads.total():,} threads of {address}: {_counted(threads, _WORDS)}."
    if report.items:
        kinds = ", ".join(f"{count:,} {_plain(kind)}" for kind, count in report.items.most_common())
        yield f"{report.items.total():,} items stored: {kinds}."
    if report.files or report.lost:
        yield f"{report.files:,} attachments stored ({report.file_bytes:,} bytes)."
    yield from _listed(
        "attachments without their bytes",
        [
            f"{lost.thread_id} {lost.item_id} {lost.attachment_id}: {lost.reason}"
            for lost in report.lost
        ],
    )
    yield from _listed(
        "not mapped",
        [
            " ".join(filter(None, (left.thread_id, left.item_id, left.type))) + f": {left.reason}"
            for left in report.not_mapped
        ],
    )
    yield from _listed(
        "threads not read to the end; another run goes on with them",
        [f"{failed.thread_id}: {failed.reason}" for failed in report.failed],
    )


def _counted(threads: Counter[Outcome], words: dict[Outcome, str]) -> str:
    told = [f"{threads[outcome]:,} {words[outcome]}" for outcome in OUTCOMES if threads[outcome]]
    return ", ".join(told) or "none"


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"{len(lines):,} {title}:"
    yield from (f"  {_plain(line)}" for line in lines[:_MAX_SHOWN])
    if len(lines) > _MAX_SHOWN:
        yield f"  and {len(lines) - _MAX_SHOWN:,} more; --json has all."


def _plain(text: str) -> str:
    # Ids and types come from the source, and a terminal obeys some characters.
    return clean_text(text, _MAX_LINE)
