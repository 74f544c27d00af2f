"""Texts to vectors: what providers are sent, and what is made of their answers and failures."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chatkit_backend.errors import EmbeddingsUnavailable, SettingsError
from chatkit_backend.models import embeddings
from chatkit_backend.models.credentials import CallLimits, Credentials
from chatkit_backend.models.embeddings import DOCUMENT_RETRIES, EmbeddingModel, open_embeddings
from tests.models.embedding_server import EmbeddingServer, Entries, Reply, unit

QUICK = CallLimits(connect_timeout_seconds=2, read_timeout_seconds=2, retries=0)
KEY = "secret/KEY+that-has-no-telling-shape"
FOREIGN = ["gemini/x", "ollama/x", "openai-compatible/x"]
EVERY = ["openai/x", *FOREIGN]
Open = Callable[..., EmbeddingModel]


class Clock:
    """A monotonic clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running_server() -> Iterator[EmbeddingServer]:
    server = EmbeddingServer()
    with server.served():
        yield server


@pytest.fixture
def server(running_server: EmbeddingServer) -> EmbeddingServer:
    running_server.reset()
    return running_server


@pytest.fixture
async def opened(server: EmbeddingServer) -> AsyncIterator[Open]:
    """Opens models by name on the server."""
    models: list[EmbeddingModel] = []

    def open_by_name(name: str, limits: CallLimits = QUICK, **options: Any) -> EmbeddingModel:
        models.append(open_embeddings(name, _credentials(server.url), limits, **options))
        return models[-1]

    yield open_by_name
    for model in models:
        await model.close()


@pytest.fixture
def clock(model: EmbeddingModel) -> Clock:
    model._clock = clock = Clock()
    model._paused_until = clock.now
    return clock


@pytest.fixture
def model(opened: Open) -> EmbeddingModel:
    return opened("openai-compatible/x")


def _credentials(url: str) -> Credentials:
    return Credentials(
        openai_api_key=KEY,
        openai_base_url=url,
        gemini_api_key=KEY,
        gemini_base_url=url,
        ollama_base_url=url,
        openai_compatible_base_url=url,
        openai_compatible_api_key=KEY,
    )


def _refusal(status: int, message: str = "No.", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps({"error": {"message": message}}), named)


# What is sent


@pytest.mark.parametrize(
    ("name", "sent", "key"),
    [
        ("openai/text-embedding-x", ("text-embedding-x", "base64"), KEY),
        ("gemini/gemini-embedding-x", ("gemini-embedding-x", "float"), KEY),
        ("ollama/bge-m3:latest", ("bge-m3:latest", "float"), "no-key"),
        ("openai-compatible/BAAI/bge-m3", ("BAAI/bge-m3", "float"), KEY),
    ],
)
async def test_each_provider_is_asked_for_its_model_in_a_format_that_it_knows_with_its_key(
    opened: Open, server: EmbeddingServer, name: str, sent: tuple[str, str], key: str
) -> None:
    vectors = await opened(name).embed(["a", "b"])
    np.testing.assert_allclose(vectors, [unit("a"), unit("b")], rtol=1e-6)
    (request,) = server.requests
    assert request.path == "/v1/embeddings"
    assert (request.body["model"], request.body["encoding_format"]) == sent
    assert request.headers["authorization"] == f"Bearer {key}"


