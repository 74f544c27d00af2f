"""This project's own documentation, which the demo model quotes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chatkit_backend.app import create_app
from chatkit_backend.context import RequestContext, User
from chatkit_backend.database import open_database
from chatkit_backend.retrieval.guide import COLLECTION, ingest_guide
from chatkit_backend.settings import Settings
from chatkit_backend.store.chunks import ChunkStore, NewChunk, NewDocument
from chatkit_backend.store.engine import Database
from tests.passages import lexical

CHECKOUT = Path(__file__).parents[2]
GUIDES = {path.name for path in (CHECKOUT / "docs").rglob("*.md")} | {"README.md"}


async def sources(store: ChunkStore) -> set[str]:
    return {document.source async for document in store.documents(COLLECTION)}


async def collections(settings: Settings) -> list[tuple[str, int]]:
    """Names and numbers of documents, after a server with these settings has started."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        database = await open_database(settings)
        try:
            return [(one.name, one.documents) for one in await ChunkStore(database).collections()]
        finally:
            await database.close()


def demo(tmp_path: Path, **changes: Any) -> Settings:
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    values: dict[str, Any] = {"database_url": url}
    return Settings(_env_file=None, **(values | changes))


async def test_readme_and_guides_become_a_collection(store: ChunkStore) -> None:
    await ingest_guide(store)
    assert await sources(store) == GUIDES
    (best, score), *_ = await lexical(store, COLLECTION, "embedding dimensions", 1)
    assert "CHATKIT_EMBEDDING_DIMENSIONS" in best.text + "".join(best.heading_path)
    assert score > 0.5


async def test_a_second_time_changes_nothing(store: ChunkStore) -> None:
    await ingest_guide(store)
    before = await store.collections()
    await ingest_guide(store)
    assert await store.collections() == before


async def test_what_an_earlier_version_or_a_start_that_was_killed_left_is_put_right(
    store: ChunkStore,
) -> None:
    await ingest_guide(store)
    whole = await store.content_hashes(COLLECTION)
    await store.delete_documents(COLLECTION, ["README.md", "widgets.md"])
    for source in ("auth.md", "withdrawn.md"):
        old = NewDocument(source, "hash", "Old", None, [NewChunk("As it was.", (), 0)])
        await store.put_document(COLLECTION, old)
    await ingest_guide(store)
    assert await store.content_hashes(COLLECTION) == whole


async def test_documents_of_the_teams_own_are_left_alone(store: ChunkStore) -> None:
    own = NewDocument("README.md", "hash", "Own", None, [NewChunk("Ours.", (), 0)])
    await store.put_document("docs", own)
    await ingest_guide(store)
    assert await store.content_hashes("docs") == {"README.md": "hash"}


async def test_workers_that_start_at_once_take_it_in_once(database: Database) -> None:
    # Each has a connection of its own, as each worker has.
    stores = [ChunkStore(database) for _ in range(3)]
    await asyncio.gather(*(ingest_guide(store) for store in stores))
    (collection,) = await stores[0].collections()
    assert collection.documents == len(GUIDES)


async def test_a_server_without_a_key_has_it(tmp_path: Path) -> None:
    assert await collections(demo(tmp_path)) == [(COLLECTION, len(GUIDES))]
    assert await collections(demo(tmp_path, model=("demo",))) == [(COLLECTION, len(GUIDES))]


@pytest.mark.parametrize(
    "changes",
    [
        {"retrieval": "off"},
        {"retrieval": "context"},
        {"retrieval": "tool"},
        {"openai_api_key": "sk-test"},
        {"model": ("ollama/qwen3:8b",)},
        {"model": ("ollama/qwen3:8b", "demo")},
    ],
)
async def test_a_server_that_was_set_up_does_not(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    assert await collections(demo(tmp_path, **changes)) == []


@pytest.mark.parametrize(
    ("changes", "searched"),
    [
        ({}, [COLLECTION, "own"]),
        ({"retrieval": "context"}, ["own"]),
        ({"retrieval": "tool", "model": ("ollama/qwen3:8b",)}, ["own"]),
        ({"retrieval": "tool", "retrieval_collections": (COLLECTION,)}, [COLLECTION]),
    ],
)
async def test_a_server_that_showed_the_demo_once_does_not_quote_it_later_unless_told_to(
    tmp_path: Path, changes: dict[str, object], searched: list[str]
) -> None:
    await collections(demo(tmp_path))
    app = create_app(demo(tmp_path, **changes))
    async with app.router.lifespan_context(app):
        database = await open_database(demo(tmp_path))
        own = NewDocument("own.md", "hash", "Own", None, [NewChunk("Ours.", (), 0)])
        await ChunkStore(database).put_document("own", own)
        await database.close()
        answers = app.state.services.chat.documents
        assert await answers.readable(RequestContext(user=User(id="ada"))) == searched


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is installed from the wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, so that the build leaves nothing in the checkout.
    source = folder / "source"
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src", "docs"):
        path = CHECKOUT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.exists():
            source.mkdir(exist_ok=True)
            shutil.copy(path, source)
    uv = CHECKOUT / ".tools" / "bin" / "uv"
    command = [str(uv), "build", "--wheel", "--quiet", "--out-dir", str(folder), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert built.returncode == 0, built.stderr
    (packed,) = folder.glob("*.whl")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


_STARTED = """
import asyncio, json, sys
import chatkit_backend
from chatkit_backend.database import open_database
from chatkit_backend.retrieval.guide import COLLECTION, ingest_guide
from chatkit_backend.settings import load_settings
from chatkit_backend.store.chunks import ChunkStore

async def main():
    database = await open_database(load_settings())
    await database.make_ready()
    store = ChunkStore(database)
    await ingest_guide(store)
    found = [document.source async for document in store.documents(COLLECTION)]
    await database.close()
    print(json.dumps([chatkit_backend.__file__, *found]))

asyncio.run(main())
"""


@pytest.mark.slow
def test_the_wheel_brings_it_along(wheel: Path, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(wheel)}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _STARTED],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    package, *found = json.loads(done.stdout.splitlines()[-1])
    assert Path(package).is_relative_to(wheel)
    assert set(found) == GUIDES
