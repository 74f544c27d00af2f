"""What tells an orchestrator how the process is doing."""

from __future__ import annotations

from fastapi import APIRouter

from chatkit_backend.api.services import CurrentServices

router = APIRouter()


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Answers as long as the process can; asks nothing of the database."""
    return {"status": "ok"}


@router.get("/readyz", summary="Can requests be served?")
async def readyz(services: CurrentServices) -> dict[str, str]:
    """Answers 200 when the database can be read and written, else 503."""
    await services.check_database()
    return {"status": "ready"}
