from __future__ import annotations

from typing import Any

from rest_framework import serializers

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
    live = serializers.SerializerMethodField()

    class Meta:
        model = Deployment
        fields = ["slug", "project", "environment", "model", "live", "created_at"]

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


class NewReleaseSerializer(serializers.Serializer[Any]):
    deployment = serializers.SlugField(max_length=60)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class RollBackSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class ServedSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    version = serializers.IntegerField()
    release = serializers.IntegerField()
    deployment = serializers.CharField()
    environment = serializers.CharField()
    alias = serializers.CharField(allow_blank=True)
    run = serializers.CharField(allow_null=True)
    dataset = serializers.CharField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)
    since = serializers.DateTimeField()


class ServedAtSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    models = ServedSerializer(many=True)


class MomentSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(required=False, help_text="Now, where it is left out.")
    environment = serializers.SlugField(max_length=60, required=False)
