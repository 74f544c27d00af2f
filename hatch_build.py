"""Builds the web component into the package, before hatchling packs or installs it.

Needs Node.js. Without it the package is built nevertheless: the API works, and the page says what
is missing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebComponent(BuildHookInterface):
    """Runs `npm ci` and the build of `web/`, where what is there is older than its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each build, editable ones too."""
        root = Path(self.root)
        script = root / "src/chatkit_backend/static/chatkit.js"
        if _is_current(script, root / "web"):
            return
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            _warn("Node.js is missing, so the chat page is not built; the API works without it.")
            return
        commands = [[npm, "run", "--silent", "build"]]
        if not _has_packages(root / "web"):
            commands.insert(0, [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"])
        for command in commands:
            done = subprocess.run(command, cwd=root / "web", check=False, stdout=sys.stderr)  # noqa: S603
            if done.returncode:
                # Somebody without a network still gets the API.
                _warn(f"`{' '.join(command[1:3])}` failed, so the chat page is not built.")
                return


def _is_current(script: Path, web: Path) -> bool:
    if not (web / "package.json").is_file():
        return True  # a source distribution brings what was built
    if not script.is_file():
        return False
    built = script.stat().st_mtime
    sources = [web / "package-lock.json", web / "build.mjs"]
    for folder in ("src", "page"):
        sources += [path for path in (web / folder).rglob("*") if path.is_file()]
    return all(path.stat().st_mtime <= built for path in sources)


def _has_packages(web: Path) -> bool:
    installed, locked = web / "node_modules/.package-lock.json", web / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= locked.stat().st_mtime


def _warn(message: str) -> None:
    print(f"chatkit-backend: {message}", file=sys.stderr)  # noqa: T201 - a build has no other way
