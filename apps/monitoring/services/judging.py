"""From what a look saw to the state of its monitor, and to its alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from django.db import transaction

from apps.core import live
from apps.monitoring import drift
from apps.monitoring.drift import Finding
from apps.monitoring.levels import Level
from apps.monitoring.models import Monitor, Verdict
from apps.monitoring.profiles import Profile, Type, profile
from apps.monitoring.services import firing
from apps.predictions.rows import Row

CALM_LOOKS = 2  # windows without a finding before an alert resolves
SMALLEST_WINDOW = 30
State = Monitor.State


@transaction.atomic
def judge(*, monitor: Monitor, rows: Sequence[Row]) -> Verdict | None:
    """Compare a window with the baseline, once; fire or resolve the monitor's alert."""
    # Lock the monitor, so that two workers cannot judge the same window.
    monitor = Monitor.objects.select_for_update().get(pk=monitor.pk)
    until = datetime.fromtimestamp(rows[-1].time, UTC) if rows else None
    seen = monitor.seen_until is not None and until is not None and until <= monitor.seen_until
    if until is None or seen:
        return None
    verdict = _look(monitor, rows)
    Monitor.objects.filter(pk=monitor.pk).update(seen_until=until)
    _follow(monitor, verdict)
    live.changed(monitor.topic)
    return verdict


def _look(monitor: Monitor, rows: Sequence[Row]) -> Verdict:
    assert monitor.baseline is not None
    then = [Profile.of(packed) for packed in monitor.baseline.profiles]
    findings = drift.compare(then, _window(then, rows)) if len(rows) >= SMALLEST_WINDOW else []
    return Verdict.objects.create(
        monitor=monitor,
        level=_worst(findings),
        rows=len(rows),
        starts_at=datetime.fromtimestamp(rows[0].time, UTC),
        ends_at=datetime.fromtimestamp(rows[-1].time, UTC),
        findings=[asdict(finding) for finding in findings],
    )


def _window(then: Sequence[Profile], rows: Sequence[Row]) -> list[Profile]:
    return [profile(p.name, [row.inputs.get(p.name) for row in rows], Type(p.type)) for p in then]


def _worst(findings: Sequence[Finding]) -> Level:
    levels = {finding.level for finding in findings}
    for level in (Level.ACT, Level.WATCH, Level.IGNORE):
        if level in levels:
            return level
    return Level.TOO_FEW


def _follow(monitor: Monitor, verdict: Verdict) -> None:
    """Move the monitor's state, and its alert with it."""
    if verdict.level == Level.ACT:
        _set_state(monitor, State.ALERTING, calm_looks=0)
        firing.fire(monitor, verdict=verdict)
    elif verdict.level == Level.TOO_FEW:
        if monitor.state != State.ALERTING:
            _set_state(monitor, State.TOO_FEW, calm_looks=0)
    elif monitor.state != State.ALERTING:
        _set_state(monitor, State.CALM, calm_looks=0)
    elif monitor.calm_looks + 1 >= CALM_LOOKS:
        _set_state(monitor, State.CALM, calm_looks=0)
        firing.resolve(monitor)
    else:
        _set_state(monitor, State.ALERTING, calm_looks=monitor.calm_looks + 1)


def _set_state(monitor: Monitor, state: State, *, calm_looks: int) -> None:
    Monitor.objects.filter(pk=monitor.pk).update(state=state, calm_looks=calm_looks)
