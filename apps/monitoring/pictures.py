"""What the pages of monitors draw: the series, distributions, and features by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.core.ui.charts import Chart, Marker, Series, Threshold, Window
from apps.core.ui.pictures import Cell
from apps.monitoring.levels import Level
from apps.monitoring.looks import KINDS
from apps.monitoring.models import Alert, Measurement, Monitor, Verdict
from apps.monitoring.profiling.profiles import OTHER, Profile, Type

if TYPE_CHECKING:
    import numpy as np
else:
    np = late("numpy")

BINS = 20
MOST_PARTS = 4  # lines that can be told apart
MOST_FEATURES = 15
HOURS = 24
# How dark a cell is; a level is a step, not a figure.
STEPS = {Level.IGNORE: "1", Level.WATCH: "3", Level.ACT: "5", Level.TOO_FEW: "none"}


@dataclass(frozen=True, slots=True)
class Heat:
    """Features by hour, as a heat map and as the rows behind it."""

    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    left_out: int


def series(
    monitor: Monitor, points: Sequence[Measurement], alerts: Sequence[Alert], latest: Verdict | None
) -> Chart:
    """The monitor's value with its threshold, interval and the time its alerts fired."""
    times = sorted({point.at.timestamp() for point in points})
    place = {time: at for at, time in enumerate(times)}
    parts = list(dict.fromkeys(point.part for point in points))[:MOST_PARTS]
    lines = [_line(points, part, place) for part in sorted(parts)]
    return Chart(
        title=monitor.get_kind_display().capitalize(),
        unit=KINDS[monitor.kind].unit if monitor.kind in KINDS else "",
        times=times,
        series=lines,
        thresholds=_thresholds(latest),
        windows=[_alerting(alert, times) for alert in alerts if times],
        markers=[
            Marker(alert.fired_at.timestamp(), "fired", alert.get_absolute_url())
            for alert in alerts
            if times and times[0] <= alert.fired_at.timestamp() <= times[-1]
        ],
    )


def _line(points: Sequence[Measurement], part: str, place: Mapping[float, int]) -> Series:
    values: list[float | None] = [None] * len(place)
    for point in points:
        if point.part == part:
            values[place[point.at.timestamp()]] = point.value
    return Series(part or "value", values)


def _thresholds(latest: Verdict | None) -> list[Threshold]:
    found = [f.get("limit") for f in latest.findings if isinstance(f, dict)] if latest else []
    known = dict.fromkeys(limit for limit in found if limit is not None)
    return [Threshold("limit", float(limit)) for limit in list(known)[:2]]


def _alerting(alert: Alert, times: Sequence[float]) -> Window:
    end = alert.resolved_at.timestamp() if alert.resolved_at else times[-1]
    return Window(alert.fired_at.timestamp(), end, "alert")


