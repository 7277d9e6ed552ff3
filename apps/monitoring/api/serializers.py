from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.monitoring import training
from apps.monitoring.models import Alert, Baseline

MOST_ROWS = 100_000
LONGEST = 92 * 86_400  # seconds of a rolling baseline, and back to it
SOURCES = {"rows", "artifact", "dataset", "window", "rolling", "file"}


class BaselineSerializer(serializers.ModelSerializer[Baseline]):
    project = serializers.CharField(source="project.slug")
    deployment = serializers.CharField(source="deployment.slug")
    columns = serializers.SerializerMethodField()
    settings = serializers.DictField(
        help_text="Of a past window its ends, of a rolling one back_seconds and length_seconds, "
        "of a data set its name, digest and artifact."
    )

    class Meta:
        model = Baseline
        fields = [
            "id", "project", "deployment", "source", "settings", "rows", "columns", "created_at",
        ]  # fmt: skip

    def get_columns(self, baseline: Baseline) -> list[str]:
        return [profile["name"] for profile in baseline.profiles]


class WindowSerializer(serializers.Serializer[Any]):
    """The predictions of `[since, until)`."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class RollingSerializer(serializers.Serializer[Any]):
    """Ever the `length_seconds` that ended `back_seconds` before the window of a look."""

    length_seconds = serializers.IntegerField(min_value=60, max_value=LONGEST, default=86_400)
    back_seconds = serializers.IntegerField(min_value=0, max_value=LONGEST, default=0)


class NewBaselineSerializer(serializers.Serializer[Any]):
    """One of `rows`, `file`, `artifact` and `dataset`, of training; or `window` or `rolling`, of what was logged."""

    deployment = serializers.SlugField(max_length=60)
    rows = serializers.ListField(
        child=serializers.DictField(), required=False, min_length=1, max_length=MOST_ROWS
    )
    artifact = serializers.RegexField(
        r"^[\w./-]{1,300}\.(csv|parquet)$",
        required=False,
        help_text="A .csv or .parquet file that the live version's run logged.",
    )
    dataset = serializers.CharField(
        required=False,
        max_length=500,
        help_text="The name of an input of the live version's run (mlflow.log_input), "
        "where the run logged the file that it was read from, too.",
    )
    window = WindowSerializer(required=False)
    rolling = RollingSerializer(required=False)
    file = serializers.FileField(
        required=False,
        max_length=300,
        help_text="A .csv or .parquet file of at most 256 MB, as multipart/form-data.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(SOURCES & attrs.keys()) != 1:
            reason = "Send one of rows, file, artifact, dataset, window or rolling."
            raise serializers.ValidationError({"rows": reason})
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
