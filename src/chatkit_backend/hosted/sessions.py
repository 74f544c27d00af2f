"""Sessions in the shapes of OpenAI-hosted ChatKit: what asks for one, and what one looks like.

Names, limits and defaults are those of the hosted API (`openai.types.beta.chatkit`), so uploads are
off unless asked for. Its defaults that are settings here (how long, how often) are the settings'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from openai.types.beta import ChatKitWorkflow, chatkit_workflow
from openai.types.beta.chatkit import (
    ChatSession,
    ChatSessionAutomaticThreadTitling,
    ChatSessionChatKitConfiguration,
    ChatSessionFileUpload,
    ChatSessionHistory,
    ChatSessionRateLimits,
    ChatSessionStatus,
)
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from chatkit_backend.context import SessionConfiguration, User, Workflow
from chatkit_backend.errors import InvalidRequest
from chatkit_backend.store.sessions import StoredSession

# The hosted API's own limits.
_MAX_FILE_MEGABYTES: Final = 512
_MAX_FILES: Final = 10
_MAX_SECONDS: Final = 86_400
_MAX_KEY: Final = 64
# Ours, so that a session stays small enough to be read with every request.
_MAX_NAME: Final = 255
_MAX_VARIABLES: Final = 64
_MAX_VALUE: Final = 4_096
# The path of a field may hold a key that somebody chose.
_MAX_PATH: Final = 200


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise PydanticCustomError("not_printable", "Use printable characters, not only spaces")
    return text


def _primitive(value: object) -> object:
    """The value, if it is one; said in one sentence where a union would say one for each type."""
    if isinstance(value, str) and len(value) > _MAX_VALUE:
        raise PydanticCustomError("too_long", f"Use at most {_MAX_VALUE} characters")
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("not_finite", "Use a finite number")
    if not isinstance(value, str | int | float):
        raise PydanticCustomError("not_primitive", "Use text, a number or a boolean")
    return value


_Name = Annotated[str, StringConstraints(min_length=1, max_length=_MAX_NAME)]
_Positive = Annotated[int, Field(ge=1)]
_StateVariable = Annotated[str | int | float | bool, BeforeValidator(_primitive)]
_Key = Annotated[str, StringConstraints(max_length=_MAX_KEY)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Tracing(_Body):
    enabled: bool = True


class _Workflow(_Body):
    id: _Name
    version: _Name | None = None
    state_variables: (
        Annotated[dict[_Key, _StateVariable], Field(max_length=_MAX_VARIABLES)] | None
    ) = None
    tracing: _Tracing | None = None


class _Titling(_Body):
    enabled: bool = True


class _FileUpload(_Body):
    enabled: bool = False
    max_file_size: Annotated[int, Field(ge=1, le=_MAX_FILE_MEGABYTES)] | None = None
    max_files: _Positive | None = None


class _History(_Body):
    enabled: bool = True
    recent_threads: _Positive | None = None


class _Configuration(_Body):
    automatic_thread_titling: _Titling | None = None
    file_upload: _FileUpload | None = None
    history: _History | None = None


class _ExpiresAfter(_Body):
    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=1, le=_MAX_SECONDS)]


class _RateLimits(_Body):
    # More than anybody sends; a counter cannot hold any number.
    max_requests_per_1_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class _SessionBody(_Body):
    user: Annotated[_Name, AfterValidator(_printable)]
    workflow: _Workflow
    chatkit_configuration: _Configuration | None = None
    expires_after: _ExpiresAfter | None = None
    rate_limits: _RateLimits | None = None


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """Which session is asked for.

    Attributes:
        user: Whose.
        workflow: Which agent answers.
        configuration: What the user may use.
        ttl_seconds: How long a client secret is good; None for the settings' own.
        turns_per_minute: Rate limit of the session; None for the settings' own.
    """

    user: User
    workflow: Workflow
    configuration: SessionConfiguration
    ttl_seconds: int | None
    turns_per_minute: int | None

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The request in the body of `POST /v1/chatkit/sessions`.

        Fields that the hosted API does not have are ignored, as it does.

        Raises:
            InvalidRequest: It is no JSON, or a field is missing, of the wrong type or out of range.
        """
        try:
            asked = _SessionBody.model_validate_json(body)
        except ValidationError as error:
            raise _as_invalid_request(error) from None
        limits, lifetime = asked.rate_limits, asked.expires_after
        return cls(
            user=User(asked.user),
            workflow=_workflow_of(asked.workflow),
            configuration=_configuration_of(asked.chatkit_configuration or _Configuration()),
            ttl_seconds=lifetime.seconds if lifetime else None,
            turns_per_minute=limits.max_requests_per_1_minute if limits else None,
        )


