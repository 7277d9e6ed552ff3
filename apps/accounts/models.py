from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from apps.core import access
from apps.core.access import Limits, Role
from apps.core.fields import EncryptedField

if TYPE_CHECKING:
    from apps.core.access import Person


class User(AbstractUser):
    """A person, or a service account that only tokens can use."""

    class Kind(models.TextChoices):
        PERSON = "person"
        SERVICE = "service", "service account"

    class Theme(models.TextChoices):
        SYSTEM = "system"
        LIGHT = "light"
        DARK = "dark"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    time_zone = models.CharField(max_length=60, default="UTC")
    theme = models.CharField(max_length=10, choices=Theme, default=Theme.SYSTEM)
    # The provider whose group made this person a site admin; NULL where a site admin did.
    admin_from = models.ForeignKey(
        "IdentityProvider", models.PROTECT, null=True, blank=True, related_name="+"
    )

    # Set by the token that authenticated the request; it narrows every answer of the policy.
    limits: Limits | None = None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"), condition=~Q(email=""), name="accounts_user_email_once"
            ),
            models.UniqueConstraint(Lower("username"), name="accounts_user_username_once"),
            models.CheckConstraint(
                condition=~Q(kind="service", is_superuser=True),
                name="accounts_no_service_runs_the_portal",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_absolute_url(self) -> str:
        page = "accounts:service_account" if self.is_service else "accounts:person"
        return reverse(page, args=[self.pk])

    @property
    def is_service(self) -> bool:
        return self.kind == self.Kind.SERVICE


class Team(models.Model):
    """People who hold roles together."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    members = models.ManyToManyField(User, through="TeamMember", related_name="teams")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:team", args=[self.slug])


class TeamMember(models.Model):
    """One person in one team; `provider` names the sign-in that keeps it in step, if any."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    provider = models.ForeignKey(
        "IdentityProvider", models.CASCADE, null=True, related_name="memberships"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="accounts_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> ApiTokenQuerySet:
        now = timezone.now()
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True
        )

    def visible_to(self, user: Person) -> ApiTokenQuerySet:
        """One's own; a site admin sees everybody's, a narrowed token no other than itself."""
        limits: Limits | None = getattr(user, "limits", None)
        if limits is not None and not limits.whole:
            return self.filter(pk=limits.token_id or 0)
        return self if access.is_site_admin(user) else self.filter(user_id=user.pk or 0)


class ApiToken(models.Model):
    """`sbx_<key>_<secret>`: at most `role`, in `project_ids` only; the secret is kept as a hash."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    role = models.PositiveSmallIntegerField(choices=Role, default=Role.OWNER)
    # Projects stand to the right of accounts: known by id. NULL is every project the user may see.
    project_ids = ArrayField(models.BigIntegerField(), null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """What it is worth now: `active`, `expired` or `revoked`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= timezone.now() else "active"

    @property
    def limits(self) -> Limits:
        ids = None if self.project_ids is None else frozenset(self.project_ids)
        return Limits(role=Role(self.role), project_ids=ids, token_id=self.pk)


class IdentityProvider(models.Model):
    """An OpenID Connect issuer people sign in with: Entra ID, Google, Keycloak, any."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    issuer = models.URLField()
    client_id = models.CharField(max_length=200)
    client_secret = EncryptedField(null=True)
    groups_claim = models.CharField(max_length=60, default="groups")
    # Group of the issuer -> slug of a team; `admin_group` makes a site admin.
    group_teams = models.JSONField(default=dict, blank=True)
    admin_group = models.CharField(max_length=200, blank=True)
    scopes = models.CharField(max_length=200, default="openid profile email")
    # Some issuers vouch for addresses without ever saying `email_verified`.
    trusts_email = models.BooleanField(default=False)
    creates_users = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:provider", args=[self.slug])
