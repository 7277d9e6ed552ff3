from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from apps.accounts.models import Team, User
from apps.core import access
from apps.core.access import Role
from apps.ledger.services import record
from apps.projects.errors import (
    AlreadyMember,
    DeputyIsOwner,
    DeputyNeedsRole,
    DeputyStays,
    OwnerStays,
    Unusable,
)
from apps.projects.models import Grant, Project
from apps.projects.services import changes


@transaction.atomic
def grant_role(*, project: Project, holder: User | Team, role: Role, by: AbstractUser) -> Grant:
    """Give a person or a team a role in the project."""
    row = changes.live(project.pk)
    user = holder if isinstance(holder, User) else None
    team = holder if isinstance(holder, Team) else None
    if user is not None and not user.is_active:
        raise Unusable(field="user")
    try:
        with transaction.atomic():
            grant = Grant.objects.create(project=row, user=user, team=team, role=role)
    except IntegrityError as error:
        present = Grant.objects.get(project=row, user=user, team=team)
        raise AlreadyMember(role=Role(present.role).label) from error
    data = {**_holder(grant), "role": [None, int(role)]}
    record(actor=by, verb="projects.role_granted", subject=grant, project_id=row.pk, data=data)
    return grant


@transaction.atomic
def change_role(*, grant: Grant, role: Role, by: AbstractUser) -> Grant:
    """Give a holder another role. The project's owner keeps the owner role."""
    project = changes.live(grant.project_id)
    row = _locked(grant)
    if role < Role.OWNER:
        _keep_owner(project, row)
    if role < Role.MAINTAINER:
        _keep_deputy(project, row)
    if made := changes.apply(row, {"role": int(role)}):
        data = {**_holder(row), **made}
        record(
            actor=by, verb="projects.role_changed", subject=row, project_id=project.pk, data=data
        )
    return row


@transaction.atomic
def revoke_role(*, grant: Grant, by: AbstractUser) -> None:
    """Take a holder's role away. The project's owner and deputy stay until others took over."""
    project = changes.live(grant.project_id)
    row = _locked(grant)
    _keep_owner(project, row)
    _keep_deputy(project, row)
    data = {**_holder(row), "role": [row.role, None]}
    record(actor=by, verb="projects.role_revoked", subject=row, project_id=project.pk, data=data)
    row.delete()


@transaction.atomic
def hand_over(*, project: Project, to: User, by: AbstractUser) -> Project:
    """Make `to` the owner, with the owner role. The owner before keeps that role until revoked."""
    row = changes.live(project.pk)
    if not to.is_active:
        raise Unusable(field="owner")
    _give_owner_role(row, to, by=by)
    wanted: dict[str, int | None] = {"owner_id": to.pk}
    if row.deputy_id == to.pk:
        wanted["deputy_id"] = None
    if made := changes.apply(row, wanted):
        _record_people("projects.handed_over", row, made, by=by)
    return row


@transaction.atomic
def name_deputy(*, project: Project, deputy: User | None, by: AbstractUser) -> Project:
    """Say who stands in for the owner: a maintainer or owner of the project, or nobody."""
    row = changes.live(project.pk)
    if deputy is not None:
        _check_deputy(row, deputy)
    if made := changes.apply(row, {"deputy_id": deputy and deputy.pk}):
        _record_people("projects.deputy_named", row, made, by=by)
    return row


def _check_deputy(project: Project, deputy: User) -> None:
    if not deputy.is_active:
        raise Unusable(field="deputy")
    if deputy.pk == project.owner_id:
        raise DeputyIsOwner
    if not access.allows(deputy, project.pk, Role.MAINTAINER):
        raise DeputyNeedsRole


def _give_owner_role(project: Project, to: User, *, by: AbstractUser) -> None:
    grant = Grant.objects.filter(project=project, user=to).first()
    if grant is None:
        grant_role(project=project, holder=to, role=Role.OWNER, by=by)
    else:
        change_role(grant=grant, role=Role.OWNER, by=by)


def _locked(grant: Grant) -> Grant:
    """The grant as it is under the project's lock."""
    return Grant.objects.select_for_update().get(pk=grant.pk)


def _keep_owner(project: Project, grant: Grant) -> None:
    if grant.user_id == project.owner_id:
        raise OwnerStays


def _keep_deputy(project: Project, grant: Grant) -> None:
    if grant.user_id is not None and grant.user_id == project.deputy_id:
        raise DeputyStays


def _holder(grant: Grant) -> dict[str, int | None]:
    return {"user": grant.user_id} if grant.user_id else {"team": grant.team_id}


def _record_people(
    verb: str, project: Project, made: changes.Difference, *, by: AbstractUser
) -> None:
    data = {name.removesuffix("_id"): both for name, both in made.items()}
    record(actor=by, verb=verb, subject=project, project_id=project.pk, data=data)
