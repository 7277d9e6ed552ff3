from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, get_args

from django.utils import timezone
from pydantic import ValidationError
from rest_framework import serializers

from apps.deployments.configs import Strategy
from apps.deployments.forms import AHEAD, RESERVED
from apps.deployments.models import Deployment, Judgement, Release


class StrategySerializer(serializers.Serializer[Any]):
    """How the traffic moves to a new release. What is left out has its default."""

    kind = serializers.ChoiceField(
        choices=list(get_args(Strategy.model_fields["kind"].annotation)), required=False
    )
    steps = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=99),
        max_length=99,
        required=False,
        help_text="Percent of the traffic, each larger than the one before. Canary only.",
    )
    step_seconds = serializers.FloatField(min_value=1, max_value=86_400, required=False)
    least_requests = serializers.IntegerField(min_value=1, max_value=10_000_000, required=False)
    false_alarm = serializers.FloatField(
        max_value=0.2,
        min_value=0,
        required=False,
        help_text="With at most this probability a release that is not worse is rolled back.",
    )
    approval = serializers.BooleanField(
        required=False, help_text="Wait for a person before the last step."
    )
    judge_scores = serializers.BooleanField(
        required=False, help_text="Whether scores that move are a reason to go back."
    )
    most_seconds = serializers.FloatField(min_value=10, max_value=2_592_000, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a field that is not known, and what the strategy itself refuses."""
        given = self.initial_data if hasattr(self, "initial_data") else self._given()
        if unknown := sorted(set(given) - set(self.fields)):
            raise serializers.ValidationError(
                dict.fromkeys(unknown, "There is no such field of a strategy.")
            )
        try:
            Strategy.model_validate(attrs)
        except ValidationError as error:
            raise serializers.ValidationError(_by_field(error)) from error
        return attrs

    def _given(self) -> Iterable[str]:
        """What was sent to this field of another serializer."""
        assert self.parent is not None
        given = self.parent.initial_data.get(self.field_name)
        return given if isinstance(given, dict) else ()


def _by_field(error: ValidationError) -> dict[str, str]:
    """pydantic's refusals by the field that they are about; a rule over all says its field itself."""
    found = {}
    for each in error.errors():
        said = each["msg"].removeprefix("Value error, ")
        field, _, rest = said.partition(": ")
        name = str(each["loc"][0]) if each["loc"] else field
        found[name] = said if each["loc"] else rest
    return found


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    deployment = serializers.CharField(source="deployment.slug")
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    version_id = serializers.IntegerField()
    requested_by = serializers.CharField(source="requested_by.username", allow_null=True)
    strategy = StrategySerializer(help_text="As it stood when the release was asked for.")

    class Meta:
        model = Release
        fields = [
            "id", "deployment", "number", "model", "version", "version_id", "state", "undoes",
            "reason", "note", "strategy", "step", "share", "shadow", "wish", "requested_by",
            "job_id", "requested_at", "live_at", "ended_at",
        ]  # fmt: skip


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    project = serializers.CharField(source="project.slug")
    environment = serializers.CharField(source="environment.name")
    model = serializers.CharField(source="model.name")
    connection = serializers.IntegerField(source="connection_id", allow_null=True)
    live = serializers.SerializerMethodField()

    class Meta:
        model = Deployment
        fields = [
            "slug", "project", "environment", "model", "connection", "live", "created_at", "retired_at",
        ]  # fmt: skip

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


class PlannedSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    strategy = StrategySerializer(
        required=False, help_text="Left out: as the deployment is configured."
    )

    def validate_strategy(self, given: dict[str, Any]) -> Strategy:
        return Strategy.model_validate(given)


class NewReleaseSerializer(PlannedSerializer):
    deployment = serializers.SlugField(max_length=60)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class ChangeSerializer(serializers.Serializer[Any]):
    topic = serializers.CharField()
    name = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class StepSerializer(serializers.Serializer[Any]):
    share = serializers.IntegerField(help_text="Percent of the traffic.")
    words = serializers.CharField()


class PlanSerializer(serializers.Serializer[Any]):
    deployment = serializers.CharField()
    environment = serializers.CharField()
    version = serializers.IntegerField()
    live_version = serializers.IntegerField(allow_null=True)
    strategy = StrategySerializer(help_text="As it will be followed.")
    changes = ChangeSerializer(many=True)
    steps = StepSerializer(many=True)
    judge = serializers.CharField()
    undo = serializers.CharField()
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="What stands in the way, or will surprise."
    )


class FindingSerializer(serializers.Serializer[Any]):
    topic = serializers.CharField()
    evidence = serializers.FloatField()
    words = serializers.CharField()


class SeenSerializer(serializers.Serializer[Any]):
    new = serializers.IntegerField()
    live = serializers.IntegerField()


class JudgementSerializer(serializers.ModelSerializer[Judgement]):
    since = serializers.DateTimeField(source="figures.since")
    until = serializers.DateTimeField(source="figures.until")
    requests = SeenSerializer(source="figures.requests", help_text="Seen since it began.")
    requests_in_step = serializers.IntegerField(source="figures.requests_in_step")
    needed = serializers.FloatField(
        source="figures.needed", help_text="The evidence at which a topic rolls the release back."
    )
    topics = FindingSerializer(source="figures.topics", many=True)

    class Meta:
        model = Judgement
        fields = [
            "id", "step", "verdict", "reason", "at", "since", "until", "requests",
            "requests_in_step", "needed", "topics",
        ]  # fmt: skip


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
