"""What every test may use: clean settings, a scripted provider, a served application."""

from __future__ import annotations

import asyncio
import gc
import os
import shlex
import shutil
import sqlite3
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import chatkit_backend
from chatkit_backend.app import create_app
from chatkit_backend.settings import PLATFORM_NAMES, Settings
from chatkit_backend.store.dialects.sqlite import SQLite
from chatkit_backend.store.engine import Database
from chatkit_backend.store.tables import metadata
from tests.chatting import Chat
from tests.hosted.conversations import write_conversations
from tests.postgres import drop_database, migrated_database, new_database, running_postgres
from tests.preloaded import PreloadedPython
from tests.provider.server import ScriptedProvider
from tests.serving import ServedApp

CHAT_COMPLETIONS = "openai-compatible/scripted"
RESPONSES = "openai/scripted"


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: most tests wait for a server now and then."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays; looking through it for garbage takes a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests come first in the share of each worker, so that none waits for one at the end."""
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    slow = [item for item in items if item.get_closest_marker("slow")]
    others = [item for item in items if not item.get_closest_marker("slow")]

    def share(tests: list[pytest.Item], worker: int) -> list[pytest.Item]:
        return tests[len(tests) * worker // workers : len(tests) * (worker + 1) // workers]

    items[:] = [
        item
        for worker in range(workers)
        for tests in (slow, others)
        for item in share(tests, worker)
    ]


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """Each HTTP client reads them, which takes longer than most tests; and these use none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's machine reaches a test."""
    forget_settings(monkeypatch)
    monkeypatch.chdir(tmp_path)


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes every setting out of the environment."""
    for name in list(os.environ):
        if name.startswith(("CHATKIT_", "PG")) or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    for name in PLATFORM_NAMES.values():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def running_provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture
def provider(running_provider: ScriptedProvider) -> Iterator[ScriptedProvider]:
    """An OpenAI-compatible server without memory of earlier tests."""
    running_provider.reset()
    yield running_provider
    running_provider.reset()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables, to be copied: making them takes longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "chat.db"

    async def migrate() -> None:
        database = await Database.open(f"sqlite:///{file}")
        await database.migrate()
        await database.close()

    asyncio.run(migrate())
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A SQLite file with our tables and nothing in them."""
    file = tmp_path / "chat.db"
    shutil.copyfile(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def preloaded() -> Iterator[PreloadedPython]:
    """Runs modules in processes that need not import the package first."""
    # The package that the tests import, wherever that is.
    source = Path(chatkit_backend.__file__).parents[1]
    with PreloadedPython.running("chatkit_backend", [str(source)]) as python:
        yield python


@pytest.fixture(scope="session")
def program(preloaded: PreloadedPython) -> list[str]:
    """The command `chatkit-backend`, without its arguments."""
    return preloaded.command("chatkit_backend")


@pytest.fixture(scope="session")
def program_folder(program: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the PATH, in which `chatkit-backend` is."""
    folder = tmp_path_factory.mktemp("bin")
    file = folder / "chatkit-backend"
    file.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n', encoding="utf-8")
    file.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def conversations(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file full of conversations, to be copied: writing them takes seconds."""
    file = tmp_path_factory.mktemp("conversations") / "chat.db"
    shutil.copyfile(migrated_sqlite, file)

    async def write() -> None:
        database = await Database.open(f"sqlite:///{file}")
        await write_conversations(database)
        await database.close()

    asyncio.run(write())
    return file


@pytest.fixture
async def origin(conversations: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database full of conversations, `origin.db`."""
    file = tmp_path / "origin.db"
    shutil.copyfile(conversations, file)
    database = await Database.open(f"sqlite:///{file}")
    yield database
    await database.close()


SettingsFor = Callable[..., Settings]


@pytest.fixture
def settings_for(provider: ScriptedProvider, sqlite_url: str) -> SettingsFor:
    """Makes settings that answer with the scripted provider and keep threads in a SQLite file."""

    def make(**changes: Any) -> Settings:
        values: dict[str, Any] = {
            "model": (CHAT_COMPLETIONS,),
            "openai_api_key": "test-key",
            "openai_base_url": provider.base_url,
            "openai_compatible_base_url": provider.base_url,
            "database_url": sqlite_url,
            "model_retries": 0,
            "title_model": "off",  # else every new thread would be a model call more
        }
        return Settings(_env_file=None, **(values | changes))

    return make


Serve = Callable[..., ServedApp]


@pytest.fixture
def serve(settings_for: SettingsFor) -> Iterator[Serve]:
    """Serves an application with the given settings until the test ends."""
    running: list[ServedApp] = []

    def start(**changes: Any) -> ServedApp:
        served = ServedApp(create_app(settings_for(**changes)))
        served.__enter__()
        running.append(served)
        return served

    yield start
    for served in running:
        served.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """A database with our tables, for one test after the other."""
    url = asyncio.run(migrated_database(postgres_server))
    yield url
    drop_database(url)


@pytest.fixture
def postgres_url(migrated_postgres: str) -> str:
    """A database with our tables and nothing in them."""
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        names = sql.SQL(", ").join(map(sql.Identifier, metadata.tables))
        # The table of vectors is there only after it was needed, and goes by what it refers to.
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
    return migrated_postgres


@pytest.fixture
def empty_postgres(postgres_server: str) -> Iterator[str]:
    """A database without tables."""
    url = new_database(postgres_server)
    yield url
    drop_database(url)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Every database that this server can use."""
    if request.param == "memory":
        return "memory://"
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=[CHAT_COMPLETIONS, RESPONSES], ids=["completions", "responses"])
def flavour(request: pytest.FixtureRequest) -> str:
    """Both APIs that providers speak."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def tables(migrated_sqlite: Path) -> str:
    """The statements that make our tables in SQLite: quicker than the migrations."""
    with closing(sqlite3.connect(migrated_sqlite)) as connection:
        return "\n".join(connection.iterdump())


async def memory_database(tables: str) -> Database:
    """A database in memory with our tables and nothing in them."""
    database = await Database.open("memory://")
    assert isinstance(database.dialect, SQLite)
    assert database.dialect._keeper
    database.dialect._keeper.executescript(tables)
    return database


@pytest.fixture
async def database(database_url: str, tables: str) -> AsyncIterator[Database]:
    """Every kind of database, with our tables and nothing in them."""
    if database_url == "memory://":
        database = await memory_database(tables)
    else:
        database = await Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
async def chat(serve: Serve) -> AsyncIterator[Chat]:
    """A client of a server with default settings."""
    async with Chat(serve().url) as client:
        yield client
