"""docs/auth.md: its settings can be used, and its code works in front of a real server."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from chatkit_backend.settings import load_settings
from chatkit_backend.signin import SignIn
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider

GUIDE = (Path(__file__).parents[2] / "docs" / "auth.md").read_text(encoding="utf-8")
HARNESS = Path(__file__).with_name("browser.mjs")
SECRET = "a secret shared with the identity provider"
PAGE = "https://app.example.com"


def recipes() -> dict[str, dict[str, str]]:
    """The settings of each recipe, by its title."""
    section = GUIDE.split("\n## Recipes\n")[1].split("\n## ")[0]
    found = re.findall(r"### (.+?)\n.*?```sh\n(.*?)```", section, re.DOTALL)
    return {
        title: dict(line.split("=", 1) for line in block.splitlines()) for title, block in found
    }


def test_there_are_recipes() -> None:
    assert set(recipes()) >= {"Better Auth", "Auth0", "Clerk", "Keycloak"}


@pytest.mark.parametrize("title", recipes())
async def test_the_settings_of_every_recipe_can_be_used(
    title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in recipes()[title].items():
        monkeypatch.setenv(name, value)
    sign_in = SignIn.of(load_settings())
    assert sign_in.keys is not None
    assert sign_in.development is None
    await sign_in.close()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with the guide's code, each block under the name in its first line."""
    blocks = re.findall(r"```js\n// (\S+)\.js\n(.*?)```", GUIDE, re.DOTALL)
    for name, block in blocks:
        (tmp_path / f"{Path(name).name}.mjs").write_text(block, encoding="utf-8")
    return tmp_path


def run_page(code: Path, backend: str, cookie: str, way: str) -> dict[str, Any]:
    """What the page gets."""
    done = subprocess.run(  # noqa: S603 - our own guide
        ["node", HARNESS, code, backend, cookie, way],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def cookie_of(user: str) -> str:
    token = jwt.encode({"sub": user, "name": "Ada", "exp": time.time() + 60}, SECRET, "HS256")
    return f"auth_token={token}"


@pytest.fixture
def backend(serve: Serve) -> str:
    """A server that takes the cookie of pages on `PAGE`."""
    return serve(
        auth=("session", "cookie"),
        jwt_secret=SECRET,
        jwt_algorithms=("HS256",),
        cors_origins=(PAGE,),
    ).url


def test_the_page_chats_through_the_proxy_with_its_cookie_and_context(
    code: Path, backend: str, provider: ScriptedProvider
) -> None:
    got = run_page(code, backend, cookie_of("ada"), "proxy")
    assert (got["status"], got["type"]) == (200, "text/event-stream; charset=utf-8")
    assert '"type":"thread.item.done"' in got["text"]
    asked = str(provider.requests[-1].body)
    for known in ("Pricing of the moon", "What the moon costs", "Questions", "signed in as Ada"):
        assert known in asked


def test_the_proxy_passes_a_refusal_on(code: Path, backend: str) -> None:
    got = run_page(code, backend, "", "proxy")
    assert got["status"] == 401
    assert json.loads(got["text"])["error"]["code"] == "not_signed_in"


def test_the_proxy_is_no_way_around_the_allowed_origins(code: Path, serve: Serve) -> None:
    url = serve(auth=("cookie",), jwt_secret=SECRET, jwt_algorithms=("HS256",)).url
    got = run_page(code, url, cookie_of("ada"), "proxy")
    assert got["status"] == 403
    assert "CHATKIT_CORS_ORIGINS" in got["text"]


def test_the_page_chats_with_a_client_secret_that_it_refreshes(code: Path, backend: str) -> None:
    got = run_page(code, backend, cookie_of("ada"), "secret")
    assert got["status"] == 200
    assert len(set(got["secrets"])) == 2
    assert '"type":"thread.item.done"' in got["text"]
