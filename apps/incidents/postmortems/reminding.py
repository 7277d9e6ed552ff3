"""Owners are reminded of what they promised: the day before, on the first day late, then every third day."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse

from apps.incidents.models import Action
from apps.ledger.services import record

BEFORE, AGAIN, TELL_OWNER = timedelta(days=1), timedelta(days=3), timedelta(days=7)


def due(today: date) -> list[int]:
    """The actions whose owner is to be reminded today."""
    late_and_not_told = Q(due_on__lt=today, reminded_on__lte=F("due_on"))
    rested = Q(reminded_on=None) | Q(reminded_on__lte=today - AGAIN) | late_and_not_told
    found = Action.objects.open().filter(rested, due_on__lte=today + BEFORE)
    return list(found.exclude(reminded_on=today).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def remind(*, action_id: int, today: date) -> bool:
    """Tell the owner, once a day at most; a mail that fails is tried again with its job."""
    row = (
        Action.objects.select_for_update(of=("self",))
        .select_related("incident__project__owner", "owner")
        .filter(pk=action_id)
        .first()
    )
    if row is None or row.done_at is not None or row.reminded_on == today:
        return False
    row.reminded_on = today
    row.save(update_fields=["reminded_on"])
    data = {"action": row.pk, "due_on": row.due_on.isoformat()}
    incident = row.incident
    record(
        actor=None,
        verb="incidents.action_reminded",
        subject=incident,
        project_id=incident.project_id,
        data=data,
    )
    # Last, so that nothing is marked where the mail did not go.
    send_mail(_subject(row, today), _body(row), None, _receivers(row, today))
    return True


def _receivers(row: Action, today: date) -> list[str]:
    """The owner of the action; of one a week late the owner of the project too."""
    people = {row.owner.email}
    if today - row.due_on >= TELL_OWNER:
        people.add(row.incident.project.owner.email)
    return sorted(people - {""})


def _subject(row: Action, today: date) -> str:
    word = "is late" if row.is_late(today) else "is due"
    return f"[Signalbox] {' '.join(row.title.split())[:150]} {word}"


def _body(row: Action) -> str:
    page = settings.PUBLIC_URL + reverse("incidents:post_mortem", args=[row.incident_id])
    return (
        f"{row.title}\n\nDue on {row.due_on:%Y-%m-%d}, after incident {row.incident.number}.\n"
        f"Say that it is done, or give it another date:\n{page}\n"
    )
