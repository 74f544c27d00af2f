"""The chat page and the web component, from the wheel: nothing is loaded from anywhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from chatkit_backend.errors import NotFound

router = APIRouter(include_in_schema=False)

STATIC: Final = Path(__file__).parent.parent / "static"
_NOT_BUILT: Final = (
    "The chat page is not built: install Node.js 20 or newer, and then this package again. "
    "The API at /api/chatkit works without it."
)
# No script but the server's own; styles of the element are set through the object model. Pictures
# of messages come from this server, from memory, or from where a thread allows them.
_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' https: data: blob:; "
    "font-src 'self' https: data:; connect-src 'self' https:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_SAFE: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"


@router.get("/")
async def page() -> Response:
    """The chat page; in words what is missing where it was not built."""
    index = STATIC / "index.html"
    if not index.is_file():
        return PlainTextResponse(_NOT_BUILT, status_code=404)
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": _ASK_AGAIN, **_SAFE}
    return FileResponse(index, headers=headers)


@router.get("/chatkit.js")
async def script(request: Request) -> Response:
    """The script that defines the element `openai-chatkit`.

    Raises:
        NotFound: It was not built.
    """
    return await _file("chatkit.js", request, _ASK_AGAIN)


@router.get("/chatkit/{path:path}")
async def part(path: str, request: Request) -> Response:
    """A part that the script loads when it is needed.

    Raises:
        NotFound: There is no such part.
    """
    # The script asks for a part with the version that it was built with.
    kept = _FOR_GOOD if "v" in request.query_params else _ASK_AGAIN
    return await _file(f"chatkit/{path}", request, kept)


async def _file(path: str, request: Request, cache_control: str) -> Response:
    if not (STATIC / "chatkit.js").is_file():
        raise NotFound(_NOT_BUILT)
    response = await StaticFiles(directory=STATIC).get_response(path, request.scope)
    # Pages of other origins load it, as they did from a CDN.
    response.headers.update(
        {
            "Cache-Control": cache_control,
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            **_SAFE,
        }
    )
    return response
