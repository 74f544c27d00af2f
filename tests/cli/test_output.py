"""Where an export goes, and what is left of one that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatkit_backend.cli.output import opened
from chatkit_backend.errors import SettingsError


def test_an_export_that_fails_leaves_no_file_in_the_way_of_the_next(tmp_path: Path) -> None:
    output = tmp_path / "feedback.jsonl"
    with pytest.raises(RuntimeError), opened(output) as file:
        file.write("half")
        raise RuntimeError
    assert not output.exists()
    with opened(output) as file:
        file.write("all")
    assert output.read_text(encoding="utf-8") == "all"


def test_a_file_that_was_there_before_is_left_as_it_was(tmp_path: Path) -> None:
    output = tmp_path / "feedback.jsonl"
    output.write_text("older", encoding="utf-8")
    with pytest.raises(SettingsError), opened(output):
        pass
    assert output.read_text(encoding="utf-8") == "older"