def heat(verdicts: Sequence[Verdict], names: Mapping[int, Monitor], until: datetime) -> Heat:
    """The worst level of each feature in each of the last hours; where no look was is hatched."""
    start = (until - timedelta(hours=HOURS - 1)).replace(minute=0, second=0, microsecond=0)
    hours = [start + timedelta(hours=hour) for hour in range(HOURS)]
    cells: dict[tuple[int, str], dict[int, dict[str, Any]]] = {}
    for verdict in verdicts:
        hour = int((verdict.at - start).total_seconds() // 3600)
        for finding in verdict.findings:
            cells.setdefault((verdict.monitor_id, finding["name"]), {})[hour] = finding
    ordered = sorted(cells, key=lambda key: -_weight(cells[key].values()))
    several = len({monitor for monitor, _ in cells}) > 1
    rows = [
        (_named(names[key[0]], key[1], several), _cells(names[key[0]], cells[key], hours))
        for key in ordered[:MOST_FEATURES]
    ]
    return Heat([f"{hour:%H}" for hour in hours], rows, max(0, len(ordered) - MOST_FEATURES))


def _weight(findings: Any) -> float:
    order = {Level.ACT: 3.0, Level.WATCH: 2.0, Level.IGNORE: 1.0}
    return sum(order.get(found.get("level", ""), 0.0) ** 3 for found in findings)


def _named(monitor: Monitor, feature: str, several: bool) -> str:
    name = feature or monitor.name
    return f"{monitor.deployment.slug}: {name}"[:60] if several else name[:60]


def _cells(
    monitor: Monitor, found: Mapping[int, dict[str, Any]], hours: Sequence[datetime]
) -> list[Cell]:
    return [
        _cell(monitor, found.get(number), f"{hour:%d %b %H}:00 UTC")
        for number, hour in enumerate(hours)
    ]


def _cell(monitor: Monitor, finding: dict[str, Any] | None, when: str) -> Cell:
    if finding is None:
        return Cell("none", "", f"no look, {when}")
    level = finding.get("level", "")
    effect = finding.get("effect")
    figure = "" if effect is None else f" {effect:.3g}"
    return Cell(
        STEPS.get(level, "0"),
        "",
        f"{level.replace('_', ' ')}{figure}, {when}",
        monitor.get_absolute_url(),
    )


def distributions(monitor: Monitor, latest: Verdict | None) -> list[Chart]:
    """What moved: the reference and the window overlaid, as shares of their rows."""
    if latest is None or not latest.profiles or monitor.baseline is None:
        return []
    known = {packed["name"]: packed for packed in monitor.baseline.profiles}
    pairs = [
        (Profile.of(known[now["name"]]), Profile.of(now))
        for now in latest.profiles
        if now["name"] in known
    ]
    return [chart for then, now in pairs[:6] if (chart := _overlay(then, now)) is not None]


def _overlay(then: Profile, now: Profile) -> Chart | None:
    numeric = then.type == Type.NUMERIC
    drawn = _numeric(then, now) if numeric else _categorical(then, now)
    if drawn is None:
        return None
    steps, before, after, label = drawn
    return Chart(
        title=f"{then.name}: {label}",
        unit="share of rows",
        times=steps,
        series=[
            Series(f"reference, {then.rows} rows", before),
            Series(f"now, {now.rows} rows", after),
        ],
        over="step",
        axis="Middle of the bin" if numeric else "Category",
    )


Drawn = tuple[list[float], list[float | None], list[float | None], str]


def _numeric(then: Profile, now: Profile) -> Drawn | None:
    if not then.points or not now.points:
        return None
    both = np.array([*then.points, *now.points], dtype=float)
    low, high = float(both.min()), float(both.max())
    if low == high:
        return None
    edges = np.linspace(low, high, BINS + 1)
    middles = [float(f"{value:.4g}") for value in (edges[:-1] + edges[1:]) / 2]
    before, after = (_shares(points, edges) for points in (then.points, now.points))
    return middles, before, after, "share of rows by value"


def _shares(points: Sequence[float], edges: Any) -> list[float | None]:
    counted, _ = np.histogram(points, bins=edges)
    return [float(count) / len(points) for count in counted]


def _categorical(then: Profile, now: Profile) -> Drawn | None:
    ordered = sorted(
        set(then.counts) | set(now.counts), key=lambda name: -then.counts.get(name, 0)
    )[:BINS]
    if not ordered or not then.present or not now.present:
        return None
    said = ", ".join(
        f"{place} {'others' if name == OTHER else name[:20]}"
        for place, name in enumerate(ordered[:6], start=1)
    )
    return (
        [float(place) for place in range(1, len(ordered) + 1)],
        [then.counts.get(name, 0) / then.present for name in ordered],
        [now.counts.get(name, 0) / now.present for name in ordered],
        f"share of rows by category ({said})",
    )


def replayed(result: Mapping[str, Any]) -> Chart | None:
    """What a back-test measured, with the times the wanted setting would have fired."""
    wanted = result.get("wanted") or {}
    points = wanted.get("points") or []
    if not points:
        return None
    times = [float(at) for at, _ in points]
    return Chart(
        title="The tried setting",
        times=times,
        series=[Series("value", [float(value) for _, value in points])],
        windows=[_fired(fire, times[-1]) for fire in wanted["fires"]],
    )


def _fired(fire: Mapping[str, Any], last: float) -> Window:
    end = fire["ends_at"]
    return Window(
        datetime.fromisoformat(fire["starts_at"]).timestamp(),
        datetime.fromisoformat(end).timestamp() if end else last,
        "would have fired",
    )
