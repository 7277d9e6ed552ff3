from __future__ import annotations

from datetime import datetime

from django.db.models import IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core.access import Person, Role
from apps.core.errors import Invalid
from apps.projects.models import (
    Environment,
    EnvironmentQuerySet,
    FreezeWindow,
    FreezeWindowQuerySet,
    Grant,
    GrantQuerySet,
    Project,
    ProjectQuerySet,
)

SWITCHER_LENGTH = 20
SUGGESTIONS = 200


def projects(user: Person, *, words: str = "", archived: bool | None = False) -> ProjectQuerySet:
    """What the person may see, each with their role in it; `archived=None` is both kinds."""
    found = Project.objects.visible_to(user).select_related("owner", "deputy")
    found = found.annotate(held=_held_role(user))
    if archived is not None:
        found = found.filter(archived_at__isnull=not archived)
    if words:
        found = found.filter(
            Q(name__icontains=words) | Q(slug__icontains=words) | Q(purpose__icontains=words)
        )
    return found


def _held_role(user: Person) -> Subquery | Value:
    if user.is_superuser:
        return Value(int(Role.OWNER), output_field=IntegerField())
    highest = Grant.objects.of(user).filter(project=OuterRef("pk")).order_by("-role")
    return Subquery(highest.values("role")[:1])


def role_of(user: Person, project: Project) -> Role:
    """The role in a project that `projects` found, no higher than the token in use allows."""
    held = project.held_role or Role.VIEWER
    limits = getattr(user, "limits", None)
    return min(held, limits.role) if limits else held


def switcher(user: Person) -> list[Project]:
    """The first projects by name, for the frame; the palette finds the others."""
    return list(Project.objects.visible_to(user).live().only("name", "slug")[:SWITCHER_LENGTH])


def grants(user: Person, slug: str = "") -> GrantQuerySet:
    """The members of one project, or of every project that the person may see."""
    found = Grant.objects.visible_to(user).select_related("user", "team", "project")
    return found.filter(project__slug=slug) if slug else found


def grants_of(user: Person, project_id: int) -> GrantQuerySet:
    """What gives the person a role in one project, themselves or through their teams."""
    found = Grant.objects.of(user).filter(project_id=project_id)
    return found.select_related("user", "team", "project").distinct()


def colleague_ids(user: Person) -> QuerySet[User, int]:
    """Ids of everybody who holds a role in a project the person may see, as a subquery."""
    seen = Grant.objects.visible_to(user)
    alone, teams = seen.values("user_id"), seen.values("team_id")
    found = User.objects.filter(Q(pk__in=alone) | Q(memberships__team_id__in=teams))
    return found.order_by().values_list("pk", flat=True)


def without_active_owner(user: Person) -> ProjectQuerySet:
    """Projects the person may see whose owner or deputy is deactivated."""
    gone = Q(owner__is_active=False) | Q(deputy__is_active=False)
    return Project.objects.visible_to(user).live().filter(gone).select_related("owner", "deputy")


def environments(user: Person) -> EnvironmentQuerySet:
    """The environments of every project the person may see."""
    return Environment.objects.visible_to(user).select_related("project")


def environments_with_freezes(project: Project) -> list[Environment]:
    """The project's environments, each with the freeze windows that are not over yet."""
    ahead = FreezeWindow.objects.not_over(timezone.now())
    return list(project.environments.prefetch_related(Prefetch("freezes", ahead, to_attr="ahead")))


def freezes(user: Person) -> FreezeWindowQuerySet:
    """The freeze windows of every project the person may see, past ones too."""
    return FreezeWindow.objects.visible_to(user).select_related("environment__project")


def freeze_at(environment: Environment, at: datetime | None = None) -> FreezeWindow | None:
    """The freeze window that holds at this moment, the last to end; `None` where none does."""
    holding = environment.freezes.holding_at(at or timezone.now())
    return holding.order_by("-ends_at").first()


def is_frozen(environment: Environment, at: datetime | None = None) -> bool:
    """Whether nothing may be released to the environment at this moment."""
    return environment.freezes.holding_at(at or timezone.now()).exists()


def account(name: str, *, field: str) -> User:
    """The account with this user name or mail address; a refusal names `field`."""
    wanted = name.strip()
    found = User.objects.filter(Q(username=wanted) | Q(email__iexact=wanted) & ~Q(email=""))
    if not wanted or (row := found.order_by("pk").first()) is None:
        raise Invalid(field=field, reason="nobody has this user name or mail address")
    return row


def team(name: str, *, field: str) -> Team:
    """The team with this slug or name; a refusal names `field`."""
    wanted = name.strip()
    if not wanted or (row := Team.objects.filter(Q(slug=wanted) | Q(name=wanted)).first()) is None:
        raise Invalid(field=field, reason="no team has this name")
    return row


def holder(*, user: str = "", team_name: str = "") -> User | Team:
    """The person or the team of this name."""
    return account(user, field="user") if user else team(team_name, field="team")


def suggestions(user: Person) -> list[str]:
    """Names of teams and of known colleagues to offer while somebody types one."""
    people = User.objects.filter(is_active=True, pk__in=colleague_ids(user)).order_by("username")
    names = people.values_list("username", flat=True)[:SUGGESTIONS]
    return [*names, *Team.objects.values_list("slug", flat=True)[:SUGGESTIONS]]


def held(user: Person, at_least: Role) -> ProjectQuerySet:
    """The living projects where the person holds at least this role, by name."""
    return Project.objects.visible_to(user, at_least).live().order_by("name", "pk")
