"""Modules as teams write them, for `CHATKIT_AGENT`."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from tests.provider.server import ScriptedProvider

AGENT = """
from agents import Agent, RunContextWrapper, function_tool

from chatkit_backend import TurnContext


@function_tool
def whoami(run: RunContextWrapper[TurnContext]) -> str:
    "Tells the user's id."
    return run.context.request_context.user.id


support = Agent(name="support", instructions="You are the support desk.", tools=[whoami])


def for_user(context):
    return support.clone(instructions=f"You serve {context.user.id}.")


async def for_user_later(context):
    return for_user(context)


def ready_made():
    return support
"""

OUR_SERVER = """
from chatkit.types import AssistantMessageContent, AssistantMessageItem, ThreadItemDoneEvent
from datetime import datetime

from chatkit_backend import ChatParts, ChatServer


class Echo(ChatServer):
    "Says what was said, and handles actions."

    def __init__(self, parts: ChatParts) -> None:
        super().__init__(parts)
        self.prefix = "You said: "

    async def respond(self, thread, input_user_message, context):
        yield self.message(thread, context, self.prefix + input_user_message.content[0].text)

    async def action(self, thread, action, sender, context):
        yield self.message(thread, context, f"Done: {action.type}")

    def message(self, thread, context, text):
        return ThreadItemDoneEvent(
            item=AssistantMessageItem(
                id=self.store.generate_item_id("message", thread, context),
                thread_id=thread.id,
                created_at=datetime.now(),
                content=[AssistantMessageContent(text=text)],
            )
        )
"""

# After the examples of openai-chatkit's own documentation.
SDK_SERVER = """
from collections.abc import AsyncIterator
from datetime import datetime

from agents import Agent, {model_class}, Runner, function_tool
from chatkit.agents import AgentContext, simple_to_agent_input, stream_agent_response
from chatkit.server import ChatKitServer
from chatkit.store import AttachmentStore, Store
from chatkit.types import (
    AssistantMessageContent, AssistantMessageItem, FileAttachment, SyncCustomActionResponse,
    ThreadItemDoneEvent
)
from chatkit.widgets import Card, Text
from openai import AsyncOpenAI


@function_tool
def weather(city: str) -> str:
    "The weather in a city."
    return f"It rains in {{city}}."


class Assistant(ChatKitServer[dict]):
    def __init__(self, data_store: Store, file_store: AttachmentStore | None = None):
        super().__init__(data_store, file_store)
        # Nobody closes this client, so it leaves no connection open.
        client = AsyncOpenAI(
            base_url="{base_url}",
            api_key="test-key",
            max_retries=0,
            default_headers={{"Connection": "close"}},
        )
        self.agent = Agent(
            name="Assistant",
            instructions="You are somebody's own assistant.",
            model={model_class}("scripted", client),
            tools=[weather],
        )

    async def respond(self, thread, input, context):
        page = await self.store.load_thread_items(
            thread.id, after=None, limit=20, order="desc", context=context
        )
        agent_context = AgentContext(thread=thread, store=self.store, request_context=context)
        result = Runner.run_streamed(
            self.agent, await simple_to_agent_input(page.data[::-1]), context=agent_context
        )
        async for event in stream_agent_response(agent_context, result):
            yield event
        if input and input.content[0].text == "Show a card":
            await agent_context.stream_widget(Card(children=[Text(value="A card")]))

    async def action(self, thread, action, sender, context):
        yield ThreadItemDoneEvent(
            item=AssistantMessageItem(
                id="msg_0badc0de",
                thread_id=thread.id,
                created_at=datetime.now(),
                content=[AssistantMessageContent(text=f"Done: {{action.payload}}")],
            )
        )

    async def sync_action(self, thread, action, sender, context):
        return SyncCustomActionResponse()


class NoAttachments(Assistant):
    def __init__(self, store):
        super().__init__(store)


class OwnStore(Assistant):
    def __init__(self):
        self.data = object()
        super().__init__(self.data)


class Seeing(Assistant):
    models = ("openai/gpt-6-luna",)


class Remembering(Assistant):
    async def sync_action(self, thread, action, sender, context):
        page = await self.store.load_thread_items(thread.id, None, 20, "asc", context)
        thread.title = str(await simple_to_agent_input(page.data))
        return SyncCustomActionResponse()


class TheirFiles(AttachmentStore):
    async def create_attachment(self, input, context):
        return FileAttachment(id="theirs", name=input.name, mime_type=input.mime_type)

    async def delete_attachment(self, attachment_id, context):
        pass


class Filing(Assistant):
    def __init__(self, store):
        super().__init__(store, TheirFiles())


def make_assistant(store: Store) -> Assistant:
    return Assistant(store)


ready = OwnStore()
"""

Write = Callable[[str, str], None]


def sdk_server(provider: ScriptedProvider, flavour: str) -> str:
    """The module of a server that somebody runs on the SDK alone."""
    is_completions = flavour.startswith("openai-compatible/")
    return SDK_SERVER.format(
        base_url=provider.base_url,
        model_class="OpenAIChatCompletionsModel" if is_completions else "OpenAIResponsesModel",
    )


def write_module(folder: Path, name: str, code: str) -> None:
    """Puts a module into a folder; one of the same name that was imported before is forgotten."""
    (folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
    sys.modules.pop(name, None)
