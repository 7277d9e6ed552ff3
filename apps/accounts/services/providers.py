from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction

from apps.accounts.errors import LastSiteAdmin, ProviderSlugTaken
from apps.accounts.models import IdentityProvider, Team, TeamMember, User
from apps.accounts.services.people import make_site_admin, unmake_site_admin
from apps.accounts.services.teams import add_member, remove_member
from apps.core.fields import Secret
from apps.ledger.services import record

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """What a site admin says about an issuer; no secret."""

    name: str
    issuer: str
    client_id: str
    groups_claim: str = "groups"
    group_teams: dict[str, str] = field(default_factory=dict)
    admin_group: str = ""
    scopes: str = "openid profile email"
    trusts_email: bool = False
    creates_users: bool = True
    enabled: bool = True


@transaction.atomic
def create_provider(
    *, slug: str, wanted: ProviderSettings, client_secret: str, by: User
) -> IdentityProvider:
    """Let people sign in through an issuer."""
    provider = IdentityProvider(slug=slug, **asdict(wanted))
    provider.client_secret = Secret.of(client_secret)
    try:
        with transaction.atomic():
            provider.save(force_insert=True)
    except IntegrityError as error:
        raise ProviderSlugTaken(slug=slug) from error
    record(actor=by, verb="accounts.provider_created", subject=provider)
    return provider


@transaction.atomic
def update_provider(
    *, provider: IdentityProvider, wanted: ProviderSettings, client_secret: str, by: User
) -> IdentityProvider:
    """Change an issuer's settings; an empty secret keeps the present one.

    Another issuer knows other people by the same subject, so a change of issuer unlinks everybody.
    """
    changed = _differing(provider, wanted)
    if "issuer" in changed:
        _unlink(provider)
    for name in changed:
        setattr(provider, name, getattr(wanted, name))
    if client_secret:
        provider.client_secret = Secret.of(client_secret)
    provider.save()
    data = {"fields": changed, "secret": bool(client_secret)}
    record(actor=by, verb="accounts.provider_updated", subject=provider, data=data)
    return provider


@transaction.atomic
def delete_provider(*, provider: IdentityProvider, by: User) -> None:
    """Close this way in: who came only this way needs a password link, and its memberships end."""
    for admin in User.objects.filter(admin_from=provider).order_by("pk"):
        unmake_site_admin(person=admin, by=by)
    for member in provider.memberships.select_related("team"):
        remove_member(member=member, by=None)
    _unlink(provider)
    record(actor=by, verb="accounts.provider_deleted", subject=provider)
    provider.delete()


@transaction.atomic
def keep_in_step(*, user: User, provider: IdentityProvider, groups: Iterable[str]) -> None:
    """Make memberships and the site admin's right follow the issuer's groups.

    Only what this provider gave is taken away; what was given by hand stays.
    """
    # Locked, so that two sign-ins of one person do not both add.
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    held = set(groups)
    slugs = {slug for group, slug in provider.group_teams.items() if group in held}
    present = TeamMember.objects.filter(user=user, provider=provider).select_related("team")
    for member in present.exclude(team__slug__in=slugs):
        remove_member(member=member, by=None)
    for team in Team.objects.filter(slug__in=slugs):
        add_member(team=team, user=user, by=None, provider=provider)
    _follow_admin_group(user, provider, held)


def _follow_admin_group(user: User, provider: IdentityProvider, held: set[str]) -> None:
    belongs = bool(provider.admin_group) and provider.admin_group in held
    if belongs and not user.is_superuser:
        make_site_admin(person=user, by=None, provider=provider)
    if not belongs and user.admin_from_id == provider.pk:
        try:
            unmake_site_admin(person=user, by=None)
        except LastSiteAdmin:
            # A portal that nobody can mend is worse; the next sign-in tries again.
            logger.warning("User %s stays site admin: there is no other", user.pk)


def _unlink(provider: IdentityProvider) -> None:
    SocialAccount.objects.filter(provider=provider.slug).delete()


def _differing(provider: IdentityProvider, wanted: ProviderSettings) -> list[str]:
    values: dict[str, Any] = asdict(wanted)
    return sorted(name for name, value in values.items() if getattr(provider, name) != value)
