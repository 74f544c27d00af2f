"""`input.transcribe`: a recording in, its words out, within limits that hold for it alone."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import structlog
from chatkit.server import ChatKitServer
from chatkit.types import (
    AudioInput,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
)

from chatkit_backend.chat.server import ChatServer
from chatkit_backend.context import RequestContext
from tests.chatting import Chat, message
from tests.conftest import Serve
from tests.models.transcription_server import WORDS, Reply, TranscriptionServer, refusal
from tests.recordings import fragmented_mp4, mp4, ogg, webm

MODEL = "openai/gpt-4o-mini-transcribe"
SHORT = webm(2)
MOST = 100_000  # bytes of a recording in these tests


@pytest.fixture(scope="module")
def running_server() -> Iterator[TranscriptionServer]:
    server = TranscriptionServer()
    with server.served():
        yield server


@pytest.fixture
def server(running_server: TranscriptionServer) -> TranscriptionServer:
    running_server.reset()
    return running_server


@pytest.fixture
def settings(server: TranscriptionServer) -> dict[str, Any]:
    return {
        "transcription_model": MODEL,
        "transcription_max_bytes": MOST,
        "transcription_max_seconds": 10,
        "openai_base_url": server.url,
        "max_body_bytes": 20_000,
    }


@pytest.fixture
async def chat(serve: Serve, settings: dict[str, Any]) -> AsyncIterator[Chat]:
    async with Chat(serve(**settings).url) as client:
        yield client


def encoded(recording: bytes) -> str:
    return base64.b64encode(recording).decode()


async def dictate(
    chat: Chat, recording: bytes | str = SHORT, mime_type: str = "audio/webm;codecs=opus"
) -> httpx2.Response:
    text = recording if isinstance(recording, str) else encoded(recording)
    return await chat.post("input.transcribe", audio_base64=text, mime_type=mime_type)


@pytest.mark.parametrize(
    ("recording", "mime_type", "name"),
    [
        (SHORT, "audio/webm", "recording.webm"),
        (SHORT, "Audio/WebM; codecs=opus", "recording.webm"),
        (ogg(2), "audio/ogg;codecs=opus", "recording.ogg"),
        (mp4(2), "audio/mp4", "recording.mp4"),
        (fragmented_mp4(2), "audio/mp4;codecs=mp4a.40.2", "recording.mp4"),
        (mp4(2), "audio/webm", "recording.mp4"),  # named wrongly: its bytes count
    ],
)
async def test_what_is_said_comes_back(
    chat: Chat, server: TranscriptionServer, recording: bytes, mime_type: str, name: str
) -> None:
    response = await dictate(chat, recording, mime_type)
    assert (response.status_code, response.json()) == (200, {"text": WORDS})
    (request,) = server.requests
    assert (request.recording, request.name) == (recording, name)
    assert (await chat.ask("threads.list"))["data"] == []


async def test_silence_is_no_words(chat: Chat, server: TranscriptionServer) -> None:
    server.replies.append(Reply(body='{"text": " \\n"}'))
    assert (await dictate(chat)).json() == {"text": ""}


@pytest.mark.parametrize(
    ("recording", "mime_type", "blamed"),
    [
        ("", "audio/webm", ("params.audio_base64", "the recording is empty")),
        ("AAA", "audio/webm", ("params.audio_base64", "no base64")),
        ("*" + encoded(SHORT), "audio/webm", ("params.audio_base64", "no base64")),
        ("ä" * 8, "audio/webm", ("params.audio_base64", "no base64")),
        (b"RIFF\0\0\0\0WAVE", "audio/webm", ("params.audio_base64", "WebM, Ogg or MP4")),
        (SHORT, "audio/wav", ("params.mime_type", "'audio/wav' is none of audio/webm")),
        (SHORT, "", ("params.mime_type", "audio/ogg")),
    ],
)  # fmt: skip
async def test_what_is_no_recording_is_refused_with_the_field_before_it_costs_anything(
    chat: Chat,
    server: TranscriptionServer,
    recording: bytes | str,
    mime_type: str,
    blamed: tuple[str, str],
) -> None:
    field, words = blamed
    response = await dictate(chat, recording, mime_type)
    error = response.json()["error"]
    assert (response.status_code, error["field"]) == (400, field)
    assert words in error["message"]
    assert server.requests == []


@pytest.mark.parametrize(
    ("recording", "setting"),
    [
        (SHORT + b"\xec" * (MOST - len(SHORT) + 1), "CHATKIT_TRANSCRIPTION_MAX_BYTES"),
        (webm(11), "CHATKIT_TRANSCRIPTION_MAX_SECONDS"),
        (ogg(11), "CHATKIT_TRANSCRIPTION_MAX_SECONDS"),
        (fragmented_mp4(11), "CHATKIT_TRANSCRIPTION_MAX_SECONDS"),
        (mp4(11), "CHATKIT_TRANSCRIPTION_MAX_SECONDS"),
    ],
    ids=["bytes", "webm", "ogg", "fragments", "mp4"],
)
async def test_a_recording_over_a_limit_is_refused_with_the_setting(
    chat: Chat, server: TranscriptionServer, recording: bytes, setting: str
) -> None:
    response = await dictate(chat, recording)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (413, "body_too_large")
    assert error["field"] == "params.audio_base64"
    assert setting in error["message"]
    assert server.requests == []


async def test_a_recording_just_within_the_limit_may_be_larger_than_other_bodies(
    chat: Chat, server: TranscriptionServer
) -> None:
    largest = SHORT + b"\xec\x80" + b"\0" * (MOST - len(SHORT) - 2)
    assert (await dictate(chat, largest)).status_code == 200
    assert len(server.requests[0].recording) == MOST


@pytest.mark.parametrize("announced", [True, False], ids=["with-length", "chunked"])
@pytest.mark.parametrize("text", ["x" * 30_000, "input.transcribe" + "x" * 30_000])
async def test_no_other_operation_may_have_such_a_body(
    chat: Chat, announced: bool, text: str
) -> None:
    body = json.dumps(chat.body("threads.create", {"input": message(text)})).encode()

    async def parts() -> AsyncIterator[bytes]:
        yield body

    response = await chat.http.post("/api/chatkit", content=body if announced else parts())
    assert response.status_code == 413
    assert "20000 bytes" in response.json()["error"]["message"]
    assert (await chat.ask("threads.list"))["data"] == []


async def test_no_body_may_be_larger_than_a_recording(chat: Chat) -> None:
    response = await dictate(chat, "A" * (MOST * 4 // 3 + 10_000))
    assert response.status_code == 413


async def test_without_a_model_a_body_has_the_usual_limit_and_the_setting_is_named(
    serve: Serve, settings: dict[str, Any]
) -> None:
    async with Chat(serve(**settings | {"transcription_model": None}).url) as chat:
        refused = await dictate(chat)
        too_large = await dictate(chat, SHORT + b"\xec" * 30_000)
    assert refused.status_code == 501
    assert "CHATKIT_TRANSCRIPTION_MODEL" in refused.json()["error"]["message"]
    assert too_large.status_code == 413


@pytest.mark.parametrize(
    ("providers", "told"),
    [
        (503, (503, "model_unavailable", "5")),
        (401, (502, "model_error", None)),
        (400, (502, "model_error", None)),
    ],
)
async def test_a_model_that_fails_is_told_in_our_words_and_whether_to_try_again(
    chat: Chat, server: TranscriptionServer, providers: int, told: tuple[int, str, str | None]
) -> None:
    server.replies.append(refusal(providers, "Words of the provider"))
    response = await dictate(chat)
    code = response.json()["error"]["code"]
    assert (response.status_code, code, response.headers.get("retry-after")) == told
    assert "Words of the provider" not in response.text


async def test_the_log_says_what_failed_and_nothing_that_a_user_said(
    chat: Chat, server: TranscriptionServer
) -> None:
    server.replies.append(refusal(500, "Words of the provider"))
    with structlog.testing.capture_logs() as logged:
        await dictate(chat)
        await dictate(chat)
    (failure,) = [line for line in logged if line["event"] == "transcription failed"]
    assert (failure["status"], failure["error_message"]) == (500, "Words of the provider")
    assert WORDS not in str(logged)
    assert encoded(SHORT)[:40] not in str(logged)


async def test_it_counts_as_an_answer(serve: Serve, settings: dict[str, Any]) -> None:
    async with Chat(serve(turns_per_minute=2, **settings).url) as chat:
        statuses = [(await dictate(chat)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


class OwnEars(ChatServer):
    """A team's server with a speech model of its own."""

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        return TranscriptionResult(text=f" {len(audio_input.data)} bytes of {context.user.id} ")


