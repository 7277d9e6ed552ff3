"""Data quality: what is missing, of another type, out of range, never seen, or could not be read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.bounds import Limit
from apps.monitoring.looks.reading import Reading, span
from apps.monitoring.models import Monitor
from apps.monitoring.profiling.profiles import OTHER, Moments, Profile, Type
from apps.predictions.rows import Row

SMALLEST_WINDOW = 30
MANY = 0.5  # a column whose values are mostly its own says nothing by a new one
METHOD = (
    "Per column the share of rows that are missing, of another type, outside the baseline's range widened by "
    "a tenth, or of a category that the baseline has not; act where the whole interval lies above the "
    "baseline's own share plus the tolerance. Interval: Chernoff-Hoeffding, its error rate shared over checks "
    "and a year of looks."
)


class DataQuality(Settings):
    """What may be wrong with how many rows."""

    tolerance: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Share of rows that may be wrong beyond the baseline's.",
    )
    most_set_aside: float = Field(
        default=0.01, ge=0, lt=1, description="Share of rows that may be unreadable."
    )
    ignored_columns: list[str] = Field(default_factory=list, max_length=500)


def look(monitor: Monitor, settings: DataQuality, reading: Reading) -> Seen | None:
    """Check the newest rows against the baseline's types, ranges and categories."""
    assert monitor.baseline is not None
    rows = reading.newest(monitor.window_rows)
    if not rows:
        return None
    starts_at, ends_at = span(rows)
    then = [Profile.of(packed) for packed in monitor.baseline.profiles]
    then = [known for known in then if known.name not in settings.ignored_columns]
    error = bounds.alpha(monitor.every_seconds, 4 * len(then) + 1)
    findings: list[dict[str, Any]] = []
    if len(rows) >= SMALLEST_WINDOW:
        for known in then:
            findings += _column(
                known, [row.inputs.get(known.name) for row in rows], settings, error
            )
        aside = reading.set_aside(starts_at, reading.at)
        findings.append(_aside(aside, len(rows), settings, error))
    findings.sort(key=lambda found: -found["effect"])
    return Seen(
        bounds.worst(findings), len(rows), starts_at, ends_at,
        _sentence(monitor, findings, rows), findings[:200],
        features=bounds.acting(findings),
        points=[Point(found["effect"], len(rows)) for found in findings[:1]],
    )  # fmt: skip


def _column(
    known: Profile, values: Sequence[Any], settings: DataQuality, error: float
) -> Iterator[dict[str, Any]]:
    for what, wrong, of, usual in _checks(known, values):
        limit = Limit(min(1.0, usual + settings.tolerance), True, error, "share of rows", what)
        yield bounds.finding(known.name, bounds.share(wrong, of), limit)


def _checks(known: Profile, values: Sequence[Any]) -> Iterator[tuple[str, int, int, float]]:
    """What is checked, how many rows are wrong, of how many, and the share that was wrong before."""
    present = [value for value in values if value is not None]
    usual = known.missing / known.rows if known.rows else 0.0
    yield "missing", len(values) - len(present), len(values), usual
    if known.type == Type.NUMERIC:
        numbers = [value for value in present if _is_number(value)]
        yield "type", len(present) - len(numbers), len(values), 0.0
        if known.moments.count:
            yield "range", _outside(known.moments, numbers), len(values), 0.0
    elif _closed(known):
        new = sum(str(value)[:200] not in known.counts for value in present)
        yield "new category", new, len(values), 0.0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _outside(seen: Moments, numbers: Sequence[float]) -> int:
    """How many lie beyond the range of the baseline's rows, with a tenth of it as margin."""
    margin = (seen.high - seen.low) / 10
    low, high = seen.low - margin, seen.high + margin
    return sum(not low <= value <= high for value in numbers)


def _closed(known: Profile) -> bool:
    return OTHER not in known.counts and len(known.counts) <= MANY * max(1, known.present)


def _aside(aside: int, rows: int, settings: DataQuality, error: float) -> dict[str, Any]:
    limit = Limit(settings.most_set_aside, True, error, "share of rows", "set aside")
    return bounds.finding("rows", bounds.share(aside, aside + rows), limit)


def _sentence(monitor: Monitor, findings: Sequence[dict[str, Any]], rows: Sequence[Row]) -> str:
    said = [
        f"{f['name']} {f['type']} in {f['effect']:.0%}" for f in findings if f["level"] == Level.ACT
    ]
    return f"{monitor.deployment.slug}: of {len(rows)} rows {', '.join(said[:3])}"


register(Kind(Monitor.Kind.DATA_QUALITY, DataQuality, look, METHOD, needs_baseline=True))
