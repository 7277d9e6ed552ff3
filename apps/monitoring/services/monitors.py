"""What watches a deployment, and when it looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core import jobs, live
from apps.core.models import Job
from apps.deployments.models import Deployment
from apps.docs.models import Document
from apps.ledger.services import record
from apps.monitoring.errors import (
    ChangedMeanwhile,
    NameTaken,
    NeedsBaseline,
    NeedsRunbook,
    NotOnDemand,
    OfAnotherDeployment,
    OwnMonitor,
)  # fmt: skip
from apps.monitoring.looks import kinds
from apps.monitoring.models import Alert, Baseline, Monitor, Severity
from apps.monitoring.services import firing
from apps.monitoring.services.journal import note
from apps.monitoring.services.mismatches import DESIRED_STATE
from apps.monitoring.services.objectives import remove_slo

PLAIN = ("name", "severity", "window_rows", "every_seconds", "hold_seconds")
OWN = Monitor.Kind.DESIRED_STATE


@transaction.atomic
def create_monitor(
    *,
    name: str,
    by: AbstractUser,
    deployment: Deployment | None = None,
    baseline: Baseline | None = None,
    kind: str = Monitor.Kind.INPUT_DRIFT,
    settings: Mapping[str, Any] | None = None,
    severity: str = Severity.WARNING,
    runbook: Document | None = None,
    window_rows: int = 200,
    every_seconds: int = 60,
    hold_seconds: int = 900,
) -> Monitor:
    """Watch a deployment, named by itself or by its baseline."""
    place = deployment or (baseline.deployment if baseline else None)
    if place is None:
        raise NeedsBaseline(kind=kind)
    monitor = Monitor(
        project_id=place.project_id,
        deployment=place,
        baseline=baseline,
        name=name,
        kind=kind,
        settings=_checked(kind, settings or {}),
        severity=severity,
        runbook=runbook,
        window_rows=window_rows,
        every_seconds=every_seconds,
        hold_seconds=hold_seconds,
    )
    _fits(monitor)
    _store(monitor, insert=True)
    note(monitor, verb="monitoring.monitor_created", by=by, data={"kind": kind, "name": name})
    return monitor


@transaction.atomic
def change_monitor(
    *,
    monitor: Monitor,
    changes: Mapping[str, Any],
    by: AbstractUser,
    tried_in: int | None = None,
    as_of: datetime | None = None,
) -> Monitor:
    """Change what a monitor is set to; `tried_in` names the back-test that tried it.

    `ChangedMeanwhile` where it was changed since `as_of`, when the person read it.
    """
    # Lock it: an edit and a look must not overwrite each other.
    row = _locked(monitor)
    if as_of is not None and row.updated_at != as_of:
        raise ChangedMeanwhile(name=row.name)
    before = _facts(row)
    for name in PLAIN:
        setattr(row, name, changes.get(name, getattr(row, name)))
    if "settings" in changes:
        row.settings = _checked(row.kind, changes["settings"])
    for name in ("baseline", "runbook"):
        if name in changes:
            setattr(row, name, changes[name])
    _fits(row)
    after = _facts(row)
    if after == before:
        return row
    _store(row, insert=False)
    tried = {"job": tried_in} if tried_in else {}
    data = {"before": before, "after": after, **tried}
    note(row, verb="monitoring.monitor_changed", by=by, data=data)
    live.changed(row.topic)
    return row


@transaction.atomic
def pause_monitor(*, monitor: Monitor, by: AbstractUser) -> Monitor:
    """Look no more until it is resumed; what fires is over, for nobody would see it end."""
    row = _locked(monitor)
    if not row.enabled:
        return row
    Monitor.objects.filter(pk=row.pk).update(
        enabled=False, state=Monitor.State.UNKNOWN, calm_looks=0, failure="", failures=0
    )
    firing.resolve(row)
    note(row, verb="monitoring.monitor_paused", by=by)
    live.changed(row.topic)
    return _fresh(row)


@transaction.atomic
def resume_monitor(*, monitor: Monitor, by: AbstractUser) -> Monitor:
    """Look again, from now on."""
    row = _locked(monitor)
    if row.enabled:
        return row
    Monitor.objects.filter(pk=row.pk).update(enabled=True, due_at=timezone.now())
    note(row, verb="monitoring.monitor_resumed", by=by)
    live.changed(row.topic)
    return _fresh(row)


@transaction.atomic
def remove_monitor(*, monitor: Monitor, by: AbstractUser) -> None:
    """Remove a monitor, its looks and the objectives over it. Its alerts stay, with what they said."""
    row = _locked(monitor)
    for slo in row.slos.all():
        remove_slo(slo=slo, by=by)
    firing.resolve(row)
    Alert.objects.filter(monitor=row).update(monitor=None, verdict=None)
    record(
        actor=by,
        verb="monitoring.monitor_removed",
        subject=row,
        project_id=row.project_id,
        data={"deployment": row.deployment_id, "before": _facts(row)},
    )
    row.delete()


def look_now(*, monitor: Monitor, by: AbstractUser) -> Job:
    """Judge the newest window without waiting for the next look."""
    if monitor.kind == OWN:
        raise NotOnDemand(name=monitor.name)
    return jobs.enqueue(
        "monitoring.evaluate",
        owner=by,
        project_id=monitor.project_id,
        key=f"monitor:{monitor.pk}",
        monitor_id=monitor.pk,
    )


def _locked(monitor: Monitor) -> Monitor:
    found = Monitor.objects.select_for_update(of=("self",))
    row = found.select_related("deployment", "project").get(pk=monitor.pk)
    if row.kind == OWN:
        raise OwnMonitor(name=row.name)
    return row


def _fresh(monitor: Monitor) -> Monitor:
    """The row as it stands now."""
    monitor.refresh_from_db()
    return monitor


def _checked(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    settings = kinds.checked(kind, given)
    kept: dict[str, Any] = settings.model_dump(mode="json", exclude_unset=True)
    return kept


def _fits(monitor: Monitor) -> None:
    """What belongs together is there, and of one deployment."""
    kind = kinds.of(monitor.kind)
    if kind.needs_baseline and monitor.baseline is None:
        raise NeedsBaseline(kind=monitor.get_kind_display())
    if monitor.baseline and monitor.baseline.deployment_id != monitor.deployment_id:
        raise OfAnotherDeployment(what="baseline")
    if monitor.runbook and monitor.runbook.project_id != monitor.project_id:
        raise OfAnotherDeployment(what="runbook")
    if monitor.severity == Severity.CRITICAL and monitor.runbook is None:
        raise NeedsRunbook(name=monitor.name)


def _store(monitor: Monitor, *, insert: bool) -> None:
    taken = NameTaken(deployment=monitor.deployment.slug, name=monitor.name)
    if monitor.name == DESIRED_STATE:
        raise taken
    columns = (*PLAIN, "settings", "baseline", "runbook", "updated_at")
    try:
        with transaction.atomic():
            if insert:
                monitor.save(force_insert=True)
            else:
                monitor.save(update_fields=columns)
    except IntegrityError as error:
        raise taken from error


def _facts(monitor: Monitor) -> dict[str, Any]:
    """What the ledger compares before and after."""
    plain = {name: getattr(monitor, name) for name in PLAIN}
    more = {"baseline": monitor.baseline_id, "runbook": monitor.runbook_id}
    return {**plain, **more, "settings": dict(monitor.settings)}
