"""Every operation, item and event of the ChatKit protocol works, on every database and API.

The scenarios stand in `scenarios.py`, the rules that every stream keeps in `thread_view.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chatting import Chat
from tests.conformance.client import Client
from tests.conformance.conftest import serving
from tests.conformance.protocol import everything
from tests.conformance.scenarios import SCENARIOS
from tests.provider.server import ScriptedProvider


@pytest.mark.parametrize("name", SCENARIOS)
async def test_scenario(name: str, client: Client, provider: ScriptedProvider) -> None:
    await SCENARIOS[name](client, provider)
    assert provider.unused_steps == 0
    await client.check()


async def test_nothing_of_the_protocol_is_left_out(
    provider: ScriptedProvider, flavour: str, tmp_path: Path
) -> None:
    seen: set[str] = set()
    with serving(provider, "memory://", flavour, tmp_path) as served:
        for name, scenario in SCENARIOS.items():
            provider.reset()
            async with Chat(served.url, user=name) as chat:
                client = Client(chat, seen)
                await scenario(client, provider)
                await client.check()
    assert everything() - seen == set()
