from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.docs import services as docs
from apps.docs.models import Document
from apps.incidents.models import Incident, PostMortem
from apps.incidents.postmortems import draft
from apps.ledger.services import record


@transaction.atomic
def begin(*, incident: Incident, by: AbstractUser) -> PostMortem:
    """Draft the post-mortem from the record. Begun twice, it is begun once; what people wrote stays."""
    # Lock the incident, so that two people cannot both begin it.
    row = Incident.objects.select_for_update().get(pk=incident.pk)
    if kept := PostMortem.objects.filter(incident=row).select_related("document").first():
        return kept
    document = docs.write(
        project=incident.project,
        kind=Document.Kind.POST_MORTEM,
        title=f"Post-mortem of incident {row.number}: {row.title}"[:200],
        body=draft.text(by, incident),
        by=by,
        draft=True,
    )
    made = PostMortem.objects.create(incident=row, document=document, created_by_id=by.pk)
    data = {"document": document.pk}
    record(
        actor=by,
        verb="incidents.post_mortem_begun",
        subject=row,
        project_id=row.project_id,
        data=data,
    )
    return made


def of(incident: Incident) -> PostMortem | None:
    """The post-mortem of an incident, with its document."""
    found = PostMortem.objects.filter(incident=incident)
    return found.select_related("document", "incident__project").first()
