"""docs/migrate-from-hosted.md: its code works against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chatkit_backend.store.api_keys import ApiKeyStore
from chatkit_backend.store.engine import Database
from tests.chatting import Chat
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider

GUIDE = (Path(__file__).parents[2] / "docs" / "migrate-from-hosted.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code of the guide in a language; code in a list loses its indent."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", GUIDE, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the guide's modules, in which a server is started."""
    for code in blocks("python"):
        named = re.match(r"# (\S+)\n", code)
        file = tmp_path / (named[1] if named else "sessions.py")
        file.parent.mkdir(exist_ok=True)
        file.write_text(code, encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_app"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


@pytest.fixture
def api_key(tmp_path: Path) -> str:
    return asyncio.run(new_key(tmp_path))


async def new_key(tmp_path: Path) -> str:
    """A key in the database that `serve` uses."""
    database = await Database.open(f"sqlite:///{tmp_path / 'chat.db'}")
    await database.migrate()
    _, key = await ApiKeyStore(database).create("production")
    await database.close()
    return key


def workflows() -> tuple[str, ...]:
    """As the guide sets them."""
    return tuple(re.findall(r"CHATKIT_WORKFLOWS=(\S+)", GUIDE)[0].split(","))


def secret_from(guide: Path, url: str, api_key: str) -> str:
    """What the team's server hands to its page."""
    done = subprocess.run(
        [sys.executable, "-c", "import sessions; print(sessions.client_secret_for('ada'))"],
        cwd=guide,
        env=os.environ | {"BACKEND_URL": url, "BACKEND_KEY": api_key},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def test_the_teams_server_creates_sessions_with_the_two_lines_changed(
    guide: Path, serve: Serve, api_key: str, provider: ScriptedProvider
) -> None:
    url = serve(auth=("session",), workflows=workflows()).url
    secret = secret_from(guide, url, api_key)
    async with Chat(url, headers={"Authorization": f"Bearer {secret}"}) as page:
        await page.say("Hello")
    assert "You are the support desk of a shop." in str(provider.requests[-1].body)


async def test_state_variables_reach_the_function_that_makes_the_agent(
    guide: Path, serve: Serve, api_key: str, provider: ScriptedProvider
) -> None:
    url = serve(auth=("session",), workflows=("wf_abc=my_app.by_plan:support",)).url
    secret = secret_from(guide, url, api_key)
    async with Chat(url, headers={"Authorization": f"Bearer {secret}"}) as page:
        await page.say("Hello")
    assert "The customer is on the pro plan." in str(provider.requests[-1].body)


def test_the_page_sends_its_requests_here_with_the_client_secret(
    guide: Path, serve: Serve, api_key: str
) -> None:
    url = serve(auth=("session",), workflows=workflows()).url
    secret = secret_from(guide, url, api_key)
    (page,) = blocks("js")
    harness = f"""
        let options;
        const chatkit = {{ setOptions: (given) => (options = given) }};
        const clientSecret = async () => {json.dumps(secret)};
        {page}
        const init = {{
          method: "POST",
          headers: {{ "Content-Type": "application/json" }},
          body: JSON.stringify({{ type: "threads.list", params: {{}} }}),
        }};
        const answer = await options.api.fetch("{url}/api/chatkit", init);
        console.log(answer.status);
    """
    (guide / "page.mjs").write_text(harness, encoding="utf-8")
    done = subprocess.run(
        ["node", "page.mjs"],  # noqa: S607 - wherever it is
        cwd=guide,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.strip() == "200", done.stderr
