"""Serves this repository's server for the browser tests of the web component.

    python -m tests.web_server --static FOLDER

It answers with the scripted provider, to what a message asks for: `slow …` takes its time,
`fail …` fails once, `show the form` shows a widget, `what are you told` says what the model was
sent, anything else is said back. Beside it run a server with the demo model, and one that lets
nobody in but who is signed in. The addresses stand on standard output as JSON; all ends when
standard input does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agents import Agent, RunContextWrapper, function_tool
from chatkit.actions import ActionConfig
from chatkit.types import ThreadItemDoneEvent
from chatkit.widgets import Button, Card, Form, Input
from chatkit.widgets import Text as WidgetText

from chatkit_backend import Actions, ActionTurn
from chatkit_backend.api import pages
from chatkit_backend.app import create_app
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.settings import Settings
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


actions = Actions()


@actions.on("order")
async def answer_order(order: dict[str, Any], turn: ActionTurn) -> ThreadItemDoneEvent:
    """Says what was ordered."""
    return turn.say(f"{turn.type}: {json.dumps(order)}")


class Answers:
    """What the provider says to what a user said."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known
        self._failed: set[str] = set()

    def __call__(self, body: dict[str, Any]) -> Step:
        said = _last_words(body)
        if said in self._known:
            return Text(self._known[said])
        if said.startswith("slow"):
            return Text(" ".join(f"word{n}" for n in range(60)), delay=0.08)
        if said.startswith("fail") and said not in self._failed:
            self._failed.add(said)
            return Failure(503, message="The model is tired.")
        if said == "show the form":
            return ToolCalls([("show_form", "{}")])
        if said == "what are you told":
            return Text("\n\n".join(_words(message) for message in body["messages"]))
        return Text(f"You said: {said}")


def _last_words(body: dict[str, Any]) -> str:
    return _words([message for message in body["messages"] if message["role"] == "user"][-1])


def _words(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _settings(files: Path, **more: Any) -> Settings:
    return Settings(
        _env_file=None,
        database_url="memory://",
        files_url=str(files),
        greeting="Welcome to the tests",
        starter_prompts=("Say hello=hello there", "What is new?"),
        **more,
    )


def _scripted(provider: ScriptedProvider) -> dict[str, Any]:
    return {
        "model": ("openai-compatible/scripted",),
        "openai_compatible_base_url": provider.base_url,
        "model_retries": 0,
        "workflows": ("default=tests.web_server:assistant",),
        "actions": "tests.web_server:actions",
    }


JWT_SECRET = "a secret of the tests, and of nobody else"


def main() -> None:
    """Serves until standard input ends."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--static", type=Path, required=True, help="the built web component")
    arguments.add_argument("--answers", type=Path, help="JSON: what is said to which message")
    given = arguments.parse_args()
    pages.STATIC = given.static.resolve()  # type: ignore[misc]
    known = json.loads(given.answers.read_text()) if given.answers else {}
    with ExitStack() as running:
        provider = running.enter_context(ScriptedProvider())
        provider.script(*[Answers(known)] * _CALLS)
        files = Path(running.enter_context(tempfile.TemporaryDirectory()))
        signed_in = {
            "auth": ("session", "cookie"),
            "jwt_secret": JWT_SECRET,
            "jwt_algorithms": ("HS256",),
        }
        servers = {
            "url": _settings(files / "scripted", **_scripted(provider)),
            "demo": _settings(files / "demo", model=("demo",)),
            "closed": _settings(files / "closed", **_scripted(provider), **signed_in),
        }
        addresses = {
            name: running.enter_context(ServedApp(create_app(settings))).url
            for name, settings in servers.items()
        }
        sys.stdout.write(json.dumps(addresses | {"jwtSecret": JWT_SECRET}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
