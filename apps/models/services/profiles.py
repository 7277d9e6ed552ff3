from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.accounts.models import User
from apps.core import access
from apps.core.errors import Invalid
from apps.ledger.services import record
from apps.models.models import RegisteredModel
from apps.projects.errors import ProjectArchived
from apps.projects.services import changes


@transaction.atomic
def edit_profile(*, model: RegisteredModel, by: AbstractUser, **wanted: Any) -> RegisteredModel:
    """Say what the model is for, who answers for it, how much harm it can do, under which licence."""
    rows = RegisteredModel.objects.select_for_update(of=("self",)).select_related("project")
    row = rows.get(pk=model.pk)
    if row.project.is_archived:
        raise ProjectArchived(project=row.project.name)
    people = {name: wanted.pop(name) for name in ("owner", "deputy") if name in wanted}
    for name, person in people.items():
        _check_member(row, name, person)
        wanted[f"{name}_id"] = person and person.pk
    _check_two_people(row, wanted)
    if made := changes.apply(row, wanted):
        record(
            actor=by,
            verb="models.profile_edited",
            subject=row,
            project_id=row.project_id,
            data=dict(made),
        )
    return row


def _check_member(model: RegisteredModel, field: str, person: User | None) -> None:
    if person is None:
        return
    if person.is_service or not person.is_active:
        raise Invalid(field=field, reason="an active person, not a service account")
    if access.role(person, model.project_id) is None:
        raise Invalid(field=field, reason="somebody who holds a role in the project")


def _check_two_people(model: RegisteredModel, wanted: dict[str, Any]) -> None:
    owner = wanted.get("owner_id", model.owner_id)
    if owner is not None and owner == wanted.get("deputy_id", model.deputy_id):
        raise Invalid(field="deputy", reason="somebody other than the owner")
