"""A helper that answers from a folder of Markdown, and says where it stands.

In a checkout of this project, whose examples no package brings along, after `make run` has set it
up once:

    .venv/bin/python -m examples.docs_helper.app

Then, in another terminal, `.venv/bin/chatkit-backend chat "How many days of leave do I have?"`.
It takes the folder in at every start (what has not changed is skipped), then serves. Offline the
demo model quotes what was found; with CHATKIT_MODEL=openai/gpt-5.4-mini, say, and its key, a model
answers. A setting that the environment has already wins over the ones below.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from agents import Agent

from chatkit_backend import TurnContext

HANDBOOK = Path(__file__).parent / "handbook"
COLLECTION = "handbook"
SETTINGS = {
    "CHATKIT_AGENT": "examples.docs_helper.app:agent",
    "CHATKIT_RETRIEVAL": "context",
    "CHATKIT_RETRIEVAL_COLLECTIONS": COLLECTION,
}

agent = Agent[TurnContext](
    name="docs helper",
    instructions=(
        "You help colleagues with the staff handbook. Answer from its passages alone, in two or "
        "three sentences, and cite them. If they do not tell, say so."
    ),
)


def main() -> None:
    """Takes the handbook in, then serves with the arguments that were given."""
    program = [sys.executable, "-m", "chatkit_backend"]
    ingest = ["ingest", str(HANDBOOK), "--collection", COLLECTION, "--prune"]
    subprocess.run([*program, *ingest], check=True)  # noqa: S603 - our own program
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.execv(sys.executable, [*program, "serve", *sys.argv[1:]])  # noqa: S606 - our own program


if __name__ == "__main__":
    main()
