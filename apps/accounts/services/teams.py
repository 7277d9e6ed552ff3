from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from apps.accounts.errors import TeamNameTaken
from apps.accounts.models import IdentityProvider, Team, TeamMember, User
from apps.core.errors import Conflict
from apps.ledger.services import record


@transaction.atomic
def create_team(*, name: str, by: User) -> Team:
    """Found a team; its slug stays when it is renamed."""
    team = Team(name=name, slug=slugify(name)[:60] or "team")
    try:
        with transaction.atomic():
            team.save(force_insert=True)
    except IntegrityError as error:
        raise TeamNameTaken(name=name) from error
    record(actor=by, verb="accounts.team_created", subject=team)
    return team


@transaction.atomic
def rename_team(*, team: Team, name: str, by: User) -> Team:
    """Call a team by another name."""
    team.name = name
    try:
        with transaction.atomic():
            team.save(update_fields=["name"])
    except IntegrityError as error:
        raise TeamNameTaken(name=name) from error
    record(actor=by, verb="accounts.team_renamed", subject=team)
    return team


@transaction.atomic
def delete_team(*, team: Team, by: User) -> None:
    """Dissolve a team; what its members held through it ends."""
    members = sorted(team.memberships.values_list("user_id", flat=True))
    record(actor=by, verb="accounts.team_deleted", subject=team, data={"members": members})
    team.delete()


@transaction.atomic
def add_member(
    *, team: Team, user: User, by: User | None, provider: IdentityProvider | None = None
) -> bool:
    """Put somebody into a team; a member by hand stays one when a provider says the same."""
    _, added = TeamMember.objects.get_or_create(
        team=team, user=user, defaults={"provider": provider}
    )
    if added:
        data = {"user": user.pk, "provider": provider and provider.pk}
        record(actor=by, verb="accounts.member_added", subject=team, data=data)
    return added


@transaction.atomic
def remove_member(*, member: TeamMember, by: User | None) -> None:
    """Take somebody out of a team. Whom a provider put there, only its groups take out."""
    if by is not None and member.provider is not None:
        reason = (
            f"{member.provider} keeps this membership in step; change the person's groups there."
        )
        raise Conflict(reason=reason)
    data = {"user": member.user_id, "provider": member.provider_id}
    record(actor=by, verb="accounts.member_removed", subject=member.team, data=data)
    member.delete()
