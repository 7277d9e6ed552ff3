"""The only way from an id in a request to a row of this app."""

from __future__ import annotations

from apps.accounts import selectors
from apps.accounts.models import ApiToken, IdentityProvider, Team, TeamMember, User
from apps.core import access
from apps.core.access import Person
from apps.core.errors import NotFound

BIGGEST = 2**63 - 1


def person(viewer: Person, pk: int) -> User:
    """A person the viewer may see."""
    return _user(viewer, pk, User.Kind.PERSON, "person")


def service_account(viewer: Person, pk: int) -> User:
    """A service account the viewer may see."""
    return _user(viewer, pk, User.Kind.SERVICE, "service account")


def user(viewer: Person, pk: int) -> User:
    """A person or service account the viewer may see."""
    if 0 < pk <= BIGGEST and (row := selectors.users(viewer).filter(pk=pk).first()):
        return row
    raise NotFound(what="user")


def team(viewer: Person, slug: str) -> Team:
    """A team the viewer may see."""
    if row := selectors.teams(viewer).filter(slug=slug).first():
        return row
    raise NotFound(what="team")


def member(team: Team, user_id: int) -> TeamMember:
    """One membership of a team that somebody may already see."""
    if 0 < user_id <= BIGGEST and (
        row := selectors.memberships(team).filter(user_id=user_id).first()
    ):
        return row
    raise NotFound(what="member")


def token(viewer: Person, pk: int) -> ApiToken:
    """A token the viewer may end: their own, or a service account's within their projects."""
    known = ApiToken.objects.select_related("user")
    if 0 < pk <= BIGGEST:
        if row := known.visible_to(viewer).filter(pk=pk).first():
            return row
        row = known.filter(pk=pk, user__kind=User.Kind.SERVICE).first()
        if row and selectors.tokens_of(row.user, viewer).filter(pk=pk).exists():
            return row
    raise NotFound(what="token")


def provider(viewer: Person, slug: str) -> IdentityProvider:
    """An identity provider; only site admins know of them."""
    access.require_site_admin(viewer)
    if row := IdentityProvider.objects.filter(slug=slug).first():
        return row
    raise NotFound(what="identity provider")


def _user(viewer: Person, pk: int, kind: User.Kind, what: str) -> User:
    if 0 < pk <= BIGGEST:
        row = selectors.users(viewer).filter(pk=pk, kind=kind).first()
        if row:
            return row
    raise NotFound(what=what)
