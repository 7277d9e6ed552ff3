"""What Prometheus learns of deliveries."""

from __future__ import annotations

from prometheus_client import Counter

INBOUND = Counter(
    "signalbox_hooks_total", "Requests to /hooks/, by what became of them.", ["slug", "outcome"]
)
OUTBOUND = Counter(
    "signalbox_deliveries_total", "Attempts to deliver an event, by outcome.", ["slug", "outcome"]
)