@pytest.mark.parametrize("name", EVERY)
async def test_a_vector_is_a_row_of_32_bit_floats_of_length_1(opened: Open, name: str) -> None:
    model = opened(name)
    rows, query = await model.embed(["a", "b", "c"]), await model.embed_query("a")
    assert (rows.dtype.name, rows.shape) == ("float32", (3, 4))
    assert (query.dtype.name, query.shape) == ("float32", (4,))
    np.testing.assert_allclose(np.linalg.norm([*rows, query], axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("name", EVERY)
async def test_dimensions_are_asked_for_only_when_they_are_set(
    opened: Open, server: EmbeddingServer, name: str
) -> None:
    plain, short = opened(name), opened(name, dimensions=3)
    assert (await plain.embed_query("a")).shape == (4,)
    assert (await short.embed_query("a")).shape == (3,)
    assert "dimensions" not in server.requests[0].body
    assert server.requests[1].body["dimensions"] == 3


def test_the_name_is_that_of_the_vector_space(opened: Open) -> None:
    assert opened(" openai/text-embedding-3-small ").name == "openai/text-embedding-3-small"
    assert opened("openai/x", dimensions=512).name == "openai/x@512"


@pytest.mark.parametrize("name", FOREIGN)
async def test_another_provider_is_told_nothing_of_openai(
    opened: Open, server: EmbeddingServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("API_KEY", "ORG_ID", "PROJECT_ID", "ADMIN_KEY"):
        monkeypatch.setenv(f"OPENAI_{variable}", "of-openai")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Proxy: of-openai")
    model = opened(name)
    await model.embed(["a"])
    await model.embed_query("a")
    headers = [value for request in server.requests for value in request.headers.values()]
    assert not [value for value in headers if "of-openai" in value]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("openai/x", [2_048, 2]),
        ("gemini/x", [100] * 20 + [50]),
        ("ollama/x", [10] * 205),
        ("openai-compatible/x", [10] * 205),
    ],
)
async def test_no_request_holds_more_texts_than_its_provider_takes(
    opened: Open, server: EmbeddingServer, name: str, sizes: list[int]
) -> None:
    texts = [f"{number:04}" for number in range(2_050)]
    vectors = await opened(name).embed(texts)
    assert [len(texts) for texts in server.inputs] == sizes
    np.testing.assert_allclose(vectors, [unit(text) for text in texts], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "sizes"), [("openai/x", [50, 10]), ("gemini/x", [16, 16, 16, 12])]
)
async def test_no_request_holds_more_bytes_than_its_provider_takes_tokens(
    opened: Open, server: EmbeddingServer, name: str, sizes: list[int]
) -> None:
    await opened(name).embed(["é" * 3_000] * 60)
    assert [len(texts) for texts in server.inputs] == sizes


