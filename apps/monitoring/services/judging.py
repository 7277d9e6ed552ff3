"""From what a look saw to the state of its monitor, and to its alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from apps.core import live
from apps.monitoring import hysteresis, selectors
from apps.monitoring.hysteresis import Standing, Step
from apps.monitoring.levels import Level
from apps.monitoring.looks import Seen, kinds
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Measurement, Monitor, Verdict
from apps.monitoring.services import firing
from apps.monitoring.services.journal import note

LONGEST_BACK_OFF = timedelta(hours=1)
State = Monitor.State


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look led to: a verdict, or none where its window was judged already."""

    verdict: Verdict | None
    rows: int


def look(*, monitor: Monitor, reading: Reading) -> Looked:
    """Let the monitor look once and follow what it saw. A `PortalError` says why it cannot."""
    seen = kinds.look(monitor, reading)
    verdict = judge(monitor=monitor, seen=seen, at=reading.at)
    return Looked(verdict, seen.rows if seen else 0)


@transaction.atomic
def judge(*, monitor: Monitor, seen: Seen | None, at: datetime) -> Verdict | None:
    """Keep what a look saw, once per window; fire or resolve the monitor's alert. Safe to run twice."""
    # Lock the monitor, so that two workers cannot judge the same window.
    locked = Monitor.objects.select_for_update(of=("self",)).filter(pk=monitor.pk)
    row = locked.select_related("deployment").first()
    if row is None:
        return None  # removed while it was looked at
    new = seen if seen is not None and not _judged(row, seen) else None
    standing = _standing(row)
    if new is None and not standing.alerting:
        _recovered(row)
        return None
    level = new.level if new else None
    step = hysteresis.after(standing, level, at, hysteresis.hold_of(row.hold_seconds, row.every))
    verdict = _keep(row, new, step, at)
    _follow(row, verdict, step, new)
    return verdict


def _judged(monitor: Monitor, seen: Seen) -> bool:
    """Whether this window was judged: it ends no later, and has no rows that came since, such as labels."""
    if monitor.seen_until is None or seen.ends_at > monitor.seen_until:
        return False
    if seen.ends_at < monitor.seen_until:
        return True
    last = monitor.verdicts.filter(rows__gt=0).values_list("rows", flat=True).first()
    return last is None or last == seen.rows


def _standing(monitor: Monitor) -> Standing:
    """A monitor that cannot look still has the alert that it fired before."""
    alerting = monitor.state == State.ALERTING or (
        monitor.state == State.FAILING and monitor.alerts.firing().exists()
    )
    return Standing(alerting, monitor.calm_looks, monitor.acted_at)


def _keep(monitor: Monitor, seen: Seen | None, step: Step, at: datetime) -> Verdict | None:
    """The row of this look. Nothing new is a row only where it ended an alert."""
    if seen is None:
        return _ended(monitor, step.why, at) if step.resolves else None
    verdict = Verdict.objects.create(
        monitor=monitor,
        level=seen.level,
        rows=seen.rows,
        starts_at=seen.starts_at,
        ends_at=seen.ends_at,
        findings=list(seen.findings),
        profiles=seen.profiles,
        at=at,
    )
    Measurement.objects.bulk_create(
        (
            Measurement(
                monitor=monitor, at=seen.ends_at, part=point.part[:200], value=point.value,
                low=point.low, high=point.high, rows=point.rows,
            )
            for point in seen.points
        ),
        ignore_conflicts=True,
    )  # fmt: skip
    return verdict


def _ended(monitor: Monitor, why: str, at: datetime) -> Verdict:
    since = monitor.seen_until or at
    reason = {
        "name": "rows", "type": "", "level": Level.TOO_FEW, "effect": None, "interval": [None, None],
        "rows": [0, 0], "method": "", "reason": why,
    }  # fmt: skip
    return Verdict.objects.create(
        monitor=monitor, level=Level.TOO_FEW, rows=0, starts_at=since, ends_at=at,
        findings=[reason], at=at,
    )  # fmt: skip


def _follow(monitor: Monitor, verdict: Verdict | None, step: Step, seen: Seen | None) -> None:
    """Move the monitor's state, and its alert with it."""
    Monitor.objects.filter(pk=monitor.pk).update(
        state=_state(step.standing, seen),
        calm_looks=step.standing.calm_looks,
        acted_at=step.standing.acted_at,
        seen_until=seen.ends_at if seen else monitor.seen_until,
        failure="",
        failures=0,
    )
    if verdict is not None and seen is not None and seen.level == Level.ACT:
        _tell(monitor, verdict, seen)
    if step.resolves:
        firing.resolve(monitor)
    live.changed(monitor.topic)


def _state(standing: Standing, seen: Seen | None) -> State:
    if standing.alerting:
        return State.ALERTING
    few = seen is None or seen.level == Level.TOO_FEW
    return State.TOO_FEW if few else State.CALM


def _tell(monitor: Monitor, verdict: Verdict, seen: Seen) -> None:
    """One alert for all that moved; while it fires, further windows add none."""
    if firing.tell_again(monitor):
        return
    group = seen.group or selectors.upstream_of(
        monitor.project_id, {feature["name"] for feature in seen.features}
    )
    firing.keep(
        monitor, verdict=verdict, summary=seen.sentence, features=seen.features, group=group
    )


def _recovered(monitor: Monitor) -> None:
    """It can look again, and saw nothing new."""
    if monitor.state != State.FAILING:
        return
    state = State.UNKNOWN if monitor.seen_until is None else State.CALM
    Monitor.objects.filter(pk=monitor.pk).update(state=state, failure="", failures=0)
    live.changed(monitor.topic)


@transaction.atomic
def note_failure(*, monitor: Monitor, reason: str, at: datetime) -> None:
    """A monitor cannot look: say why, and try again later and later. Its alert stands: blind is not calm."""
    wait = min(monitor.every * 2 ** min(monitor.failures + 1, 12), LONGEST_BACK_OFF)
    wait = max(wait, monitor.every)
    known = Monitor.objects.filter(pk=monitor.pk)
    before = known.select_for_update().values_list("state", flat=True).first()
    if before is None:
        return  # removed while it was looked at
    known.update(
        state=State.FAILING,
        failure=reason[:500],
        failures=F("failures") + 1,
        due_at=at + wait,
    )
    if before != State.FAILING:
        note(monitor, verb="monitoring.monitor_failed", by=None, data={"reason": reason[:500]})
    live.changed(monitor.topic)
