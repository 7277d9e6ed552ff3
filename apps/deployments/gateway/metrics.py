from __future__ import annotations

from prometheus_client import Counter, Histogram

ANSWERS = Counter(
    "signalbox_gateway_answers_total",
    "Answers of model servers.",
    ["deployment", "version", "status"],
)
FAILURES = Counter(
    "signalbox_gateway_failures_total", "Calls without an answer.", ["deployment", "version"]
)
SECONDS = Histogram(
    "signalbox_gateway_seconds",
    "Time until the model server answered.",
    ["deployment", "version"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def answered(deployment: str, version: str, status: int, seconds: float) -> None:
    """Count one answer."""
    ANSWERS.labels(deployment, version, str(status)).inc()
    SECONDS.labels(deployment, version).observe(seconds)


def failed(deployment: str, version: str) -> None:
    """Count one call without an answer."""
    FAILURES.labels(deployment, version).inc()
