"""Serves this repository's server for the browser tests of the web component.

    python -m tests.web_server --static FOLDER

It answers with the scripted provider, to what a message asks for: `slow …` takes its time,
`fail …` fails once, `show the form` shows a widget, `show …` and `cite …` put what follows into a
widget and into sources, `what are you told` says what the model was sent, anything else is said
back. Beside it run a server with the demo model, one that lets nobody in but who is signed in, and
one whose client secrets end soon, and that starts anew when it is asked to. The addresses stand on
standard output as JSON; all ends when standard input does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents import Agent, RunContextWrapper, function_tool
from chatkit.actions import ActionConfig
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    FileSource,
    ThreadItemDoneEvent,
    URLSource,
)
from chatkit.widgets import Badge, Button, Card, Form, Input, Markdown, Title
from chatkit.widgets import Text as WidgetText
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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


@function_tool
async def show_text(run: RunContextWrapper[TurnContext], text: str) -> str:
    """Show a text in every part of a widget."""
    parts = [
        Title(value=text),
        WidgetText(value=text),
        Markdown(value=text),
        Badge(label=text),
        Input(name="field", placeholder=text, defaultValue=text),
        Button(label=text),
    ]
    await run.context.stream_widget(Card(children=parts), copy_text=text)
    return "The text is shown."


@function_tool
async def cite(run: RunContextWrapper[TurnContext], text: str) -> str:
    """Say something whose sources have this text everywhere."""
    turn = run.context
    sources = [
        URLSource(url=f"https://example.com/?{text}", title=text, description=text, group=text),
        URLSource(url=f"javascript:pwn('source')//{text}", title=text, attribution=text),
        FileSource(filename=text, title=text, description=text),
    ]
    notes = [Annotation(source=source, index=5) for source in sources]
    message = AssistantMessageItem(
        id=turn.generate_id("message"),
        thread_id=turn.thread.id,
        created_at=datetime.now(UTC),
        content=[AssistantMessageContent(text="Cited.", annotations=notes)],
    )
    await turn.stream(ThreadItemDoneEvent(item=message))
    return "It is said."


assistant = Agent[TurnContext](
    name="assistant",
    instructions="Help.",
    tools=[show_form, show_text, cite],
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
        if said == "what are you told":
            return Text("\n\n".join(_words(message) for message in body["messages"]))
        call = _tool_call(said)
        return ToolCalls([call]) if call else Text(f"You said: {said}")


def _tool_call(said: str) -> tuple[str, str] | None:
    """The name of a tool, and its arguments as JSON."""
    word, _, text = said.partition(" ")
    if said == "show the form":
        return "show_form", "{}"
    tool = {"show": "show_text", "cite": "cite"}.get(word)
    return (tool, json.dumps({"text": text})) if tool else None


def _last_words(body: dict[str, Any]) -> str:
    return _words([message for message in body["messages"] if message["role"] == "user"][-1])


def _words(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _settings(files: Path, **more: Any) -> Settings:
    defaults = {
        "database_url": "memory://",
        "files_url": str(files),
        "greeting": "Welcome to the tests",
        "starter_prompts": ("Say hello=hello there", "What is new?"),
    }
    return Settings(_env_file=None, **(defaults | more))


def _scripted(provider: ScriptedProvider) -> dict[str, Any]:
    return {
        "model": ("openai-compatible/scripted",),
        "openai_compatible_base_url": provider.base_url,
        "model_retries": 0,
        "workflows": ("default=tests.web_server:assistant",),
        "actions": "tests.web_server:actions",
    }


class Restarted:
    """A server that starts anew, at the same address, on a POST to `control`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._served = ServedApp(create_app(settings)).__enter__()
        self.url = self._served.url
        self._control = ServedApp(Starlette(routes=[Route("/", self._restart, methods=["POST"])]))
        self.control = self._control.__enter__().url

    def _restart(self, _request: Request) -> Response:
        self._served.stop()
        port = int(self.url.rpartition(":")[2])
        self._served = ServedApp(create_app(self._settings), port=port).__enter__()
        return Response(status_code=204)

    def stop(self) -> None:
        """Ends both."""
        self._control.stop()
        self._served.stop()


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
        told = _serve(running, files, _scripted(provider)) | {"jwtSecret": JWT_SECRET}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def _serve(running: ExitStack, files: Path, scripted: dict[str, Any]) -> dict[str, str]:
    """Their addresses, by what is special about them."""
    signed_in = {
        "auth": ("session", "cookie"),
        "jwt_secret": JWT_SECRET,
        "jwt_algorithms": ("HS256",),
    }
    servers = {
        "url": _settings(files / "scripted", **scripted),
        "demo": _settings(files / "demo", model=("demo",)),
        "closed": _settings(files / "closed", **scripted, **signed_in),
    }
    addresses = {
        name: running.enter_context(ServedApp(create_app(settings))).url
        for name, settings in servers.items()
    }
    kept = _settings(
        files / "kept", database_url=f"sqlite:///{files / 'kept.db'}", **scripted
    ).model_copy(update={"session_ttl": 1})  # shorter than anybody may set it, for a test to see it
    restarted = Restarted(kept)
    running.callback(restarted.stop)
    return addresses | {"restarted": restarted.url, "restart": restarted.control}


if __name__ == "__main__":
    main()
