"""Which pages on other origins may talk to this server."""

from __future__ import annotations

from tests.chatting import Chat
from tests.conftest import Serve

PAGE = "https://app.example.com"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,authorization",
}


async def test_a_page_of_an_allowed_origin_may_send_operations(serve: Serve) -> None:
    async with Chat(serve(cors_origins=(PAGE,)).url) as chat:
        response = await chat.http.options("/api/chatkit", headers=PREFLIGHT)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == PAGE
    assert response.headers["access-control-allow-credentials"] == "true"


async def test_a_page_of_another_origin_may_not(serve: Serve) -> None:
    async with Chat(serve(cors_origins=("https://other.example.com",)).url) as chat:
        response = await chat.http.options("/api/chatkit", headers=PREFLIGHT)
    assert response.status_code == 400
    assert "access-control-allow-origin" not in response.headers


async def test_a_page_can_read_refusals_too(serve: Serve) -> None:
    # CORS is the outermost layer: errors made by any other layer carry its headers.
    async with Chat(serve(cors_origins=(PAGE,)).url, headers={"Origin": PAGE}) as chat:
        for response in (
            await chat.http.post("/api/chatkit", content=b"{"),
            await chat.post("threads.get_by_id", thread_id="thr_none"),
            await chat.http.get("/nowhere"),
        ):
            assert response.status_code >= 400
            assert response.headers["access-control-allow-origin"] == PAGE


async def test_a_foreign_page_cannot_chat_with_a_developers_server(serve: Serve) -> None:
    # A form post needs no preflight, so CORS alone would let it spend the developer's tokens.
    async with Chat(serve().url, headers={"Origin": "https://evil.example"}) as chat:
        response = await chat.post("threads.list")
    assert response.status_code == 403
    assert "CHATKIT_CORS_ORIGINS" in response.json()["error"]["message"]
