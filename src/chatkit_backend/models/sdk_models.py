"""The Agents SDK's models, as models that close their clients."""

from __future__ import annotations

from agents import OpenAIChatCompletionsModel, OpenAIResponsesModel

from chatkit_backend.models.clients import foreign_client, openai_client
from chatkit_backend.models.credentials import CallLimits


class ResponsesModel(OpenAIResponsesModel):
    """A model behind the Responses API that owns its client."""

    async def close(self) -> None:
        """Closes the connections to the provider; the model is not usable afterwards."""
        await self._client.close()


class ChatCompletionsModel(OpenAIChatCompletionsModel):
    """A model behind the Chat Completions API that owns its client."""

    async def close(self) -> None:
        """Closes the connections to the provider; the model is not usable afterwards."""
        await self._client.close()


def openai_model(name: str, base_url: str, api_key: str, limits: CallLimits) -> ResponsesModel:
    """A model of OpenAI's, or of a server that speaks its Responses API."""
    return ResponsesModel(name, openai_client(base_url, api_key, limits))


def foreign_model(
    name: str, base_url: str, api_key: str | None, limits: CallLimits
) -> ChatCompletionsModel:
    """A model of any other server, over chat completions: the one API they all have."""
    return ChatCompletionsModel(name, foreign_client(base_url, api_key, limits))
