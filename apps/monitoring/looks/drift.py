"""Input drift and prediction drift: a window of rows against the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from apps.monitoring import selectors
from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, register
from apps.monitoring.models import Baseline, Monitor
from apps.monitoring.profiling import Profile, Summary, of_columns
from apps.monitoring.profiling.summaries import of_sample
from apps.monitoring.verdicts.budget import YEARLY, per_look
from apps.monitoring.verdicts.compare import Options, compare
from apps.monitoring.verdicts.findings import Column, Report
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row

MOST_NAMED = 3
METHOD = (
    "Every column is asked its rank sum (Wilcoxon 1945), spread (Mood 1954), distribution "
    "function, commonest values, decimals and missing values; columns together, whether each "
    "still follows from the others (score tests on ridge residuals, Rao 1948). Each answer's "
    "p-value (hypergeometric or normal) is multiplied by the number of questions and of looks in "
    "a year (Bonferroni), so at most 1 % of years see a false alarm. Act: the distance "
    "(Kolmogorov-Smirnov or total variation, 0 to 1) times importance is at least 0.1."
)


class DriftSettings(Settings):
    """What one may set about a drift monitor; the defaults need no tuning."""

    false_alarms_per_year: float = Field(
        default=YEARLY, gt=0, le=1, description="Chance of any false alarm in a year of looks."
    )
    columns: tuple[str, ...] = Field(default=(), description="Look at these alone; empty: at all.")


def inputs(monitor: Monitor, settings: DriftSettings, now: datetime) -> Seen | None:
    """Compare the newest window's inputs with the baseline's."""
    rows = selectors.window(monitor)
    return _look(monitor, settings, rows, [row.inputs for row in rows])


def outputs(monitor: Monitor, settings: DriftSettings, now: datetime) -> Seen | None:
    """Compare what the newest window answered with what the rows before it did.

    A baseline whose columns are outputs is the reference; else the window before.
    """
    rows = selectors.window(monitor)
    answers = [row.outputs for row in rows]
    return _look(monitor, settings, rows, answers)


def _look(
    monitor: Monitor,
    settings: DriftSettings,
    rows: Sequence[Row],
    values: Sequence[Mapping[str, Any]],
) -> Seen | None:
    until = datetime.fromtimestamp(rows[-1].time, UTC) if rows else None
    if until is None or (monitor.seen_until is not None and until <= monitor.seen_until):
        return None
    then = reference(monitor, rows)
    if then is None:
        return None
    names = [name for name in then.tallies if not settings.columns or name in settings.columns]
    now = of_columns({name: [row.get(name) for row in values] for name in names})
    alpha = per_look(monitor.every_seconds, settings.false_alarms_per_year)
    importance = monitor.baseline.importance if monitor.baseline else {}
    options = Options(alpha=alpha, importance=importance, exact=False)
    return _seen(compare(then, now, options), rows, then, now)


def reference(monitor: Monitor, rows: Sequence[Row]) -> Summary | None:
    """What the window is compared with; None where there is nothing yet."""
    baseline = monitor.baseline
    if baseline is None or baseline.source == Baseline.Source.ROLLING:
        return _before(monitor, baseline, rows)
    if baseline.sample is None:
        return None
    profiles = [Profile.of(packed) for packed in baseline.profiles]
    return of_sample(bytes(baseline.sample), profiles, baseline.rows)


def _before(monitor: Monitor, baseline: Baseline | None, rows: Sequence[Row]) -> Summary | None:
    settings = baseline.settings if baseline else {}
    first = datetime.fromtimestamp(rows[0].time, UTC)
    length = timedelta(seconds=settings.get("length_seconds", 86_400))
    until = first - timedelta(seconds=settings.get("back_seconds", 0))
    found = predictions.rows(monitor.deployment_id, since=until - length, until=until)
    is_output = monitor.kind == Monitor.Kind.PREDICTION_DRIFT
    values = [row.outputs if is_output else row.inputs for row in found]
    names = dict.fromkeys(name for row in values for name in row)
    return of_columns({n: [row.get(n) for row in values] for n in names}) if found else None


def _seen(report: Report, rows: Sequence[Row], then: Summary, now: Summary) -> Seen:
    acting = [each for each in report.columns if each.level == Level.ACT]
    edges = {each.name: each.edges for each in then.profiles()}
    return Seen(
        level=report.level,
        rows=len(rows),
        starts_at=datetime.fromtimestamp(rows[0].time, UTC),
        ends_at=datetime.fromtimestamp(rows[-1].time, UTC),
        sentence=_sentence(report, acting),
        findings=[_finding(each, report.rows) for each in report.columns],
        features=[{"name": each.name, "effect": each.effect} for each in acting],
        points=[
            Point(each.effect, len(rows), *each.interval, each.name) for each in report.columns
        ],
        profiles=[each.packed() for each in now.profiles(edges)] if report.drift else None,
    )


def _finding(each: Column, rows: tuple[int, int]) -> dict[str, Any]:
    return {**each.as_json(), "level": each.level.value, "rows": list(rows)}


def _sentence(report: Report, acting: Sequence[Column]) -> str:
    if acting:
        names = ", ".join(each.name for each in acting[:MOST_NAMED])
        more = f" and {len(acting) - MOST_NAMED} more" if len(acting) > MOST_NAMED else ""
        return (
            f"{names}{more} moved, by {acting[0].effect:.2f} at most, over {report.rows[1]} rows."
        )
    for what, found in (("columns", report.joint), ("target", report.concept)):
        if found and found.level == Level.ACT:
            names = ", ".join(found.columns[:MOST_NAMED])
            return f"The relation between {what} changed: {names}."
    return f"Nothing to act on over {report.rows[1]} rows."


for kind, look, needs_baseline in (
    (Monitor.Kind.INPUT_DRIFT, inputs, True),
    (Monitor.Kind.PREDICTION_DRIFT, outputs, False),
):
    register(Kind(kind, DriftSettings, look, METHOD, needs_baseline))
