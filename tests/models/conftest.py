"""Models that answer through the scripted provider, closed when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from agents import Model

from chatkit_backend.models.credentials import CallLimits
from chatkit_backend.models.registry import open_model
from tests.models.asking import QUICK, OpenModel, credentials
from tests.provider import ScriptedProvider


@pytest.fixture
async def opened(provider: ScriptedProvider) -> AsyncIterator[OpenModel]:
    """Opens models by name on the scripted provider."""
    models: list[Model] = []

    def open_by_name(*names: str, limits: CallLimits = QUICK) -> Model:
        models.append(open_model(names, credentials(provider), limits))
        return models[-1]

    yield open_by_name
    for model in models:
        await model.close()


@pytest.fixture
def model(opened: OpenModel, flavour: str) -> Model:
    """A model of either API."""
    return opened(flavour)
