"""The scripted provider keeps its promises to the tests that rely on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import openai
import pytest
from openai import AsyncOpenAI

from tests.provider import (
    DEFAULT_ANSWER,
    CutAfter,
    Failure,
    Hang,
    Messages,
    ScriptedProvider,
    SlowFirstByte,
    Text,
    ToolCalls,
)


@pytest.fixture
async def client(provider: ScriptedProvider) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key="k", base_url=provider.base_url, max_retries=0) as client:
        yield client


async def test_it_answers_in_the_order_of_its_script_and_then_plainly(
    provider: ScriptedProvider, client: AsyncOpenAI
) -> None:
    provider.script(Text("One."), lambda body: Text(f"You said {body['input']}."))
    texts = [(await client.responses.create(model="m", input=x)).output_text for x in "abc"]
    assert texts == ["One.", "You said b.", DEFAULT_ANSWER.text]
    assert [request.body["input"] for request in provider.requests] == ["a", "b", "c"]


async def test_item_ids_are_reused_on_purpose(
    provider: ScriptedProvider, client: AsyncOpenAI
) -> None:
    provider.script(Messages(["One.", "Two."]))
    response = await client.responses.create(model="m", input="x")
    assert [item.id for item in response.output] == ["msg_same", "msg_same"]


async def test_item_ids_can_be_its_own(provider: ScriptedProvider, client: AsyncOpenAI) -> None:
    provider.reset(same_ids=False)
    provider.script(Messages(["One.", "Two."]))
    response = await client.responses.create(model="m", input="x")
    assert len({item.id for item in response.output} | {response.id}) == 3


async def test_call_ids_are_never_reused(provider: ScriptedProvider, client: AsyncOpenAI) -> None:
    provider.script(ToolCalls([("a", "{}"), ("b", "{}")], ids=["mine"]), ToolCalls([("a", "{}")]))
    ids = []
    for _ in range(2):
        response = await client.responses.create(model="m", input="x")
        ids += [item.call_id for item in response.output if item.type == "function_call"]
    assert ids[0] == "mine"
    assert len(set(ids)) == 3


async def test_a_client_that_leaves_is_noticed(
    provider: ScriptedProvider, client: AsyncOpenAI
) -> None:
    provider.script(Hang(2), Text("Fine."))
    stream = await client.responses.create(model="m", input="x", stream=True)
    async for event in stream:
        if event.type == "response.output_text.delta":
            break
    assert not provider.requests[0].closed_early
    await stream.close()
    assert await provider.requests[0].until_closed_early()
    await client.responses.create(model="m", input="x")
    assert provider.requests[1].finished
    assert not provider.requests[1].closed_early


@pytest.mark.parametrize("chunks", [0, 2])
async def test_a_cut_tears_the_body(
    provider: ScriptedProvider, client: AsyncOpenAI, chunks: int
) -> None:
    provider.script(CutAfter(chunks))
    stream = await client.responses.create(model="m", input="x", stream=True)
    deltas = 0
    with pytest.raises(openai.APIConnectionError):
        async for event in stream:
            deltas += event.type == "response.output_text.delta"
    assert deltas == chunks


async def test_a_failure_may_come_late(provider: ScriptedProvider, client: AsyncOpenAI) -> None:
    provider.script(SlowFirstByte(0.1, then=Failure(500)))
    started = time.monotonic()
    with pytest.raises(openai.InternalServerError):
        await client.responses.create(model="m", input="x")
    assert time.monotonic() - started >= 0.1


async def test_usage_is_streamed_when_asked_for(
    provider: ScriptedProvider, client: AsyncOpenAI
) -> None:
    stream = await client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": "x"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].usage
    assert {chunk.id for chunk in chunks} == {"chatcmpl-same"}
    assert provider.requests[0].path == "/v1/chat/completions"


async def test_it_stops_promptly_while_a_stream_hangs() -> None:
    with ScriptedProvider() as provider:
        provider.script(Hang(1))
        async with AsyncOpenAI(api_key="k", base_url=provider.base_url, max_retries=0) as client:
            stream = await client.responses.create(model="m", input="x", stream=True)
            await stream.__anext__()
            started = time.monotonic()
            await asyncio.to_thread(provider.__exit__, None, None, None)
            assert time.monotonic() - started < 2
            await stream.close()
