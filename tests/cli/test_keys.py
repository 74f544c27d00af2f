"""`keys`: made and shown once, listed without their secrets, revoked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.slow


def test_a_key_is_printed_alone_so_that_it_can_be_piped(run: Run) -> None:
    done = run("keys", "create", "production")
    assert done.returncode == 0
    secret = done.stdout.strip()
    assert secret.startswith("ck_live_")
    assert "\n" not in secret
    assert "cannot be shown again" in done.stderr
    assert secret not in done.stderr


def test_keys_are_listed_without_their_secrets(run: Run) -> None:
    assert "keys create NAME" in run("keys", "list").stdout
    made = json.loads(run("keys", "create", "production", "--json").stdout)
    run("keys", "create", "staging")
    listed = run("keys", "list")
    for shown in ("production", "staging", made["id"], f"ck_live_…{made['ending']}"):
        assert shown in listed.stdout
    assert made["api_key"] not in listed.stdout
    as_json = json.loads(run("keys", "list", "--json").stdout)
    assert [key["name"] for key in as_json] == ["production", "staging"]
    assert set(as_json[0]) == {"id", "name", "ending", "created_at", "revoked_at"}


def test_a_key_is_revoked_by_its_id(run: Run) -> None:
    made = json.loads(run("keys", "create", "production", "--json").stdout)
    done = run("keys", "revoke", made["id"])
    assert done.returncode == 0
    assert "works no more" in done.stdout
    (listed,) = json.loads(run("keys", "list", "--json").stdout)
    assert listed["revoked_at"]


def test_revoking_what_is_not_there_says_where_to_look(run: Run) -> None:
    done = run("keys", "revoke", "key_none")
    assert done.returncode == 1
    assert "keys list" in done.stderr


def test_a_key_needs_a_name(run: Run) -> None:
    done = run("keys", "create", "  ")
    assert done.returncode == 2
    assert "NAME" in done.stderr


def test_the_secret_is_not_in_the_database_file(run: Run, tmp_path: Path) -> None:
    secret = run("keys", "create", "production").stdout.strip()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("chatkit.db*"))
    assert b"production" in kept
    assert secret.encode() not in kept
