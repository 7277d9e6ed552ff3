"""The names and pages behind the ids that the ledger holds of this app."""

from __future__ import annotations

from collections.abc import Sequence

from apps.accounts import selectors
from apps.accounts.models import ApiToken, IdentityProvider
from apps.core.access import Person, is_site_admin
from apps.ledger import subjects
from apps.ledger.subjects import Link


def _users(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.users(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


def _teams(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.teams(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _tokens(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = ApiToken.objects.visible_to(viewer).select_related("user").filter(pk__in=ids)
    return {
        str(row.pk): Link(f"{row.name} of {row.user}", row.user.get_absolute_url()) for row in found
    }


def _providers(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    if not is_site_admin(viewer):
        return {}
    found = IdentityProvider.objects.filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


subjects.link("accounts.user", _users)
subjects.link("accounts.team", _teams)
subjects.link("accounts.apitoken", _tokens)
subjects.link("accounts.identityprovider", _providers)
