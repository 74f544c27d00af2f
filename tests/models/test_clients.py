"""The providers' HTTP clients: headers, timeouts, retries, tool calls, closing."""

from __future__ import annotations

import time

import openai
import pytest
from agents import Model, function_tool

from chatkit_backend.models.clients import ForeignClient
from chatkit_backend.models.credentials import CallLimits
from tests.models.asking import OpenModel, ask
from tests.provider import (
    Failure,
    Hang,
    Reasoning,
    ScriptedProvider,
    SlowFirstByte,
    Text,
    ToolCalls,
)

FOREIGN = ["gemini/x", "anthropic/x", "ollama/x", "openai-compatible/x"]


@pytest.fixture
def openai_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine that uses OpenAI may have set."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://openai.example/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-openai")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-openai")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-of-openai")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Proxy: of-openai\nAuthorization: of-openai")


@pytest.mark.usefixtures("openai_environment")
@pytest.mark.parametrize("name", FOREIGN)
async def test_another_provider_is_told_nothing_of_openai(
    opened: OpenModel, provider: ScriptedProvider, name: str
) -> None:
    await ask(opened(name))
    (request,) = provider.requests
    assert not [value for value in request.headers.values() if "of-openai" in value]
    assert "openai-organization" not in request.headers


@pytest.mark.usefixtures("openai_environment")
async def test_a_copy_of_such_a_client_is_told_nothing_of_openai_either(
    provider: ScriptedProvider,
) -> None:
    async with ForeignClient(api_key="k", base_url=provider.base_url) as client:
        await client.with_options(max_retries=0).models.list()
        headers = client.with_options(max_retries=0).default_headers
    assert not [value for value in headers.values() if "of-openai" in str(value)]


@pytest.mark.usefixtures("openai_environment")
async def test_openai_is_told_its_organisation(
    opened: OpenModel, provider: ScriptedProvider
) -> None:
    await ask(opened("openai/x"))
    assert provider.requests[0].headers["openai-organization"] == "org-of-openai"


@pytest.mark.parametrize("step", [SlowFirstByte(10), Hang(2)], ids=["first byte", "middle"])
async def test_a_silent_provider_is_given_up_after_the_read_timeout(
    opened: OpenModel, provider: ScriptedProvider, flavour: str, step: SlowFirstByte | Hang
) -> None:
    provider.script(step)
    started = time.monotonic()
    limits = CallLimits(connect_timeout_seconds=2, read_timeout_seconds=0.2, retries=0)
    asked = await ask(opened(flavour, limits=limits))
    assert isinstance(asked.error, openai.APITimeoutError)
    assert 0.2 <= time.monotonic() - started < 2
    assert await provider.requests[0].until_closed_early()


async def test_calls_that_fail_before_their_first_byte_are_tried_again(
    opened: OpenModel, provider: ScriptedProvider, flavour: str
) -> None:
    provider.script(Failure(429), Failure(500), Text("At last."))
    asked = await ask(opened(flavour, limits=CallLimits(retries=2)))
    assert asked.text == "At last."
    assert len(provider.requests) == 3


@pytest.mark.parametrize("retries", [0, 1])
async def test_retries_are_limited(
    opened: OpenModel, provider: ScriptedProvider, flavour: str, retries: int
) -> None:
    provider.script(*[Failure(500)] * 5)
    asked = await ask(opened(flavour, limits=CallLimits(retries=retries)))
    assert isinstance(asked.error, openai.InternalServerError)
    assert len(provider.requests) == retries + 1


async def test_tool_calls_are_run_and_their_outputs_sent_back(
    model: Model, provider: ScriptedProvider
) -> None:
    added = []

    @function_tool
    def add(a: int, b: int) -> int:
        added.append((a, b))
        return a + b

    calls = [("add", '{"a": 1, "b": 2}'), ("add", '{"a": 3, "b": 4}')]
    provider.script(ToolCalls(calls, text_before="Let me see."), Text("3 and 7."))
    asked = await ask(model, tools=[add])
    assert asked.text == "Let me see.3 and 7."
    assert sorted(added) == [(1, 2), (3, 4)]
    sent = str(provider.requests[1].body)
    assert all(output in sent for output in ("'3'", "'7'", "call_"))


async def test_reasoning_arrives_beside_the_answer(
    model: Model, provider: ScriptedProvider
) -> None:
    provider.script(Reasoning("Thinking hard.", "Done."))
    asked = await ask(model)
    assert asked.text == "Done."
    assert "response.reasoning_summary_text.delta" in asked.types


async def test_a_closed_model_calls_nobody(
    opened: OpenModel, provider: ScriptedProvider, flavour: str
) -> None:
    model = opened(flavour)
    await ask(model)
    await model.close()
    assert model._client.is_closed()  # type: ignore[attr-defined]
    assert (await ask(model)).error
    assert len(provider.requests) == 1
