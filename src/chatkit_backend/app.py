"""The composition root: the one place that knows every room.

`create_app` builds every object once; the lifespan opens and closes what it built.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.middleware.cors import CORSMiddleware

from chatkit_backend.api import chatkit, debug, ops
from chatkit_backend.api.errors import UnexpectedErrors, add_error_handlers
from chatkit_backend.api.services import Services
from chatkit_backend.auth.credentials import AnyOf
from chatkit_backend.auth.development import DevelopmentAuth
from chatkit_backend.chat.agents import AgentRunner, default_agent
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.database import open_database
from chatkit_backend.models.credentials import CallLimits, Credentials, default_model
from chatkit_backend.models.registry import open_model
from chatkit_backend.settings import Settings, load_settings
from chatkit_backend.store.engine import Database
from chatkit_backend.store.retention import Retention
from chatkit_backend.store.threads import ThreadStore


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application: ready to be served by any ASGI server that runs its lifespan.

    Args:
        settings: What to build it from; None reads the environment and `.env`.

    Raises:
        SettingsError: A setting cannot be used.
    """
    settings = settings or load_settings()
    model = open_model(model_names(settings), model_credentials(settings), model_limits(settings))
    agent = default_agent(settings.instructions)
    tracing_key = _plain(settings.openai_api_key) if settings.tracing == "openai" else None
    runner = AgentRunner(agent, model, tracing_key)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await open_database(settings)
        turns = RunningTurns()
        retention = Retention(database, settings.retention_days)
        try:
            await database.make_ready()
            app.state.services = _services(settings, database, runner, turns)
            retention.start()
            yield
        finally:
            await retention.stop()
            # In this order: a turn that is stopped still keeps what it has.
            await turns.stop_all()
            await model.close()
            await database.close()

    app = FastAPI(
        title="chatkit-backend",
        version=importlib.metadata.version("chatkit-backend"),
        lifespan=lifespan,
    )
    for router in (chatkit.router, ops.router, debug.router):
        app.include_router(router)
    add_error_handlers(app)
    _add_middleware(app, settings)
    return app


def _services(
    settings: Settings, database: Database, runner: AgentRunner, turns: RunningTurns
) -> Services:
    store = ThreadStore(database)
    budget = HistoryBudget(tokens=settings.history_tokens, items=settings.history_items)
    return Services(
        authenticate=AnyOf((), "", DevelopmentAuth(settings.cors_origins)),
        chat=ChatServer(store, runner, budget, turns),
        turns=turns,
        store=store,
        check_database=database.require_writable,
        max_body_bytes=settings.max_body_bytes,
        heartbeat_seconds=settings.heartbeat_seconds,
        debug=settings.debug,
    )


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


def model_names(settings: Settings) -> tuple[str, ...]:
    """The models that answer, the first first, such as `("openai/gpt-5.4-mini", "demo")`."""
    return settings.model or (default_model(model_credentials(settings)),)


def model_credentials(settings: Settings) -> Credentials:
    """Keys and addresses of the providers."""
    return Credentials(
        openai_api_key=_plain(settings.openai_api_key),
        openai_base_url=settings.openai_base_url,
        gemini_api_key=_plain(settings.gemini_api_key),
        anthropic_api_key=_plain(settings.anthropic_api_key),
        ollama_base_url=settings.ollama_base_url,
        openai_compatible_base_url=settings.openai_compatible_base_url,
        openai_compatible_api_key=_plain(settings.openai_compatible_api_key),
    )


def model_limits(settings: Settings) -> CallLimits:
    """How long to wait for a provider, and how often to try."""
    return CallLimits(
        connect_timeout_seconds=settings.model_connect_timeout,
        read_timeout_seconds=settings.model_read_timeout,
        retries=settings.model_retries,
    )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
