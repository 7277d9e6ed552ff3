"""What was learned becomes a change of the runbook: proposed as a draft, decided by people."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.docs import selectors as documents
from apps.docs import services as docs
from apps.docs.models import Document
from apps.incidents.models import Incident
from apps.incidents.postmortems.draft import plain
from apps.ledger.services import record


def section(incident: Incident) -> str:
    """The section that a runbook gains: what it looked like, what helped, what is promised."""
    steps = incident.steps.filter(state="done").exclude(kind="plain")
    did = [f"- `{step.kind}: {step.text}`" for step in steps]
    actions = [f"- {plain(each.title)}" for each in incident.actions.all()]
    lines = [
        f"## Learned from incident {incident.number}",
        f"It looked like this: {plain(incident.title)}.",
    ]
    if incident.reason:
        lines.append(f"It ended so: {plain(incident.reason)}")
    if did:
        lines += ["What was run then:", "\n".join(did)]
    if actions:
        lines += ["What changes:", "\n".join(actions)]
    return "\n\n".join(lines)


@transaction.atomic
def propose(*, incident: Incident, runbook: Document, by: AbstractUser) -> Document:
    """Put the section into a draft of the runbook. What people go by stays until somebody publishes it.

    A draft that waits already is kept and goes on; proposed twice, the section stands once.
    """
    waiting = documents.draft_of(runbook)
    body = waiting.body if waiting else runbook.body
    if f"## Learned from incident {incident.number}\n" in f"{body}\n":
        return runbook
    text = f"{body.rstrip()}\n\n{section(incident)}\n"
    revised = docs.revise(document=runbook, body=text, by=by, draft=True)
    record(
        actor=by,
        verb="incidents.lesson_proposed",
        subject=incident,
        project_id=incident.project_id,
        data={"document": runbook.pk},
    )
    return revised
