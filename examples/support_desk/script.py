"""What the support desk says where no model is connected: it looks for words."""

from __future__ import annotations

import json
import re

from examples.offline import Call, Prompt

HELP = (
    "I follow a script, because no model is connected. Try: “Show my tickets”, “A new ticket”, "
    "“Open order 42”, or attach a file and "
    "write “Add the file to ticket 1”."
)
# The first that is found in the newest message names the tool, and its groups the arguments.
_RULES = {
    r"urgent is ticket #(?P<ticket>\d+)\?: (?P<urgency>today|this week|whenever)": "set_urgency",
    r"filed ticket #(?P<ticket>\d+)": "ask_urgency",
    r"order (?P<order>\d+)": "open_order",
    r"file.* ticket (?P<ticket>\d+)": "add_files",
    r"new": "show_form",
    r"ticket": "show_tickets",
}


def script(prompt: Prompt) -> str | Call:
    """What comes next."""
    if prompt.results:
        return _told(prompt.results[-1])
    for words, tool in _RULES.items():
        if found := re.search(words, prompt.said, re.IGNORECASE):
            arguments = found.groupdict()
            return Call(tool, json.dumps({k: _plain(v) for k, v in arguments.items()}))
    return HELP


def _plain(value: str) -> str | int:
    return int(value) if value.isdecimal() else value


def _told(result: str) -> str:
    if result.startswith("Shown"):
        return "Here are your tickets."
    # The page's own words are JSON.
    return "It is open in your browser." if result.startswith("{") else result
