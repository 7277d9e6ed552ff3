from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core import events, jobs, live
from apps.core.models import Job
from apps.deployments import selectors as deployments
from apps.deployments import selectors_mismatches as differences
from apps.deployments.models import Deployment
from apps.ledger.services import record
from apps.models import artifacts
from apps.models.models import ModelVersion
from apps.monitoring import drift, training
from apps.monitoring.drift import Finding, Level
from apps.monitoring.errors import NameTaken, NothingLive, NotOnDemand, NoTrainingData
from apps.monitoring.events import AlertFired, AlertResolved
from apps.monitoring.models import Alert, Baseline, Monitor, Verdict
from apps.monitoring.profiles import Profile, Type, profile
from apps.predictions.rows import Row

CALM_LOOKS = 2  # windows without a finding before an alert resolves
SMALLEST_WINDOW = 30
DESIRED_STATE = "Wanted against found"  # the portal's own monitor of each deployment
State = Monitor.State


@transaction.atomic
def create_baseline(
    *,
    deployment: Deployment,
    columns: Mapping[str, Sequence[Any]],
    source: Baseline.Source,
    by: AbstractUser,
    version: ModelVersion | None = None,
) -> Baseline:
    """Keep what the data should look like, as one profile per column."""
    profiles = [profile(name, values).packed() for name, values in columns.items()]
    baseline = Baseline.objects.create(
        project_id=deployment.project_id,
        deployment=deployment,
        version=version,
        source=source,
        rows=max((len(values) for values in columns.values()), default=0),
        profiles=profiles,
        created_by_id=by.pk,
    )
    data = {"deployment": deployment.pk, "rows": baseline.rows, "columns": len(profiles)}
    record(
        actor=by,
        verb="monitoring.baseline_created",
        subject=baseline,
        project_id=deployment.project_id,
        data=data,
    )
    return baseline


def baseline_from_rows(
    *, deployment: Deployment, rows: Sequence[Mapping[str, Any]], by: AbstractUser
) -> Baseline:
    """A baseline from rows that somebody posted, one object per row."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    return create_baseline(
        deployment=deployment, columns=columns, source=Baseline.Source.ROWS, by=by
    )


def baseline_from_run(*, deployment: Deployment, path: str, by: AbstractUser) -> Baseline:
    """A baseline from the training inputs that the live version's run logged as an artifact."""
    release = deployments.live_release(deployment)
    if release is None:
        raise NothingLive(deployment=deployment.slug)
    version = release.version
    data = artifacts.read(version, path, most=training.MOST_BYTES)
    if data is None:
        raise NoTrainingData(version=str(version), path=path)
    return create_baseline(
        deployment=deployment,
        columns=training.columns(data, path),
        source=Baseline.Source.ARTIFACT,
        by=by,
        version=version,
    )


@transaction.atomic
def create_monitor(
    *,
    baseline: Baseline,
    name: str,
    by: AbstractUser,
    window_rows: int = 200,
    every_seconds: int = 60,
) -> Monitor:
    """Watch a deployment's inputs against a baseline."""
    if name == DESIRED_STATE:
        raise NameTaken(deployment=baseline.deployment.slug, name=name)
    monitor = Monitor(
        project_id=baseline.project_id,
        deployment_id=baseline.deployment_id,
        baseline=baseline,
        name=name,
        window_rows=window_rows,
        every_seconds=every_seconds,
    )
    try:
        with transaction.atomic():
            monitor.save(force_insert=True)
    except IntegrityError as error:
        raise NameTaken(deployment=baseline.deployment.slug, name=name) from error
    _record(monitor, "monitoring.monitor_created", by)
    return monitor


def postpone(monitor: Monitor) -> None:
    """Set the time of the next look."""
    Monitor.objects.filter(pk=monitor.pk).update(due_at=timezone.now() + monitor.every)


def look_now(*, monitor: Monitor, by: AbstractUser) -> Job:
    """Judge the newest window without waiting for the next look."""
    if not monitor.looks_at_rows:
        raise NotOnDemand(name=monitor.name)
    return jobs.enqueue(
        "monitoring.evaluate",
        owner=by,
        project_id=monitor.project_id,
        key=f"monitor:{monitor.pk}",
        monitor_id=monitor.pk,
    )


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
        _fire(monitor, verdict)
    elif verdict.level == Level.TOO_FEW:
        if monitor.state != State.ALERTING:
            _set_state(monitor, State.TOO_FEW, calm_looks=0)
    elif monitor.state != State.ALERTING:
        _set_state(monitor, State.CALM, calm_looks=0)
    elif monitor.calm_looks + 1 >= CALM_LOOKS:
        _set_state(monitor, State.CALM, calm_looks=0)
        _resolve(monitor)
    else:
        _set_state(monitor, State.ALERTING, calm_looks=monitor.calm_looks + 1)


