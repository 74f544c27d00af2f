"""A scripted OpenAI-compatible provider for tests: `with ScriptedProvider() as provider: …`.

The steps it can be told stand in `steps.py`. It is never part of the product.
"""

from tests.provider.server import DEFAULT_ANSWER, RecordedRequest, ScriptedProvider
from tests.provider.steps import (
    CutAfter,
    EndsWithoutFinish,
    ErrorEvent,
    Failure,
    Hang,
    Messages,
    Reasoning,
    Refusal,
    Scripted,
    SlowFirstByte,
    Step,
    Text,
    ToolCalls,
)

__all__ = [
    "DEFAULT_ANSWER",
    "CutAfter",
    "EndsWithoutFinish",
    "ErrorEvent",
    "Failure",
    "Hang",
    "Messages",
    "Reasoning",
    "RecordedRequest",
    "Refusal",
    "Scripted",
    "ScriptedProvider",
    "SlowFirstByte",
    "Step",
    "Text",
    "ToolCalls",
]
