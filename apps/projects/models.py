from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Team, User
from apps.core import access
from apps.core.access import Role

if TYPE_CHECKING:
    from apps.core.access import Person


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> ProjectQuerySet:
        return self.filter(pk__in=access.project_ids(user, at_least))

    def live(self) -> ProjectQuerySet:
        return self.filter(archived_at=None)


class Project(models.Model):
    """A team's workspace with an owner and a deputy; everything else belongs to one."""

    class Criticality(models.TextChoices):
        LOW = "low"
        NORMAL = "normal"
        HIGH = "high"
        CRITICAL = "critical"

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60, unique=True)
    purpose = models.TextField(max_length=2000, blank=True)
    criticality = models.CharField(max_length=10, choices=Criticality, default=Criticality.NORMAL)
    owner = models.ForeignKey(User, models.PROTECT, related_name="owned_projects")
    deputy = models.ForeignKey(User, models.PROTECT, null=True, related_name="deputy_projects")
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("projects:project", args=[self.slug])

    @property
    def held_role(self) -> Role | None:
        """The asking person's role, where `selectors.projects` found the row."""
        held = getattr(self, "held", None)
        return Role(held) if held else None

    @property
    def held_role_name(self) -> str:
        return str(self.held_role.label) if self.held_role else ""

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class GrantQuerySet(models.QuerySet["Grant"]):
    def visible_to(self, user: Person) -> GrantQuerySet:
        """Members of a project know each other."""
        return self.filter(project_id__in=access.project_ids(user))

    def of(self, user: Person) -> GrantQuerySet:
        """What the person holds, themselves or through a team."""
        return self.filter(Q(user_id=user.pk) | Q(team__memberships__user_id=user.pk))


class Grant(models.Model):
    """A person's or a team's role in one project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="grants")
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="grants")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="grants")
    role = models.PositiveSmallIntegerField(choices=Role)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None) ^ Q(team=None), name="projects_grant_user_or_team"
            ),
            models.UniqueConstraint(fields=["project", "user"], name="projects_grant_user_once"),
            models.UniqueConstraint(fields=["project", "team"], name="projects_grant_team_once"),
        ]

    def __str__(self) -> str:
        return f"{self.holder}: {self.get_role_display()}"

    @property
    def key(self) -> str:
        """The id as a text, for the names of a page's parts."""
        return str(self.pk)

    @property
    def holder(self) -> User | Team:
        """The person or the team."""
        found = self.user or self.team
        assert found is not None
        return found


class EnvironmentQuerySet(models.QuerySet["Environment"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> EnvironmentQuerySet:
        return self.filter(project_id__in=access.project_ids(user, at_least))


class Environment(models.Model):
    """A place model versions run in. A protected one takes releases from maintainers only."""

    class Kind(models.TextChoices):
        DEV = "dev", "development"
        STAGING = "staging"
        PROD = "prod", "production"

    project = models.ForeignKey(Project, models.CASCADE, related_name="environments")
    name = models.SlugField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind)
    protected = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
        ordering = ["project", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="projects_environment_once")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('projects:environments', args=[self.project.slug])}#{self.name}"


class FreezeWindowQuerySet(models.QuerySet["FreezeWindow"]):
    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> FreezeWindowQuerySet:
        found = access.project_ids(user, at_least)
        return self.filter(environment__project_id__in=found)

    def holding_at(self, moment: datetime) -> FreezeWindowQuerySet:
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)

    def not_over(self, moment: datetime) -> FreezeWindowQuerySet:
        return self.filter(ends_at__gt=moment)


class FreezeWindow(models.Model):
    """A stretch of time in which nothing is released to an environment."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="freezes")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    objects = FreezeWindowQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="projects_freeze_has_length"
            )
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def holds(self) -> bool:
        """Whether nothing may be released at this moment."""
        return self.starts_at <= timezone.now() < self.ends_at
