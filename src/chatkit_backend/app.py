"""The web application: the surfaces, around what `assembly` builds from the settings."""

from __future__ import annotations

import importlib.metadata
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from chatkit_backend.api import (
    attachments,
    chatkit,
    config,
    debug,
    hosted,
    ops,
    pages,
    sessions,
)
from chatkit_backend.api.errors import UnexpectedErrors, add_error_handlers
from chatkit_backend.assembly import Assembly
from chatkit_backend.auth.signed_addresses import SignedAddresses
from chatkit_backend.chat.own.answering import Answering
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.settings import Settings, load_settings
from chatkit_backend.store.engine import Database


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application: ready to be served by any ASGI server that runs its lifespan.

    Args:
        settings: What to build it from; None reads the environment and `.env`.

    Raises:
        SettingsError: A setting cannot be used.
    """
    settings = settings or load_settings()
    assembly = Assembly(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with assembly.services() as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="chatkit-backend",
        version=importlib.metadata.version("chatkit-backend"),
        lifespan=lifespan,
    )
    app.state.assembly = assembly
    for surface in (chatkit, attachments, config, sessions, hosted, ops, debug, pages):
        app.include_router(surface.router)
    add_error_handlers(app)
    _add_middleware(app, settings)
    return app


def answering_of(app: FastAPI) -> Answering:
    """What answers in an application."""
    assembly: Assembly = app.state.assembly
    return assembly.answering


def rehearse(app: FastAPI, database: Database) -> None:
    """Builds what an application builds when it starts, and forgets it.

    For whoever wants to hear of it before the port is bound.

    Args:
        app: Made by `create_app`.
        database: Open.

    Raises:
        SettingsError: The team's server cannot be made.
    """
    assembly: Assembly = app.state.assembly
    # Nobody will be shown an address of this one.
    addresses = SignedAddresses(secrets.token_bytes(32))
    assembly.services_on(database, RunningTurns(), None, addresses)


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
