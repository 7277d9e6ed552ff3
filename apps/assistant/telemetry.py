"""What each step of an answer costs: for Prometheus, and as a span where a tracer is set up.

The names are those of OpenTelemetry's conventions for generative AI. Neither questions nor answers are in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from prometheus_client import Counter, Histogram

SECONDS = Histogram(
    "signalbox_assistant_step_seconds", "Time of one step of an answer.", ["operation", "outcome"]
)
ANSWERS = Counter("signalbox_assistant_answers_total", "Answers by how they ended.", ["state"])
TOKENS = Counter("signalbox_assistant_tokens_total", "Tokens that models took.")
tracer = trace.get_tracer("signalbox.assistant")


@contextmanager
def observed(operation: str, what: str) -> Iterator[None]:
    """Time one step: `chat` with a model, or `execute_tool` with a tool."""
    started, outcome = time.perf_counter(), "failed"
    key = "gen_ai.request.model" if operation == "chat" else "gen_ai.tool.name"
    attributes = {"gen_ai.operation.name": operation, key: what}
    span = tracer.start_span(f"{operation} {what}", attributes=attributes)
    try:
        yield
        outcome = "done"
    finally:
        span.set_attribute("signalbox.outcome", outcome)
        span.end()
        SECONDS.labels(operation, outcome).observe(time.perf_counter() - started)
