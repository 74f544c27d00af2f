"""Signed addresses of files: whoever holds one may do the one thing it is for, until it ends.

A browser loads a picture, and uploads to where it is told, without the page's credentials; so the
address itself is the credential. It says what it is for, whose the file is, and when it ends, under
an HMAC-SHA256 (RFC 2104).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, urlencode

from chatkit_backend.context import RequestContext
from chatkit_backend.errors import Forbidden
from chatkit_backend.store.addresses import FILES_PATH, placeholder

Purpose = Literal["upload", "preview", "image"]

# So long a client may take to begin; what has begun may finish.
UPLOAD_SECONDS: Final = 600
# An address is good for one to two of these, and the same for as long as one, so that browsers
# find in their caches what they have. A page that shows pictures may stay open for a day's work.
_PICTURE_SECONDS: Final = 43_200

_PARAMETERS: Final = ("purpose", "owner", "expires", "signature")
# Tells these signatures from whatever else the same key may ever sign.
_CONTEXT: Final = "chatkit-backend file address"


@dataclass(frozen=True, slots=True)
class SignedAddress:
    """What an address says that was signed here, and has not ended.

    Attributes:
        purpose: What it is for.
        owner_id: Whose file it leads to.
        expires_in: Seconds until it ends, more than 0.
    """

    purpose: Purpose
    owner_id: str
    expires_in: int


class SignedAddresses:
    """Makes addresses of files, and tells whether one was made here.

    Each method that makes one gives a placeholder that leads nowhere where the context does not
    tell how this server is reached.

    Args:
        key: What is signed with; the same on every replica.
        now: The clock, in seconds since 1970.
    """

    def __init__(self, key: bytes, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._now = now

    def upload_url(self, context: RequestContext, attachment_id: str) -> str:
        """Takes the bytes of an attachment (`PUT`), for ten minutes."""
        expires = int(self._now()) + UPLOAD_SECONDS
        return self._signed("upload", context, attachment_id, expires)

    def preview_url(self, context: RequestContext, attachment_id: str) -> str:
        """Shows a small picture of an attachment (`GET`), for 12 to 24 hours."""
        return self._signed("preview", context, attachment_id, self._end_of_picture())

    def image_url(self, context: RequestContext, attachment_id: str) -> str:
        """Shows an attachment as a large picture (`GET`), for 12 to 24 hours."""
        return self._signed("image", context, attachment_id, self._end_of_picture())

    def verify(
        self, query: Mapping[str, str], attachment_id: str, *purposes: Purpose
    ) -> SignedAddress:
        """What an address says.

        Args:
            query: The parameters of the address.
            attachment_id: The attachment in its path.
            purposes: What it may be for.

        Raises:
            Forbidden: It was not signed here for any of these, or has ended.
        """
        said, owner, expires, signature = (query.get(name, "") for name in _PARAMETERS)
        purpose = next((known for known in purposes if known == said), None)
        right = self._signature(said, attachment_id, owner, expires)
        # As bytes: it does not compare text that is not ASCII.
        if not hmac.compare_digest(signature.encode(errors="replace"), right.encode()):
            raise Forbidden("This address is not one that this server signed, or was changed.")
        if purpose is None:
            raise Forbidden(f"This address is good for another purpose ({said}).")
        left = int(expires) - self._now()
        if left <= 0:
            raise Forbidden("This address has ended. Ask for the thread or the attachment again.")
        return SignedAddress(purpose, _decoded(owner), int(left) + 1)

    def _signed(
        self, purpose: Purpose, context: RequestContext, attachment_id: str, expires: int
    ) -> str:
        if context.server_url is None:
            return placeholder(attachment_id)
        owner = _encoded(context.user.id)
        signature = self._signature(purpose, attachment_id, owner, str(expires))
        values = (purpose, owner, str(expires), signature)
        name = quote(attachment_id, safe="", errors="surrogatepass")
        last = "" if purpose == "upload" else "/preview"
        query = urlencode(dict(zip(_PARAMETERS, values, strict=True)))
        return f"{context.server_url}{FILES_PATH}/{name}{last}?{query}"

    def _signature(self, purpose: str, attachment_id: str, owner: str, expires: str) -> str:
        # As JSON: no two lists of values have the same.
        signed = json.dumps([_CONTEXT, purpose, attachment_id, owner, expires])
        digest = hmac.digest(self._key, signed.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _end_of_picture(self) -> int:
        return (int(self._now()) // _PICTURE_SECONDS + 2) * _PICTURE_SECONDS


def _encoded(owner_id: str) -> str:
    """An owner's id for an address: it may be an e-mail address, which nobody need read there."""
    as_bytes = owner_id.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(as_bytes).decode().rstrip("=")


def _decoded(owner: str) -> str:
    padded = owner + "=" * (-len(owner) % 4)
    return base64.urlsafe_b64decode(padded).decode("utf-8", "surrogatepass")
