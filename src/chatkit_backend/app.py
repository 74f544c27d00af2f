"""The composition root: the one place that knows every room.

`create_app` builds every object once; the lifespan opens and closes what it built.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.middleware.cors import CORSMiddleware

from chatkit_backend.api import chatkit, debug, hosted, ops, pages, sessions
from chatkit_backend.api.errors import UnexpectedErrors, add_error_handlers
from chatkit_backend.api.services import Services
from chatkit_backend.auth.client_secrets import ClientSecrets, Lifetimes
from chatkit_backend.auth.rate_limits import RateLimits
from chatkit_backend.chat.agents import AgentRunner, default_agent
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.searching import DocumentAnswers, Mode
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.chat.workflows import load_workflows
from chatkit_backend.database import open_database
from chatkit_backend.files.storage import FileStorage
from chatkit_backend.hosted.relay import HostedSessions
from chatkit_backend.models.credentials import DEMO
from chatkit_backend.models.registry import open_model
from chatkit_backend.providers import model_credentials, model_limits, model_names
from chatkit_backend.retrieval.guide import ingest_guide
from chatkit_backend.searching import document_search, embedding_model
from chatkit_backend.settings import Settings, load_settings
from chatkit_backend.signin import SignIn
from chatkit_backend.store.all_threads import AllThreads
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.chunks import ChunkStore
from chatkit_backend.store.engine import Database
from chatkit_backend.store.retention import Retention
from chatkit_backend.store.sessions import SessionStore
from chatkit_backend.store.threads import ThreadStore
from chatkit_backend.sweep import FileSweep


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application: ready to be served by any ASGI server that runs its lifespan.

    Args:
        settings: What to build it from; None reads the environment and `.env`.

    Raises:
        SettingsError: A setting cannot be used.
    """
    settings = settings or load_settings()
    build = _Build(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with build.services() as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="chatkit-backend",
        version=importlib.metadata.version("chatkit-backend"),
        lifespan=lifespan,
    )
    for module in (chatkit, sessions, hosted, ops, debug, pages):
        app.include_router(module.router)
    add_error_handlers(app)
    _add_middleware(app, settings)
    return app


class _Build:
    """Everything that the settings ask for.

    What cannot work fails when this is made; what has to be closed is opened by `services`.

    Raises:
        SettingsError: A setting cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        credentials = model_credentials(settings)
        self._model = open_model(model_names(settings), credentials, model_limits(settings))
        workflows = load_workflows(settings.workflows, default_agent(settings.instructions))
        tracing_key = _plain(settings.openai_api_key) if settings.tracing == "openai" else None
        self._runner = AgentRunner(workflows, self._model, tracing_key)
        self._sign_in = SignIn.of(settings)
        self._limits = rate_limits(settings)
        self._hosted_sessions = _hosted_sessions(settings)
        self._files = FileStorage.open(settings.files_url)
        self._embeddings = embedding_model(settings)

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Services]:
        """The services, for as long as the server runs."""
        settings = self._settings
        async with AsyncExitStack() as opened:
            # Closed in the opposite order: a turn that is stopped still keeps what it has.
            database = await open_database(settings)
            opened.push_async_callback(database.close)
            for part in (
                self._model,
                self._embeddings,
                self._limits,
                self._sign_in,
                self._hosted_sessions,
            ):
                if part is not None:
                    opened.push_async_callback(part.close)
            turns = RunningTurns()
            opened.push_async_callback(turns.stop_all)
            await database.make_ready()
            if _quotes_the_guide(settings):
                await ingest_guide(ChunkStore(database))
            retention = Retention(database, settings.retention_days, _session_age(settings))
            retention.start()
            opened.push_async_callback(retention.stop)
            # What a database in memory has forgotten, another may know.
            if settings.database_url.get_secret_value() != "memory://":
                file_sweep = FileSweep(database, self._files)
                file_sweep.start()
                opened.push_async_callback(file_sweep.stop)
            yield self._services(database, turns)

    def _services(self, database: Database, turns: RunningTurns) -> Services:
        settings = self._settings
        store = ThreadStore(database)
        budget = HistoryBudget(tokens=settings.history_tokens, items=settings.history_items)
        parts = ChatParts(
            store=store,
            runner=self._runner,
            budget=budget,
            turns=turns,
            documents=self._documents(database),
        )
        lifetimes = Lifetimes(
            secret=settings.session_ttl,
            grace=settings.session_refresh_grace,
            session=settings.session_max_age,
        )
        client_secrets = ClientSecrets(SessionStore(database), lifetimes)
        return Services(
            authenticate=self._sign_in.for_chatting(client_secrets),
            sign_in=self._sign_in.for_sessions(),
            client_secrets=client_secrets if "session" in settings.auth else None,
            hosted_sessions=self._hosted_sessions,
            limits=self._limits,
            chat=ChatServer(parts),
            turns=turns,
            store=store,
            api_keys=ApiKeyStore(database),
            all_threads=AllThreads(database),
            turns_per_minute=settings.turns_per_minute,
            check_database=database.require_writable,
            max_body_bytes=settings.max_body_bytes,
            heartbeat_seconds=settings.heartbeat_seconds,
            debug=settings.debug,
        )

    def _documents(self, database: Database) -> DocumentAnswers:
        settings = self._settings
        return DocumentAnswers(
            document_search(settings, database, self._embeddings),
            _retrieval_mode(settings),
            settings.retrieval_collections,
            settings.retrieval_limit,
            settings.retrieval_threshold,
        )


def _retrieval_mode(settings: Settings) -> Mode:
    if settings.retrieval is not None:
        return settings.retrieval
    return "context" if model_names(settings) == (DEMO,) else "off"


def _quotes_the_guide(settings: Settings) -> bool:
    return settings.retrieval is None and model_names(settings) == (DEMO,)


def rate_limits(settings: Settings) -> RateLimits:
    """Counts requests as the settings say.

    Raises:
        SettingsError: The Redis of the settings cannot be used.
    """
    return RateLimits(
        turns_per_minute=settings.turns_per_minute,
        requests_per_minute=settings.requests_per_minute,
        api_requests_per_minute=settings.api_requests_per_minute,
        redis_url=_plain(settings.redis_url),
    )


def _hosted_sessions(settings: Settings) -> HostedSessions | None:
    if settings.sessions != "openai":
        return None
    api_key, workflow_id = _plain(settings.openai_api_key), settings.workflow_id
    assert api_key and workflow_id  # noqa: S101, PT018 - the settings have checked them
    return HostedSessions(api_key, workflow_id, settings.openai_base_url)


def _session_age(settings: Settings) -> timedelta:
    # A day more than one can be refreshed: a client that comes back hears that it has expired.
    return timedelta(seconds=settings.session_refresh_grace, days=1)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    # The last one added is the outermost: CORS, so that a page can read refusals, too.
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials=settings.cors_credentials,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["*"],
        expose_headers=["Retry-After"],
        max_age=600,
    )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
