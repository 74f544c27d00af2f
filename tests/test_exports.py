"""The front door: its names, and what opening it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chatkit_backend


def test_the_names_of_the_front_door() -> None:
    assert chatkit_backend.__all__ == [
        "ActionTurn",
        "Actions",
        "ChatParts",
        "ChatServer",
        "FoundChunk",
        "HistoryConverter",
        "PageContext",
        "Profile",
        "RequestContext",
        "Settings",
        "TurnContext",
        "User",
        "create_app",
        "load_settings",
        "open_document_search",
        "search_chunks",
    ]


@pytest.mark.parametrize("name", chatkit_backend.__all__)
def test_every_name_can_be_had(name: str) -> None:
    assert getattr(chatkit_backend, name).__name__ == name


def test_another_name_cannot() -> None:
    with pytest.raises(AttributeError):
        chatkit_backend.nothing_of_the_kind  # noqa: B018 - looking it up is the point


@pytest.mark.parametrize("module", ["chatkit_backend", "chatkit_backend.cli.main"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    # The agents SDK alone takes two seconds, which `--help` must not wait for.
    heavy = {"agents", "chatkit", "openai", "fastapi", "sqlalchemy", "pydantic", "httpx2"}
    heavy |= {"markitdown", "semantic_text_splitter", "pathspec", "yaml", "watchfiles"}
    program = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)  # noqa: S603
    assert loaded.stdout.split() == []
