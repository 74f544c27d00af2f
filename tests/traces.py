"""What the Agents SDK would export."""

from __future__ import annotations

from typing import Any

from agents import Span, Trace
from agents.tracing import TracingProcessor


class SeenTraces(TracingProcessor):
    """Sees what would be exported."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []

    def on_trace_start(self, trace: Trace) -> None:
        self.traces.append(trace)

    def on_trace_end(self, trace: Trace) -> None: ...
    def on_span_start(self, span: Span[Any]) -> None: ...
    def on_span_end(self, span: Span[Any]) -> None: ...
    def shutdown(self) -> None: ...
    def force_flush(self) -> None: ...
