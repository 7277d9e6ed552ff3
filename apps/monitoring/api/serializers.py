from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.monitoring import training
from apps.monitoring.models import Alert, Baseline

MOST_ROWS = 100_000


class BaselineSerializer(serializers.ModelSerializer[Baseline]):
    project = serializers.CharField(source="project.slug")
    deployment = serializers.CharField(source="deployment.slug")
    columns = serializers.SerializerMethodField()

    class Meta:
        model = Baseline
        fields = ["id", "project", "deployment", "source", "rows", "columns", "created_at"]

    def get_columns(self, baseline: Baseline) -> list[str]:
        return [profile["name"] for profile in baseline.profiles]


class NewBaselineSerializer(serializers.Serializer[Any]):
    """One of `rows`, an uploaded `file`, or an `artifact` that the live version's run logged."""

    deployment = serializers.SlugField(max_length=60)
    rows = serializers.ListField(
        child=serializers.DictField(), required=False, min_length=1, max_length=MOST_ROWS
    )
    artifact = serializers.RegexField(
        r"^[\w./-]{1,300}\.(csv|parquet)$", required=False, help_text="A .csv or .parquet file."
    )

    file = serializers.FileField(
        required=False,
        max_length=300,
        help_text="A .csv or .parquet file of at most 256 MB, as multipart/form-data.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len({"rows", "artifact", "file"} & attrs.keys()) != 1:
            raise serializers.ValidationError({"rows": "Send one of rows, file or artifact."})
        if "file" in attrs and attrs["file"].size > training.MOST_BYTES:
            raise serializers.ValidationError({"file": "At most 256 MB."})
        return attrs


class AlertSerializer(serializers.ModelSerializer[Alert]):
    project = serializers.CharField(source="project.slug")
    deployment = serializers.CharField(source="deployment.slug", allow_null=True, default=None)
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None)
    acknowledged = serializers.SerializerMethodField()

    class Meta:
        model = Alert
        fields = [
            "id", "project", "deployment", "monitor", "name", "summary", "features", "version",
            "state", "fired_at", "resolved_at", "source", "severity", "labels", "annotations", "url", "group", "lead",
            "times", "seen_at", "ends_at", "silenced", "acknowledged", "acknowledged_at", "mark", "note",
        ]  # fmt: skip

    def get_acknowledged(self, alert: Alert) -> bool:
        return alert.acknowledged_at is not None
