"""Speech to text: what providers are sent, and what is made of their answers and failures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from chatkit_backend.errors import ModelError, SettingsError
from chatkit_backend.models import failures, transcription
from chatkit_backend.models.credentials import CallLimits, Credentials
from chatkit_backend.models.failures import Kind, detail
from chatkit_backend.models.recordings import MediaType
from chatkit_backend.models.transcription import Transcriber, open_transcriber
from tests.models.transcription_server import WORDS, Reply, TranscriptionServer, refusal
from tests.recordings import webm

KEY = "secret/KEY+that-has-no-telling-shape"
QUICK = CallLimits(connect_timeout_seconds=2, read_timeout_seconds=0.5, retries=0)
RECORDING = webm(2)
Open = Callable[..., Transcriber]


@pytest.fixture(scope="module")
def running_server() -> Iterator[TranscriptionServer]:
    server = TranscriptionServer()
    with server.served():
        yield server


@pytest.fixture
def server(running_server: TranscriptionServer) -> TranscriptionServer:
    running_server.reset()
    return running_server


def credentials(url: str) -> Credentials:
    return Credentials(
        openai_api_key=KEY,
        openai_base_url=url,
        openai_compatible_base_url=url,
        openai_compatible_api_key=KEY,
    )


@pytest.fixture
async def opened(server: TranscriptionServer) -> AsyncIterator[Open]:
    """Opens models by name on the server."""
    models: list[Transcriber] = []

    def open_by_name(name: str = "openai/x", limits: CallLimits = QUICK) -> Transcriber:
        models.append(open_transcriber(name, credentials(server.url), limits))
        return models[-1]

    yield open_by_name
    for model in models:
        await model.close()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe"),
        ("openai-compatible/Systran/faster-whisper-small", "Systran/faster-whisper-small"),
    ],
)
async def test_the_provider_gets_the_recording_and_the_name_of_the_model_and_nothing_else(
    opened: Open, server: TranscriptionServer, name: str, model: str
) -> None:
    assert await opened(name).transcribe(RECORDING, "audio/webm") == WORDS
    (request,) = server.requests
    assert request.fields == {"model": model, "response_format": "json"}
    assert request.recording == RECORDING
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("audio/webm", "recording.webm"),
        ("audio/ogg", "recording.ogg"),
        ("audio/mp4", "recording.mp4"),
    ],
)
async def test_the_name_of_the_file_tells_its_format(
    opened: Open, server: TranscriptionServer, media_type: MediaType, name: str
) -> None:
    await opened().transcribe(RECORDING, media_type)
    (request,) = server.requests
    assert (request.name, request.media_type) == (name, media_type)


async def test_another_server_gets_nothing_that_is_meant_for_openai(
    opened: Open, server: TranscriptionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_1")
    await opened("openai-compatible/x").transcribe(RECORDING, "audio/webm")
    sent = str(server.requests[0].headers)
    assert "org-1" not in sent
    assert "proj_1" not in sent


@pytest.mark.parametrize(
    ("body", "text"),
    [('{"text": "  Hi there.\\n"}', "Hi there."), ('{"text": ""}', ""), ('{"text": " \\n "}', "")],
)
async def test_the_space_around_the_words_is_cut_and_silence_is_no_words(
    opened: Open, server: TranscriptionServer, body: str, text: str
) -> None:
    server.replies.append(Reply(body=body))
    assert await opened().transcribe(RECORDING, "audio/webm") == text


@pytest.mark.parametrize("body", ["<html>", "{}", '{"text": null}', '"text"', "[1]", ""])
async def test_an_answer_without_text_cannot_be_used(
    opened: Open, server: TranscriptionServer, body: str
) -> None:
    server.replies.append(Reply(body=body))
    with pytest.raises(ModelError) as failed:
        await opened().transcribe(RECORDING, "audio/webm")
    assert failed.value.message == failures.UNUSABLE.message


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(401, f"Incorrect API key {KEY}", "invalid_api_key"), failures.BAD_CREDENTIALS),
        (refusal(404, "The model `x` does not exist", "model_not_found"), failures.UNKNOWN_MODEL),
        (refusal(429, "Slow down"), failures.RATE_LIMIT),
        (refusal(429, "No credit", "insufficient_quota"), failures.QUOTA),
        (refusal(400, "Audio file might be corrupted"), transcription.NOT_UNDERSTOOD),
        (refusal(413, "Maximum content size limit exceeded"), transcription.TOO_LARGE),
        (refusal(500, "Oops"), failures.SERVER_PROBLEM),
        (Reply(delay=1.0), failures.TIMEOUT),
    ],
    ids=lambda value: getattr(value, "message", "")[:20] or None,
)
async def test_a_failure_is_told_in_our_words_and_kept_for_the_log(
    opened: Open, server: TranscriptionServer, reply: Reply, kind: Kind
) -> None:
    server.replies.append(reply)
    with pytest.raises(ModelError) as failed:
        await opened().transcribe(RECORDING, "audio/webm")
    assert (failed.value.message, failed.value.allow_retry) == (kind.message, kind.allow_retry)
    assert isinstance(failed.value.__cause__, Exception)
    assert KEY not in str(detail(failed.value.__cause__))


async def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    model = open_transcriber("openai/x", credentials("http://127.0.0.1:9/v1"), QUICK)
    with pytest.raises(ModelError) as failed:
        await model.transcribe(RECORDING, "audio/webm")
    assert failed.value.message == failures.UNREACHABLE.message
    await model.close()


async def test_what_passes_is_tried_again_as_often_as_the_settings_say(
    opened: Open, server: TranscriptionServer
) -> None:
    server.replies.extend([refusal(503, "Busy")] * 2)
    model = opened(limits=CallLimits(retries=2))
    assert await model.transcribe(RECORDING, "audio/webm") == WORDS
    assert [request.recording for request in server.requests] == [RECORDING] * 3


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gemini/x", "The providers are openai, openai-compatible."),
        ("anthropic/x", "openai/gpt-4o-mini-transcribe"),
        ("whisper-1", "write provider/model"),
        ("openai/", "names no model"),
        ("openai/x", "set OPENAI_API_KEY"),
        ("openai-compatible/x", "set OPENAI_COMPATIBLE_BASE_URL"),
    ],
)
def test_a_name_that_cannot_be_used_is_told_with_the_remedy(name: str, told: str) -> None:
    with pytest.raises(SettingsError, match=r"^CHATKIT_TRANSCRIPTION_MODEL: ") as refused:
        open_transcriber(name, Credentials())
    assert told in str(refused.value)
