"""The life of an incident over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.incidents import access, selectors, services
from apps.incidents.api.serializers import IncidentSerializer
from apps.incidents.models import Assignment, Incident
from apps.incidents.statistics import figures
from apps.projects import access as projects

LARGEST = 2**63 - 1


class ReopenSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, help_text="Why it is not over.")


class SeveritySerializer(serializers.Serializer[Any]):
    severity = serializers.ChoiceField(choices=Incident.Severity.choices)


class AssignmentSerializer(serializers.Serializer[Any]):
    part = serializers.ChoiceField(choices=Assignment.Part.choices)
    user = serializers.CharField(
        max_length=150, allow_null=True, help_text="A user name; null takes the role back."
    )


class OtherIncidentSerializer(serializers.Serializer[Any]):
    incident = serializers.IntegerField(
        min_value=1, max_value=LARGEST, help_text="Another incident of the same project."
    )


class JoinedAlertSerializer(serializers.Serializer[Any]):
    alert = serializers.IntegerField(
        min_value=1, max_value=LARGEST, help_text="An alert that gathered under it."
    )


class StatisticsQuerySerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60, required=False)
    weeks = serializers.IntegerField(min_value=1, max_value=520, default=13)


class SpanSerializer(serializers.Serializer[Any]):
    starts = serializers.DateTimeField(allow_null=True)
    opened = serializers.IntegerField()
    acknowledge_seconds = serializers.FloatField(allow_null=True)
    resolve_seconds = serializers.FloatField(allow_null=True)


class IncidentCostSerializer(serializers.Serializer[Any]):
    project = serializers.CharField()
    amount = serializers.DecimalField(max_digits=16, decimal_places=2)
    currency = serializers.CharField()


class IncidentStatisticsSerializer(serializers.Serializer[Any]):
    whole = SpanSerializer()
    weeks = SpanSerializer(many=True)
    again = serializers.FloatField(
        allow_null=True, help_text="Share of the looks after 7 and 30 days that found it again."
    )
    costs = IncidentCostSerializer(many=True)


class LifeActions(PortalViewSet[Incident]):
    """The verbs of an incident beside acknowledging and resolving."""

    @extend_schema(request=None, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def mitigate(self, request: Request, pk: str) -> Response:
        """Say that it hurts nobody any more, though it is not over."""
        row = self._mine(pk)
        return self._shown(services.mitigate(incident=row, by=self.user))

    @extend_schema(request=None, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Put a resolved incident away."""
        return self._shown(services.close(incident=self._mine(pk), by=self.user))

    @extend_schema(request=ReopenSerializer, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """It is not over after all: somebody has to take it up anew."""
        row, sent = self._mine(pk), self._sent(ReopenSerializer(data=request.data))
        return self._shown(services.reopen(incident=row, by=self.user, reason=sent["reason"]))

    @extend_schema(request=SeveritySerializer, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def severity(self, request: Request, pk: str) -> Response:
        """Say how bad it is; whom to page may change with it."""
        row, sent = self._mine(pk), self._sent(SeveritySerializer(data=request.data))
        changed = services.set_severity(incident=row, severity=sent["severity"], by=self.user)
        return self._shown(changed)

    @extend_schema(request=AssignmentSerializer, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Give a role to somebody who may act in the project."""
        row, sent = self._mine(pk), self._sent(AssignmentSerializer(data=request.data))
        user = access.responder(row, sent["user"]) if sent["user"] is not None else None
        services.assign(incident=row, part=sent["part"], user=user, by=self.user)
        return self._shown(row)

    @extend_schema(request=OtherIncidentSerializer, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """Close it as part of another, which takes its alerts; answers the other one."""
        row, other = self._both(request, pk)
        return self._shown(services.merge(incident=row, into=other, by=self.user))

    @extend_schema(request=OtherIncidentSerializer, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def relate(self, request: Request, pk: str) -> Response:
        """Say that it has to do with another."""
        row, other = self._both(request, pk)
        services.relate(incident=row, other=other, by=self.user)
        return self._shown(row)

    @extend_schema(request=JoinedAlertSerializer, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def split(self, request: Request, pk: str) -> Response:
        """Take an alert that gathered under it into an incident of its own; answers the new one."""
        row, sent = self._mine(pk), self._sent(JoinedAlertSerializer(data=request.data))
        alert = access.involved(self.user, row, sent["alert"])
        return self._shown(services.split(incident=row, alert=alert, by=self.user))

    @extend_schema(
        parameters=[StatisticsQuerySerializer], responses={200: IncidentStatisticsSerializer}
    )
    @action(detail=False, pagination_class=None, filterset_class=None)
    def statistics(self, request: Request) -> Response:
        """How many there were, how long they took, whether they came back, what they cost."""
        sent = self._sent(StatisticsQuerySerializer(data=request.query_params))
        found = selectors.incidents(self.user)
        if slug := sent.get("project"):
            found = found.filter(project=projects.project(self.user, slug))
        now = timezone.now()
        told = figures(found, now - timedelta(weeks=sent["weeks"]), now)
        return Response(IncidentStatisticsSerializer(told).data)

    def _mine(self, pk: str) -> Incident:
        return access.incident(self.user, int(pk), Role.RESPONDER)

    def _both(self, request: Request, pk: str) -> tuple[Incident, Incident]:
        row, sent = self._mine(pk), self._sent(OtherIncidentSerializer(data=request.data))
        return row, access.incident(self.user, sent["incident"], Role.RESPONDER)

    def _sent(self, given: serializers.Serializer[Any]) -> dict[str, Any]:
        given.is_valid(raise_exception=True)
        values: dict[str, Any] = given.validated_data
        return values

    def _shown(self, row: Incident) -> Response:
        fresh = selectors.incidents(self.user).get(pk=row.pk)
        return Response(IncidentSerializer(fresh).data)
