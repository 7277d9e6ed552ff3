from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.deployments.forms import AHEAD, RESERVED
from apps.deployments.models import Deployment, Release


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    deployment = serializers.CharField(source="deployment.slug")
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    version_id = serializers.IntegerField()
    requested_by = serializers.CharField(source="requested_by.username", allow_null=True)

    class Meta:
        model = Release
        fields = [
            "id", "deployment", "number", "model", "version", "version_id", "state", "undoes",
            "reason", "note", "requested_by", "job_id", "requested_at", "live_at", "ended_at",
        ]  # fmt: skip


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    project = serializers.CharField(source="project.slug")
    environment = serializers.CharField(source="environment.name")
    model = serializers.CharField(source="model.name")
    connection = serializers.IntegerField(source="connection_id", allow_null=True)
    live = serializers.SerializerMethodField()

    class Meta:
        model = Deployment
        fields = ["slug", "project", "environment", "model", "connection", "live", "created_at"]

    def get_live(self, deployment: Deployment) -> int | None:
        """The version that answers now."""
        found: list[Release] = getattr(deployment, "live", [])
        return found[0].version.number if found else None


class NewDeploymentSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)
    environment = serializers.SlugField(max_length=60)
    model = serializers.CharField(max_length=256)
    slug = serializers.RegexField(
        r"^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$",
        help_text="Lower-case letters, digits and hyphens; the path under /serve/.",
    )
    connection = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        allow_null=True,
        default=None,
        help_text="Id of the connection on whose target it runs; none: the portal's own machine.",
    )

    def validate_slug(self, value: str) -> str:
        if value in RESERVED:
            raise serializers.ValidationError("The portal keeps this name. Choose another one.")
        return value


class NewReleaseSerializer(serializers.Serializer[Any]):
    deployment = serializers.SlugField(max_length=60)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class RollBackSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class ServedSerializer(serializers.Serializer[Any]):
    project = serializers.CharField(help_text="Slug of the project.")
    model = serializers.CharField()
    version = serializers.IntegerField(help_text="Its number in the model.")
    version_id = serializers.IntegerField()
    release = serializers.IntegerField(
        allow_null=True, help_text="Null where the version held the alias and was not released."
    )
    deployment = serializers.CharField(allow_null=True)
    environment = serializers.CharField()
    alias = serializers.CharField(
        allow_blank=True, help_text="The environment's alias, where the version held it then."
    )
    run = serializers.CharField(allow_null=True, help_text="MLflow's id of the run.")
    dataset = serializers.CharField(allow_null=True, help_text="name@digest")
    approved_by = serializers.CharField(allow_null=True)
    since = serializers.DateTimeField()


class ServedAtSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    models = ServedSerializer(many=True)


class MomentSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(
        required=False,
        default_timezone=UTC,
        help_text="Now, where it is left out; UTC, where it names no zone. Encode a + as %2B.",
    )
    environment = serializers.SlugField(max_length=60, required=False)

    def validate_at(self, value: datetime) -> datetime:
        if value > timezone.now() + AHEAD:
            raise serializers.ValidationError("It lies in the future. Name a moment until now.")
        return value
