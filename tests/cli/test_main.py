"""Help that helps."""

from __future__ import annotations

import importlib.metadata

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("command", ["serve", "chat", "doctor"])
def test_the_help_of_every_command_shows_examples(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"chatkit-backend {command}" in done.stdout


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    for command in ("serve", "chat", "doctor"):
        assert command in done.stdout


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").stdout.strip() == importlib.metadata.version("chatkit-backend")


def test_a_wrong_option_is_a_usage_error(run: Run) -> None:
    assert run("serve", "--prot", "1").returncode == 2
