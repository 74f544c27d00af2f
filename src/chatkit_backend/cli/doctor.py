"""`chatkit-backend doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from rich.console import Console

from chatkit_backend.app import rate_limits
from chatkit_backend.auth.keys import KeySource
from chatkit_backend.chat.agents import default_agent
from chatkit_backend.chat.own.actions import load_actions
from chatkit_backend.chat.own.answering import Answering, load_answering
from chatkit_backend.chat.own.foreign import Stores
from chatkit_backend.chat.own.tags import load_tag_resolver
from chatkit_backend.cli.logs import configure_logging
from chatkit_backend.cli.serve import refuse_unsafe
from chatkit_backend.database import open_database
from chatkit_backend.errors import (
    DatabaseUnavailable,
    EmbeddingsUnavailable,
    KeysUnavailable,
    ModelError,
    SettingsError,
)
from chatkit_backend.models.failures import detail
from chatkit_backend.models.probe import probe
from chatkit_backend.models.registry import open_model
from chatkit_backend.providers import (
    labels,
    model_credentials,
    model_limits,
    model_names,
    title_model_names,
    transcriber,
)
from chatkit_backend.searching import embedding_model
from chatkit_backend.settings import Settings, load_settings, setting_name, unknown_settings
from chatkit_backend.signin import SignIn

_MARKS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "wrong": "[red]✗[/red]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was looked at.
        result: `wrong` means that the server would not work.
        message: What was found, and the remedy where there is something to mend.
    """

    check: Literal[
        "settings", "sign-in", "redis", "database", "agents", "model", "embeddings", "dictation"
    ]
    result: Literal["ok", "warning", "wrong"]
    message: str


def run_doctor(*, live: bool, as_json: bool) -> int:
    """Looks at everything and prints what it found.

    Args:
        live: Also ask each model for one word, and the embedding model for one vector.
        as_json: Print a JSON array of findings instead of words.

    Returns:
        Exit status: 1 when something is wrong, else 0.
    """
    configure_logging("error", "auto")
    findings = asyncio.run(_all_findings(live=live))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))  # noqa: T201 - output
    else:
        console = Console(highlight=False, soft_wrap=True)
        for finding in findings:
            console.print(f"{_MARKS[finding.result]} {finding.check:10}", end=" ")
            console.print(finding.message, markup=False)
    return int(any(finding.result == "wrong" for finding in findings))


async def _all_findings(*, live: bool) -> list[Finding]:
    return [finding async for finding in examine(live=live)]


async def examine(*, live: bool) -> AsyncIterator[Finding]:
    """Looks at everything that the settings name, one after the other."""
    for name in unknown_settings():
        yield Finding("settings", "warning", f"{name} is no setting; see docs/configuration.md.")
    try:
        settings = load_settings()
        refuse_unsafe(settings)
    except SettingsError as error:
        for problem in error.problems:
            yield Finding("settings", "wrong", problem)
        return
    yield Finding("settings", "ok", f"All can be used; auth is {', '.join(settings.auth)}.")
    async for finding in _look_at_sign_in(settings):
        yield finding
    async for finding in _look_at_redis(settings):
        yield finding
    yield await _look_at_database(settings)
    agents, answering = _look_at_agents(settings)
    yield agents
    for findings in (
        _look_at_models(settings, answering, live=live),
        _look_at_embeddings(settings, live=live),
        _look_at_dictation(settings),
    ):
        async for finding in findings:
            yield finding


async def _look_at_sign_in(settings: Settings) -> AsyncIterator[Finding]:
    try:
        sign_in = SignIn.of(settings)
    except SettingsError as error:
        yield Finding("sign-in", "wrong", str(error))
        return
    if "dev" in settings.auth:
        yield Finding(
            "sign-in",
            "ok",
            "anybody on this machine may chat as anybody (dev). For others, set CHATKIT_AUTH to "
            "session, cookie or bearer.",
        )
    try:
        if sign_in.keys is not None:
            yield await _look_at_keys(settings, sign_in.keys)
            if not settings.jwt_audience:
                yield Finding(
                    "sign-in",
                    "warning",
                    "CHATKIT_JWT_AUDIENCE is not set: a JWT that the identity provider made for "
                    "another application is accepted if it has no aud.",
                )
    finally:
        await sign_in.close()


async def _look_at_keys(settings: Settings, keys: KeySource) -> Finding:
    try:
        fitting = [name for name in settings.jwt_algorithms if await keys.for_token(None, name)]
    except KeysUnavailable:
        return Finding(
            "sign-in",
            "wrong",
            f"no keys can be had from {_without_password(settings.jwks_url)}. Is CHATKIT_JWKS_URL "
            "right, and can this machine reach it?",
        )
    if not fitting:
        return Finding(
            "sign-in",
            "wrong",
            "the identity provider has no key for the algorithms of CHATKIT_JWT_ALGORITHMS "
            f"({', '.join(settings.jwt_algorithms)}).",
        )
    return Finding("sign-in", "ok", f"JWTs can be verified with {', '.join(fitting)}.")


