"""What is promised of a deployment, and where the promise stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.core.errors import Invalid
from apps.deployments.models import Deployment
from apps.docs.models import Document
from apps.ledger.services import record
from apps.monitoring.errors import SloNameTaken
from apps.monitoring.models import Alert, Monitor, Slo, SloBucket
from apps.monitoring.objectives import burning, counting, indicators
from apps.monitoring.services.objective_alerts import fire_slo, resolve_slo

LATE = timedelta(minutes=10)  # what is told this late still counts
SETTLE = timedelta(seconds=30)  # a minute is counted this long after its end
AT_ONCE = timedelta(days=1)  # counted in one go
BEFORE = timedelta(days=7)  # what happened before the objective was made
MOST_DAYS = 90
State = Slo.State


@dataclass(frozen=True, slots=True)
class Promise:
    """What an objective says: `objective` is a share such as 0.999, over `window_days`."""

    name: str
    indicator: str
    objective: float
    window_days: int = 28
    settings: dict[str, Any] = field(default_factory=dict)
    monitor: Monitor | None = None
    runbook: Document | None = None


@transaction.atomic
def create_slo(*, deployment: Deployment, promise: Promise, by: AbstractUser) -> Slo:
    """Promise something of a deployment. Refuses a name that is taken and settings that do not fit."""
    slo = Slo(project_id=deployment.project_id, deployment=deployment, created_by_id=by.pk)
    _fill(slo, promise)
    _save(slo)
    _note(slo, "monitoring.slo_created", by, {"objective": slo.objective})
    return slo


@transaction.atomic
def change_slo(*, slo: Slo, promise: Promise, enabled: bool = True, by: AbstractUser) -> Slo:
    """Promise something else; what was counted another way is counted anew."""
    row = Slo.objects.select_for_update().select_related("deployment").get(pk=slo.pk)
    before = _said(row)
    _fill(row, promise)
    row.enabled = enabled
    after = _said(row)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changed:
        return row
    if {"indicator", "settings", "monitor"} & changed.keys():
        row.buckets.all().delete()
        row.counted_until, row.state = None, State.UNKNOWN
        row.budget_left, row.burn_rates = None, {}
    _save(row)
    if {"indicator", "settings", "monitor"} & changed.keys() or not enabled:
        resolve_slo(row)
    _note(row, "monitoring.slo_changed", by, changed)
    return row


@transaction.atomic
def remove_slo(*, slo: Slo, by: AbstractUser) -> None:
    """Promise it no longer: its counts go with it. Its alerts stay, with what they said."""
    row = Slo.objects.select_for_update().select_related("deployment").filter(pk=slo.pk).first()
    if row is None:
        return
    resolve_slo(row)
    Alert.objects.filter(slo=row).update(slo=None, url="")
    _note(row, "monitoring.slo_removed", by, {"objective": row.objective})
    row.delete()


@transaction.atomic
def measure(*, slo_id: int, now: datetime | None = None) -> None:
    """Count up to the last whole minute and say where the objective stands. Safe to run twice."""
    # Two workers may count at once: the second finds the row locked and leaves it.
    found = Slo.objects.select_for_update(skip_locked=True, of=("self",))
    slo = found.select_related("deployment").filter(pk=slo_id, enabled=True).first()
    if slo is None:
        return
    moment = now or timezone.now()
    wanted = counting.minute(moment - SETTLE)
    until = _count(slo, wanted)
    if until < wanted:  # it is still catching up: what burned then is no news now
        Slo.objects.filter(pk=slo.pk).update(counted_until=until)
        return
    _follow(slo, burning.standing(slo, until), until)


def forget_buckets(*, now: datetime | None = None) -> int:
    """Delete the minutes that no window reaches any more; answers how many."""
    moment, deleted = now or timezone.now(), 0
    for pk, days in Slo.objects.values_list("pk", "window_days"):
        edge = moment - timedelta(days=days + 1)
        deleted += SloBucket.objects.filter(slo_id=pk, starts_at__lt=edge).delete()[0]
    return deleted


def _count(slo: Slo, until: datetime) -> datetime:
    """Count at most a day at once; answers up to where."""
    begin = slo.counted_until - LATE if slo.counted_until else until - BEFORE
    since = max(counting.minute(begin), until - timedelta(days=slo.window_days))
    until = max(min(until, since + AT_ONCE), slo.counted_until or since)
    rows = [
        SloBucket(slo=slo, starts_at=at, good=one.good, all=one.all)
        for at, one in counting.count(slo, since, until).items()
    ]
    SloBucket.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["slo", "starts_at"],
        update_fields=["good", "all"],
        batch_size=1000,
    )
    return until


def _follow(slo: Slo, found: burning.Standing, until: datetime) -> None:
    """Move the objective's state, and its alerts with it."""
    fewest = burning.FEWEST if slo.indicator in indicators.OF_REQUESTS else 1
    burning_now = False
    for speed in burning.SPEEDS:
        if found.burns(speed, fewest):
            fire_slo(slo, speed=speed, found=found)
            burning_now = True
        elif found.calm(speed):
            resolve_slo(slo, speed=speed)
    state = _state(found, burning_now)
    if State.SPENT in {state, slo.state} and state != slo.state:
        verb = "slo_budget_spent" if state == State.SPENT else "slo_budget_restored"
        _note(slo, f"monitoring.{verb}", None, {"state": [slo.state, state]})
    Slo.objects.filter(pk=slo.pk).update(
        state=state, budget_left=found.budget_left, burn_rates=found.rates, counted_until=until
    )


