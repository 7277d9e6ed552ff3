from __future__ import annotations

from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.deployments import access as deployments
from apps.docs import access as documents
from apps.monitoring import access, services
from apps.monitoring import selectors_objectives as selectors
from apps.monitoring.api.filters import SloFilter
from apps.monitoring.models import Slo
from apps.monitoring.services import Promise
from apps.projects.querysets import InProjectQuerySet


@extend_schema_field({"type": "object", "additionalProperties": True})
class SettingsField(serializers.JSONField):
    """What counts as good, by indicator."""


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "number", "nullable": True}}
)
class RatesField(serializers.JSONField):
    """Burn rate by window; null where nothing happened in it."""


class SloSerializer(serializers.ModelSerializer[Slo]):
    project = serializers.CharField(source="project.slug")
    deployment = serializers.CharField(source="deployment.slug")
    settings = SettingsField()
    burn_rates = RatesField()

    class Meta:
        model = Slo
        fields = [
            "id", "project", "deployment", "monitor", "name", "indicator", "settings", "objective",
            "window_days", "runbook", "enabled", "state", "budget_left", "burn_rates",
            "counted_until", "created_at",
        ]  # fmt: skip


class KeyField(serializers.IntegerField):
    """The number of a record, or null."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, allow_null=True, **options)


class _PromiseSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    indicator = serializers.ChoiceField(choices=Slo.Indicator.choices)
    objective = serializers.FloatField(
        min_value=0.5, max_value=0.99999, help_text="The share that is to be good, such as 0.999."
    )
    window_days = serializers.IntegerField(min_value=1, max_value=90, default=28)
    settings = SettingsField(
        default=dict,
        help_text='latency: {"under_ms": 200}; quality: {"at_least": 0.9, "at_most": 1}; '
        'freshness and label_lag: {"at_most": 3600}; the last three take "part" too.',
    )
    monitor = KeyField(default=None)
    runbook = KeyField(default=None)

    def validate_settings(self, value: Any) -> dict[str, Any]:
        """Refuse what is no object; the service says what it lacks."""
        if not isinstance(value, dict):
            raise serializers.ValidationError("An object, such as {}.")
        return value


class NewSloSerializer(_PromiseSerializer):
    deployment = serializers.SlugField(max_length=60)


class SloChangeSerializer(_PromiseSerializer):
    enabled = serializers.BooleanField()


class SloViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Slo]):
    """What is promised of deployments: objectives, with what is left of their error budgets."""

    serializer_class = SloSerializer
    filterset_class = SloFilter

    def get_queryset(self) -> InProjectQuerySet[Slo]:
        return selectors.slos(self.user)

    @extend_schema(request=NewSloSerializer, responses={201: SloSerializer})
    def create(self, request: Request) -> Response:
        """Promise something of a deployment. Needs the maintainer role."""
        sent = NewSloSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        row = deployments.deployment(self.user, given.pop("deployment"), Role.MAINTAINER)
        made = services.create_slo(
            deployment=row, promise=Promise(**self._opened(given)), by=self.user
        )
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SloChangeSerializer, responses={200: SloSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Promise something else. Another indicator, monitor or setting begins a new count."""
        row = access.slo(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(row)
        sent = SloChangeSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        given = self._opened(dict(sent.validated_data))
        enabled = given.pop("enabled", row.enabled)
        changed = services.change_slo(
            slo=row, promise=replace(_promise(row), **given), enabled=enabled, by=self.user
        )
        return Response(self.get_serializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Promise it no longer: its counts go with it, its alerts stay."""
        row = access.slo(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(row)
        services.remove_slo(slo=row, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _opened(self, given: dict[str, Any]) -> dict[str, Any]:
        """The same with rows in place of ids, such as this person may see."""
        if given.get("monitor"):
            given["monitor"] = access.monitor(self.user, given["monitor"])
        if given.get("runbook"):
            given["runbook"] = documents.document(self.user, given["runbook"])
        return given


def _promise(row: Slo) -> Promise:
    return Promise(
        name=row.name,
        indicator=row.indicator,
        objective=row.objective,
        window_days=row.window_days,
        settings=row.settings,
        monitor=row.monitor,
        runbook=row.runbook,
    )
