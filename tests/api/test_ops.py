"""What an orchestrator is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from chatkit_backend.app import create_app
from tests.chatting import Chat
from tests.conftest import Serve, SettingsFor


async def test_a_running_process_is_healthy_and_ready(serve: Serve) -> None:
    async with Chat(serve().url) as chat:
        assert (await chat.http.get("/healthz")).json() == {"status": "ok"}
        assert (await chat.http.get("/readyz")).json() == {"status": "ready"}


async def test_a_process_whose_database_is_gone_is_healthy_but_not_ready(
    serve: Serve, tmp_path: Path
) -> None:
    async with Chat(serve().url) as chat:
        for file in tmp_path.glob("chat.db*"):
            file.write_bytes(b"no database at all, sorry" * 100)
        ready = await chat.http.get("/readyz")
        assert (await chat.http.get("/healthz")).status_code == 200
        listed = await chat.post("threads.list")
    for response in (ready, listed):
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "database_unavailable"
        assert int(response.headers["retry-after"]) > 0


def test_a_mistake_of_ours_is_answered_500_with_a_number_to_find_it_by(
    settings_for: SettingsFor, caplog: pytest.LogCaptureFixture
) -> None:
    app: FastAPI = create_app(settings_for(cors_origins=("https://app.example.com",)))

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a detail that stays in the log")

    with TestClient(app) as client:
        response = client.get("/broken", headers={"Origin": "https://app.example.com"})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert "detail" not in response.text
    assert response.headers["access-control-allow-origin"] == "https://app.example.com"
