"""The benchmark of the store: it runs, and what it compares with does the same work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from bench.store.filling import Size, fill_postgres, fill_usual, owner, thread_id
from bench.store.usual import SCHEMA, UsualStore
from rich.progress import Progress

from chatkit_backend.store.engine import Database
from chatkit_backend.store.threads import ThreadStore
from tests.postgres import drop_database, new_database

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def another_postgres(postgres_server: str) -> Iterator[str]:
    url = new_database(postgres_server)
    yield url
    drop_database(url)


@pytest.mark.slow
def test_it_prints_every_figure(postgres_server: str) -> None:
    small = ["--items", "2000", "--small", "1000", "--calls", "10", "--writes", "40", "--json"]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench.store", *small],
        cwd=ROOT,
        env=os.environ | {"CHATKIT_TEST_POSTGRES_URL": postgres_server},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert [figures["items"] for figures in printed["figures"]] == [1000, 2000]
    for figures in printed["figures"]:
        for kind, calls in (("p50", 4), ("p99", 4), ("rates", 2)):
            assert len(figures[kind]) == calls
            for by_store in figures[kind].values():
                assert len(by_store) == 4
                assert all(value > 0 for value in by_store.values())


async def test_the_usual_store_finds_what_ours_finds(
    postgres_url: str, another_postgres: str
) -> None:
    size = Size(2_000)
    with Progress(disable=True) as progress:
        fill_postgres(postgres_url, size, progress)
        fill_usual(another_postgres, size, SCHEMA, progress)
    database = await Database.open(postgres_url)
    stores = [ThreadStore(database), UsualStore.per_call(another_postgres)]
    context = owner(3, size)
    pages = [
        await store.load_thread_items(thread_id(3), None, 20, "desc", context) for store in stores
    ]
    assert len(pages[0].data) == 20
    assert [item.id for item in pages[0].data] == [item.id for item in pages[1].data]
    assert [item.model_dump() for item in pages[0].data] == [
        item.model_dump() for item in pages[1].data
    ]
    after = pages[0].after
    rest = [
        await store.load_thread_items(thread_id(3), after, 100, "desc", context) for store in stores
    ]
    assert len(rest[0].data) == 30
    assert [item.id for item in rest[0].data] == [item.id for item in rest[1].data]
    lists = [await store.load_threads(20, None, "asc", context) for store in stores]
    assert [thread.id for thread in lists[0].data] == [thread.id for thread in lists[1].data]
    await database.close()
    with psycopg2.connect(another_postgres) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM items")
        assert cursor.fetchone() == (2_000,)
    connection.close()
