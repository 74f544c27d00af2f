"""Dates in the options of commands: read as they stand, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chatkit_backend.cli.dates import moment_of
from chatkit_backend.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T12:30", datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
        ("2026-11-01T12:30:00Z", datetime(2026, 11, 1, 12, 30, tzinfo=UTC)),
        (
            "2026-11-01T12:30:00+02:00",
            datetime(2026, 11, 1, 12, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, moment: datetime) -> None:
    assert moment_of("--since", text) == moment


def test_no_time_is_guessed() -> None:
    with pytest.raises(SettingsError, match=r"--since: '01\.11\.2026' is no date"):
        moment_of("--since", "01.11.2026")
