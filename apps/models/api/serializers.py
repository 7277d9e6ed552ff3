"""What goes in and what comes out of the model resources."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import RecordId
from apps.models.api.fields import NameOrId
from apps.models.choices import PromotionState, RiskClass
from apps.models.models import (
    Dataset,
    Decision,
    Gate,
    GateResult,
    ModelVersion,
    Promotion,
    RegisteredModel,
    Run,
)

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
NUMBER = {"oneOf": [{"type": "number"}, {"type": "string"}]}
NUMBERS = {
    "type": "object",
    "description": "The last value of each; NaN and the infinite ones are strings.",
    "additionalProperties": NUMBER,
}


@extend_schema_field(TEXTS)
class Texts(serializers.JSONField):
    """Texts by name."""


@extend_schema_field(NUMBERS)
class Metrics(serializers.JSONField):
    """Numbers by name."""


@extend_schema_field(NUMBER)
class Metric(serializers.JSONField):
    """A number; NaN and the infinite ones are strings."""


class InputSerializer(serializers.Serializer[Any]):
    """Data that a run read."""

    name = serializers.CharField()
    digest = serializers.CharField()
    source_type = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the field of this name
    context = serializers.CharField(  # type: ignore[assignment]
        help_text="What it was read for: training, for example."
    )


class RunSerializer(serializers.ModelSerializer[Run]):
    """A training run as MLflow's clients logged it."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    experiment = serializers.CharField(source="experiment.name", help_text="Its name.")
    experiment_id = serializers.CharField(
        source="experiment.mlflow_id", help_text="MLflow's id of the experiment."
    )
    run_id = serializers.CharField(source="mlflow_id", help_text="MLflow's id of the run.")
    logged_by = serializers.SerializerMethodField(
        help_text="User name; null where MLflow was told directly."
    )
    params = Texts()
    metrics = Metrics()
    tags = Texts()
    inputs = InputSerializer(many=True)

    class Meta:
        model = Run
        fields = [
            "id",
            "project",
            "experiment",
            "experiment_id",
            "run_id",
            "name",
            "status",
            "logged_by",
            "started_at",
            "ended_at",
            "params",
            "metrics",
            "tags",
            "inputs",
        ]
        read_only_fields = fields

    def get_logged_by(self, run: Run) -> str | None:
        return run.logged_by.username if run.logged_by else None


class PointSerializer(serializers.Serializer[Any]):
    """One value of a metric on its way."""

    step = serializers.IntegerField()
    timestamp = serializers.IntegerField(help_text="Milliseconds since 1970.")
    value = Metric()


class HistorySerializer(serializers.Serializer[Any]):
    """The points of a metric, in order of step and time."""

    key = serializers.CharField()
    points = PointSerializer(many=True)


class FileSerializer(serializers.Serializer[Any]):
    """A file or folder that a run logged."""

    path = serializers.CharField(help_text="From the root of the run's artifacts.")
    name = serializers.CharField()
    is_dir = serializers.BooleanField()
    size = serializers.IntegerField(allow_null=True, help_text="Bytes; null for a folder.")


