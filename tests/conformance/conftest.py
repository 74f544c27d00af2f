"""A server for each database and each API of providers, shared by the scenarios of a module."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chatkit_backend.app import create_app
from chatkit_backend.settings import Settings
from tests.chatting import Chat
from tests.conformance.client import Client
from tests.conftest import CHAT_COMPLETIONS, RESPONSES, forget_settings
from tests.postgres import drop_database, migrated_database
from tests.provider.server import ScriptedProvider
from tests.serving import ServedApp

_USERS = itertools.count()


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgres"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Every database that this server can use."""
    if request.param == "postgres":
        url = asyncio.run(migrated_database(request.getfixturevalue("postgres_server")))
        yield url
        drop_database(url)
    elif request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('conformance') / 'chat.db'}"
    else:
        yield "memory://"


@pytest.fixture(
    scope="module", params=[CHAT_COMPLETIONS, RESPONSES], ids=["completions", "responses"]
)
def model_api(request: pytest.FixtureRequest) -> str:
    """Both APIs that providers speak."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def url(
    running_provider: ScriptedProvider,
    database: str,
    model_api: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of a server with the agent that can show everything."""
    files = tmp_path_factory.mktemp("files")
    with serving(running_provider, database, model_api, files) as served:
        yield served.url


def serving(provider: ScriptedProvider, database: str, model_api: str, files: Path) -> ServedApp:
    """A server with the agent that can show everything; starts in a `with` block."""
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        settings = Settings(
            _env_file=None,
            model=(model_api,),
            openai_api_key="test-key",
            openai_base_url=provider.base_url,
            openai_compatible_base_url=provider.base_url,
            model_retries=0,
            database_url=database,
            files_url=str(files),
            agent="tests.conformance.agent:agent",
            actions="tests.conformance.actions:actions",
            composer_tools=("task=Count",),
            title_model="off",
            transcription_model="openai-compatible/scripted",
        )
        return ServedApp(create_app(settings))


@pytest.fixture
async def client(url: str) -> AsyncIterator[Client]:
    """A user whom the server does not know yet."""
    async with Chat(url, user=f"user_{next(_USERS)}") as chat:
        yield Client(chat, seen=set())
