"""What projects say when apps on their left ask: where it is, why somebody sees it, its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.urls import reverse

from apps.accounts import explain, orphans, places
from apps.accounts.explain import Reason
from apps.accounts.models import User
from apps.accounts.orphans import Orphan
from apps.accounts.places import Place
from apps.core.access import Person, Role
from apps.ledger import subjects
from apps.ledger.subjects import Link
from apps.projects import selectors
from apps.projects.models import Project


class ProjectPlaces:
    """The projects, as far as accounts care."""

    def visible_to(self, user: Person) -> Sequence[Place]:
        found = selectors.projects(user, archived=None).order_by("name", "pk")
        return [Place(row.pk, row.slug, row.name, row.get_absolute_url()) for row in found]

    def colleague_ids(self, user: Person) -> QuerySet[User, int]:
        return selectors.colleague_ids(user)


places.install(ProjectPlaces())


@explain.source
def from_grants(user: User, project_id: int) -> Iterator[Reason]:
    """Every grant, own or through a team, that gives the person a role in the project."""
    for grant in selectors.grants_of(user, project_id):
        url = reverse("projects:members", args=[grant.project.slug])
        through = f"the team {grant.team}" if grant.team else "a grant of their own"
        yield Reason(f"{Role(grant.role).label} through {through}", Role(grant.role), url)


@orphans.source
def owned_by_nobody_active(viewer: Person) -> Iterator[Orphan]:
    """Projects whose owner or deputy is deactivated."""
    for project in selectors.without_active_owner(viewer):
        settings = reverse("projects:settings", args=[project.slug])
        gone = [each for each in (project.owner, project.deputy) if each and not each.is_active]
        for person in gone:
            kind = "project" if person.pk == project.owner_id else "project (deputy)"
            yield Orphan(kind, project.name, person, project.get_absolute_url(), settings)


def _projects(user: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.projects(user, archived=None).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _environments(user: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.environments(user).filter(pk__in=ids)
    return {str(row.pk): Link(f"{row.project} / {row}", row.get_absolute_url()) for row in found}


def _grants(user: Person, ids: Sequence[str]) -> dict[str, Link]:
    """Members by their holder."""
    found = selectors.grants(user).filter(pk__in=ids)
    return {
        str(row.pk): Link(f"{row.holder} in {row.project}", _members(row.project)) for row in found
    }


def _freezes(user: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.freezes(user).filter(pk__in=ids)
    return {str(row.pk): Link(row.reason, row.environment.get_absolute_url()) for row in found}


def _members(project: Project) -> str:
    return reverse("projects:members", args=[project.slug])


subjects.link("projects.project", _projects)
subjects.link("projects.environment", _environments)
subjects.link("projects.grant", _grants)
subjects.link("projects.freezewindow", _freezes)
