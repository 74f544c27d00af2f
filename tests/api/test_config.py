"""`GET /api/chatkit/config`: for any page, without signing in."""

from __future__ import annotations

import importlib.metadata

import httpx2

from tests.chatting import Chat
from tests.conftest import Serve

SHARED = "a secret shared with the identity provider"


async def test_anybody_is_told_what_the_server_offers(serve: Serve) -> None:
    served = serve(
        auth=("bearer",),
        jwt_secret=SHARED,
        jwt_algorithms=("HS256",),
        greeting="Welcome",
        models=("demo=Demo",),
    )
    async with httpx2.AsyncClient(base_url=served.url) as page:
        response = await page.get("/api/chatkit/config")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "public, max-age=60"
    document = response.json()
    assert document["options"]["startScreen"] == {"greeting": "Welcome"}
    assert document["options"]["composer"]["models"] == [{"id": "demo", "label": "Demo"}]
    assert document["server"]["version"] == importlib.metadata.version("chatkit-backend")


async def test_a_page_of_an_allowed_origin_may_read_it(serve: Serve) -> None:
    origin = "https://app.example.com"
    async with Chat(serve(cors_origins=(origin,)).url, headers={"Origin": origin}) as chat:
        response = await chat.http.get("/api/chatkit/config")
    assert response.headers["access-control-allow-origin"] == origin
    assert "Origin" in response.headers["vary"]
