"""How a project's incidents and the tickets behind a connection speak of the same things."""

from __future__ import annotations

from collections.abc import Mapping as Map
from typing import Any, Literal

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.core.errors import Invalid
from apps.incidents.models import Incident, TicketMapping
from apps.integrations.models import Connection
from apps.integrations.ports import Phase
from apps.ledger.services import record
from apps.projects.models import Project

Direction = Literal["both", "out", "in", "none"]
FIELDS = ("phase", "priority", "assignee")


class Mapping(BaseModel):
    """What a project sets for one connection; without it everything flows both ways."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phase: Direction = "both"
    priority: Direction = "both"
    assignee: Direction = "both"
    comments: Direction = "both"
    evidence: bool = True
    # Into which of the tracker's statuses a ticket moves, by phase.
    statuses: dict[Phase, str] = Field(default_factory=dict)
    # What a status of the tracker means, where its own judgement is not ours.
    phases: dict[str, Phase] = Field(default_factory=dict)
    priorities: dict[Incident.Severity, str] = Field(default_factory=dict)
    # The tracker's id of an account, by user name.
    people: dict[str, str] = Field(default_factory=dict)

    def sends(self, field: str) -> bool:
        """Whether what changes here is told there."""
        return getattr(self, field) in {"both", "out"}

    def takes(self, field: str) -> bool:
        """Whether what changes there is taken here."""
        return getattr(self, field) in {"both", "in"}

    def there(self, field: str, ours: str, proposed: Map[str, str]) -> str | None:
        """The tracker's word for a value of ours; `None` where it has none."""
        if field == "phase":
            return ours
        if field == "priority":
            return self._priorities(proposed).get(ours)
        return self.people.get(ours) if ours else ""

    def here(self, field: str, theirs: str, proposed: Map[str, str]) -> str | None:
        """Our word for a value of the tracker's; `None` where there is none."""
        if field == "phase":
            return theirs
        if field == "priority":
            return _key_of(self._priorities(proposed), theirs)
        return _key_of(self.people, theirs) if theirs else ""

    def phase_of(self, status: str, judged: Phase) -> Phase:
        """What a status means: as the project says, else as the tracker judges."""
        return self.phases.get(status, judged)

    def _priorities(self, proposed: Map[str, str]) -> dict[str, str]:
        return {**proposed, **{str(key): word for key, word in self.priorities.items()}}


def _key_of(words: Map[str, str], wanted: str) -> str | None:
    return next((key for key, word in words.items() if word == wanted), None)


def read(settings: Map[str, Any]) -> Mapping:
    """The settings as they are used; `Invalid` names what cannot be."""
    try:
        return Mapping.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "settings"
        raise Invalid(field=field, reason=str(first["msg"])) from error


def mapping_of(project_id: int, connection_id: int) -> Mapping:
    """What the project has set for a connection."""
    rows = TicketMapping.objects.filter(project_id=project_id, connection_id=connection_id)
    return Mapping.model_validate(rows.values_list("settings", flat=True).first() or {})


@transaction.atomic
def set_mapping(
    *, project: Project, connection: Connection, settings: Map[str, Any], by: AbstractUser
) -> TicketMapping:
    """Keep the mapping; `Invalid` names the setting that cannot be used."""
    kept = read(settings).model_dump(mode="json")
    row, _ = TicketMapping.objects.update_or_create(
        project=project,
        connection=connection,
        defaults={"settings": kept, "set_by_id": by.pk, "set_at": timezone.now()},
    )
    record(
        actor=by,
        verb="incidents.ticket_mapping_set",
        subject=connection,
        project_id=project.pk,
        data={"mapping": row.pk},
    )
    return row
