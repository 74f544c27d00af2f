"""What answers: the built-in assistant, an agent of the team's, or a server of theirs."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Final, cast

from agents import Agent
from chatkit.server import ChatKitServer

from chatkit_backend.chat.own.adopted import AdoptedServer
from chatkit_backend.chat.own.foreign import (
    ForeignServer,
    Stores,
    give_our_stores,
    is_factory,
    is_server_class,
    keeps_its_own_files,
    made,
    overridden,
)
from chatkit_backend.chat.own.loading import load, told_as_setting
from chatkit_backend.chat.own.repairs import repair_sdk, trace_with
from chatkit_backend.chat.own.workflows import (
    DEFAULT,
    AgentSource,
    Workflows,
    is_agent_source,
    load_workflows,
)
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.errors import SettingsError

_SETTING: Final = "CHATKIT_AGENT"


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers.

    Attributes:
        workflows: The agents.
        server: What runs them.
        foreign: A server of the team's that runs agents of its own instead.
        stores: What `foreign` works with.
    """

    workflows: Workflows
    server: type[ChatServer] = ChatServer
    foreign: ForeignServer | None = None
    stores: Stores | None = None

    @property
    def runs_its_own_models(self) -> bool:
        """Whether CHATKIT_MODEL gives no answers."""
        return self.foreign is not None

    @property
    def keeps_its_own_files(self) -> bool:
        """Whether what is uploaded goes to a store of the team's."""
        return self.foreign is not None and keeps_its_own_files(self.foreign)

    @property
    def transcribes(self) -> bool:
        """Whether it writes down speech by itself, without CHATKIT_TRANSCRIPTION_MODEL."""
        if self.foreign is not None:
            return "transcribe" in overridden(self.foreign)
        return self.server.transcribe is not ChatServer.transcribe

    def chat_server(self, parts: ChatParts) -> ChatServer:
        """The server of a running application.

        Raises:
            SettingsError: The constructor of the team's class failed.
        """
        # For every server: any code of the team's may run agents by itself.
        repair_sdk()
        trace_with(parts.runner.tracing_key)
        if self.foreign is not None and self.stores is not None:
            self.stores.attachments.opened = parts.attachment_store
            return AdoptedServer(parts, self.foreign)
        if self.server is ChatServer:
            return ChatServer(parts)
        with told_as_setting(_SETTING, f"{self.server.__name__} cannot be made"):
            return self.server(parts)


def load_answering(
    agent: str | None, workflows: tuple[str, ...], built_in: AgentSource, stores: Stores
) -> Answering:
    """What the settings say that answers.

    Args:
        agent: CHATKIT_AGENT: an agent, a function that makes one, a `ChatServer` class, or any
            other `ChatKitServer` as a class, a factory or an instance.
        workflows: The pairs of CHATKIT_WORKFLOWS.
        built_in: What answers where neither names anything.
        stores: What another `ChatKitServer` is made with.

    Raises:
        SettingsError: Something cannot be imported or made, is none of these, or both settings
            name what answers.
    """
    if agent is None:
        return Answering(load_workflows(workflows, built_in))
    found = load(_SETTING, agent)
    if is_server_class(found) and issubclass(cast("type[object]", found), ChatServer):
        server = cast("type[ChatServer]", found)
        return _with_our_server(server, workflows, built_in)
    if is_server_class(found) or is_factory(found):
        found = made(_SETTING, agent, cast("type[object]", found), stores)
    if isinstance(found, ChatKitServer):
        return _with_their_server(agent, found, workflows, built_in, stores)
    if not is_agent_source(found):
        raise SettingsError(
            f"{_SETTING}: {agent} is {_kind(found)}: name an agents.Agent, a function that makes "
            "one from the RequestContext, or a ChatKitServer."
        )
    _require_one_argument(agent, found)
    _refuse_two_defaults(f"{agent} answers", workflows)
    return Answering(load_workflows(workflows, found))


def _with_our_server(
    server: type[ChatServer], workflows: tuple[str, ...], built_in: AgentSource
) -> Answering:
    if server.agent is None:
        return Answering(load_workflows(workflows, built_in), server)
    named = f"{server.__name__}.agent"
    if not is_agent_source(server.agent):
        raise SettingsError(
            f"{_SETTING}: {named} is {_kind(server.agent)}: give it an agents.Agent, or a function "
            "that makes one from the RequestContext."
        )
    _require_one_argument(f"{named}, which gets no self,", server.agent)
    _refuse_two_defaults(f"{named} answers", workflows)
    return Answering(load_workflows(workflows, server.agent), server)


def _with_their_server(
    path: str,
    server: ForeignServer,
    workflows: tuple[str, ...],
    built_in: AgentSource,
    stores: Stores,
) -> Answering:
    if isinstance(server, ChatServer):
        raise SettingsError(
            f"{_SETTING}: {path} gives a ready {type(server).__name__}; name its class, which is "
            "made with the parts of this server."
        )
    if workflows:
        raise SettingsError(
            f"CHATKIT_WORKFLOWS: {path} of {_SETTING} is a ChatKitServer, which chooses its agents "
            "itself: leave this out, and look at context.session.workflow.id there."
        )
    give_our_stores(server, stores)
    return Answering(Workflows(built_in), foreign=server, stores=stores)


def _refuse_two_defaults(first: str, workflows: tuple[str, ...]) -> None:
    if any(pair.partition("=")[0].strip() == DEFAULT for pair in workflows):
        raise SettingsError(
            f"CHATKIT_WORKFLOWS: {first} where no workflow id names another agent, and so would "
            f"{DEFAULT}=: leave out one of the two."
        )


def _require_one_argument(path: str, source: AgentSource) -> None:
    if isinstance(source, Agent):
        return
    try:
        inspect.signature(source).bind(None)
    except TypeError as error:
        raise SettingsError(
            f"{_SETTING}: {path} is called with one argument, the RequestContext: {error}."
        ) from None
    except ValueError:
        pass  # Python cannot tell how it is called


def _kind(found: object) -> str:
    return f"the class {found.__name__}" if isinstance(found, type) else type(found).__name__