def _state(found: burning.Standing, burning_now: bool) -> State:
    left = found.budget_left
    if left is None:
        return State.UNKNOWN
    if left <= 0:
        return State.SPENT
    return State.BURNING if burning_now else State.MET


def _fill(slo: Slo, promise: Promise) -> None:
    if promise.indicator not in indicators.SETTINGS:
        known = ", ".join(indicators.SETTINGS)
        raise Invalid(field="indicator", reason=f"choose one of {known}.")
    if not 0.5 <= promise.objective <= 0.99999:
        raise Invalid(field="objective", reason="a share from 0.5 to 0.99999, such as 0.999.")
    if not 1 <= promise.window_days <= MOST_DAYS:
        raise Invalid(field="window_days", reason=f"1 to {MOST_DAYS} days.")
    slo.name, slo.indicator = promise.name, promise.indicator
    slo.objective, slo.window_days = promise.objective, promise.window_days
    kept = indicators.checked(promise.indicator, promise.settings)
    slo.settings = kept.model_dump(mode="json", exclude_none=True)
    slo.monitor, slo.runbook = _monitor(slo, promise), promise.runbook
    if promise.runbook and promise.runbook.project_id != slo.project_id:
        raise Invalid(field="runbook", reason="it is another project's.")


def _monitor(slo: Slo, promise: Promise) -> Monitor | None:
    if promise.indicator in indicators.OF_REQUESTS:
        return None
    if promise.monitor is None or promise.monitor.deployment_id != slo.deployment_id:
        raise Invalid(field="monitor", reason="name a monitor of this deployment to read from.")
    kinds = indicators.KINDS.get(promise.indicator)
    if kinds and promise.monitor.kind not in kinds:
        raise Invalid(field="monitor", reason=f"it must be of kind {' or '.join(sorted(kinds))}.")
    return promise.monitor


def _save(slo: Slo) -> None:
    try:
        with transaction.atomic():
            slo.save()
    except IntegrityError as error:
        raise SloNameTaken(deployment=slo.deployment.slug, name=slo.name) from error


def _said(slo: Slo) -> dict[str, Any]:
    return {
        "name": slo.name,
        "indicator": slo.indicator,
        "settings": slo.settings,
        "objective": slo.objective,
        "window_days": slo.window_days,
        "monitor": slo.monitor_id,
        "runbook": slo.runbook_id,
        "enabled": slo.enabled,
    }


def _note(slo: Slo, verb: str, by: AbstractUser | None, data: dict[str, Any]) -> None:
    # A name is a person's own words; the ledger holds that it changed, not what it says.
    kept = {key: value for key, value in data.items() if key != "name"}
    renamed = {"renamed": True} if "name" in data else {}
    record(
        actor=by,
        verb=verb,
        subject=slo,
        project_id=slo.project_id,
        data={"deployment": slo.deployment_id, **kept, **renamed},
    )
