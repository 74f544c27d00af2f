"""Who looks for an example finds it, with the commands to run it."""

from __future__ import annotations

import importlib

import pytest

from tests.examples.conftest import ROOT

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/app.py"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_readme_names_each_example(name: str) -> None:
    assert f"(examples/{name}/app.py)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / "tests" / "examples" / f"test_{name}.py").exists()


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_says_how_it_is_run(name: str) -> None:
    module = importlib.import_module(f"examples.{name}.app")
    assert f"examples.{name}.app" in (module.__doc__ or "")
