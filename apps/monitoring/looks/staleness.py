"""Staleness: how old the version is that answers, and how long no row has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor

METHOD = (
    "Age of the live version since it was registered, and of the newest logged prediction; both are compared as "
    "they are, for there is no chance in them."
)


class Staleness(Settings):
    """How old either may be."""

    most_version_days: float = Field(default=90, gt=0, le=36_500)
    most_data_hours: float = Field(default=24, gt=0, le=876_000)


def look(monitor: Monitor, settings: Staleness, reading: Reading) -> Seen | None:
    """Compare both ages with their limits."""
    findings = [_version(settings, reading), _data(settings, reading)]
    said = [
        f"{f['name']} {f['effect']:.1f} {f['type']}" for f in findings if f["level"] == Level.ACT
    ]
    known = [f for f in findings if f["effect"] is not None]
    return Seen(
        bounds.worst(findings), 0, reading.minute, reading.minute,
        f"{monitor.deployment.slug} is stale: {', '.join(said)}", findings,
        features=bounds.acting(findings),
        points=_points(known),
    )  # fmt: skip


def _points(known: Sequence[dict[str, Any]]) -> list[Point]:
    parts = {"age of the version": "", "age of the newest row": "data"}
    return [Point(found["effect"], 0, part=parts[found["name"]]) for found in known]


def _version(settings: Staleness, reading: Reading) -> dict[str, Any]:
    release, name = reading.live, "age of the version"
    if release is None:
        return bounds.too_few(name, 0, "Nothing is live.", "days")
    days = _hours(reading.at, release.version.created_at) / 24
    limit = settings.most_version_days
    return bounds.plain(name, days, limit, bad=days > limit, type="days")


def _data(settings: Staleness, reading: Reading) -> dict[str, Any]:
    last, name = reading.last, "age of the newest row"
    if last is None:
        return bounds.too_few(name, 0, "No row has ever come.", "hours")
    hours = max(0.0, _hours(reading.at, last))
    limit = settings.most_data_hours
    return bounds.plain(name, hours, limit, bad=hours > limit, type="hours")


def _hours(at: datetime, then: datetime) -> float:
    return (at - then).total_seconds() / 3600


register(Kind(Monitor.Kind.STALENESS, Staleness, look, METHOD, unit="days"))
