"""Responders decide which incidents stakeholders hear of, in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core.errors import Invalid
from apps.incidents.errors import AlreadyPublished
from apps.incidents.models import Component, Incident, Publication, StatusPage, Update
from apps.ledger.services import record


@dataclass(frozen=True, slots=True)
class Told:
    """What a responder writes for stakeholders."""

    title: str
    text: str
    effect: str
    components: Sequence[Component]


@transaction.atomic
def publish(*, incident: Incident, page: StatusPage, told: Told, by: AbstractUser) -> Publication:
    """Put an incident on the status page under its own title there, with a first update."""
    if page.project_id != incident.project_id:
        raise Invalid(field="page", reason="it belongs to another project")
    if any(each.page_id != page.pk for each in told.components):
        raise Invalid(field="components", reason="choose components of this page")
    # Lock the incident, so that two people cannot both publish it.
    row = Incident.objects.select_for_update().get(pk=incident.pk)
    if Publication.objects.filter(incident=row).exists():
        raise AlreadyPublished(number=row.number)
    made = Publication.objects.create(
        page=page, incident=row, title=told.title, effect=told.effect, published_by_id=by.pk
    )
    made.components.set(told.components)
    _say(made, Update.Phase.INVESTIGATING, told.text, by)
    _note(made, "incidents.published", by)
    return made


@transaction.atomic
def update(*, publication: Publication, phase: str, text: str, by: AbstractUser) -> Update:
    """Tell stakeholders how it goes on; `resolved` ends it there, anything else opens it again."""
    row = Publication.objects.select_for_update().get(pk=publication.pk)
    over = phase == Update.Phase.RESOLVED
    row.over_at = (row.over_at or timezone.now()) if over else None
    row.save(update_fields=["over_at"])
    made = _say(row, phase, text, by)
    _note(row, "incidents.status_updated", by, {"phase": phase})
    return made


def _say(row: Publication, phase: str, text: str, by: AbstractUser) -> Update:
    return Update.objects.create(publication=row, phase=phase, text=text.strip(), by_id=by.pk)


def _note(
    row: Publication, verb: str, by: AbstractUser, data: dict[str, Any] | None = None
) -> None:
    incident = row.incident
    record(actor=by, verb=verb, subject=incident, project_id=incident.project_id, data=data or {})
