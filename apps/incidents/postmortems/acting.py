from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.core.access import Role, allows
from apps.core.errors import Invalid
from apps.incidents.errors import ActionOver
from apps.incidents.models import Action, Incident, Ticket
from apps.ledger.services import record


@transaction.atomic
def add_action(
    *,
    incident: Incident,
    title: str,
    owner: User,
    due_on: date,
    by: AbstractUser,
    ticket: Ticket | None = None,
) -> Action:
    """Write down what changes, by whom, until when."""
    if not allows(owner, incident.project_id, Role.VIEWER):
        raise Invalid(field="owner", reason="choose somebody who can see the project")
    if ticket is not None and ticket.incident_id != incident.pk:
        raise Invalid(field="ticket", reason="choose a ticket of this incident")
    made = Action.objects.create(
        incident=incident,
        title=title,
        owner=owner,
        due_on=due_on,
        ticket=ticket,
        created_by_id=by.pk,
    )
    _note(made, "incidents.action_added", by, {"owner": owner.pk, "due_on": due_on.isoformat()})
    return made


@transaction.atomic
def finish(*, action: Action, by: AbstractUser) -> Action:
    """Say that an action is done."""
    row = _locked(action)
    if row.done_at is not None:
        raise ActionOver(who=str(row.done_by))
    row.done_at, row.done_by_id = timezone.now(), by.pk
    row.save(update_fields=["done_at", "done_by"])
    _note(row, "incidents.action_done", by, {})
    return row


@transaction.atomic
def change(*, action: Action, by: AbstractUser, **values: Any) -> Action:
    """Give an open action another `title`, `owner` or `due_on`; whose it is then is reminded anew."""
    row = _locked(action)
    if row.done_at is not None:
        raise ActionOver(who=str(row.done_by))
    if "owner" in values and not allows(values["owner"], row.incident.project_id, Role.VIEWER):
        raise Invalid(field="owner", reason="choose somebody who can see the project")
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    told = {name: [_told(getattr(row, name)), _told(value)] for name, value in changed.items()}
    if not told:
        return row
    for name, value in changed.items():
        setattr(row, name, value)
    row.reminded_on = None
    row.save(update_fields=[*changed, "reminded_on"])
    _note(row, "incidents.action_changed", by, told)
    return row


def _told(value: str | date | User) -> str | int:
    """As the ledger keeps it."""
    if isinstance(value, User):
        return value.pk
    return value.isoformat() if isinstance(value, date) else value


def _locked(action: Action) -> Action:
    joined = Action.objects.select_related("incident", "done_by", "owner")
    return joined.select_for_update(of=("self",)).get(pk=action.pk)


def _note(row: Action, verb: str, by: AbstractUser, data: dict[str, Any]) -> None:
    record(
        actor=by,
        verb=verb,
        subject=row.incident,
        project_id=row.incident.project_id,
        data={"action": row.pk, **data},
    )
