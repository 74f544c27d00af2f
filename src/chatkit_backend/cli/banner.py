"""What `serve` prints when it is ready."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from chatkit_backend.settings import Settings

_MODES = {
    "session": "session: whoever shows a client secret",
    "cookie": "cookie: whoever has a JWT in a cookie",
    "bearer": "bearer: whoever sends a JWT",
    "dev": "dev: anybody on this machine, as ?userId= says",
}


def announce(settings: Settings, models: tuple[str, ...], database: str, port: int) -> None:
    """Says where the server listens and what it uses.

    Args:
        settings: What it was started with.
        models: Names of the models that answer; none where the team's server has its own.
        database: Its address, without password.
        port: Where it listens; the settings may ask for any free one.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{port}"
    rows = {
        "Listening": f"{url}/api/chatkit",
        "Database": database,
        "Agent": _agent(settings),
        "Model": ", else ".join(models) + _about_demo(models),
        "Auth": "; ".join(_MODES[mode] for mode in settings.auth),
    }
    if not models:
        del rows["Model"]
    if settings.workers > 1:
        rows["Workers"] = str(settings.workers)
    rows["Try it"] = f"{_this_program()} chat{_url_option(url)}"
    console = Console(highlight=False, soft_wrap=True)
    console.print("\nchatkit-backend is ready. Ctrl-C stops it.\n", style="bold")
    for name, value in rows.items():
        console.print(f"  {name:11}{value}", markup=False)
    console.print()


def _agent(settings: Settings) -> str:
    """What answers where no workflow id names another agent."""
    pairs = (pair.partition("=") for pair in settings.workflows)
    named = {workflow_id.strip(): path.strip() for workflow_id, _, path in pairs}
    return settings.agent or named.get("default") or "the built-in assistant"


def _about_demo(models: tuple[str, ...]) -> str:
    if models != ("demo",):
        return ""
    return " (offline; OPENAI_API_KEY, GEMINI_API_KEY or ANTHROPIC_API_KEY connects a real one)"


def _url_option(url: str) -> str:
    return "" if url == "http://127.0.0.1:8000" else f" --url {url}"


def _this_program() -> str:
    """How a person in this folder would call this program again."""
    # What `make run` put on the PATH of this process is not on the PATH of another terminal.
    program = Path(sys.argv[0]).absolute()
    here = Path.cwd()
    return str(program.relative_to(here)) if program.is_relative_to(here) else "chatkit-backend"
