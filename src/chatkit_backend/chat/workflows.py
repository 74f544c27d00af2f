"""Which agent answers: the one that the session's workflow id names, else the default one."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final

from agents import Agent

from chatkit_backend.chat.agents import TurnContext
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import SettingsError

DEFAULT: Final = "default"

ChatAgent = Agent[TurnContext]
# Such a function may look at the user, the session's state variables, the page.
AgentSource = ChatAgent | Callable[[RequestContext], ChatAgent | Awaitable[ChatAgent]]


@dataclass(frozen=True, slots=True)
class Workflows:
    """The agents of this server.

    Attributes:
        default: Answers where the workflow id names no other.
        by_id: The others.
    """

    default: AgentSource
    by_id: Mapping[str, AgentSource] = field(default_factory=dict)

    async def agent(self, context: RequestContext) -> ChatAgent:
        """The agent that answers in this context.

        Raises:
            TypeError: A function of the team's gave something that is no agent.
            Exception: Whatever that function raises.
        """
        workflow_id = context.session.workflow.id if context.session else DEFAULT
        source = self.by_id.get(workflow_id, self.default)
        if isinstance(source, Agent):
            return source
        made = source(context)
        agent = await made if inspect.isawaitable(made) else made
        if not isinstance(agent, Agent):
            raise TypeError(f"{source!r} gave {type(agent).__name__}, not an agents.Agent.")
        return agent


def load_workflows(pairs: tuple[str, ...], built_in: ChatAgent) -> Workflows:
    """The agents that the settings name.

    Args:
        pairs: Such as `("wf_abc=my_app.agents:support",)`; the id `default` is for any other id.
        built_in: What answers where `default` is not named.

    Raises:
        SettingsError: One cannot be imported; says where the import failed.
    """
    by_id = {}
    for pair in pairs:
        workflow_id, _, path = pair.partition("=")
        by_id[workflow_id.strip()] = load_agent(path.strip())
    return Workflows(by_id.pop(DEFAULT, built_in), by_id)


def load_agent(path: str) -> AgentSource:
    """The agent, or the function that makes one, at `MODULE:NAME`.

    Raises:
        SettingsError: It cannot be imported, or is neither.
    """
    source = load("CHATKIT_WORKFLOWS", path)
    if isinstance(source, Agent) or callable(source):
        return source
    raise SettingsError(
        f"CHATKIT_WORKFLOWS: {path} is no agents.Agent and no function that makes one."
    )


def load(setting: str, path: str) -> object:
    """What stands at `MODULE:NAME`; None if the module has no such name.

    Raises:
        SettingsError: The module cannot be imported; names the setting and the line.
    """
    module_name, _, name = path.partition(":")
    # As `python -m` and uvicorn do: an app is usually started from its own folder.
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    found: object = getattr(_imported(setting, module_name, path), name, None)
    return found


def _imported(setting: str, module_name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f" ({last.filename}, line {last.lineno})" if last.filename[0] != "<" else ""
        raise SettingsError(
            f"{setting}: {path} cannot be imported: {type(error).__name__}: {error}{where}."
        ) from error