def _without_password(url: str | None) -> str:
    parts = urlsplit(url or "")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


async def _look_at_redis(settings: Settings) -> AsyncIterator[Finding]:
    if settings.redis_url is None:
        return
    try:
        limits = rate_limits(settings)
    except SettingsError as error:
        yield Finding("redis", "wrong", str(error))
        return
    try:
        if await limits.counts_in_redis():
            yield Finding("redis", "ok", "Processes count requests together.")
        else:
            yield Finding(
                "redis",
                "wrong",
                "the Redis of CHATKIT_REDIS_URL does not answer: each process would count requests "
                "for itself.",
            )
    finally:
        await limits.close()


def _look_at_agents(settings: Settings) -> tuple[Finding, Answering | None]:
    try:
        answering = load_answering(
            settings.agent, settings.workflows, default_agent(settings.instructions), Stores()
        )
        load_tag_resolver(settings.tag_resolver)
        load_actions(settings.actions)
    except SettingsError as error:
        return Finding("agents", "wrong", str(error)), None
    default = f"{settings.agent} answers" if settings.agent else None
    named = ", ".join([*filter(None, [default]), *settings.workflows])
    return Finding("agents", "ok", f"{named or 'the built-in assistant answers'}."), answering


async def _look_at_database(settings: Settings) -> Finding:
    try:
        database = await open_database(settings)
        try:
            await database.make_ready()
            await database.ping()
        finally:
            await database.close()
    except (DatabaseUnavailable, SettingsError) as error:
        return Finding("database", "wrong", str(error))
    return Finding("database", "ok", f"{database.address} answers.")


async def _look_at_models(
    settings: Settings, answering: Answering | None, *, live: bool
) -> AsyncIterator[Finding]:
    credentials, limits = model_credentials(settings), model_limits(settings)
    if _runs_its_own_models(answering):
        yield Finding(
            "model",
            "ok",
            f"{settings.agent} has models of its own: they are not tried, with --live neither, and "
            "CHATKIT_MODEL is not used.",
        )
    for name, variable in _named_models(settings, answering).items():
        try:
            model = open_model([name], credentials, limits, variable)
        except SettingsError as error:
            yield Finding("model", "wrong", str(error))
            continue
        try:
            if name == "demo":
                yield Finding(
                    "model",
                    "warning",
                    "demo answers without a language model. Set OPENAI_API_KEY, GEMINI_API_KEY or "
                    "ANTHROPIC_API_KEY in the environment or in .env to connect one.",
                )
            elif live:
                await probe(model)
                yield Finding("model", "ok", f"{name} answers.")
            else:
                yield Finding("model", "ok", f"{name} is set up; --live asks it for one word.")
        except ModelError as error:
            yield Finding("model", "wrong", f"{name}: {error.message}{_providers_words(error)}")
        finally:
            await model.close()


def _runs_its_own_models(answering: Answering | None) -> bool:
    return answering is not None and answering.runs_its_own_models


def _named_models(settings: Settings, answering: Answering | None) -> dict[str, str]:
    """The setting that names each model, which is opened when the server starts."""
    names_by_field = {
        "model": () if _runs_its_own_models(answering) else model_names(settings),
        "models": labels(settings.models),
        "title_model": title_model_names(settings) if settings.title_model else (),
    }
    named: dict[str, str] = {}
    for field, names in names_by_field.items():
        for name in names:
            named.setdefault(name.strip(), setting_name(field))
    return named


def _providers_words(error: ModelError) -> str:
    """What the provider said, for the person who can do something about it."""
    if not isinstance(error.__cause__, Exception):
        return ""
    said = detail(error.__cause__)
    known = [str(said[name]) for name in ("status", "code", "error_message") if name in said]
    return f" The provider said: {', '.join(known)}"


async def _look_at_embeddings(settings: Settings, *, live: bool) -> AsyncIterator[Finding]:
    try:
        model = embedding_model(settings)
    except SettingsError as error:
        yield Finding("embeddings", "wrong", str(error))
        return
    if model is None:
        return
    try:
        if live:
            # As a message of a chat does, which cannot wait long.
            (dimensions,) = (await model.embed_query("Hello")).shape
            yield Finding("embeddings", "ok", f"{model.name} answers, in {dimensions} dimensions.")
        else:
            yield Finding(
                "embeddings", "ok", f"{model.name} is set up; --live asks it for one vector."
            )
    except EmbeddingsUnavailable as error:
        yield Finding("embeddings", "wrong", str(error))
    finally:
        await model.close()


async def _look_at_dictation(settings: Settings) -> AsyncIterator[Finding]:
    try:
        model = transcriber(settings)
    except SettingsError as error:
        yield Finding("dictation", "wrong", str(error))
        return
    if model is None:
        return
    # There is nothing short to ask it: it takes recordings only.
    yield Finding(
        "dictation", "ok", f"{model.name} is set up; it is not tried, with --live neither."
    )
    await model.close()
