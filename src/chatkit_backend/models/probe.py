"""Asks a model for one word, to see whether its credentials work."""

from __future__ import annotations

from agents import Agent, Model, RunConfig, Runner

from chatkit_backend.models.failures import translate


async def probe(model: Model) -> None:
    """Returns when the model has answered.

    Raises:
        ModelError: It did not.
    """
    agent = Agent(name="probe", instructions="Answer with the single word OK.")
    try:
        result = Runner.run_streamed(
            agent, "Are you there?", run_config=RunConfig(model=model, tracing_disabled=True)
        )
        async for _ in result.stream_events():
            pass
    except Exception as error:
        raise translate(error) from error
