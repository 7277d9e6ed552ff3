"""Input drift and prediction drift: a window of rows against the baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from apps.monitoring.errors import NoSample
from apps.monitoring.levels import Level
from apps.monitoring.looks import Kind, Point, Seen, Settings, register
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Baseline, Monitor
from apps.monitoring.profiling import Profile, Summary, of_columns
from apps.monitoring.profiling.summaries import of_sample
from apps.monitoring.verdicts.budget import YEARLY, per_look
from apps.monitoring.verdicts.compare import Options, compare
from apps.monitoring.verdicts.findings import Column, Report
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row

MOST_NAMED = 3
SMALLEST_WINDOW = 30
METHOD = (
    "Every column is asked its rank sum (Wilcoxon 1945), spread (Mood 1954), distribution "
    "function, commonest values, decimals and missing values; columns together, whether each "
    "still follows from the others (score tests on ridge residuals, Rao 1948). Each answer's "
    "p-value (hypergeometric or normal) is multiplied by the number of questions and of looks in "
    "a year (Bonferroni), so at most 1 % of years see a false alarm. Act: the distance "
    "(Kolmogorov-Smirnov or total variation, 0 to 1) times importance is at least 0.1."
)


class InputDrift(Settings):
    """What one may set about a drift monitor; the defaults need no tuning."""

    false_alarms_per_year: float = Field(
        default=YEARLY, gt=0, le=1, description="Chance of any false alarm in a year of looks."
    )
    columns: list[str] = Field(
        default_factory=list, max_length=500, description="Look at these alone; empty: at all."
    )
    ignored_columns: list[str] = Field(
        default_factory=list, max_length=500, description="Columns that are not compared."
    )

    def asks(self, name: str) -> bool:
        """Whether this column is compared."""
        return name not in self.ignored_columns and (not self.columns or name in self.columns)


class PredictionDrift(InputDrift):
    """The answers of the newest rows against a baseline of answers, or those before them."""

    reference_rows: int = Field(
        default=2000, ge=SMALLEST_WINDOW, le=50_000, description="Rows before the window."
    )

    @property
    def more_rows(self) -> int:
        """How many of the newest rows its looks read beside the window."""
        return self.reference_rows


def inputs(monitor: Monitor, settings: InputDrift, reading: Reading) -> Seen | None:
    """Compare the newest window's inputs with the baseline's."""
    assert monitor.baseline is not None
    rows = reading.newest(monitor.window_rows)
    return _look(monitor, settings, rows, lambda: reference(monitor, rows))


def outputs(monitor: Monitor, settings: PredictionDrift, reading: Reading) -> Seen | None:
    """Compare what the newest window answered with a baseline, or with what the rows before it did."""
    found = reading.newest(monitor.window_rows + settings.reference_rows)
    now, earlier = found[-monitor.window_rows :], found[: -monitor.window_rows]
    if monitor.baseline is not None:
        return _look(monitor, settings, now, lambda: reference(monitor, now))
    return _look(monitor, settings, now, lambda: _of([row.outputs for row in earlier]))


def _look(
    monitor: Monitor, settings: InputDrift, rows: Sequence[Row], known: Callable[[], Summary]
) -> Seen | None:
    if not rows:
        return None
    then = known()
    names = [name for name in then.tallies if settings.asks(name)]
    values = [_answers(monitor, row) for row in rows]
    now = of_columns({name: [row.get(name) for row in values] for name in names})
    alpha = per_look(monitor.every_seconds, settings.false_alarms_per_year)
    importance = monitor.baseline.importance if monitor.baseline else {}
    options = Options(alpha=alpha, importance=importance, exact=False)
    return _seen(monitor, compare(then, now, options), rows, (then, now))


def _answers(monitor: Monitor, row: Row) -> Mapping[str, Any]:
    return row.outputs if monitor.kind == Monitor.Kind.PREDICTION_DRIFT else row.inputs


def reference(monitor: Monitor, rows: Sequence[Row]) -> Summary:
    """What the window is compared with; a rolling baseline is the stretch of time before it."""
    baseline = monitor.baseline
    assert baseline is not None
    if baseline.source == Baseline.Source.ROLLING:
        return _before(monitor, baseline, rows)
    if baseline.sample is None:
        raise NoSample(baseline=baseline.pk)
    profiles = [Profile.of(packed) for packed in baseline.profiles]
    return of_sample(bytes(baseline.sample), profiles, baseline.rows)


def _before(monitor: Monitor, baseline: Baseline, rows: Sequence[Row]) -> Summary:
    first = datetime.fromtimestamp(rows[0].time, UTC)
    length = timedelta(seconds=baseline.settings.get("length_seconds", 86_400))
    until = first - timedelta(seconds=baseline.settings.get("back_seconds", 0))
    found = predictions.rows(baseline.deployment_id, since=until - length, until=until)
    return _of([_answers(monitor, row) for row in found])


def _of(values: Sequence[Mapping[str, Any]]) -> Summary:
    names = dict.fromkeys(name for row in values for name in row)
    return of_columns({name: [row.get(name) for row in values] for name in names})


def _seen(
    monitor: Monitor, report: Report, rows: Sequence[Row], pair: tuple[Summary, Summary]
) -> Seen:
    then, now = pair
    acting = [each for each in report.columns if each.level == Level.ACT]
    edges = {each.name: each.edges for each in then.profiles()}
    return Seen(
        level=report.level,
        rows=len(rows),
        starts_at=datetime.fromtimestamp(rows[0].time, UTC),
        ends_at=datetime.fromtimestamp(rows[-1].time, UTC),
        sentence=f"{monitor.deployment.slug}: {_sentence(report, acting)}",
        findings=[_finding(each, report.rows) for each in report.columns],
        features=[
            {"name": each.name, "effect": each.effect, "interval": list(each.interval)}
            for each in acting
        ],
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


register(Kind(Monitor.Kind.INPUT_DRIFT, InputDrift, inputs, METHOD, needs_baseline=True))
register(Kind(Monitor.Kind.PREDICTION_DRIFT, PredictionDrift, outputs, METHOD))
