"""Drift: the newest rows against a baseline, and the newest answers against those before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import Field

from apps.monitoring import drift
from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, bounds, register
from apps.monitoring.looks.reading import Reading, span
from apps.monitoring.models import Monitor
from apps.monitoring.profiles import Profile, Type, profile
from apps.predictions.rows import Row

SMALLEST_WINDOW = 30
METHOD = (
    "Per column: the largest distance of two distribution functions (Kolmogorov-Smirnov; bound of Wei and "
    "Dudley 2012), total variation of categories and the share of missing values (Hoeffding 1963). The rate of "
    "false alarms, 1 % a year, is shared over columns and looks (Bonferroni)."
)


class InputDrift(Settings):
    """Every column of the baseline is compared; nothing needs to be set."""

    ignored_columns: list[str] = Field(
        default_factory=list, max_length=500, description="Columns that are not compared."
    )


class PredictionDrift(InputDrift):
    """The answers of the newest rows against those before them."""

    reference_rows: int = Field(
        default=2000, ge=SMALLEST_WINDOW, le=50_000, description="Rows before the window."
    )

    @property
    def more_rows(self) -> int:
        """How many of the newest rows its looks read beside the window."""
        return self.reference_rows


def inputs(monitor: Monitor, settings: InputDrift, reading: Reading) -> Seen | None:
    """Compare the newest inputs with the baseline."""
    assert monitor.baseline is not None
    then = [Profile.of(packed) for packed in monitor.baseline.profiles]
    rows = reading.newest(monitor.window_rows)
    return _seen(monitor, settings, then, (rows, [row.inputs for row in rows]))


def predictions(monitor: Monitor, settings: PredictionDrift, reading: Reading) -> Seen | None:
    """Compare the newest answers with those before them."""
    found = reading.newest(monitor.window_rows + settings.reference_rows)
    now, earlier = found[-monitor.window_rows :], found[: -monitor.window_rows]
    names = dict.fromkeys(name for row in now for name in row.outputs)
    then = [profile(name, [row.outputs.get(name) for row in earlier]) for name in names]
    if len(earlier) < SMALLEST_WINDOW:
        then = []
    return _seen(monitor, settings, then, (now, [row.outputs for row in now]))


def _seen(
    monitor: Monitor,
    settings: InputDrift,
    then: Sequence[Profile],
    window: tuple[list[Row], list[dict[str, Any]]],
) -> Seen | None:
    rows, values = window
    if not rows:
        return None
    then = [known for known in then if known.name not in settings.ignored_columns]
    enough = len(rows) >= SMALLEST_WINDOW
    now = _profiles(then, values) if enough else []
    findings = [asdict(found) for found in drift.compare(then, now)]
    level = bounds.worst(findings)
    starts_at, ends_at = span(rows)
    moved = [found["name"] for found in findings if found["level"] in (Level.ACT, Level.WATCH)]
    top = max((found["effect"] for found in findings), default=None)
    return Seen(
        level, len(rows), starts_at, ends_at, _sentence(monitor, findings, len(rows)), findings,
        features=bounds.acting(findings),
        points=[] if top is None else [Point(top, len(rows))],
        profiles=[each.packed() for each in now if each.name in moved] or None,
    )  # fmt: skip


def _profiles(then: Sequence[Profile], values: list[dict[str, Any]]) -> list[Profile]:
    return [profile(p.name, [row.get(p.name) for row in values], Type(p.type)) for p in then]


def _sentence(monitor: Monitor, findings: Sequence[dict[str, Any]], rows: int) -> str:
    names = [found["name"] for found in findings if found["level"] == Level.ACT]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    what = "inputs" if monitor.kind == Monitor.Kind.INPUT_DRIFT else "predictions"
    where = monitor.deployment.slug
    return f"{where}: {what} drifted in {rows} rows: {', '.join(names[:3])}{more}"


register(Kind(Monitor.Kind.INPUT_DRIFT, InputDrift, inputs, METHOD, needs_baseline=True))
register(Kind(Monitor.Kind.PREDICTION_DRIFT, PredictionDrift, predictions, METHOD))
