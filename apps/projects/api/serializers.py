"""What goes in and what comes out of the project resources."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.access import Role
from apps.core.api.fields import RecordId
from apps.projects import selectors
from apps.projects.models import Environment, FreezeWindow, Grant, Project

ROLES = [(role.label, role.label) for role in Role]


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project as its reader sees it."""

    owner = serializers.CharField(source="owner.username", help_text="User name of the owner.")
    deputy = serializers.SerializerMethodField(help_text="User name of who stands in, if any.")
    your_role = serializers.SerializerMethodField(help_text="What the one who asks may do here.")

    class Meta:
        model = Project
        fields = [
            "id",
            "slug",
            "name",
            "purpose",
            "criticality",
            "owner",
            "deputy",
            "your_role",
            "archived_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_deputy(self, project: Project) -> str | None:
        return project.deputy.username if project.deputy else None

    def get_your_role(self, project: Project) -> str:
        return str(selectors.role_of(self.context["request"].user, project).label)


class ProjectDraftSerializer(serializers.Serializer[Any]):
    """What opens a project; without a slug one is made from the name."""

    name = serializers.CharField(max_length=100)
    slug = serializers.SlugField(max_length=60, required=False)
    purpose = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    criticality = serializers.ChoiceField(Project.Criticality.choices, required=False)


class ProjectEditSerializer(serializers.Serializer[Any]):
    """What may change about a project; the slug stays."""

    name = serializers.CharField(max_length=100, required=False)
    purpose = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    criticality = serializers.ChoiceField(Project.Criticality.choices, required=False)


class HandOverSerializer(serializers.Serializer[Any]):
    """Who owns the project from now on."""

    owner = serializers.CharField(max_length=254, help_text="User name or mail address.")


class DeputySerializer(serializers.Serializer[Any]):
    """Who stands in for the owner; null is nobody."""

    deputy = serializers.CharField(
        max_length=254, allow_null=True, help_text="User name or mail address."
    )


class MemberSerializer(serializers.ModelSerializer[Grant]):
    """A person's or a team's role in one project."""

    user = serializers.SerializerMethodField(help_text="User name; null where a team holds it.")
    team = serializers.SerializerMethodField(help_text="Team slug; null where a person holds it.")
    role = serializers.ChoiceField(ROLES, source="get_role_display")

    class Meta:
        model = Grant
        fields = ["id", "user", "team", "role"]
        read_only_fields = fields

    def get_user(self, grant: Grant) -> str | None:
        return grant.user.username if grant.user else None

    def get_team(self, grant: Grant) -> str | None:
        return grant.team.slug if grant.team else None


class RoleSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(ROLES)

    def validate_role(self, value: str) -> Role:
        return next(role for role in Role if role.label == value)


class MemberDraftSerializer(RoleSerializer):
    """A role for a person or for a team, not for both."""

    user = serializers.CharField(
        max_length=254, required=False, help_text="User name or mail address."
    )
    team = serializers.CharField(max_length=100, required=False, help_text="Slug or name.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("user" in attrs) == ("team" in attrs):
            raise serializers.ValidationError({"user": ["Name either a user or a team."]})
        return attrs

    @property
    def holder(self) -> dict[str, str]:
        """The one of the two names that was sent."""
        sent = self.validated_data
        return {"user": sent["user"]} if "user" in sent else {"team_name": sent["team"]}


class EnvironmentSerializer(serializers.ModelSerializer[Environment]):
    """A place model versions run in."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")

    class Meta:
        model = Environment
        fields = ["id", "project", "name", "kind", "protected", "created_at", "updated_at"]
        read_only_fields = fields


class EnvironmentDraftSerializer(serializers.Serializer[Any]):
    """A new environment of a project."""

    project = serializers.SlugField(max_length=60, help_text="Slug of the project.")
    name = serializers.SlugField(max_length=60)
    kind = serializers.ChoiceField(Environment.Kind.choices)
    protected = serializers.BooleanField(default=False)


class EnvironmentEditSerializer(serializers.Serializer[Any]):
    name = serializers.SlugField(max_length=60, required=False)
    kind = serializers.ChoiceField(Environment.Kind.choices, required=False)
    protected = serializers.BooleanField(required=False)


class FreezeWindowSerializer(serializers.ModelSerializer[FreezeWindow]):
    """A stretch of time in which nothing is released to an environment."""

    environment = serializers.IntegerField(source="environment_id")
    project = serializers.CharField(source="environment.project.slug")

    class Meta:
        model = FreezeWindow
        fields = ["id", "project", "environment", "starts_at", "ends_at", "reason"]
        read_only_fields = fields


class FreezeWindowDraftSerializer(serializers.Serializer[Any]):
    """A stretch of time to keep releases out of an environment."""

    environment = RecordId(help_text="Id of the environment.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=200)


class FreezeWindowEditSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    reason = serializers.CharField(max_length=200, required=False)
