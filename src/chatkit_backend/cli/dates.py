"""Dates in the options of commands."""

from __future__ import annotations

from datetime import UTC, datetime

from chatkit_backend.errors import SettingsError


def moment_of(option: str, text: str) -> datetime:
    """The moment that an option names; in UTC where it names no time zone.

    Args:
        option: Its name, such as `--since`.
        text: Its value: a date, or a date and a time (ISO 8601).

    Raises:
        SettingsError: It is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"{option}: {text!r} is no date. Write it as 2026-11-01, or 2026-11-01T12:00:00+01:00."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
