"""What the routes work with. `app` builds it once; the routes find it on the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chatkit_backend.api.page_config import PageConfig
from chatkit_backend.auth.client_secrets import ClientSecrets
from chatkit_backend.auth.credentials import AnyOf
from chatkit_backend.auth.rate_limits import RateLimits
from chatkit_backend.auth.signed_addresses import SignedAddresses
from chatkit_backend.chat.files.attachment_files import AttachmentFiles
from chatkit_backend.chat.files.attachments import Attachments
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.turns import RunningTurns
from chatkit_backend.errors import Forbidden, NotSupported
from chatkit_backend.hosted.relay import HostedSessions
from chatkit_backend.store.all_threads import AllThreads
from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.threads import ThreadStore


@dataclass(frozen=True, slots=True)
class Services:
    """Every object that a route may need.

    Attributes:
        authenticate: Tells who asks.
        sign_in: Tells who may get a client secret; None where nobody can sign in.
        client_secrets: Makes, refreshes and cancels sessions; None where none are taken.
        hosted_sessions: Makes sessions of OpenAI's instead; None where they are our own.
        limits: Counts requests, and refuses what is too many.
        chat: Answers ChatKit operations.
        turns: Runs the streaming ones.
        store: Keeps the threads.
        attachments: Takes files; None where none are taken, or a team's own store takes them.
        attachment_files: Gives files out.
        addresses: Knows the signed addresses of files.
        api_keys: Knows who may call `/v1`.
        all_threads: The threads of every user, for whoever may.
        page_config: What a page is told of this server.
        turns_per_minute: Rate limit of sessions that have none of their own.
        check_database: Raises `DatabaseUnavailable` when the database does not answer.
        public_url: How browsers reach this server; None where each request tells.
        max_body_bytes: Largest request body, files aside.
        max_dictation_bytes: Largest one that holds a recording to be written down.
        heartbeat_seconds: Silence after which a stream sends a comment.
        debug: Whether the debug view is open.
    """

    authenticate: AnyOf
    sign_in: AnyOf | None
    client_secrets: ClientSecrets | None
    hosted_sessions: HostedSessions | None
    limits: RateLimits
    chat: ChatServer
    turns: RunningTurns
    store: ThreadStore
    attachments: Attachments | None
    attachment_files: AttachmentFiles
    addresses: SignedAddresses
    api_keys: ApiKeyStore
    all_threads: AllThreads
    page_config: PageConfig
    turns_per_minute: int
    check_database: Callable[[], Awaitable[None]]
    public_url: str | None
    max_body_bytes: int
    max_dictation_bytes: int
    heartbeat_seconds: float
    debug: bool


def client_secrets_of(services: Services) -> ClientSecrets:
    """What makes client secrets.

    Raises:
        Forbidden: Nobody would take them: the mode `session` is off.
    """
    if services.client_secrets is None:
        raise Forbidden("This server takes no client secrets: add session to CHATKIT_AUTH.")
    return services.client_secrets


def attachments_of(services: Services) -> Attachments:
    """What takes files.

    Raises:
        NotSupported: None are taken.
    """
    if services.attachments is None:
        raise NotSupported("This server takes no attachments.")
    return services.attachments


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    services: Services = request.app.state.services
    return services


CurrentServices = Annotated[Services, Depends(services_of)]
