"""Serves this repository's server for the browser tests of the web component.

    python -m tests.web_server --static FOLDER

It answers with the scripted provider, to what a message asks for: `slow …` takes its time,
`fail …` fails once, `show the form` shows a widget, anything else is said back. Its address stands
on standard output as JSON; it ends when standard input does.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents import Agent, RunContextWrapper, function_tool
from chatkit.actions import Action, ActionConfig
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    WidgetItem,
)
from chatkit.widgets import Button, Card, Form, Input
from chatkit.widgets import Text as WidgetText

from chatkit_backend.api import pages
from chatkit_backend.app import create_app
from chatkit_backend.chat.agents import TurnContext
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.context import RequestContext
from chatkit_backend.settings import Settings
from chatkit_backend.store.ids import new_id
from tests.provider.server import ScriptedProvider
from tests.provider.steps import Failure, Step, Text, ToolCalls
from tests.serving import ServedApp

_CALLS = 10_000  # more than any run of the tests makes


@function_tool
async def show_form(run: RunContextWrapper[TurnContext]) -> str:
    """Show a form to the user."""
    await run.context.stream_widget(
        Card(
            children=[
                Form(
                    onSubmitAction=ActionConfig(type="order", payload={"shop": "books"}),
                    children=[
                        WidgetText(value="Order"),
                        Input(name="order.title", placeholder="Title", required=True),
                        Button(label="Order now", submit=True),
                    ],
                )
            ]
        )
    )
    return "The form is shown."


assistant = Agent[TurnContext](
    name="assistant",
    instructions="Help.",
    tools=[show_form],
    tool_use_behavior="stop_on_first_tool",
)


async def answer_order(
    _server: ChatServer,
    thread: ThreadMetadata,
    action: Action[str, Any],
    _sender: WidgetItem | None,
    _context: RequestContext,
) -> AsyncIterator[ThreadStreamEvent]:
    """Says what was ordered."""
    said = AssistantMessageContent(text=f"{action.type}: {json.dumps(action.payload)}")
    item = AssistantMessageItem(
        id=new_id("message"), thread_id=thread.id, created_at=datetime.now(UTC), content=[said]
    )
    yield ThreadItemDoneEvent(item=item)


class Answers:
    """What the provider says to what a user said."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def __call__(self, body: dict[str, Any]) -> Step:
        said = _last_words(body)
        if said.startswith("slow"):
            return Text(" ".join(f"word{n}" for n in range(60)), delay=0.08)
        if said.startswith("fail") and said not in self._failed:
            self._failed.add(said)
            return Failure(503, message="The model is tired.")
        if said == "show the form":
            return ToolCalls([("show_form", "{}")])
        return Text(f"You said: {said}")


def _last_words(body: dict[str, Any]) -> str:
    messages = [message for message in body["messages"] if message["role"] == "user"]
    content = messages[-1]["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def main() -> None:
    """Serves until standard input ends."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--static", type=Path, required=True, help="the built web component")
    pages.STATIC = arguments.parse_args().static.resolve()  # type: ignore[misc]
    ChatServer.action = answer_order  # type: ignore[method-assign,assignment]
    with ScriptedProvider() as provider:
        provider.script(*[Answers()] * _CALLS)
        settings = Settings(
            _env_file=None,
            model=("openai-compatible/scripted",),
            openai_compatible_base_url=provider.base_url,
            database_url="memory://",
            model_retries=0,
            workflows=("default=tests.web_server:assistant",),
        )
        with ServedApp(create_app(settings)) as served:
            sys.stdout.write(json.dumps({"url": served.url}) + "\n")
            sys.stdout.flush()
            sys.stdin.read()


if __name__ == "__main__":
    main()
