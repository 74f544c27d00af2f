"""`GET /api/chatkit/config`: what this server offers a page."""

from __future__ import annotations

from fastapi import APIRouter, Response

from chatkit_backend.api.services import CurrentServices

router = APIRouter()

# It changes with a restart only, and a page that is loaded again and again need not ask each time.
_HEADERS = {"Cache-Control": "public, max-age=60"}


@router.get("/api/chatkit/config", summary="What does this server offer a page?")
async def page_config(services: CurrentServices) -> Response:
    """Answers with JSON, to anybody: a page asks before its user has signed in."""
    document = services.page_config.json_text()
    return Response(document, media_type="application/json", headers=_HEADERS)
