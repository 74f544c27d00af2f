"""The chat page and the web component, as this server hands them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from chatkit_backend.api import pages
from tests.conftest import Serve

SCRIPT = "customElements.define('openai-chatkit', X); // …"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the build makes, in small."""
    static = tmp_path / "static"
    (static / "chatkit" / "locales").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>Chat</title>")
    (static / "chatkit.js").write_text(SCRIPT, encoding="utf-8")
    (static / "chatkit" / "markdown.js").write_text("export const blocks = 1;")
    (static / "chatkit" / "locales" / "de.js").write_text("export const strings = {};")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(pages, "STATIC", static)
    return static


@pytest.fixture
def client(serve: Serve) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=serve().url) as client:
        yield client


@pytest.mark.usefixtures("built")
def test_the_page_runs_no_script_but_the_servers_own(client: httpx2.Client) -> None:
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        rule.split(" ", 1) for rule in response.headers["content-security-policy"].split("; ")
    )
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"


@pytest.mark.usefixtures("built")
def test_the_script_can_be_loaded_from_any_page(client: httpx2.Client) -> None:
    response = client.get("/chatkit.js", headers={"Origin": "https://shop.example"})
    assert response.text == SCRIPT
    # Without it, a page of another charset would garble the strings.
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "no-cache"
    again = client.get("/chatkit.js", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.usefixtures("built")
def test_parts_are_kept_for_good_under_the_version_that_asks(client: httpx2.Client) -> None:
    assert "immutable" in client.get("/chatkit/markdown.js?v=1").headers["cache-control"]
    assert client.get("/chatkit/locales/de.js").headers["cache-control"] == "no-cache"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path", ["../../secret.txt", "..%2f..%2fsecret.txt", "/etc/passwd", "missing.js", "locales"]
)
def test_nothing_else_is_handed_out(client: httpx2.Client, path: str) -> None:
    response = client.get(f"/chatkit/{path}")
    assert response.status_code == 404
    assert "secret" not in response.text.replace("secret.txt", "")


def test_what_was_not_built_is_told_in_a_sentence(
    client: httpx2.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "STATIC", tmp_path / "nothing")
    for path in ("/", "/chatkit.js", "/chatkit/markdown.js"):
        response = client.get(path)
        assert response.status_code == 404
        assert "install Node.js" in response.text
    assert client.get("/healthz").status_code == 200


@pytest.mark.skipif(not (pages.STATIC / "index.html").is_file(), reason="not built: no Node.js")
def test_all_that_the_page_names_is_there(client: httpx2.Client) -> None:
    html = client.get("/").text
    named = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert "/chatkit.js" in named
    for path in named:
        assert client.get(path).status_code == 200
    # A strict policy would forbid them.
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", html)
