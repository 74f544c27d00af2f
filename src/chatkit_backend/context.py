"""Who asks, from which page, in which language: the frozen values every room works with.

`User` and `Session` are what authentication vouches for. `PageContext` and `Profile` are what the
browser says of itself: they are cleaned and capped here, and stay untrusted all the way to the
model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chatkit_backend.errors import InvalidRequest

# Caps keep the browser's words a small part of the prompt: a page can put anything into them.
MAX_TITLE = 300
MAX_URL = 2_000
MAX_DESCRIPTION = 1_000
MAX_HEADING = 200
MAX_HEADINGS = 50
MAX_PROFILE_VALUE = 200
MAX_PROFILE_FIELDS = 20
MAX_LOCALE = 35  # RFC 5646, section 4.4.1: long enough for every real tag

# ZERO WIDTH (NON-)JOINER are format characters that Persian, Hindi and emoji cannot do without.
_JOINERS = frozenset("\u200c\u200d")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")


def clean_text(text: str, limit: int) -> str:
    """`text` on one line, without control, bidi and other invisible characters.

    Args:
        text: What a browser sent.
        limit: Most characters to keep.
    """
    one_line = " ".join(text.split())
    visible = (c for c in one_line if c in _JOINERS or unicodedata.category(c)[0] != "C")
    return "".join(visible)[:limit].strip()


def _capped(limit: int) -> BeforeValidator:
    def cap(value: object) -> object:
        if isinstance(value, str):
            return clean_text(value, limit) or None
        return value

    return BeforeValidator(cap)


def _headings(value: object) -> object:
    # Pages send a list of headings, or the headings joined to one string.
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple):
        return value
    if not all(isinstance(heading, str) for heading in values):
        return values
    cleaned = (clean_text(heading, MAX_HEADING) for heading in values[:MAX_HEADINGS])
    return tuple(heading for heading in cleaned if heading)


class PageContext(BaseModel):
    """The page the user looks at, as the browser describes it (untrusted).

    Read from `metadata.pageContext` of a ChatKit request. A missing field is None or empty.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Annotated[str | None, _capped(MAX_TITLE)] = None
    url: Annotated[str | None, _capped(MAX_URL)] = None
    description: Annotated[str | None, _capped(MAX_DESCRIPTION)] = None
    headings: Annotated[tuple[str, ...], BeforeValidator(_headings)] = ()


class Profile(BaseModel):
    """What the browser says of its user (untrusted): a name and free profile fields.

    Read from `metadata.userInfo` of a ChatKit request; every field besides `id` and `name` is a
    profile field, such as `educationLevel` or `programmingExperience`. The `id` is not kept:
    who the user is, authentication says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str | None, _capped(MAX_PROFILE_VALUE)] = None
    fields: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_fields(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        fields = {
            clean_text(key, MAX_PROFILE_VALUE): text
            for key, raw in value.items()
            if key not in {"id", "name"} and (text := _profile_text(raw))
        }
        kept = dict(list(fields.items())[:MAX_PROFILE_FIELDS])
        return {"name": value.get("name"), "fields": kept}


def _profile_text(value: object) -> str | None:
    """A profile value as text; None for what has no short text (null, lists, objects)."""
    if isinstance(value, str | int | float | bool):
        return clean_text(str(value), MAX_PROFILE_VALUE) or None
    return None


@dataclass(frozen=True, slots=True)
class User:
    """The user as authentication vouches for them.

    Attributes:
        id: Owner of the threads this request may touch.
        name: Name from a verified source, if any.
        email: Address from a verified source, if any.
        claims: Further verified claims.
    """

    id: str
    name: str | None = None
    email: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workflow:
    """Which agent answers in a session, and what the team's server tells it.

    Attributes:
        id: Name of the agent, as `CHATKIT_WORKFLOWS` maps it; `default` where nobody named one.
        version: Version that was asked for; kept for the agent to see.
        state_variables: What the team's server hands to the agent: text, numbers and booleans.
        tracing: Whether runs may be traced, where the settings trace at all.
    """

    id: str = "default"
    version: str | None = None
    state_variables: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    tracing: bool = True


@dataclass(frozen=True, slots=True)
class SessionConfiguration:
    """What the user of a session may use.

    Attributes:
        titling: Whether threads get titles by themselves.
        uploads: Whether files may be attached.
        max_file_megabytes: Largest file.
        max_files: Most files.
        history: Whether threads from before the session can be reached.
        recent_threads: How many of the newest threads can be reached; None for all.
    """

    titling: bool = True
    uploads: bool = True
    max_file_megabytes: int = 512
    max_files: int = 10
    history: bool = True
    recent_threads: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What a client secret stands for, besides its user.

    Attributes:
        id: Of the session; no secret.
        created_at: When it began; refreshing does not change it.
        workflow: Which agent answers.
        configuration: What its user may use.
        turns_per_minute: Rate limit of the session's own; None for that of the settings alone.
    """

    id: str
    created_at: datetime
    workflow: Workflow = field(default_factory=Workflow)
    configuration: SessionConfiguration = field(default_factory=SessionConfiguration)
    turns_per_minute: int | None = None


class _BrowserMetadata(BaseModel):
    model_config = ConfigDict(extra="ignore")

    userInfo: Profile | None = None  # noqa: N815 - the name on the wire
    pageContext: PageContext | None = None  # noqa: N815 - the name on the wire


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Everything a room may know of the request it works for.

    Attributes:
        user: Who asks; verified.
        page: The page they look at; untrusted.
        profile: What the browser says of them; untrusted.
        locale: Preferred language as a BCP 47 tag, such as `de-CH`; None when not stated.
        metadata: The request's `metadata` object as it came; untrusted.
        session: What the client secret stands for; None where another credential was used.
        server_url: Address at which whoever asks reaches this server, without a slash at its end;
            None where that is not known.
    """

    user: User
    page: PageContext | None = None
    profile: Profile | None = None
    locale: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    session: Session | None = None
    server_url: str | None = None

    @classmethod
    def for_request(
        cls,
        user: User,
        metadata: Mapping[str, Any] | None = None,
        accept_language: str | None = None,
        session: Session | None = None,
        server_url: str | None = None,
    ) -> Self:
        """The context of one request.

        Args:
            user: Who asks.
            metadata: The request's `metadata`, unread.
            accept_language: The `Accept-Language` header, unread.
            session: What the client secret of the request stands for.
            server_url: How this server is reached.

        Raises:
            InvalidRequest: A field of `userInfo` or `pageContext` has the wrong type.
        """
        try:
            browser = _BrowserMetadata.model_validate(dict(metadata or {}))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            path = ".".join(str(part) for part in ("metadata", *first["loc"]))
            raise InvalidRequest(f"{path}: {first['msg']}.", field=path) from None
        return cls(
            user=user,
            page=browser.pageContext,
            profile=browser.userInfo,
            locale=preferred_language(accept_language),
            metadata=dict(metadata or {}),
            session=session,
            server_url=server_url,
        )


def preferred_language(accept_language: str | None) -> str | None:
    """The most wanted language tag of an `Accept-Language` header (RFC 9110, section 12.5.4).

    None when the header is missing, asks for any language, or holds no well-formed tag.
    """
    best: tuple[float, str] | None = None
    for part in (accept_language or "").split(","):
        tag, _, parameter = part.strip().partition(";")
        quality = _quality(parameter)
        if len(tag) <= MAX_LOCALE and _LANGUAGE_TAG.fullmatch(tag) and quality > 0:
            best = max(best or (0.0, ""), (quality, tag), key=lambda choice: choice[0])
    return best[1] if best else None


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
