"""What the door out tells Prometheus and the log: never a path, a header or a body."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Histogram

from apps.core.errors import PortalError

logger = logging.getLogger("apps.core.http")
# At DEBUG httpcore would write whole response headers, cookies included.
logging.getLogger("httpcore").setLevel(logging.INFO)

REQUESTS = Counter(
    "signalbox_outgoing_requests_total",
    "Requests to other systems, by what became of them.",
    ["service", "method", "outcome"],
)
SECONDS = Histogram(
    "signalbox_outgoing_seconds",
    "Seconds until a request to another system was answered completely or given up.",
    ["service"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)


@contextmanager
def observed(service: str, method: str, host: str) -> Iterator[None]:
    """Count and time one try."""
    start, outcome = perf_counter(), "crashed"
    try:
        yield
        outcome = "ok"
    except PortalError as error:
        outcome = error.code
        raise
    finally:
        seconds = perf_counter() - start
        REQUESTS.labels(service, method, outcome).inc()
        SECONDS.labels(service).observe(seconds)
        logger.debug("%s: %s %s: %s in %.3f s", service, method, host, outcome, seconds)
