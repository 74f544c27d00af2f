"""`chatkit-backend chat`: lets a person try a server that has no page."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from chatkit_backend.cli.client import ChatClient, ServerRefusedError
from chatkit_backend.cli.problems import told_as
from chatkit_backend.errors import SettingsError

_HELP = "/threads lists your threads, /open ID goes on with one, /new begins one, /quit ends."
_SHOWN_THREADS = 20
_SHOWN_ITEMS = 40


def run_chat(
    url: str, user_id: str | None, thread_id: str | None, secret_variable: str | None = None
) -> None:
    """Chats until the input ends. Exit status 1 when the server cannot be reached at all.

    Args:
        url: Address of the server.
        user_id: Whom to chat as, in the `dev` mode.
        thread_id: Thread to go on with.
        secret_variable: Environment variable with a client secret to show. A secret on the command
            line could be read by everybody on the machine.
    """
    secret = None
    with told_as("The chat did not begin"):
        if secret_variable and not (secret := os.environ.get(secret_variable)):
            raise SettingsError(f"{secret_variable}: is not set; put the client secret into it.")
        if not (secret or "").isascii():
            raise SettingsError(f"{secret_variable}: holds no client secret; those are ASCII.")
    with ChatClient(url, user_id, secret) as client:
        terminal = Terminal(client, Console(highlight=False, soft_wrap=True))
        try:
            terminal.open(thread_id) if thread_id else terminal.greet(url)
        except ServerRefusedError as error:
            Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
            sys.exit(1)
        sys.exit(terminal.run())


class _Sources:
    """What an answer cites, numbered in the order in which it does."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, annotation: dict[str, Any]) -> str:
        """What stands in the text for an annotation, such as `[2]`."""
        source = annotation.get("source", {})
        place = source.get("url") or source.get("filename") or source.get("id", "")
        shown = ", ".join(filter(None, [source.get("title"), source.get("description"), place]))
        return f"[{self._numbers.setdefault(shown, len(self._numbers) + 1)}]"

    def lines(self) -> list[str]:
        """One for each source."""
        return [f"[{number}] {shown}" for shown, number in self._numbers.items()]


class Terminal:
    """One person's conversation with a server.

    Args:
        client: Talks to the server.
        console: Where everything is printed.
    """

    def __init__(self, client: ChatClient, console: Console) -> None:
        self._client = client
        self._console = console
        self._thread_id: str | None = None
        self._failed = False
        self._sources = _Sources()
        self._commands: dict[str, Callable[[str], None]] = {
            "/threads": lambda _: self.list_threads(),
            "/open": self.open,
            "/new": lambda _: self.begin_anew(),
            "/help": lambda _: self._print(_HELP, "dim"),
        }

    def greet(self, url: str) -> None:
        """Says where one is. Asks the server something, so that a wrong address shows at once."""
        self._client.ask("threads.list", limit=1)
        self._print(f"Chatting with {url}. {_HELP}", "dim")

    def run(self) -> int:
        """Reads and answers lines until there are no more.

        Returns:
            Exit status: 0, or 1 when a message of piped input was not answered.
        """
        if sys.stdin.isatty():
            # Importing it gives `input` line editing and the arrow keys.
            importlib.import_module("readline")
        while True:
            try:
                line = self._read()
            except (EOFError, KeyboardInterrupt):
                self._console.print()
                break
            if line == "/quit":
                break
            self._handle(line)
        return int(self._failed and not sys.stdin.isatty())

    def _read(self) -> str:
        return input("\nyou > " if sys.stdin.isatty() else "").strip()

    def _handle(self, line: str) -> None:
        command, _, argument = line.partition(" ")
        try:
            if command in self._commands:
                self._commands[command](argument.strip())
            elif command.startswith("/"):
                self._print(f"There is no command {command}. {_HELP}", "yellow")
            elif line:
                self._say(line)
        except ServerRefusedError as error:
            self._failed = True
            self._print(str(error), "red")
        except KeyboardInterrupt:
            self._print("\nStopped. What had arrived is kept.", "yellow")

    def _say(self, text: str) -> None:
        self._console.print("\n[bold]assistant >[/bold] ", end="")
        self._sources = _Sources()
        for event in self._client.say(text, self._thread_id):
            self._show(event)
        self._console.print()
        self._list_sources()

    def _list_sources(self) -> None:
        if lines := self._sources.lines():
            self._print("\n" + "\n".join(lines), "dim")

    def _show(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "thread.created", "thread": {"id": thread_id}}:
                self._thread_id = thread_id
            case {"type": "thread.item.updated", "update": {"delta": delta}}:
                self._console.print(delta, end="", markup=False)
            case {"type": "thread.item.updated", "update": {"annotation": annotation}}:
                self._console.print(self._sources.mark(annotation), end="", markup=False)
            case {
                "type": "thread.item.updated",
                "update": {"task": {"type": "web_search", "title": title}},
            }:
                self._print(f"{title}.", "dim")
            case {"type": "progress_update" | "notice", "message": message}:
                self._print(message, "dim")
            case {"type": "error"}:
                self._failed = True
                self._print("\n" + event.get("message", "The answer failed."), "red")

    def list_threads(self) -> None:
        """Prints the newest threads, the newest first."""
        page = self._client.ask("threads.list", limit=_SHOWN_THREADS, order="desc")
        if not page["data"]:
            self._print("No threads yet.", "dim")
            return
        table = Table("id", "created", "begins with", box=None, header_style="dim")
        for column in table.columns[:2]:
            column.no_wrap = True  # half an id opens nothing
        for thread in page["data"]:
            table.add_row(thread["id"], _local(thread["created_at"]), self._beginning(thread))
        self._console.print(table)

    def _beginning(self, thread: dict[str, Any]) -> str:
        if title := thread.get("title"):
            return str(title)
        first = self._client.ask("items.list", thread_id=thread["id"], limit=1, order="asc")
        text = _text(first["data"][0], _Sources()) if first["data"] else ""
        return text if len(text) <= 50 else f"{text[:49]}…"  # noqa: PLR2004 - fits one line

    def open(self, thread_id: str) -> None:
        """Goes on with a thread, after printing its last items."""
        if not thread_id:
            self._print("Which one? /open ID; /threads lists the ids.", "yellow")
            return
        page = self._client.ask("items.list", thread_id=thread_id, limit=_SHOWN_ITEMS, order="desc")
        self._thread_id = thread_id
        for item in reversed(page["data"]):
            who = {"user_message": "you", "assistant_message": "assistant"}.get(item["type"])
            if who:
                self._console.print(f"\n[bold]{who} >[/bold] ", end="")
                self._sources = _Sources()
                self._console.print(_text(item, self._sources), markup=False)
                self._list_sources()

    def begin_anew(self) -> None:
        """The next message begins a new thread."""
        self._thread_id = None
        self._print("A new thread begins with your next message.", "dim")

    def _print(self, text: str, style: str) -> None:
        self._console.print(text, style=style, markup=False)


def _text(item: dict[str, Any], sources: _Sources) -> str:
    return "".join(_with_marks(part, sources) for part in item.get("content", []))


def _with_marks(part: dict[str, Any], sources: _Sources) -> str:
    """The text of a part, with a mark for each annotation at its place."""
    text = part.get("text", "")
    marks = [
        (len(text) if annotation.get("index") is None else annotation["index"], annotation)
        for annotation in part.get("annotations", [])
    ]
    begin, pieces = 0, []
    for end, annotation in sorted(marks, key=lambda mark: mark[0]):
        pieces += [text[begin:end], sources.mark(annotation)]
        begin = end
    return "".join([*pieces, text[begin:]])


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
