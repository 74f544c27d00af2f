"""Which agent answers: the one that the session's workflow id names, else the default one."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from agents import Agent
from typing_extensions import TypeIs

from chatkit_backend.chat.own.loading import load
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.context import RequestContext
from chatkit_backend.errors import SettingsError

DEFAULT: Final = "default"
_SETTING: Final = "CHATKIT_WORKFLOWS"

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


def load_workflows(pairs: tuple[str, ...], built_in: AgentSource) -> Workflows:
    """The agents that CHATKIT_WORKFLOWS names.

    Args:
        pairs: Such as `("wf_abc=my_app.agents:support",)`; the id `default` is for any other id.
        built_in: What answers where `default` is not named.

    Raises:
        SettingsError: One cannot be imported, or is no agent; says where the import failed.
    """
    by_id = {}
    for pair in pairs:
        workflow_id, _, path = pair.partition("=")
        by_id[workflow_id.strip()] = _load_agent(path.strip())
    return Workflows(by_id.pop(DEFAULT, built_in), by_id)


def _load_agent(path: str) -> AgentSource:
    source = load(_SETTING, path)
    if is_agent_source(source):
        return source
    raise SettingsError(f"{_SETTING}: {path} is no agents.Agent and no function that makes one.")


def is_agent_source(source: object) -> TypeIs[AgentSource]:
    """Whether it is an agent, or can be a function that makes one. No class is."""
    return isinstance(source, Agent) or (callable(source) and not isinstance(source, type))
