"""Latency and errors, from what gateways count of every answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import Field

from apps.deployments.tallies import Summary
from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.bounds import Estimate, Limit
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor

LATENCY = (
    "The quantile of the answers of the window; its interval are the quantiles at the ends of the share's own "
    "interval (order statistics; Chernoff-Hoeffding). The limit is the one that is set, else the same quantile of "
    "the day before times what is borne. Times are known to 23 %, the width of a gateway's bucket."
)
ERRORS = (
    "Answers of 500 and above and calls without an answer, over all requests of the window; act where the whole "
    "interval (Chernoff-Hoeffding) lies above the limit."
)


class Serving(Settings):
    """Over how many minutes, and how many requests they need."""

    minutes: int = Field(default=15, ge=1, le=1440)
    least_requests: int = Field(default=50, ge=1, le=1_000_000)


class Latency(Serving):
    """Which quantile, and how long it may be."""

    quantile: float = Field(default=0.99, ge=0.5, le=0.999)
    most_ms: float | None = Field(
        default=None, gt=0, le=600_000, description="Empty: the day before times `may_grow_to`."
    )
    may_grow_to: float = Field(default=1.5, gt=1, le=1000)


class Errors(Serving):
    """Which share of failures is borne."""

    most: float = Field(default=0.02, ge=0, lt=1)


def latency(monitor: Monitor, settings: Latency, reading: Reading) -> Seen | None:
    """Hold a quantile of the answers' times against its limit."""
    found = _counted(settings, reading)
    limit, reason = _most_ms(settings, reading)
    name = f"p{settings.quantile * 100:g}"
    findings = [_too_few(name, found, settings)]
    if found.requests >= settings.least_requests and limit is None:
        findings = [bounds.too_few(name, found.requests, reason)]
    elif limit is not None and found.requests >= settings.least_requests:
        how = Limit(limit, True, bounds.alpha(monitor.every_seconds), "quantile", "ms")
        findings = [bounds.finding(name, _quantile(found, settings.quantile), how, reason)]
    return _seen(monitor, settings, reading, findings)


def errors(monitor: Monitor, settings: Errors, reading: Reading) -> Seen | None:
    """Hold the share of failures against its limit."""
    found = _counted(settings, reading)
    findings = [_too_few("failures", found, settings)]
    if found.requests >= settings.least_requests:
        how = Limit(settings.most, True, bounds.alpha(monitor.every_seconds), "share", "share")
        findings = [bounds.finding("failures", bounds.share(found.failures, found.requests), how)]
    return _seen(monitor, settings, reading, findings)


def _counted(settings: Serving, reading: Reading) -> Summary:
    return reading.counted(reading.minute - timedelta(minutes=settings.minutes), reading.minute)


def _too_few(name: str, found: Summary, settings: Serving) -> dict[str, Any]:
    reason = f"{settings.least_requests} requests are needed in {settings.minutes} minutes."
    return bounds.too_few(name, found.requests, reason)


def _most_ms(settings: Latency, reading: Reading) -> tuple[float | None, str]:
    if settings.most_ms is not None:
        return settings.most_ms, "the limit of the settings"
    until = reading.minute - timedelta(minutes=settings.minutes)
    day = reading.counted(until - timedelta(days=1), until)
    usual = day.quantile(settings.quantile)
    if usual is None or day.requests < settings.least_requests:
        return None, "There is no limit, and too few requests of the day before to compare with."
    return usual * 1000 * settings.may_grow_to, f"{usual * 1000:.3g} ms the day before"


def _quantile(found: Summary, wanted: float) -> Estimate:
    # The gateway's copy of a call without an answer has no time.
    timed = sum(found.seconds)

    def ends(error: float) -> tuple[float, float]:
        low, high = bounds.share(wanted * timed, timed).bounds(error)
        return (found.quantile(low) or 0.0) * 1000, (found.quantile(high) or 0.0) * 1000

    return Estimate((found.quantile(wanted) or 0.0) * 1000, timed, ends)


def _seen(
    monitor: Monitor, settings: Serving, reading: Reading, findings: Sequence[dict[str, Any]]
) -> Seen:
    [found] = findings
    rows = found["rows"][1]
    said = "" if found["limit"] is None else _said(found)
    points = [Point(found["effect"], rows, *found["interval"])]
    return Seen(
        found["level"], rows, reading.minute - timedelta(minutes=settings.minutes), reading.minute,
        f"{monitor.deployment.slug}: {said}", findings,
        features=bounds.acting(findings),
        points=points if found["level"] != Level.TOO_FEW else [],
    )  # fmt: skip


def _said(found: dict[str, Any]) -> str:
    if found["type"] == "ms":
        figures = f"{found['effect']:.3g} ms, limit {found['limit']:.3g} ms"
    else:
        figures = f"{found['effect']:.1%}, limit {found['limit']:.1%}"
    return f"{found['name']} {figures}, over {found['rows'][1]} requests"


register(Kind(Monitor.Kind.LATENCY, Latency, latency, LATENCY, unit="ms"))
register(Kind(Monitor.Kind.ERRORS, Errors, errors, ERRORS))
