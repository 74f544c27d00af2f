"""`search`: what a question finds in a collection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.slow


@pytest.fixture
def collection(run: Run, tmp_path: Path) -> None:
    """Two documents, one with an address."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "prices.md").write_text(
        "---\nurl: https://example.com/prices\n---\n# Prices\n\n## Refunds\n\n"
        "Refunds take [three] days.\n",
        encoding="utf-8",
    )
    (folder / "team.md").write_text("# Team\n\nWe are five people.\n", encoding="utf-8")
    assert run("ingest", "docs", "--collection", "docs").returncode == 0


@pytest.mark.usefixtures("collection")
def test_the_best_passage_comes_first_with_its_place_and_text(run: Run) -> None:
    done = run("search", "how long does a refund take", "-c", "docs")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "1. Prices"
    assert "https://example.com/prices" in done.stdout
    assert "Refunds take [three] days." in done.stdout


@pytest.mark.usefixtures("collection")
def test_it_can_be_read_by_programs(run: Run) -> None:
    (found,) = json.loads(run("search", "people", "-c", "docs", "--json").stdout)
    assert found["source"] == "team.md"
    assert 0 < found["score"] <= 1
    assert json.loads(run("search", "zebras", "-c", "docs", "--json").stdout) == []
    assert run("search", "zebras", "-c", "docs").stdout == "Nothing was found.\n"


def test_a_collection_that_is_not_there_is_told(run: Run) -> None:
    done = run("search", "people", "-c", "nothing")
    assert done.returncode == 1
    assert "collections list" in done.stderr
