"""A `ChatServer` with an agent of the test's own, on a real store and the scripted provider."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from agents import Agent, Model
from chatkit.types import ChatKitReq, ThreadItem, is_streaming_req
from pydantic import TypeAdapter

from chatkit_backend.chat.agents import AgentRunner
from chatkit_backend.chat.composer import Composer
from chatkit_backend.chat.documents.searching import DocumentAnswers, Mode
from chatkit_backend.chat.history import HistoryBudget
from chatkit_backend.chat.own.actions import Actions
from chatkit_backend.chat.own.workflows import Workflows
from chatkit_backend.chat.parts import ChatParts
from chatkit_backend.chat.server import ChatServer
from chatkit_backend.chat.titles import Titles
from chatkit_backend.chat.turn_context import TurnContext
from chatkit_backend.chat.turns import RunningTurns, Turn
from chatkit_backend.context import RequestContext, User
from chatkit_backend.models.credentials import CallLimits, Credentials
from chatkit_backend.models.registry import open_model
from chatkit_backend.retrieval.search import DocumentSearch
from chatkit_backend.store.chunk_search import ChunkSearch
from chatkit_backend.store.threads import ThreadStore
from tests.chatting import Event, message
from tests.conftest import memory_database
from tests.provider.server import ScriptedProvider

_OPERATION: TypeAdapter[ChatKitReq] = TypeAdapter(ChatKitReq)
ADA = RequestContext(user=User(id="ada"))


@dataclass
class LocalChat:
    """Operations on a server in this process, as one user."""

    server: ChatServer
    store: ThreadStore
    context: RequestContext = ADA

    def chunks(self, operation: str, **params: Any) -> AsyncGenerator[bytes, None]:
        parsed = _OPERATION.validate_python({"type": operation, "params": params})
        assert is_streaming_req(parsed)
        return self.server.stream(parsed, self.context)

    async def events(self, operation: str, **params: Any) -> AsyncIterator[Event]:
        """The events of a streaming operation as they come."""
        async for chunk in self.chunks(operation, **params):
            yield json.loads(chunk.removeprefix(b"data: "))

    async def stream(self, operation: str, **params: Any) -> list[Event]:
        return [event async for event in self.events(operation, **params)]

    def start(self, operation: str, **params: Any) -> Turn:
        """The operation as a turn, which can be stopped."""
        return self.server.turns.start(self.chunks(operation, **params))

    async def ask(self, operation: str, **params: Any) -> Any:
        """The answer of an operation that does not stream."""
        parsed = _OPERATION.validate_python({"type": operation, "params": params})
        assert not is_streaming_req(parsed)
        return json.loads(await self.server.answer(parsed, self.context))

    async def say(self, text: str, thread_id: str | None = None, **extra: Any) -> list[Event]:
        if thread_id is None:
            return await self.stream("threads.create", input=message(text, **extra))
        return await self.stream(
            "threads.add_user_message", thread_id=thread_id, input=message(text, **extra)
        )

    async def items(self, thread_id: str) -> list[ThreadItem]:
        """Everything that is stored, hidden items included, oldest first."""
        page = await self.store.load_thread_items(thread_id, None, 1000, "asc", self.context)
        return page.data


MakeChat = Callable[..., LocalChat]


@pytest.fixture
async def store(tables: str) -> AsyncIterator[ThreadStore]:
    database = await memory_database(tables)
    yield ThreadStore(database)
    await database.close()


@pytest.fixture
async def model(provider: ScriptedProvider, flavour: str) -> AsyncIterator[Model]:
    credentials = Credentials(
        openai_api_key="test-key",
        openai_base_url=provider.base_url,
        openai_compatible_base_url=provider.base_url,
    )
    opened = open_model([flavour], credentials, CallLimits(retries=0))
    yield opened
    await opened.close()


def documents(store: ThreadStore, mode: Mode = "off", **options: Any) -> DocumentAnswers:
    """Answers from the collections in the store's database."""
    return DocumentAnswers(DocumentSearch(ChunkSearch(store._database)), mode, **options)


@pytest.fixture
def make_chat(store: ThreadStore, model: Model) -> MakeChat:
    """Makes a chat with an agent that has the given tools, guardrails and so on."""

    def make(
        budget: HistoryBudget | None = None,
        answers: DocumentAnswers | None = None,
        titles: Titles | None = None,
        composer: Composer | None = None,
        actions: Actions | None = None,
        **agent: Any,
    ) -> LocalChat:
        runner = AgentRunner(Workflows(Agent[TurnContext](name="assistant", **agent)), model)
        budget = budget or HistoryBudget(tokens=16_000, items=100)
        answers = answers or documents(store)
        parts = ChatParts(
            store=store,
            runner=runner,
            budget=budget,
            turns=RunningTurns(),
            documents=answers,
            titles=titles,
            composer=composer or Composer(),
            actions=actions or Actions(),
        )
        return LocalChat(ChatServer(parts), store)

    return make