def _workflow_of(asked: _Workflow) -> Workflow:
    return Workflow(
        id=asked.id,
        version=asked.version,
        state_variables=asked.state_variables or {},
        tracing=asked.tracing.enabled if asked.tracing else True,
    )


def _configuration_of(asked: _Configuration) -> SessionConfiguration:
    titling = asked.automatic_thread_titling or _Titling()
    uploads = asked.file_upload or _FileUpload()
    history = asked.history or _History()
    return SessionConfiguration(
        titling=titling.enabled,
        uploads=uploads.enabled,
        max_file_megabytes=uploads.max_file_size or _MAX_FILE_MEGABYTES,
        max_files=uploads.max_files or _MAX_FILES,
        history=history.enabled,
        recent_threads=history.recent_threads,
    )


def _as_invalid_request(error: ValidationError) -> InvalidRequest:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return InvalidRequest(f"The body is not JSON: {first['ctx']['error']}.")
    if not first["loc"]:
        return InvalidRequest("The body must be a JSON object.")
    # Where a key is wrong, pydantic says so behind it.
    field = ".".join(str(part) for part in first["loc"] if part != "[key]")[:_MAX_PATH]
    return InvalidRequest(f"{field}: {first['msg']}.", field=field)


def hosted_session(
    stored: StoredSession, *, client_secret: str, turns_per_minute: int, now: datetime
) -> ChatSession:
    """A session in the shape of the hosted API.

    Args:
        stored: The session.
        client_secret: What opens it. Empty where it was handed out before: only its hash is kept,
            and the `openai` package's type wants text here, not null.
        turns_per_minute: Rate limit of its user, which holds beside one of the session's own.
        now: The time, which says whether it has expired.
    """
    session = stored.session
    limit = min(session.turns_per_minute or turns_per_minute, turns_per_minute)
    return ChatSession(
        id=session.id,
        object="chatkit.session",
        chatkit_configuration=_hosted_configuration(session.configuration),
        client_secret=client_secret,
        expires_at=int(stored.expires_at.timestamp()),
        max_requests_per_1_minute=limit,
        rate_limits=ChatSessionRateLimits(max_requests_per_1_minute=limit),
        status=_status(stored, now),
        user=stored.user.id,
        workflow=ChatKitWorkflow(
            id=session.workflow.id,
            # Null where there are none, as the hosted API says it.
            state_variables=dict(session.workflow.state_variables) or None,
            tracing=chatkit_workflow.Tracing(enabled=session.workflow.tracing),
            version=session.workflow.version,
        ),
    )


def _hosted_configuration(configuration: SessionConfiguration) -> ChatSessionChatKitConfiguration:
    return ChatSessionChatKitConfiguration(
        automatic_thread_titling=ChatSessionAutomaticThreadTitling(enabled=configuration.titling),
        file_upload=ChatSessionFileUpload(
            enabled=configuration.uploads,
            max_file_size=configuration.max_file_megabytes,
            max_files=configuration.max_files,
        ),
        history=ChatSessionHistory(
            enabled=configuration.history, recent_threads=configuration.recent_threads
        ),
    )


def _status(stored: StoredSession, now: datetime) -> ChatSessionStatus:
    if stored.cancelled_at is not None:
        return "cancelled"
    return "expired" if stored.expires_at <= now else "active"
