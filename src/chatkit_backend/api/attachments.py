"""`/api/chatkit/attachments`: files come in, go out, and are shown as small pictures.

An upload that was announced and a preview each need nothing but their signed address; everything
else needs who is asking. No file is ever shown as a page of this server: what users
upload is handed out to be saved, and pictures are made anew before they are shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from chatkit_backend.api.dependencies import (
    CurrentIdentity,
    context_of,
    current_identity,
)
from chatkit_backend.api.multipart import form_file
from chatkit_backend.api.services import CurrentServices, Services, attachments_of
from chatkit_backend.auth.signed_addresses import Purpose, SignedAddress
from chatkit_backend.chat.files.uploads import is_media_type
from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import InvalidRequest, UnsupportedType
from chatkit_backend.store.addresses import FILES_PATH

router = APIRouter(prefix=FILES_PATH)

_ONE: Final = "/{attachment_id}"

# In a composer or a message, on a screen with two pixels to a point; and as wide as a page.
_PREVIEW_PIXELS: Final = 512
_IMAGE_PIXELS: Final = 2_048
# Of a client that sends nothing, the connection is lost; none needs so long to send a piece.
_SILENCE_SECONDS: Final = 60.0

# Of these a browser might run what stands in them, if all else failed.
_ACTIVE: Final = ("html", "xml", "svg", "javascript", "ecmascript", "flash", "multipart")
_HARMLESS: Final = {
    "X-Content-Type-Options": "nosniff",
    # Without scripts, forms or an origin, should a browser show it after all.
    "Content-Security-Policy": "sandbox; default-src 'none'",
    # A page that isolates itself may show it, too: who has the address may.
    "Cross-Origin-Resource-Policy": "cross-origin",
}

# If it were kept, whoever signs in next in this browser could see it, too.
_NOT_KEPT: Final = "no-store"


async def signed_address(
    attachment_id: str, request: Request, services: Services, *purposes: Purpose
) -> SignedAddress:
    """What the address of the request says.

    Raises:
        Forbidden: It was not signed for this, or has ended.
        TooManyRequests: Its user sends too many.
    """
    address = services.addresses.verify(request.query_params, attachment_id, *purposes)
    await services.limits.count_request(address.owner_id)
    return address


async def received(request: Request) -> AsyncIterator[bytes]:
    """The body of the request, piece by piece, as long as the client sends it.

    Raises:
        InvalidRequest: The connection is lost.
    """
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout(_SILENCE_SECONDS):
                piece = await anext(pieces, None)
        except (ClientDisconnect, TimeoutError):
            raise InvalidRequest("The upload breaks off. Send it again.") from None
        if piece is None:
            return
        yield piece


@router.post("", summary="Upload a file")
async def upload_file(
    request: Request, services: CurrentServices, identity: CurrentIdentity
) -> Response:
    """Takes the file in the field `file` of a form, and answers with the attachment.

    Raises:
        Forbidden: The session allows no uploads.
        InvalidRequest: The body is no form with one file, or the file is empty.
        BodyTooLarge: The file is too large.
        UnsupportedType: Files of its type are not taken, or it is of another type.
        NotSupported: This server takes no attachments.
    """
    attachments = attachments_of(services)
    context = context_of(request, identity, {})
    attachments.limits.require_size(0, context)
    body = received(request)
    file = await form_file(request.headers.get("content-type"), body)
    try:
        attachment = await attachments.add(file.name, file.media_type, file.content, context)
    except UnsupportedType:
        await _read_on(body, attachments.limits.max_bytes)
        raise
    # As the SDK answers `attachments.create`.
    shown = attachment.model_dump_json(
        by_alias=True, exclude_none=True, context={"exclude_metadata": True}
    )
    return Response(shown, media_type="application/json")


@router.put(_ONE, summary="Upload a file that was announced", status_code=204)
async def upload_announced_file(
    attachment_id: str, request: Request, services: CurrentServices
) -> Response:
    """Takes the bytes of an attachment, at the address that `attachments.create` gave.

    Raises:
        Forbidden: The address is wrong or has ended.
        NotFound: The attachment was deleted meanwhile.
        Conflict: Its bytes are there already.
        InvalidRequest: There are fewer bytes than were announced.
        BodyTooLarge: There are more.
        UnsupportedType: They are of another type.
        NotSupported: This server takes no attachments.
    """
    attachments = attachments_of(services)
    address = await signed_address(attachment_id, request, services, "upload")
    context = RequestContext(user=User(address.owner_id))
    body = received(request)
    try:
        await attachments.receive(attachment_id, _length(request), body, context)
    except UnsupportedType:
        await _read_on(body, attachments.limits.max_bytes)
        raise
    return Response(status_code=204)


@router.get(_ONE, summary="Download a file")
async def download_file(
    attachment_id: str, request: Request, services: CurrentServices, identity: CurrentIdentity
) -> Response:
    """The file as it was uploaded, to be saved.

    Raises:
        NotSignedIn: Nobody is known to ask.
        NotFound: There is no such file.
    """
    context = context_of(request, identity, {})
    file = await services.attachment_files.open(attachment_id, context)
    headers = {
        **_HARMLESS,
        "Cache-Control": _NOT_KEPT,
        "Content-Disposition": _to_be_saved(file.name),
        "Content-Length": str(file.size),
    }
    return StreamingResponse(
        file.content, headers=headers, media_type=_harmless_type(file.media_type)
    )


@router.get(f"{_ONE}/preview", summary="Look at a picture")
async def preview_file(attachment_id: str, request: Request, services: CurrentServices) -> Response:
    """A picture, made anew: small, upright, and without what a camera writes into it.

    Raises:
        Forbidden: The address is wrong or has ended.
        NotSignedIn: It is not signed, and nobody is known to ask.
        NotFound: There is no such file.
        UnsupportedType: The file is no picture.
    """
    context, kept = await _asker_of_preview(attachment_id, request, services)
    large = request.query_params.get("purpose") == "image"
    pixels = _IMAGE_PIXELS if large else _PREVIEW_PIXELS
    shown = await services.attachment_files.picture(attachment_id, pixels, context)
    return Response(
        shown.content, headers={**_HARMLESS, "Cache-Control": kept}, media_type=shown.media_type
    )


async def _asker_of_preview(
    attachment_id: str, request: Request, services: Services
) -> tuple[RequestContext, str]:
    """Who asks for a picture, and how long the answer may be kept.

    Without a signature it is whoever the credentials belong to.
    """
    if "signature" in request.query_params:
        address = await signed_address(attachment_id, request, services, "preview", "image")
        # The bytes of an attachment never change; only who may see them does.
        kept = f"private, max-age={address.expires_in}, immutable"
        return RequestContext(user=User(address.owner_id)), kept
    return context_of(request, await current_identity(request, services), {}), _NOT_KEPT


async def _read_on(body: AsyncIterator[bytes], most: int) -> None:
    """Read the rest of a file that is refused.

    A connection that is closed while a browser sends takes the refusal with it, and the page sees
    nothing but a network error.
    """
    with suppress(InvalidRequest):  # it broke off; there is nobody to be told any more
        async for piece in body:
            most -= len(piece)
            if most < 0:
                return


def _length(request: Request) -> int | None:
    said = request.headers.get("content-length", "")
    return int(said) if said.isdecimal() else None


def _harmless_type(media_type: str) -> str:
    plain = media_type.partition(";")[0].strip().lower()
    if not is_media_type(plain) or any(word in plain for word in _ACTIVE):
        return "application/octet-stream"
    return plain


def _to_be_saved(name: str) -> str:
    """The Content-Disposition of a file (RFC 6266), with the name in ASCII for old clients."""
    ascii_name = name.encode("ascii", "replace").decode().replace("\\", "_").replace('"', "_")
    # Clients decode it where they should not.
    plain = "".join(c if c.isprintable() else "_" for c in ascii_name).replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
