"""What goes in and what comes out of kinds of gates and waivers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import RecordId
from apps.models.gates import Kind
from apps.models.models import Waiver


class KindSerializer(serializers.Serializer[Any]):
    """A kind of gate that can be declared."""

    kind = serializers.CharField(source="name", help_text="As a gate names it.")
    title = serializers.CharField()
    summary = serializers.CharField(help_text="What it asks of a version.")
    settings = serializers.SerializerMethodField(help_text="JSON schema of its settings.")

    def get_settings(self, kind: Kind[Any]) -> dict[str, Any]:
        return dict(kind.settings.model_json_schema())


class WaiverSerializer(serializers.ModelSerializer[Waiver]):
    """A gate that is let pass for one version."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    gate = serializers.IntegerField(
        source="gate_id", allow_null=True, help_text="Id of the gate; null where it was removed."
    )
    version = serializers.IntegerField(source="version_id", help_text="Id of the model version.")
    by = serializers.CharField(source="by.username", help_text="User name.")
    holds = serializers.BooleanField(help_text="Whether it lets the gate pass now.")

    class Meta:
        model = Waiver
        fields = [
            "id",
            "project",
            "gate",
            "version",
            "reason",
            "by",
            "at",
            "expires_at",
            "withdrawn_at",
            "holds",
        ]
        read_only_fields = fields


class WaiverDraftSerializer(serializers.Serializer[Any]):
    """For which version, why, and until when."""

    version = RecordId(help_text="Id of the model version.")
    reason = serializers.CharField(max_length=1000)
    expires_at = serializers.DateTimeField(help_text="At most 90 days ahead.")
