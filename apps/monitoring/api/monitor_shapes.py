from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.monitoring.looks import Kind
from apps.monitoring.models import Measurement, Monitor, Severity, Verdict

BIG = 2**63 - 1
FREE = {"type": "object", "additionalProperties": True}


@extend_schema_field(FREE)
class SettingsField(serializers.DictField):
    """The settings of a kind, as `/api/v1/monitors/kinds/` describes them."""


class MonitorSerializer(serializers.ModelSerializer[Monitor]):
    project = serializers.CharField(source="project.slug")
    deployment = serializers.CharField(source="deployment.slug")
    settings = SettingsField()

    class Meta:
        model = Monitor
        fields = [
            "id", "project", "deployment", "baseline", "name", "kind", "settings", "severity", "runbook",
            "window_rows", "every_seconds", "hold_seconds", "enabled", "state", "failure", "seen_until",
            "created_at",
        ]  # fmt: skip


class MonitorEditSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False)
    settings = SettingsField(required=False)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    runbook = serializers.IntegerField(
        min_value=1, max_value=BIG, required=False, allow_null=True, help_text="A document's id."
    )
    baseline = serializers.IntegerField(min_value=1, max_value=BIG, required=False, allow_null=True)
    window_rows = serializers.IntegerField(min_value=30, max_value=100_000, required=False)
    every_seconds = serializers.IntegerField(min_value=1, max_value=86_400, required=False)
    hold_seconds = serializers.IntegerField(min_value=1, max_value=604_800, required=False)


class NewMonitorSerializer(MonitorEditSerializer):
    """`deployment`, or the `baseline` of one."""

    name = serializers.CharField(max_length=100)
    deployment = serializers.SlugField(max_length=60, required=False)
    kind = serializers.ChoiceField(
        choices=[choice for choice in Monitor.Kind.choices if choice[0] != "desired_state"],
        default=Monitor.Kind.INPUT_DRIFT,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("deployment") and not attrs.get("baseline"):
            raise serializers.ValidationError({"deployment": "Name it, or send a baseline of it."})
        return attrs


class BacktestSerializer(serializers.Serializer[Any]):
    """What is not sent stays as it is set; without a stretch, the last 7 days."""

    settings = SettingsField(required=False)
    window_rows = serializers.IntegerField(min_value=30, max_value=100_000, required=False)
    hold_seconds = serializers.IntegerField(min_value=1, max_value=604_800, required=False)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class UseSerializer(serializers.Serializer[Any]):
    job = serializers.IntegerField(min_value=1, max_value=BIG, help_text="The back-test's job.")


class WatchSerializer(serializers.Serializer[Any]):
    deployment = serializers.SlugField(max_length=60)


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    class Meta:
        model = Verdict
        fields = ["id", "level", "rows", "starts_at", "ends_at", "findings", "at"]


class MeasurementSerializer(serializers.ModelSerializer[Measurement]):
    class Meta:
        model = Measurement
        fields = ["at", "part", "value", "low", "high", "rows"]


class MonitorKindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField(source="kind.label")
    method = serializers.CharField()
    needs_baseline = serializers.BooleanField()
    settings = serializers.SerializerMethodField()

    @extend_schema_field(FREE)
    def get_settings(self, kind: Kind) -> dict[str, Any]:
        return kind.settings.model_json_schema()
