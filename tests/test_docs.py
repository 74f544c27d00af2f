"""The documentation is true: what it names exists, and what it shows works."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer

from chatkit_backend.app import create_app
from chatkit_backend.cli.main import app as commands
from chatkit_backend.models import failures
from chatkit_backend.models.failures import Kind
from chatkit_backend.settings import Settings, setting_name
from tests.chatting import thread_of
from tests.conftest import Serve, SettingsFor
from tests.postgres import URL_VARIABLE

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WHOLE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_generated_pages_are_up_to_date() -> None:
    script = ROOT / "scripts" / "write_docs.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False, capture_output=True)  # noqa: S603
    assert done.returncode == 0, f"run `make docs`: {done.stderr.decode()}"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_documented(field: str) -> None:
    name = setting_name(field)
    assert f"| `{name}` |" in README
    assert f"### `{name}`" in WHOLE
    assert f"#{name}=" in (ROOT / ".env.example").read_text(encoding="utf-8")


def test_every_command_is_documented() -> None:
    for name in typer.main.get_command(commands).commands:  # type: ignore[attr-defined] # a group
        assert f"chatkit-backend {name}" in WHOLE or f"`{name}`" in WHOLE


def test_every_route_is_documented(settings_for: SettingsFor) -> None:
    for path in create_app(settings_for()).openapi()["paths"]:
        assert path in WHOLE


def test_every_setting_that_the_pages_name_exists() -> None:
    known = {setting_name(field) for field in Settings.model_fields}
    named = set(re.findall(r"\bCHATKIT_[A-Z_]+", WHOLE))
    assert named <= known | {URL_VARIABLE}


def test_every_sentence_about_models_is_the_one_users_read() -> None:
    told = {kind.message for kind in vars(failures).values() if isinstance(kind, Kind)}
    table = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| [^|]+ \| ([^|]+) \| (?:yes|no) \|$", table, re.MULTILINE)
    sentences = [sentence for cell in cells for sentence in cell.split(" / ")]
    assert len(sentences) > 8
    for sentence in sentences:
        assert any(message.startswith(sentence.removesuffix(".")) for message in told), sentence


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    for link in links:
        assert (page.parent / link).exists(), link


def test_every_command_of_the_makefile_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def curl_examples() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    examples = [part for block in blocks for part in re.split(r"\n\n", block)]
    return [example[example.index("curl ") :] for example in examples if "curl " in example]


def test_every_curl_of_the_readme_works_in_the_order_shown(serve: Serve) -> None:
    served = serve(model=("demo",))
    known: dict[str, Any] = {}
    operations = []
    with httpx2.Client(timeout=20) as http:
        for example in curl_examples():
            filled = example.replace("http://127.0.0.1:8000", served.url)
            for name, value in known.items():
                filled = filled.replace(f"'${name}'", value)
            words = shlex.split(filled)
            url = next(word for word in words if word.startswith("http"))
            body = words[words.index("-d") + 1] if "-d" in words else ""
            response = http.post(url, content=body)
            assert response.status_code == 200, response.text
            operation = re.search(r'"type": "([a-z_.]+)"', body)
            operations.append(operation[1] if operation else url.removeprefix(served.url))
            _remember(response, known)
    assert operations == [
        "threads.create",
        "/api/chatkit/session?userId=ada",
        "threads.create",
        "threads.add_user_message",
        "threads.list",
        "threads.get_by_id",
        "items.list",
        "threads.retry_after_item",
        "threads.update",
        "threads.delete",
    ]


def _remember(response: httpx2.Response, known: dict[str, Any]) -> None:
    """Takes the ids that the next examples use from an answer with a new thread."""
    if '"thread.created"' in response.text:
        lines = response.text.splitlines()
        events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        known["THREAD"] = thread_of(events)
        known["ITEM"] = events[1]["item"]["id"]
