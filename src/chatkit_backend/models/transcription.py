"""Speech to text, over the transcriptions API that is OpenAI's and that others copy.

Opening a model makes a client, and never calls a provider.
"""

from __future__ import annotations

import json
from typing import Final

from openai import AsyncOpenAI

from chatkit_backend.errors import ModelError, SettingsError
from chatkit_backend.models import failures
from chatkit_backend.models.clients import foreign_client, openai_client
from chatkit_backend.models.credentials import CallLimits, Credentials
from chatkit_backend.models.endpoints import ModelSetting, endpoint, problem
from chatkit_backend.models.failures import Kind, kind_of
from chatkit_backend.models.recordings import MediaType

SETTING: Final = ModelSetting(
    variable="CHATKIT_TRANSCRIPTION_MODEL",
    examples={
        "openai": "openai/gpt-4o-mini-transcribe",
        "openai-compatible": "openai-compatible/Systran/faster-whisper-small",
    },
)

# Providers tell the format by the ending of the name.
_NAMES: Final[dict[MediaType, str]] = {
    "audio/webm": "recording.webm",
    "audio/ogg": "recording.ogg",
    "audio/mp4": "recording.mp4",
}

NOT_UNDERSTOOD: Final = Kind(
    "The recording could not be turned into text. Please record it again.", False
)
TOO_LARGE: Final = Kind(
    "The recording is too long for the model. Please record a shorter message.", False
)
# What the sentences about chats say in other words, because nothing was written yet.
_OF_RECORDINGS: Final = {
    failures.NOT_ACCEPTED: NOT_UNDERSTOOD,
    failures.DECLINED: NOT_UNDERSTOOD,
    failures.WITHHELD: NOT_UNDERSTOOD,
    failures.TOO_LONG: TOO_LARGE,
}


class Transcriber:
    """A model that writes down what is said; made by `open_transcriber`.

    Args:
        name: `provider/model`, such as `openai/gpt-4o-mini-transcribe`.
        client: Owned by the model, and closed with it.
    """

    def __init__(self, name: str, client: AsyncOpenAI) -> None:
        self.name = name
        self._model = name.partition("/")[2]
        self._client = client

    async def transcribe(self, recording: bytes, media_type: MediaType) -> str:
        """What is said in a recording; empty where nothing is.

        Args:
            recording: As a browser made it.
            media_type: What it is.

        Raises:
            ModelError: The model gave no text. The cause is what the provider or the network
                said, for the log alone.
        """
        try:
            # The raw answer, because the client makes an object of whatever comes.
            response = await self._client.audio.transcriptions.with_raw_response.create(
                file=(_NAMES[media_type], recording, media_type),
                model=self._model,
                response_format="json",
            )
        except Exception as error:
            # Whatever it is: an odd key or address makes the client raise more than its own errors.
            kind = kind_of(error)
            raise _failed(_OF_RECORDINGS.get(kind, kind)) from error
        return _text(response.content)

    async def close(self) -> None:
        """Closes the connections to the provider; the model is not usable afterwards."""
        await self._client.close()


def open_transcriber(
    name: str, credentials: Credentials, limits: CallLimits | None = None
) -> Transcriber:
    """The model to call; close it with `await model.close()`.

    Args:
        name: `provider/model`, of a provider with the transcriptions API.
        credentials: Keys and addresses.
        limits: Timeouts and retries of every call.

    Raises:
        SettingsError: The name cannot be used; one sentence with the remedy.
    """
    name = name.strip()
    if told := problem(name, SETTING, credentials):
        raise SettingsError(told)
    provider = name.partition("/")[0]
    called, limits = endpoint(provider, credentials), limits or CallLimits()
    client: AsyncOpenAI
    if provider == "openai":
        client = openai_client(called.base_url or "", called.api_key or "", limits)
    else:
        client = foreign_client(called.base_url or "", called.api_key, limits)
    return Transcriber(name, client)


def _text(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    text = answer.get("text") if isinstance(answer, dict) else None
    if not isinstance(text, str):
        raise _failed(failures.UNUSABLE)
    return text.strip()


def _failed(kind: Kind) -> ModelError:
    return ModelError(kind.message, allow_retry=kind.allow_retry)
