from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max

from apps.core import live
from apps.core.errors import NotFound
from apps.docs.models import Document
from apps.incidents.errors import RunbookWithoutSteps
from apps.incidents.models import Incident, Step
from apps.incidents.runbooks import reading
from apps.incidents.runbooks.journal import require_open
from apps.ledger.services import record


@transaction.atomic
def take(*, incident: Incident, document: Document, by: AbstractUser) -> int:
    """Take a runbook in hand: its list items become steps. Taken twice, it is taken once."""
    if document.project_id != incident.project_id or not document.is_in_force:
        raise NotFound(what="runbook of this project")
    # Lock the incident, so that two people cannot both take it.
    row = Incident.objects.select_for_update().get(pk=incident.pk)
    if kept := row.steps.filter(document=document).count():
        return kept
    require_open(row)
    made = _made(row, document)
    if not made:
        raise RunbookWithoutSteps(title=document.title)
    Step.objects.bulk_create(made)
    data = {"document": document.pk, "revision": made[0].revision, "steps": len(made)}
    record(
        actor=by, verb="incidents.runbook_taken", subject=row, project_id=row.project_id, data=data
    )
    live.changed(row.topic)
    return len(made)


def _made(incident: Incident, document: Document) -> list[Step]:
    last = incident.steps.aggregate(last=Max("position"))["last"] or 0
    newest = document.revisions.filter(published=True).first()
    return [
        Step(
            incident=incident,
            document=document,
            revision=newest.number if newest else 1,
            position=position,
            section=each.section,
            kind=each.kind,
            text=each.text,
            needs_approval=each.needs_approval,
        )
        for position, each in enumerate(reading.steps(document.body), last + 1)
    ]
