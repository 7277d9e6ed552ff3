from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.incidents.api.filters import PolicyFilter
from apps.incidents.models import Incident, Policy, Rung, RungTarget
from apps.incidents.oncall import access, policies, selectors
from apps.incidents.oncall.policies import Step, Wanted
from apps.projects import access as projects
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet

KINDS = [("schedule", "schedule"), ("person", "person"), ("connection", "connection")]
SEVERITIES = [("", "every other"), *Incident.Severity.choices]


class RungTargetSerializer(serializers.Serializer[RungTarget]):
    kind = serializers.SerializerMethodField()
    key = serializers.SerializerMethodField(help_text="The id, or a person's user name.")
    name = serializers.CharField(source="__str__")

    def get_kind(self, target: RungTarget) -> str:
        if target.schedule_id:
            return "schedule"
        return "connection" if target.connection_id else "person"

    def get_key(self, target: RungTarget) -> str:
        if target.user:
            return target.user.username
        return str(target.schedule_id or target.connection_id)


class RungSerializer(serializers.ModelSerializer[Rung]):
    targets = RungTargetSerializer(many=True)

    class Meta:
        model = Rung
        fields = ["position", "after_minutes", "targets"]


class EscalationPolicySerializer(serializers.ModelSerializer[Policy]):
    project = serializers.CharField(source="project.slug")
    steps = RungSerializer(many=True, source="rungs")

    class Meta:
        model = Policy
        fields = [
            "id", "project", "name", "severity", "repeats", "repeat_minutes", "steps", "created_at",
        ]  # fmt: skip


class NewTargetSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    key = serializers.CharField(
        max_length=150, help_text="The id of a schedule or connection, or a person's user name."
    )


class NewStepSerializer(serializers.Serializer[Any]):
    after_minutes = serializers.IntegerField(min_value=0, max_value=1440, default=0)
    targets = NewTargetSerializer(many=True, allow_empty=False)


class PolicyChangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    severity = serializers.ChoiceField(
        SEVERITIES, default="", allow_blank=True, help_text="Empty: every severity without its own."
    )
    repeats = serializers.IntegerField(min_value=0, max_value=9, default=2)
    repeat_minutes = serializers.IntegerField(min_value=1, max_value=1440, default=15)
    steps = NewStepSerializer(many=True, allow_empty=False)


class NewPolicySerializer(PolicyChangeSerializer):
    project = serializers.SlugField(max_length=60)


class PolicyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Policy]):
    """Whom incidents page, and after how long the next."""

    serializer_class = EscalationPolicySerializer
    filterset_class = PolicyFilter

    def get_queryset(self) -> InProjectQuerySet[Policy]:
        return selectors.policies(self.user)

    @extend_schema(request=NewPolicySerializer, responses={201: EscalationPolicySerializer})
    def create(self, request: Request) -> Response:
        """Say whom incidents page. Needs the maintainer role."""
        sent = NewPolicySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        project = projects.project(self.user, given.pop("project"), Role.MAINTAINER)
        wanted = self._wanted(project, given)
        made = policies.create_policy(project=project, wanted=wanted, by=self.user)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=PolicyChangeSerializer, responses={200: EscalationPolicySerializer})
    def update(self, request: Request, pk: str) -> Response:
        """Another plan; what open incidents have planned stays."""
        row = access.policy(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(row)
        sent = PolicyChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        wanted = self._wanted(row.project, dict(sent.validated_data))
        policies.change_policy(policy=row, wanted=wanted, by=self.user)
        return Response(self.get_serializer(access.policy(self.user, row.pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take it away; what open incidents have planned is still sent."""
        row = access.policy(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(row)
        policies.remove_policy(policy=row, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _wanted(self, project: Project, given: dict[str, Any]) -> Wanted:
        """The same with rows in place of ids, such as this person may see."""
        steps = [
            Step(
                one["after_minutes"],
                [access.target(self.user, project, **target) for target in one["targets"]],
            )
            for one in given.pop("steps")
        ]
        return Wanted(steps=steps, **given)