class ArtifactsSerializer(serializers.Serializer[Any]):
    """What lies in one folder of a run."""

    path = serializers.CharField(help_text="The folder; empty for the root.", allow_blank=True)
    files = FileSerializer(many=True)


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    """Data that runs read, known by name and digest."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")

    class Meta:
        model = Dataset
        fields = ["id", "project", "name", "digest", "source_type", "source", "seen_at"]
        read_only_fields = fields


class ModelSerializer(serializers.ModelSerializer[RegisteredModel]):
    """A registered model."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    tags = Texts()
    aliases = serializers.SerializerMethodField(help_text="Version number by alias.")
    versions = serializers.IntegerField(source="version_count", help_text="How many it has.")
    latest_version = serializers.IntegerField(
        source="latest_number", allow_null=True, help_text="Number of the newest."
    )
    owner = serializers.SerializerMethodField(help_text="User name of who answers for it.")
    deputy = serializers.SerializerMethodField(help_text="User name of who stands in.")
    risk_class = serializers.ChoiceField([("", "not said"), *RiskClass.choices])

    class Meta:
        model = RegisteredModel
        fields = [
            "id",
            "project",
            "name",
            "description",
            "tags",
            "aliases",
            "versions",
            "latest_version",
            "purpose",
            "owner",
            "deputy",
            "risk_class",
            "licence",
            "retired_at",
            "retired_reason",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_aliases(self, model: RegisteredModel) -> dict[str, int]:
        return {alias.name: alias.version.number for alias in model.aliases.all()}

    def get_owner(self, model: RegisteredModel) -> str | None:
        return model.owner.username if model.owner else None

    def get_deputy(self, model: RegisteredModel) -> str | None:
        return model.deputy.username if model.deputy else None


class VersionSerializer(serializers.ModelSerializer[ModelVersion]):
    """One version of a registered model."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    model = serializers.IntegerField(source="model_id", help_text="Id of the registered model.")
    name = serializers.CharField(source="model.name", help_text="Name of the registered model.")
    version = serializers.IntegerField(source="number", help_text="Its number in the model.")
    run = serializers.IntegerField(
        source="run_id", allow_null=True, help_text="Id of the run it came from."
    )
    uri = serializers.CharField(help_text="How MLflow's client names it.")
    tags = Texts()
    aliases = serializers.SerializerMethodField(help_text="The aliases that point at it.")
    registered_by = serializers.SerializerMethodField(help_text="User name, if known.")

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "project",
            "model",
            "name",
            "version",
            "run",
            "uri",
            "source",
            "description",
            "status",
            "tags",
            "aliases",
            "registered_by",
            "retired_at",
            "retired_reason",
            "created_at",
        ]
        read_only_fields = fields

    def get_aliases(self, version: ModelVersion) -> list[str]:
        return sorted(alias.name for alias in version.aliases.all())

    def get_registered_by(self, version: ModelVersion) -> str | None:
        return version.registered_by.username if version.registered_by else None


class GateSerializer(serializers.ModelSerializer[Gate]):
    """What a version must fulfil before it may enter an environment."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    model = serializers.IntegerField(source="model_id", help_text="Id of the registered model.")
    environment = serializers.CharField(source="environment.name", help_text="Its name.")
    settings = serializers.DictField()

    class Meta:
        model = Gate
        fields = ["id", "project", "model", "environment", "kind", "settings", "created_at"]
        read_only_fields = fields


class GateDraftSerializer(serializers.Serializer[Any]):
    """A new gate of a model for one environment."""

    model = RecordId(help_text="Id of the registered model.")
    environment = NameOrId(help_text="Name or id of an environment of its project.")
    kind = serializers.CharField(max_length=60, help_text="metric_floor, for example.")
    settings = serializers.DictField(help_text='{"metric": "accuracy", "floor": 0.9}')


class PromoteSerializer(serializers.Serializer[Any]):
    """Where a version should go, and why."""

    environment = NameOrId(help_text="Name or id of an environment of its project.")
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class DecideSerializer(serializers.Serializer[Any]):
    """Why, for the record."""

    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ResultSerializer(serializers.ModelSerializer[GateResult]):
    """What one gate said, with what it looked at."""

    gate = serializers.IntegerField(source="gate_id")
    settings = serializers.DictField()
    evidence = serializers.DictField()
    outcome = serializers.ChoiceField([(each, each) for each in ("passed", "waived", "failed")])
    waived_by = serializers.SerializerMethodField(help_text="User name, where it was waived.")
    waived_reason = serializers.SerializerMethodField(help_text="Why, where it was waived.")

    class Meta:
        model = GateResult
        fields = [
            "gate",
            "kind",
            "settings",
            "again",
            "passed",
            "outcome",
            "sentence",
            "evidence",
            "waived_by",
            "waived_reason",
            "at",
        ]
        read_only_fields = fields

    def get_waived_by(self, result: GateResult) -> str | None:
        return result.waiver.by.username if result.waiver else None

    def get_waived_reason(self, result: GateResult) -> str | None:
        return result.waiver.reason if result.waiver else None


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """Who decided, and why."""

    by = serializers.CharField(source="by.username", help_text="User name.")

    class Meta:
        model = Decision
        fields = ["verdict", "by", "note", "at"]
        read_only_fields = fields


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    """The way of a version into an environment."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    version = serializers.IntegerField(source="version_id", help_text="Id of the model version.")
    model = serializers.CharField(source="version.model.name", help_text="Name of the model.")
    number = serializers.IntegerField(source="version.number", help_text="Number of the version.")
    environment = serializers.CharField(source="environment.name", help_text="Its name.")
    state = serializers.ChoiceField(PromotionState.choices)
    previous = serializers.IntegerField(
        source="previous_id", allow_null=True, help_text="Id of the version before it."
    )
    requested_by = serializers.CharField(source="requested_by.username", help_text="User name.")
    gates = ResultSerializer(source="results", many=True)
    decision = serializers.SerializerMethodField()

    class Meta:
        model = Promotion
        fields = [
            "id",
            "project",
            "version",
            "model",
            "number",
            "environment",
            "state",
            "note",
            "previous",
            "requested_by",
            "requested_at",
            "ended_at",
            "gates",
            "decision",
        ]
        read_only_fields = fields

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, promotion: Promotion) -> dict[str, Any] | None:
        decision = getattr(promotion, "decision", None)
        return None if decision is None else dict(DecisionSerializer(decision).data)