@pytest.mark.parametrize(
    ("name", "kept"), [("openai/x", 8_000), ("gemini/x", 6_000), ("ollama/x", 8_000)]
)
async def test_a_text_too_long_is_cut_between_characters(
    opened: Open, server: EmbeddingServer, name: str, kept: int
) -> None:
    await opened(name).embed(["x" + "é" * 9_000])
    assert server.inputs == [["x" + "é" * (kept // 2 - 1)]]


@pytest.mark.parametrize(
    ("name", "kept"), [("openai/x", 8_000), ("gemini/x", 6_000), ("ollama/x", 2_000)]
)
async def test_a_query_too_long_is_cut(
    opened: Open, server: EmbeddingServer, name: str, kept: int
) -> None:
    await opened(name).embed_query("x" * 20_000)
    assert server.inputs == [["x" * kept]]


async def test_no_text_is_sent_empty_or_with_half_a_character(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    await model.embed(["", " \n", "half \ud83d"])
    assert server.inputs == [["-", "-", "half ?"]]


async def test_without_texts_nobody_is_asked(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    assert (await model.embed([])).shape == (0, 0)
    assert server.requests == []


# What is made of answers


def _shuffled(entries: Entries) -> Entries:
    return [entries[2], entries[0], entries[1]]


def _without_first_index(entries: Entries) -> Entries:
    return [{k: v for k, v in entry.items() if entry["index"] or k != "index"} for entry in entries]


def _without_indexes(entries: Entries) -> Entries:
    return [{"embedding": entry["embedding"]} for entry in entries]


@pytest.mark.parametrize("change", [_shuffled, _without_first_index, _without_indexes])
async def test_vectors_are_put_in_the_order_of_the_texts(
    model: EmbeddingModel, server: EmbeddingServer, change: Callable[[Entries], Entries]
) -> None:
    server.replies.append(Reply(change=change))
    vectors = await model.embed(["a", "b", "c"])
    np.testing.assert_allclose(vectors, [unit("a"), unit("b"), unit("c")], rtol=1e-6)


async def test_a_server_may_answer_openai_s_format_with_plain_numbers(
    opened: Open, server: EmbeddingServer
) -> None:
    server.replies.append(Reply(change=_all([3.0, 0.0, 4.0, 0.0])))
    vectors = await opened("openai/x").embed(["a"])
    assert server.requests[0].body["encoding_format"] == "base64"
    np.testing.assert_allclose(vectors, [[0.6, 0, 0.8, 0]], rtol=1e-6)


def _all(embedding: Any) -> Callable[[Entries], Entries]:
    return lambda entries: [{**entry, "embedding": embedding} for entry in entries]


def _last(embedding: Any) -> Callable[[Entries], Entries]:
    return lambda entries: [*entries[:-1], {**entries[-1], "embedding": embedding}]


MALFORMED = {
    "one too few": (Reply(change=lambda e: e[:1]), "1 vectors for 2 texts"),
    "one too many": (Reply(change=lambda e: [*e, e[0]]), "3 vectors for 2 texts"),
    "the same index twice": (Reply(change=lambda e: [e[1], e[1]]), "indexes"),
    "an index out of range": (Reply(change=lambda e: [e[0], {**e[1], "index": 2}]), "indexes"),
    "an index that is none": (Reply(change=lambda e: [e[0], {**e[1], "index": []}]), "is not what"),
    "not a number": (Reply(change=_last([1.0, float("nan"), 0, 0])), "no finite number"),
    "infinity": (Reply(change=_last([1.0, float("inf"), 0, 0])), "no finite number"),
    "a number too great": (Reply(change=_last([1e300, 1, 0, 0])), "no finite number"),
    "a huge integer": (Reply(change=_last([10**400, 1, 0, 0])), "is not what"),
    "null": (Reply(change=_last([None, 1, 0, 0])), "no finite number"),
    "zeros": (Reply(change=_last([0.0, 0, 0, 0])), "nothing but zeros"),
    "vectors of two lengths": (Reply(change=_last([1.0, 2.0])), "is not what"),
    "words": (Reply(change=_last(["one", "two", "three", "four"])), "is not what"),
    "an object": (Reply(change=_last({"values": [1]})), "is not what"),
    "lists in a list": (Reply(change=_all([[1.0, 2.0], [3.0, 4.0]])), "no lists of numbers"),
    "a number for a vector": (Reply(change=_all(1.0)), "no lists of numbers"),
    "empty vectors": (Reply(change=_all([])), "nothing but zeros"),
    "no base64": (Reply(change=_last("§§")), "is not what"),
    "torn base64": (Reply(change=_last("AAAA")), "is not what"),
    "no embedding": (Reply(change=lambda e: [e[0], {"index": 1}]), "is not what"),
    "no data": (Reply(body="{}"), "is not what"),
    "a list": (Reply(body="[]"), "is not what"),
    "data that is none": (Reply(body='{"data": 1}'), "is not what"),
    "a page": (Reply(body="<html>Hello</html>"), "is not what"),
    "no text": (Reply(body="\x00"), "is not what"),
}


@pytest.mark.parametrize(("reply", "said"), MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("name", ["openai/x", "ollama/x"])
async def test_a_malformed_answer_is_refused(
    opened: Open, server: EmbeddingServer, reply: Reply, said: str, name: str
) -> None:
    server.replies.append(reply)
    with pytest.raises(EmbeddingsUnavailable) as failed:
        await opened(name).embed(["a", "b"])
    message = failed.value.message
    assert message.startswith(f"The answer of the embedding model {name} cannot be used: ")
    assert said in message
    assert message.endswith(".")


async def test_batches_of_different_dimensions_are_refused(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    server.replies.extend([Reply(), Reply(change=_all([1.0, 2.0]))])
    with pytest.raises(EmbeddingsUnavailable, match="2 dimensions, but 4 came before"):
        await model.embed(["a"] * 11)


async def test_a_query_of_other_dimensions_than_the_documents_is_refused(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    await model.embed(["a"])
    server.replies.append(Reply(change=_all([1.0, 2.0])))
    with pytest.raises(EmbeddingsUnavailable, match="2 dimensions"):
        await model.embed_query("a")


async def test_dimensions_that_a_server_ignores_are_refused(
    opened: Open, server: EmbeddingServer
) -> None:
    server.replies.append(Reply(change=_all([1.0, 2.0])))
    with pytest.raises(EmbeddingsUnavailable, match="2 dimensions, but 3 were asked for"):
        await opened("ollama/x", dimensions=3).embed(["a"])


# Failures


async def test_documents_wait_for_as_long_as_a_rate_limit_says(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    server.replies.append(Reply(429, "{}", {"retry-after-ms": "", "retry-after": "1"}))
    started = time.monotonic()
    vectors = await model.embed(["a"])
    assert 1 <= time.monotonic() - started < 3
    np.testing.assert_allclose(vectors, [unit("a")], rtol=1e-6)


async def test_documents_are_tried_again_and_again_but_not_for_ever(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    server.replies.extend([_refusal(500)] * DOCUMENT_RETRIES)
    assert (await model.embed(["a"])).shape == (1, 4)
    server.requests.clear()
    server.always = _refusal(500)
    with pytest.raises(EmbeddingsUnavailable, match=r"refused with status 500: No\.$"):
        await model.embed(["a"])
    assert len(server.requests) == 1 + DOCUMENT_RETRIES


async def test_more_retries_than_that_can_be_asked_for(
    opened: Open, server: EmbeddingServer
) -> None:
    server.replies.extend([_refusal(500)] * 7)
    await opened("ollama/x", limits=CallLimits(retries=7)).embed(["a"])
    assert len(server.requests) == 8


async def test_a_query_is_tried_again_once(model: EmbeddingModel, server: EmbeddingServer) -> None:
    server.replies.append(_refusal(503))
    await model.embed_query("a")
    server.always = _refusal(503)
    with pytest.raises(EmbeddingsUnavailable, match="status 503"):
        await model.embed_query("b")
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "reply", [Reply(delay=3), Reply(429, "{}", {"retry-after-ms": "5000"})], ids=["silent", "busy"]
)
async def test_a_query_is_given_up_soon(
    opened: Open,
    server: EmbeddingServer,
    reply: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert embeddings.QUERY_SECONDS == 3
    monkeypatch.setattr(embeddings, "QUERY_SECONDS", 0.3)
    server.always = reply
    started = time.monotonic()
    with pytest.raises(EmbeddingsUnavailable, match=r"ollama/x did not answer in time\.$"):
        await opened("ollama/x").embed_query("a")
    assert 0.3 <= time.monotonic() - started < 2


async def test_a_silent_provider_is_given_up_after_the_read_timeout(
    opened: Open, server: EmbeddingServer
) -> None:
    server.always = Reply(delay=3)
    model = opened("ollama/x", limits=CallLimits(read_timeout_seconds=0.1))
    model._client.max_retries = 0
    with pytest.raises(EmbeddingsUnavailable, match="did not answer in time"):
        await model.embed(["a"])


async def test_a_provider_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    model = open_embeddings("ollama/x", Credentials(ollama_base_url="http://127.0.0.1:9"))
    with pytest.raises(EmbeddingsUnavailable, match="ollama/x could not be reached: "):
        await model.embed_query("a")
    await model.close()


@pytest.mark.parametrize(
    ("key", "address"),
    [("sk-…", "http://127.0.0.1:9/v1"), ("k", "http://127.0.0.1:99999/v1"), ("k", "http:///v1")],
    ids=["key", "port", "host"],
)
async def test_a_key_or_address_that_cannot_be_used_is_a_failure_like_any_other(
    key: str, address: str
) -> None:
    given = Credentials(openai_api_key=key, openai_base_url=address)
    model = open_embeddings("openai/x", given)
    model._client.max_retries = 0
    for asking in (model.embed(["a"]), model.embed_query("a")):
        with pytest.raises(EmbeddingsUnavailable, match=r"^The embedding model openai/x could not"):
            await asking
    await model.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Model\n not   found."}}, "Model not found"),
        ([{"error": {"code": 400, "message": "API key not valid"}}], "API key not valid"),
        ({"error": "the input length exceeds the context length"}, "the input length exceeds"),
        ({"message": "batch size 64 > 32", "type": "Validation"}, "batch size 64 > 32"),
        ("no object", "no object"),
        (["words"], "words"),
        ({"error": {"message": "x" * 9_000}}, "x" * 500),
    ],
)
async def test_the_provider_s_reason_is_quoted(
    model: EmbeddingModel, server: EmbeddingServer, body: Any, said: str
) -> None:
    server.replies.append(Reply(400, json.dumps(body)))
    with pytest.raises(EmbeddingsUnavailable) as failed:
        await model.embed(["a"])
    opening = "The embedding model openai-compatible/x refused with status 400: "
    assert failed.value.message.startswith(opening + said)
    assert len(failed.value.message) < 600


@pytest.mark.parametrize("name", ["openai/x", "gemini/x", "openai-compatible/x"])
async def test_no_key_shows_in_a_message_a_traceback_a_representation_or_the_log(
    opened: Open, server: EmbeddingServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = opened(name)
    server.always = _refusal(401, f"Cannot use {KEY}, nor sk-other-key-1234.")
    with caplog.at_level(logging.DEBUG):
        for asking in (model.embed(["a"]), model.embed_query("a"), model.embed_query("paused")):
            with pytest.raises(EmbeddingsUnavailable) as failed:
                await asking
            shown = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
            assert "[redacted]" in failed.value.message
            assert KEY not in shown
            assert "sk-other" not in shown
    assert KEY not in caplog.text + repr(model) + str(vars(model))


# The pause after a failed query


@pytest.mark.parametrize(
    "reply",
    [_refusal(401), _refusal(500), Reply(body="{}")],
    ids=["credentials", "server", "malformed"],
)
async def test_after_a_failure_queries_fail_at_once_for_15_seconds(
    model: EmbeddingModel, server: EmbeddingServer, clock: Clock, reply: Reply
) -> None:
    server.always = reply
    with pytest.raises(EmbeddingsUnavailable) as first:
        await model.embed_query("a")
    server.reset()
    clock.now += 14.9
    with pytest.raises(EmbeddingsUnavailable) as second:
        await model.embed_query("b")
    assert second.value.message == f"{first.value.message} It is asked again in 0 seconds."
    assert server.requests == []
    clock.now += 0.2
    np.testing.assert_allclose(await model.embed_query("b"), unit("b"), rtol=1e-6)


async def test_a_timeout_pauses_too_and_a_failure_after_the_pause_pauses_again(
    model: EmbeddingModel, server: EmbeddingServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "QUERY_SECONDS", 0.1)
    server.always = Reply(delay=0.5)
    for calls in (1, 2):
        for _ in range(3):
            with pytest.raises(EmbeddingsUnavailable):
                await model.embed_query("a")
        assert len(server.requests) == calls
        clock.now += 15.1


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_text_that_is_refused_stops_no_other_query(
    model: EmbeddingModel, server: EmbeddingServer, status: int
) -> None:
    server.replies.append(_refusal(status))
    with pytest.raises(EmbeddingsUnavailable):
        await model.embed_query("a")
    assert (await model.embed_query("b")).shape == (4,)


@pytest.mark.usefixtures("clock")
async def test_a_pause_stops_neither_documents_nor_queries_that_are_known(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    await model.embed_query("known")
    server.replies.append(_refusal(401))
    with pytest.raises(EmbeddingsUnavailable):
        await model.embed_query("a")
    assert (await model.embed_query("known")).shape == (4,)
    assert (await model.embed(["a"])).shape == (1, 4)


# The cache


async def test_a_query_is_asked_once_and_its_vector_cannot_be_changed(
    model: EmbeddingModel, server: EmbeddingServer
) -> None:
    first = await model.embed_query("a")
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 9
    np.testing.assert_array_equal(await model.embed_query("a"), first)
    assert len(server.requests) == 1


async def test_the_queries_used_least_recently_are_forgotten(
    opened: Open, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "CACHED_QUERIES", 2)
    model = opened("ollama/x")
    for text in ("a", "b", "a", "c", "a", "b"):
        await model.embed_query(text)
    assert server.inputs == [["a"], ["b"], ["c"], ["b"]]


# Opening and closing


async def test_a_closed_model_calls_nobody(model: EmbeddingModel, server: EmbeddingServer) -> None:
    await model.embed_query("a")
    await model.close()
    assert model._client.is_closed()
    with pytest.raises(EmbeddingsUnavailable):
        await model.embed_query("b")
    assert len(server.requests) == 1


async def test_an_ollama_address_without_a_path_gets_its_v1(server: EmbeddingServer) -> None:
    address = server.url.removesuffix("/v1")
    model = open_embeddings("ollama/x", Credentials(ollama_base_url=address))
    await model.embed(["a"])
    await model.close()
    assert server.requests[0].path == "/v1/embeddings"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("text-embedding-3-small", "write provider/model, such as openai/text-embedding-3-small"),
        ("mistral/x", "The providers are openai, gemini, ollama, openai-compatible."),
        ("", "names no known provider"),
        ("openai/", "names no model; write it as in openai/text-embedding-3-small"),
        ("openai/x", "set OPENAI_API_KEY"),
        ("gemini/x", "set GEMINI_API_KEY"),
        ("openai-compatible/x", "set OPENAI_COMPATIBLE_BASE_URL"),
        ("anthropic/x", "Anthropic has no embeddings; set openai/text-embedding-3-small, gemini/"),
        ("demo", "the demo model has no embeddings; set openai/"),
    ],
)
def test_a_bad_name_is_refused_with_the_setting_the_part_and_the_remedy(
    name: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        open_embeddings(name, Credentials(anthropic_api_key="k"))
    (sentence,) = refused.value.problems
    assert sentence.startswith(f"CHATKIT_EMBEDDING_MODEL: {name!r} ")
    assert remedy in sentence


def test_importing_it_does_not_load_the_agents_sdk() -> None:
    program = "import sys, chatkit_backend.models.embeddings; print('agents' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)  # noqa: S603
    assert loaded.stdout.split() == [b"False"]
