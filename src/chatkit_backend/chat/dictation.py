"""What a user dictates: a recording in, its words out, and nothing kept."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass
from typing import Final, get_args

import structlog
from chatkit.types import AudioInput, InputTranscribeParams, TranscriptionResult

from chatkit_backend.errors import BodyTooLarge, InvalidRequest, ModelError
from chatkit_backend.models.failures import detail
from chatkit_backend.models.recordings import MediaType, least_seconds, media_type_of
from chatkit_backend.models.transcription import Transcriber

_log = structlog.get_logger(__name__)

_MEDIA_TYPES: Final = get_args(MediaType)
_AUDIO: Final = "params.audio_base64"
_TYPE: Final = "params.mime_type"


@dataclass(frozen=True, slots=True)
class RecordingLimits:
    """What a recording may be.

    Attributes:
        max_bytes: Largest one.
        max_seconds: Longest one.
    """

    max_bytes: int = 10_000_000
    max_seconds: int = 300


async def checked_recording(params: InputTranscribeParams, limits: RecordingLimits) -> AudioInput:
    """The recording of an operation, looked at before anything is paid for it.

    The SDK's own decoding skips whatever is no base64, and makes another recording of the rest.

    Args:
        params: Of the operation.
        limits: What it may be. One that does not say how long it is may be as long as its bytes
            last.

    Raises:
        InvalidRequest: It is no base64, empty, or no format that browsers record.
        BodyTooLarge: It is over a limit.
    """
    # Megabytes of work, during which the answers of others go on.
    return await asyncio.to_thread(_checked, params, limits)


async def transcribed(audio: AudioInput, transcriber: Transcriber) -> TranscriptionResult:
    """What is said in a recording.

    Args:
        audio: As `checked_recording` gave it.
        transcriber: Writes it down.

    Raises:
        ModelError: The model gave no text; the reason is in the log.
        InvalidRequest: It is no format that browsers record.
    """
    try:
        # Its own bytes count: a wrong name would make the provider refuse it.
        text = await transcriber.transcribe(audio.data, _format_of(audio.data))
    except ModelError as error:
        said = detail(error.__cause__) if isinstance(error.__cause__, Exception) else {}
        _log.error("transcription failed", told=error.message, **said)
        raise
    return TranscriptionResult(text=text)


def _checked(params: InputTranscribeParams, limits: RecordingLimits) -> AudioInput:
    audio = AudioInput(data=b"", mime_type=params.mime_type)
    if audio.media_type.strip().lower() not in _MEDIA_TYPES:
        raise InvalidRequest(
            f"{_TYPE}: {audio.media_type[:100]!r} is none of {', '.join(_MEDIA_TYPES)}.",
            field=_TYPE,
        )
    audio.data = _decoded(params.audio_base64, limits.max_bytes)
    _format_of(audio.data)
    if least_seconds(audio.data) > limits.max_seconds:
        raise BodyTooLarge(
            f"{_AUDIO}: the recording is longer than {limits.max_seconds} seconds. "
            "CHATKIT_TRANSCRIPTION_MAX_SECONDS sets the limit.",
            field=_AUDIO,
        )
    return audio


def _decoded(text: str, max_bytes: int) -> bytes:
    # 4 letters for 3 bytes; measured before anything that large is made of it.
    if len(text) // 4 * 3 > max_bytes + 2:
        raise _too_large(max_bytes)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest(f"{_AUDIO}: this is no base64.", field=_AUDIO) from None
    if not data:
        raise InvalidRequest(f"{_AUDIO}: the recording is empty.", field=_AUDIO)
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data


def _format_of(recording: bytes) -> MediaType:
    media_type = media_type_of(recording)
    if media_type is None:
        raise InvalidRequest(
            f"{_AUDIO}: this does not begin as WebM, Ogg or MP4 does. Send a whole recording, as "
            "MediaRecorder makes it.",
            field=_AUDIO,
        )
    return media_type


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"{_AUDIO}: the recording is larger than {max_bytes} bytes. "
        "CHATKIT_TRANSCRIPTION_MAX_BYTES sets the limit.",
        field=_AUDIO,
    )
