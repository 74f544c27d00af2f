"""Structured logs on stderr. Logging is configured here and nowhere else."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from chatkit_backend.models.redaction import redact


def _redact_all(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redact(value)
    return event


def _renderer(*, for_people: bool) -> list[structlog.types.Processor]:
    last = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if for_people
        else structlog.processors.JSONRenderer()
    )
    # Tracebacks as text first, so that secrets are taken out of them, too. The console's own show
    # local variables: whole cookies, keys and messages.
    return [structlog.processors.format_exc_info, _redact_all, last]


def configure_logging(level: str, form: Literal["auto", "console", "json"]) -> None:
    """Sends every log line of the process to stderr in one format.

    Args:
        level: Least severe level to write, such as `info`.
        form: `json`, `console`, or `auto` for `console` on a terminal.
    """
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderer(for_people=for_people),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # One line for each call to a provider and each connection says nothing that ours do not.
    for chatty in ("httpx2", "httpcore2", "uvicorn.error", "asyncio", "alembic", "watchfiles"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
    # uvicorn asks whether this logger has handlers, and without any formats no line for each
    # request; such lines would hold what queries hold.
    logging.getLogger("uvicorn.access").propagate = False