def _set_state(monitor: Monitor, state: State, *, calm_looks: int) -> None:
    Monitor.objects.filter(pk=monitor.pk).update(state=state, calm_looks=calm_looks)


def _fire(monitor: Monitor, verdict: Verdict) -> None:
    """One alert for all features; while it fires, further windows add none."""
    if monitor.alerts.firing().exists():
        return
    moved = [finding for finding in verdict.findings if finding["level"] == Level.ACT]
    features = [{key: f[key] for key in ("name", "effect", "interval")} for f in moved]
    _keep_alert(monitor, verdict, _summary(monitor, moved, verdict.rows), features=features)


def _keep_alert(
    monitor: Monitor, verdict: Verdict, summary: str, *, features: list[dict[str, Any]]
) -> None:
    release = deployments.live_release(monitor.deployment)
    alert = Alert.objects.create(
        project_id=monitor.project_id,
        monitor=monitor,
        deployment=monitor.deployment,
        fingerprint=f"monitor:{monitor.pk}",
        severity=monitor.severity,
        verdict=verdict,
        version=release.version if release else None,
        name=monitor.name,
        summary=summary[:500],
        features=features,
    )
    data = {"alert": alert.pk, "verdict": verdict.pk, "features": len(features)}
    _record(monitor, "monitoring.alert_fired", None, data)
    events.publish(AlertFired(alert_id=alert.pk))


@transaction.atomic
def fire_for_mismatches(*, deployment: Deployment) -> None:
    """A deployment runs something else than is wanted: one alert for all that differs. Safe to run twice."""
    differing = list(differences.open_mismatches(deployment))
    if not differing:
        return
    monitor, _ = Monitor.objects.select_for_update().get_or_create(
        deployment=deployment,
        kind=Monitor.Kind.DESIRED_STATE,
        defaults={"project_id": deployment.project_id, "name": DESIRED_STATE, "enabled": False},
    )
    if monitor.alerts.firing().exists():
        return
    verdict = Verdict.objects.create(
        monitor=monitor,
        level=Level.ACT,
        rows=0,
        starts_at=min(row.since for row in differing),
        ends_at=max(row.seen_at for row in differing),
        findings=[
            {"name": row.get_kind_display(), "wanted": row.wanted, "found": row.found}
            for row in differing
        ],
    )
    _set_state(monitor, State.ALERTING, calm_looks=0)
    first = differing[0]
    told = f"{first.get_kind_display()}: wanted {first.wanted}, found {first.found}"
    _keep_alert(monitor, verdict, f"{deployment.slug} runs something else. {told}", features=[])
    live.changed(monitor.topic)


@transaction.atomic
def resolve_for_mismatches(*, deployment: Deployment) -> None:
    """Nothing differs any more: the alert about it is over. Safe to run twice."""
    if differences.open_mismatches(deployment).exists():
        return
    for monitor in deployment.monitors.filter(kind=Monitor.Kind.DESIRED_STATE):
        _set_state(monitor, State.CALM, calm_looks=0)
        _resolve(monitor)
        live.changed(monitor.topic)


def _summary(monitor: Monitor, moved: Sequence[Mapping[str, Any]], rows: int) -> str:
    names = ", ".join(f["name"] for f in moved[:3])
    more = f" and {len(moved) - 3} more" if len(moved) > 3 else ""
    return f"{monitor.deployment.slug}: inputs drifted in {rows} rows: {names}{more}"[:500]


def _resolve(monitor: Monitor) -> None:
    for alert in monitor.alerts.firing():
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.RESOLVED, resolved_at=timezone.now()
        )
        _record(monitor, "monitoring.alert_resolved", None, {"alert": alert.pk})
        events.publish(AlertResolved(alert_id=alert.pk))


def _record(
    monitor: Monitor, verb: str, by: AbstractUser | None, data: dict[str, Any] | None = None
) -> None:
    record(
        actor=by,
        verb=verb,
        subject=monitor,
        project_id=monitor.project_id,
        data={"deployment": monitor.deployment_id, **(data or {})},
    )