class Deaf(ChatKitServer[RequestContext]):
    """A server that was written for the SDK alone."""

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        return
        yield


class TheirEars(Deaf):
    """One with a speech model of its own."""

    transcribe = OwnEars.transcribe


@pytest.mark.parametrize("name", ["OwnEars", "TheirEars"])
async def test_a_server_of_ones_own_may_listen_itself_within_the_same_limits(
    serve: Serve, settings: dict[str, Any], name: str
) -> None:
    own = {"agent": f"{__name__}:{name}", "transcription_model": None}
    async with Chat(serve(**settings | own).url, user="ada") as chat:
        assert (await dictate(chat)).json() == {"text": f"{len(SHORT)} bytes of ada"}
        assert (await dictate(chat, webm(11))).status_code == 413
        largest = SHORT + b"\xec\x80" + b"\0" * (MOST - len(SHORT) - 2)
        assert (await dictate(chat, largest)).status_code == 200
        told = (await chat.http.get("/api/chatkit/config")).json()
    assert told["options"]["composer"]["dictation"] == {"enabled": True}
    assert told["server"]["dictation"] == {"maxBytes": MOST, "maxSeconds": 10}


async def test_what_a_server_without_ears_is_sent_is_not_even_looked_at(
    serve: Serve, settings: dict[str, Any]
) -> None:
    own = {"agent": f"{__name__}:Deaf", "transcription_model": None}
    async with Chat(serve(**settings | own).url) as chat:
        assert (await dictate(chat, "no recording")).status_code == 501
        told = (await chat.http.get("/api/chatkit/config")).json()
    assert told["options"]["composer"]["dictation"] == {"enabled": False}
