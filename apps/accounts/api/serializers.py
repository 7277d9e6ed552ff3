"""What goes in and what comes out of users, teams, service accounts and tokens."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.validators import UnicodeUsernameValidator
from rest_framework import serializers

from apps.accounts import places
from apps.accounts.models import ApiToken, Team, TeamMember, User
from apps.core.access import Person, Role

ROLES = [(role.label, role.label) for role in Role]


class UserSerializer(serializers.ModelSerializer[User]):
    """Somebody as everybody who shares a team or project with them knows them."""

    name = serializers.CharField(source="get_full_name")

    class Meta:
        model = User
        fields = ["id", "username", "name", "kind", "is_active"]
        read_only_fields = fields


class FullUserSerializer(UserSerializer):
    """Somebody as a site admin knows them."""

    site_admin = serializers.BooleanField(source="is_superuser")
    email = serializers.CharField(read_only=True, help_text="Empty for many service accounts.")

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "email", "site_admin", "last_login", "date_joined"]
        read_only_fields = fields


class SeenUserSerializer(UserSerializer):
    """Somebody as the document promises them: what site admins alone are told may be missing."""

    site_admin = serializers.BooleanField(required=False)
    email = serializers.CharField(required=False)
    last_login = serializers.DateTimeField(required=False, allow_null=True)
    date_joined = serializers.DateTimeField(required=False)

    class Meta(UserSerializer.Meta):
        fields = FullUserSerializer.Meta.fields
        read_only_fields = UserSerializer.Meta.fields


class PersonDraftSerializer(serializers.Serializer[Any]):
    """Somebody new; they set a password through the link in the answer, or come by a provider."""

    username = serializers.CharField(max_length=150, validators=[UnicodeUsernameValidator()])
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    full_name = serializers.CharField(max_length=150, required=False, allow_blank=True)


class PersonEditSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    full_name = serializers.CharField(max_length=150, required=False, allow_blank=True)


class PasswordLinkSerializer(serializers.Serializer[Any]):
    link = serializers.URLField(help_text="Works once, for three days; shown in this answer alone.")


class ServiceAccountDraftSerializer(serializers.Serializer[Any]):
    """An account for a machine."""

    username = serializers.CharField(max_length=150, validators=[UnicodeUsernameValidator()])
    description = serializers.CharField(max_length=150, required=False, allow_blank=True)


class TeamSerializer(serializers.ModelSerializer[Team]):
    """People who hold roles together."""

    size = serializers.IntegerField(help_text="How many members it has.")

    class Meta:
        model = Team
        fields = ["id", "slug", "name", "size", "created_at"]
        read_only_fields = fields


class TeamDraftSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)


class TeamMemberSerializer(serializers.ModelSerializer[TeamMember]):
    """Somebody in a team; `provider` keeps the membership in step with its groups."""

    id = serializers.IntegerField(source="user_id", help_text="Id of the user.")
    username = serializers.CharField(source="user.username")
    provider = serializers.SerializerMethodField(help_text="Slug, or null for one by hand.")

    class Meta:
        model = TeamMember
        fields = ["id", "username", "provider"]
        read_only_fields = fields

    def get_provider(self, member: TeamMember) -> str | None:
        return member.provider.slug if member.provider else None


class NewMemberSerializer(serializers.Serializer[Any]):
    user = serializers.CharField(max_length=254, help_text="User name or mail address.")


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token without its text."""

    user = serializers.CharField(source="user.username")
    role = serializers.ChoiceField(ROLES, source="get_role_display")
    projects = serializers.SerializerMethodField(help_text="Ids; null is everywhere.")
    state = serializers.ChoiceField(["active", "expired", "revoked"])

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "name",
            "key",
            "user",
            "role",
            "projects",
            "state",
            "created_at",
            "expires_at",
            "last_used_at",
        ]
        read_only_fields = fields

    def get_projects(self, token: ApiToken) -> list[int] | None:
        return token.project_ids


class MadeTokenSerializer(TokenSerializer):
    """A token with its text, this once."""

    token = serializers.SerializerMethodField(help_text="Shown in this answer and never again.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
        read_only_fields = fields

    def get_token(self, token: ApiToken) -> str:
        return str(self.context["text"])


class TokenDraftSerializer(serializers.Serializer[Any]):
    """A token for oneself, or for a service account one may make tokens for."""

    name = serializers.CharField(max_length=100)
    role = serializers.ChoiceField(ROLES, default=Role.VIEWER.label)
    projects = serializers.ListField(
        child=serializers.SlugField(max_length=60),
        max_length=200,
        min_length=1,
        required=False,
        help_text="Slugs of the projects it works in; everywhere where absent.",
    )
    expires_at = serializers.DateTimeField(
        required=False, help_text="A person's token ends within 366 days in any case."
    )
    user = serializers.CharField(
        max_length=150, required=False, help_text="User name of a service account; else yourself."
    )

    def validate_role(self, value: str) -> Role:
        return next(role for role in Role if role.label == value)

    def validate_projects(self, slugs: list[str]) -> list[int]:
        """Their ids, where the maker sees them."""
        maker: Person = self.context["request"].user
        known = {place.slug: place.id for place in places.visible_to(maker)}
        if unknown := [slug for slug in slugs if slug not in known]:
            raise serializers.ValidationError(f"There is no project {unknown[0]} for you.")
        return [known[slug] for slug in slugs]
