"""What Prometheus scrapes. Labels are deployments, versions and codes: never ids, paths or callers."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from apps.deployments.gateway import buckets
from apps.deployments.gateway.counts import Count, Counts

ANSWERS = Counter(
    "signalbox_gateway_answers_total",
    "Tries to get an answer from a model server, by outcome: ok, refused (4xx), failed.",
    ["deployment", "version", "outcome", "copy"],
)
SECONDS = Histogram(
    "signalbox_gateway_seconds",
    "Time until the model server answered.",
    ["deployment", "version"],
    buckets=buckets.EDGES[::4],
)
REFUSALS = Counter(
    "signalbox_gateway_refusals_total", "Requests that the gateway itself refused.", ["code"]
)
SECOND_TRIES = Counter(
    "signalbox_gateway_second_tries_total", "Requests asked of another model server, too."
)
COPIES_DROPPED = Counter(
    "signalbox_gateway_copies_dropped_total", "Copies not sent, because the shadow was too slow."
)


def export(counts: Iterable[Count], all_counts: Counts) -> None:
    """Add what was counted since the last time."""
    for count in counts:
        _export(count)
    for code, number in all_counts.refused.items():
        REFUSALS.labels(code).inc(number)
    SECOND_TRIES.inc(all_counts.second_tries)
    COPIES_DROPPED.inc(all_counts.copies_dropped)
    all_counts.refused.clear()
    all_counts.second_tries = all_counts.copies_dropped = 0


def _export(count: Count) -> None:
    place = (count.deployment, count.version)
    good = count.requests - count.failures - count.refusals
    outcomes = {"ok": good, "refused": count.refusals, "failed": count.failures}
    for outcome, number in outcomes.items():
        if number:
            ANSWERS.labels(*place, outcome, "yes" if count.shadow else "no").inc(number)
    if not count.shadow:
        _observe(SECONDS.labels(*place), count)


def _observe(histogram: Histogram, count: Count) -> None:
    # `observe` takes one value at a time; these are its two steps, for many at once.
    histogram._sum.inc(count.total_seconds)
    for index, number in enumerate(count.seconds):
        if number:
            histogram._buckets[-(-index // 4)].inc(number)
