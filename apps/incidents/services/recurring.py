"""Whether what was over came back, seven and thirty days later."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.incidents.models import Incident, Rate, Recurrence
from apps.incidents.services.changes import noted
from apps.ledger.services import record
from apps.projects.models import Project

DAYS = (7, 30)
MOST_AT_ONCE = 200


def plan(incident: Incident) -> None:
    """Have it looked at after each of `DAYS`; what was planned before an earlier end is forgotten."""
    assert incident.resolved_at is not None
    incident.recurrences.filter(looked_at=None).delete()
    Recurrence.objects.bulk_create(
        [
            Recurrence(
                incident=incident, days=days, due_at=incident.resolved_at + timedelta(days=days)
            )
            for days in DAYS
        ],
        ignore_conflicts=True,
    )


def look_due() -> int:
    """Look at what is due; how many. Any number of workers may do it at once."""
    due = Recurrence.objects.filter(looked_at=None, due_at__lte=timezone.now())
    looked = 0
    for pk in list(due.order_by("due_at").values_list("pk", flat=True)[:MOST_AT_ONCE]):
        looked += _look(pk)
    return looked


@transaction.atomic
def _look(pk: int) -> int:
    rows = Recurrence.objects.select_for_update(skip_locked=True, of=("self",))
    row = rows.select_related("incident__alert").filter(pk=pk, looked_at=None).first()
    if row is None:
        return 0
    row.again, row.looked_at = _again(row.incident), timezone.now()
    row.save(update_fields=["again", "looked_at"])
    found = row.again.pk if row.again else None
    noted(row.incident, verb="incidents.recurrence_looked", by=None, days=row.days, again=found)
    return 1


def _again(incident: Incident) -> Incident | None:
    """The first later incident of the same alert, or of the same deployment with an alert of that name."""
    alert = incident.alert
    later = Incident.objects.filter(
        project_id=incident.project_id, opened_at__gt=incident.resolved_at or incident.opened_at
    ).exclude(pk=incident.pk)
    if alert is not None:
        same = Q(alert__fingerprint=alert.fingerprint) | Q(
            involved__alert__fingerprint=alert.fingerprint
        )
        if incident.deployment_id is not None:
            same |= Q(deployment_id=incident.deployment_id, alert__name=alert.name)
        later = later.filter(same)
    elif incident.deployment_id is not None:
        later = later.filter(deployment_id=incident.deployment_id)
    else:
        return None
    return later.order_by("pk").distinct().first()


@transaction.atomic
def set_rate(*, project: Project, per_hour: str, currency: str, by: AbstractUser) -> Rate:
    """Say what an hour of an open incident costs the project."""
    values = {"per_hour": per_hour, "currency": currency.upper()}
    rate, _ = Rate.objects.update_or_create(project=project, defaults=values)
    record(
        actor=by,
        verb="incidents.rate_set",
        subject=rate,
        project_id=project.pk,
        data={"per_hour": str(per_hour), "currency": rate.currency},
    )
    return rate
