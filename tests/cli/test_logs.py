"""Logs show neither secrets nor what users write, in either format."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import structlog
from chatkit_backend.cli.logs import configure_logging

_, form, key, cookie, message = sys.argv
configure_logging("info", form)


def fail(cookie, message):
    raise ValueError(f"refused with {key}")


try:
    fail(cookie, message)
except ValueError:
    structlog.get_logger("a").exception("unexpected error", path="/api/chatkit")
"""
KEY = "ck_live_0123456789abcdef"
COOKIE = "auth_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variable_and_no_secret(form: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, form, KEY, COOKIE, "MY-DIAGNOSIS"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "unexpected error" in done.stderr
    assert "ValueError: refused with [redacted]" in done.stderr
    for hidden in (KEY, COOKIE, "MY-DIAGNOSIS"):
        assert hidden not in done.stderr
