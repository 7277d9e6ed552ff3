from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.monitoring.models import Alert, Baseline, Monitor, Verdict

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
    """Either `rows`, or the path of an `artifact` that the live version's run logged."""

    deployment = serializers.SlugField(max_length=60)
    rows = serializers.ListField(
        child=serializers.DictField(), required=False, min_length=1, max_length=MOST_ROWS
    )
    artifact = serializers.RegexField(
        r"^[\w./-]{1,300}\.(csv|parquet)$", required=False, help_text="A .csv or .parquet file."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("rows" in attrs) == ("artifact" in attrs):
            raise serializers.ValidationError({"rows": "Send either rows or artifact."})
        return attrs


class MonitorSerializer(serializers.ModelSerializer[Monitor]):
    project = serializers.CharField(source="project.slug")
    deployment = serializers.CharField(source="deployment.slug")

    class Meta:
        model = Monitor
        fields = [
            "id", "project", "deployment", "baseline", "name", "kind", "window_rows",
            "every_seconds", "enabled", "state", "seen_until", "created_at",
        ]  # fmt: skip


class NewMonitorSerializer(serializers.Serializer[Any]):
    baseline = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    name = serializers.CharField(max_length=100)
    window_rows = serializers.IntegerField(min_value=30, max_value=100_000, default=200)
    every_seconds = serializers.IntegerField(min_value=1, max_value=86_400, default=60)


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    class Meta:
        model = Verdict
        fields = ["id", "level", "rows", "starts_at", "ends_at", "findings", "at"]


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
