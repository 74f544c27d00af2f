"""Attached files as a model is shown them in a turn: pictures, PDFs, the text in them, or words."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from chatkit.types import Attachment, UserMessageItem
from openai.types.responses import (
    ResponseInputContentParam,
    ResponseInputFileParam,
    ResponseInputImageParam,
)

from chatkit_backend.chat.files import file_words
from chatkit_backend.chat.files.readable_files import ReadableFiles, ReadText, Unreadable
from chatkit_backend.chat.tokens import PICTURE_TOKENS, pdf_tokens
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import FilesUnavailable, InvalidRequest, NotFound
from chatkit_backend.files.pictures import Picture
from chatkit_backend.models.abilities import Abilities, abilities
from chatkit_backend.retrieval.attached import PLAIN, Kind, kind_of_file

_log = structlog.get_logger(__name__)

# Of the whole conversation, the newest. Ten are what a message may have.
_MOST_PICTURES: Final = 10
# Base64 makes a third more of them, and OpenAI takes 50 MB in a request.
_MOST_PDF_BYTES: Final = 25_000_000
# Somebody waits for the answer.
_SECONDS: Final = 30.0

_ENCRYPTED: Final = re.compile(rb"/Encrypt\b")


@dataclass(frozen=True, slots=True)
class AttachedFiles:
    """How models are shown attached files.

    Attributes:
        files: What can be shown of them.
        models: Which answer, as `provider/model`, fallbacks included.
        tokens: How much text of files is shown of a message.
        earlier_tokens: How much is shown of the files of all earlier messages: text, pictures and
            PDFs. Less than the history may have, so that what was said is not crowded out.
        seconds: How long documents may be converted in a turn.
    """

    files: ReadableFiles
    models: tuple[str, ...]
    tokens: int
    earlier_tokens: int
    seconds: float = _SECONDS

    def turn(self, context: RequestContext, models: Sequence[str] | None = None) -> FilesOfTurn:
        """The files of one turn.

        Args:
            context: Who asks.
            models: Which answer in this turn; None for those of every turn.
        """
        return FilesOfTurn(self, context, abilities(models or self.models))


@dataclass(slots=True)
class FilesOfTurn:
    """The files of one turn; messages come newest first, and the newest files win.

    Attributes:
        attached: Makes of files what can be shown.
        context: Who asks.
        able: What the models of the turn take.
    """

    attached: AttachedFiles
    context: RequestContext
    able: Abilities
    _messages: int = 0
    _pictures: int = 0
    _pdf_bytes: int = 0
    _text_left: int = 0
    _texts_to_come: int = 0
    _earlier_left: int = field(init=False)
    _seconds_left: float = field(init=False)

    def __post_init__(self) -> None:
        self._earlier_left = self.attached.earlier_tokens
        self._seconds_left = self.attached.seconds

    def begin(self, message: UserMessageItem) -> None:
        """Go on to the next message, which is older than those before."""
        self._messages += 1
        self._text_left = self.attached.tokens
        self._texts_to_come = sum(not _is_picture(file) for file in message.attachments)

    async def part(self, attachment: Attachment) -> ResponseInputContentParam:
        """An attached file as a part of its message."""
        try:
            if _is_picture(attachment):
                return await self._picture(attachment)
            return await self._document(attachment)
        except (NotFound, InvalidRequest, FilesUnavailable) as error:
            _log.warning(
                "attachment cannot be read", attachment_id=attachment.id, reason=str(error)
            )
            return file_words.unreadable(attachment)

    async def generated(self, image_id: str) -> ResponseInputContentParam | None:
        """A generated image, where the model can see and it still is there."""
        if not self.able.sees or not self._take_picture():
            return None
        try:
            made = await self.attached.files.picture(self.context.user.id, image_id)
        except (NotFound, InvalidRequest, FilesUnavailable) as error:
            _log.warning("generated image cannot be read", image_id=image_id, reason=str(error))
            return None
        return _image_input(made) if isinstance(made, Picture) else None

    async def _picture(self, attachment: Attachment) -> ResponseInputContentParam:
        if not self.able.sees:
            return file_words.unseen(attachment)
        if not self._take_picture():
            return file_words.left_out(attachment)
        made = await self.attached.files.picture(self.context.user.id, attachment.id)
        if isinstance(made, Unreadable):
            return file_words.unreadable(attachment, made.reason)
        return _image_input(made)

    def _take_picture(self) -> bool:
        if self._pictures >= _MOST_PICTURES or not self._spend(PICTURE_TOKENS):
            return False
        self._pictures += 1
        return True

    async def _document(self, attachment: Attachment) -> ResponseInputContentParam:
        kind = kind_of_file(attachment.mime_type, attachment.name)
        file = await self._pdf(attachment) if kind == "pdf" and self.able.reads_pdf else None
        share = self._text_left // max(1, self._texts_to_come)
        self._texts_to_come -= 1
        if file is not None:
            return file
        if not self._is_current:
            share = min(share, self._earlier_left)
        if share == 0:
            return file_words.left_out(attachment)
        return await self._text(attachment, kind, share)

    async def _pdf(self, attachment: Attachment) -> ResponseInputContentParam | None:
        """A PDF as it is; None where it does not fit, or a provider would refuse it."""
        owner_id, files = self.context.user.id, self.attached.files
        size = await files.size(owner_id, attachment.id)
        fits = self._pdf_bytes + size <= _MOST_PDF_BYTES and self._could_spend(pdf_tokens(size))
        if not fits or not _is_sound_pdf(content := await files.as_it_is(owner_id, attachment.id)):
            return None
        self._spend(pdf_tokens(size))
        self._pdf_bytes += size
        return ResponseInputFileParam(
            type="input_file",
            filename=attachment.name,
            file_data=_data_url("application/pdf", content),
        )

    async def _text(
        self, attachment: Attachment, kind: Kind, share: int
    ) -> ResponseInputContentParam:
        try:
            read = await self._read(attachment, kind)
        except TimeoutError:
            return file_words.unreadable(attachment, "could not be read in time")
        if isinstance(read, Unreadable):
            return file_words.unreadable(attachment, read.reason)
        shown = file_words.text_within(read.beginning, share)
        tokens = file_words.sent_tokens(shown)
        self._text_left -= tokens
        self._spend(tokens)
        return file_words.as_text(attachment, shown, _missing(read, shown))

    async def _read(self, attachment: Attachment, kind: Kind) -> ReadText | Unreadable:
        reading = self.attached.files.text(self.context.user.id, attachment.id, kind)
        if kind in PLAIN:
            return await reading
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds_left):
                return await reading
        finally:
            self._seconds_left -= time.monotonic() - began

    @property
    def _is_current(self) -> bool:
        """Whether what is asked for belongs to the message that is being answered."""
        return self._messages <= 1

    def _could_spend(self, tokens: int) -> bool:
        return self._is_current or tokens <= self._earlier_left

    def _spend(self, tokens: int) -> bool:
        if not self._could_spend(tokens):
            return False
        if not self._is_current:
            self._earlier_left -= tokens
        return True


def _is_picture(attachment: Attachment) -> bool:
    media_type = attachment.mime_type.lower()
    return media_type.startswith("image/") and not media_type.startswith("image/svg")


def _is_sound_pdf(content: bytes) -> bool:
    """Whether a provider will take it: one that it refuses would leave the message unanswered."""
    # Readers look for these in the first and the last kilobyte, and so do we.
    complete = b"%PDF-" in content[:1024] and b"startxref" in content[-1024:]
    return complete and not _ENCRYPTED.search(content)


def _missing(read: ReadText, shown: str) -> str | None:
    more = read.more + len(read.beginning) - len(shown)
    if not read.whole:
        return f"more than {more:,} characters after this are not shown"
    return f"{more:,} characters after this are not shown" if more else None


def _image_input(made: Picture) -> ResponseInputContentParam:
    return ResponseInputImageParam(
        type="input_image", detail="auto", image_url=_data_url(made.media_type, made.content)
    )


def _data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
