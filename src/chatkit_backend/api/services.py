"""What the routes work with. `app` builds it once; the routes find it on the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chatkit_backend.auth.credentials import AnyOf
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.store.threads import ThreadStore


@dataclass(frozen=True, slots=True)
class Services:
    """Every object that a route may need.

    Attributes:
        authenticate: Tells who asks.
        chat: Answers ChatKit operations.
        turns: Runs the streaming ones.
        store: Keeps the threads.
        check_database: Raises `DatabaseUnavailable` when the database does not answer.
        max_body_bytes: Largest request body.
        heartbeat_seconds: Silence after which a stream sends a comment.
        debug: Whether the debug view is open.
    """

    authenticate: AnyOf
    chat: ChatServer
    turns: RunningTurns
    store: ThreadStore
    check_database: Callable[[], Awaitable[None]]
    max_body_bytes: int
    heartbeat_seconds: float
    debug: bool


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    services: Services = request.app.state.services
    return services


CurrentServices = Annotated[Services, Depends(services_of)]
