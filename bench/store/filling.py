"""Fills the tables, in the order in which chats grow: a little in every thread, again and again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    InferenceOptions,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)
from rich.progress import Progress

from chatkit_backend.context import RequestContext, User
from chatkit_backend.store.documents import item_document, thread_document

ITEMS_IN_THREAD = 50
THREADS_OF_USER = 20
ITEMS_OF_USER = ITEMS_IN_THREAD * THREADS_OF_USER
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
QUESTION = "How do I return the second thing that I ordered last week? " + "Thanks. " * 3
ANSWER = "You can send it back within thirty days, in the box that it came in. " * 9

_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is in the tables.

    Attributes:
        items: A multiple of 1,000, because each user has 20 threads of 50 items.
    """

    items: int

    @property
    def threads(self) -> int:
        """20 for each user."""
        return self.items // ITEMS_IN_THREAD

    @property
    def users(self) -> int:
        """At least one."""
        return max(1, self.threads // THREADS_OF_USER)


def thread_id(number: int) -> str:
    """The id of a thread, as long as real ones."""
    return f"thr_{number:032x}"


def owner(thread_number: int, size: Size) -> RequestContext:
    """The user of a thread."""
    return RequestContext(user=User(f"user-{thread_number % size.users:06}"))


def user_message(item_id: str, of_thread: str, at: datetime) -> ThreadItem:
    """A question."""
    return UserMessageItem(
        id=item_id,
        thread_id=of_thread,
        created_at=at,
        content=[UserMessageTextContent(text=QUESTION)],
        attachments=[],
        quoted_text=None,
        inference_options=InferenceOptions(),
    )


def assistant_message(item_id: str, of_thread: str, at: datetime) -> ThreadItem:
    """An answer."""
    return AssistantMessageItem(
        id=item_id,
        thread_id=of_thread,
        created_at=at,
        content=[AssistantMessageContent(text=ANSWER)],
    )


Row = tuple[Any, ...]


def _threads(size: Size) -> Iterator[tuple[str, str, datetime, str]]:
    """Id, owner, time, document."""
    for number in range(size.threads):
        at = BEGIN + timedelta(seconds=number)
        thread = ThreadMetadata(id=thread_id(number), created_at=at, title="A question")
        yield thread.id, owner(number, size).user.id, at, thread_document(thread)


def _items(size: Size) -> Iterator[tuple[str, str, str, int, str, datetime, str]]:
    """Thread, owner, id, position, type, time, document."""
    # One document a type, in which ids and time are replaced: a million models take minutes.
    samples = [make("@item@", "@thread@", BEGIN) for make in (user_message, assistant_message)]
    types = [sample.type for sample in samples]
    documents = [item_document(sample) for sample in samples]
    stated = "2026-01-01T00:00:00Z"
    for position in range(ITEMS_IN_THREAD):
        template, kind = documents[position % 2], types[position % 2]
        for number in range(size.threads):
            at = BEGIN + timedelta(seconds=position * size.threads + number)
            item_id, of_thread = f"msg_{position * size.threads + number:032x}", thread_id(number)
            document = template.replace("@item@", item_id).replace("@thread@", of_thread)
            document = document.replace(stated, at.isoformat().replace("+00:00", "Z"))
            yield of_thread, owner(number, size).user.id, item_id, position, kind, at, document


def fill_sqlite(path: str, size: Size, progress: Progress) -> None:
    """Fills our tables in a file that has them."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA synchronous = OFF")
        _insert(
            file,
            "INSERT INTO threads (id, owner_id, next_item_position, created_at, updated_at, data) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                (i, o, ITEMS_IN_THREAD, _text(at), _text(at), data)
                for i, o, at, data in _threads(size)
            ),
        )
        task = progress.add_task("SQLite", total=size.items)
        rows = (
            (thread, item, position, kind, _text(at), data)
            for thread, _, item, position, kind, at, data in _items(size)
        )
        while batch := list(islice(rows, _BATCH)):
            _insert(
                file,
                "INSERT INTO items (thread_id, id, position, type, created_at, data) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                batch,
            )
            progress.advance(task, len(batch))
        file.execute("ANALYZE")
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgres(url: str, size: Size, progress: Progress) -> None:
    """Fills our tables in a database that has them."""
    with psycopg.connect(url) as connection:
        _copy(
            connection,
            "threads (id, owner_id, next_item_position, created_at, updated_at, data)",
            ((i, o, ITEMS_IN_THREAD, at, at, data) for i, o, at, data in _threads(size)),
        )
        rows = (
            (thread, item, position, kind, at, data)
            for thread, _, item, position, kind, at, data in _items(size)
        )
        task = progress.add_task("PostgreSQL", total=size.items)
        columns = "items (thread_id, id, position, type, created_at, data)"
        while batch := list(islice(rows, _BATCH)):
            _copy(connection, columns, iter(batch))
            progress.advance(task, len(batch))
    _settle(url)


def fill_usual(url: str, size: Size, schema: str, progress: Progress) -> None:
    """Makes and fills the usual tables in an empty database."""
    with psycopg.connect(url) as connection:
        connection.execute(schema)  # type: ignore[arg-type,unused-ignore] # it is a constant
        _copy(connection, "threads (id, user_id, created_at, data)", _threads(size))
        rows = (
            (item, thread, user, at, data) for thread, user, item, _, _, at, data in _items(size)
        )
        task = progress.add_task("The usual store", total=size.items)
        columns = "items (id, thread_id, user_id, created_at, data)"
        while batch := list(islice(rows, _BATCH)):
            _copy(connection, columns, iter(batch))
            progress.advance(task, len(batch))
    _settle(url)


def _insert(file: sqlite3.Connection, statement: str, rows: Any) -> None:
    with file:
        file.executemany(statement, rows)


def _copy(connection: psycopg.Connection[Any], target: str, rows: Iterator[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:  # type: ignore[arg-type,unused-ignore] # names of ours
        for row in rows:
            copy.write_row(row)


def _settle(url: str) -> None:
    """What autovacuum would do some time in the middle of the measuring."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f+00:00")
