"""What users may choose for a message, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from agents import Model, RunContextWrapper, StopAtTools, function_tool
from chatkit.agents import ClientToolCall

from chatkit_backend.chat.composer import Choice, Composer
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.errors import InvalidRequest
from chatkit_backend.models.credentials import CallLimits, Credentials
from chatkit_backend.models.registry import open_model
from tests.chat.conftest import LocalChat, MakeChat
from tests.chatting import thread_of
from tests.provider.server import RecordedRequest, ScriptedProvider
from tests.provider.steps import Text, ToolCalls

MODEL = "params.input.inference_options.model"
TOOL = "params.input.inference_options.tool_choice.id"


@function_tool
async def lookup() -> str:
    """Looks something up."""
    return "found"


@function_tool
async def locate(run: RunContextWrapper[TurnContext]) -> str:
    """Asks the page where the user is."""
    run.context.client_tool_call = ClientToolCall(name="locate", arguments={})
    return "waiting for the page"


@pytest.fixture
async def composer(provider: ScriptedProvider, flavour: str) -> AsyncIterator[Composer]:
    credentials = Credentials(
        openai_api_key="test-key",
        openai_base_url=provider.base_url,
        openai_compatible_base_url=provider.base_url,
    )
    models: dict[str, Model] = {
        name: open_model([name], credentials, CallLimits(retries=0))
        for name in (f"{flavour}-quick", f"{flavour}-thorough")
    }
    made = Composer(models, ("lookup", "locate", "elsewhere"), (flavour,))
    yield made
    await made.close()


@pytest.fixture
def chat(make_chat: MakeChat, composer: Composer) -> LocalChat:
    return make_chat(
        composer=composer,
        tools=[lookup, locate],
        tool_use_behavior=StopAtTools(stop_at_tool_names=["locate"]),
    )


def models_of(requests: list[RecordedRequest]) -> list[str]:
    return [request.body["model"] for request in requests]


def tool_choices(requests: list[RecordedRequest]) -> list[str | None]:
    """The name of the tool that each call of a model was told to use; both APIs say it."""
    choices = [request.body.get("tool_choice") or {} for request in requests]
    return [choice.get("name") or choice.get("function", {}).get("name") for choice in choices]


def choosing(**options: Any) -> dict[str, Any]:
    return {"inference_options": options}


async def test_the_chosen_model_answers_that_turn_only(
    chat: LocalChat, provider: ScriptedProvider, flavour: str
) -> None:
    thread = thread_of(await chat.say("Hello", **choosing(model=f"{flavour}-thorough")))
    await chat.say("And now?", thread)
    assert models_of(provider.requests) == ["scripted-thorough", "scripted"]


async def test_the_chosen_model_goes_on_with_the_answer_that_waited(
    chat: LocalChat, provider: ScriptedProvider, flavour: str
) -> None:
    provider.script(ToolCalls([("locate", "{}")]), Text("You are in Oslo."))
    events = await chat.say("Where am I?", **choosing(model=f"{flavour}-quick"))
    thread = thread_of(events)
    await chat.stream("threads.add_client_tool_output", thread_id=thread, result="Oslo")
    await chat.stream("threads.retry_after_item", thread_id=thread, item_id=events[1]["item"]["id"])
    assert models_of(provider.requests) == ["scripted-quick"] * 3


async def test_a_model_that_is_offered_no_longer_is_not_needed_for_a_retry(
    make_chat: MakeChat, chat: LocalChat, provider: ScriptedProvider, flavour: str
) -> None:
    options = choosing(model=f"{flavour}-quick", tool_choice={"id": "lookup"})
    events = await chat.say("Hello", **options)
    later = make_chat()
    await later.stream(
        "threads.retry_after_item",
        thread_id=thread_of(events),
        item_id=events[1]["item"]["id"],
    )
    assert models_of(provider.requests)[-1] == "scripted"


@pytest.mark.parametrize(
    ("options", "field", "known"),
    [
        ({"model": "openai/other"}, MODEL, "-quick, "),
        ({"tool_choice": {"id": "shell"}}, TOOL, "lookup, locate, elsewhere"),
    ],
    ids=["model", "tool"],
)
async def test_what_is_not_offered_is_refused_with_what_is(
    chat: LocalChat,
    provider: ScriptedProvider,
    options: dict[str, Any],
    field: str,
    known: str,
) -> None:
    thread = thread_of(await chat.say("Hello"))
    for where in (None, thread):
        with pytest.raises(InvalidRequest) as refused:
            await chat.say("Hello", where, **choosing(**options))
        assert refused.value.field == field
        assert known in refused.value.message
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    ("options", "setting"),
    [({"model": "x"}, "CHATKIT_MODELS"), ({"tool_choice": {"id": "x"}}, "CHATKIT_COMPOSER_TOOLS")],
    ids=["model", "tool"],
)
async def test_where_nothing_is_offered_the_setting_is_named(
    make_chat: MakeChat, options: dict[str, Any], setting: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"{setting} is not set"):
        await make_chat().say("Hello", **choosing(**options))


async def test_the_chosen_tool_comes_first_and_only_once(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("lookup", "{}")]), Text("Found."))
    await chat.say("Look", **choosing(tool_choice={"id": "lookup"}))
    assert tool_choices(provider.requests) == ["lookup", None]


async def test_a_tool_of_the_page_is_not_asked_for_again_when_its_output_comes(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    provider.script(ToolCalls([("locate", "{}")]), Text("Oslo."))
    events = await chat.say("Where am I?", **choosing(tool_choice={"id": "locate"}))
    await chat.stream("threads.add_client_tool_output", thread_id=thread_of(events), result="Oslo")
    assert tool_choices(provider.requests) == ["locate", None]


async def test_an_agent_that_insists_on_tools_is_not_made_to_use_one_for_ever(
    make_chat: MakeChat, composer: Composer, provider: ScriptedProvider
) -> None:
    chat = make_chat(composer=composer, tools=[lookup], reset_tool_choice=False)
    provider.script(ToolCalls([("lookup", "{}")]), Text("Found."))
    await chat.say("Look", **choosing(tool_choice={"id": "lookup"}))
    assert tool_choices(provider.requests) == ["lookup", None]


async def test_a_tool_that_the_agent_lacks_is_told_in_the_stream(
    chat: LocalChat, provider: ScriptedProvider
) -> None:
    events = await chat.say("Look", **choosing(tool_choice={"id": "elsewhere"}))
    assert events[-1]["type"] == "error"
    assert "“elsewhere” cannot be used" in events[-1]["message"]
    assert events[-1]["allow_retry"] is False
    assert provider.requests == []


def test_the_names_of_the_models_that_may_answer(composer: Composer, flavour: str) -> None:
    assert composer.model_names(Choice()) == (flavour,)
    assert composer.model_names(Choice(model=f"{flavour}-quick")) == (f"{flavour}-quick",)
