from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.monitoring import access, explaining, selectors, services
from apps.monitoring.api.filters import AlertFilter
from apps.monitoring.api.serializers import AlertSerializer
from apps.monitoring.models import Alert, AlertQuerySet


class MarkSerializer(serializers.Serializer[Any]):
    """`useful`, `noise`, or empty to take the mark back; and a note, where one is sent."""

    mark = serializers.ChoiceField(Alert.Mark.choices, required=False, allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ExplanationSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    url = serializers.CharField()


class AlertViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Alert]):
    """What needs somebody, newest first, whoever told of it."""

    serializer_class = AlertSerializer
    filterset_class = AlertFilter

    def get_queryset(self) -> AlertQuerySet:
        return selectors.alerts(self.user)

    @extend_schema(request=None, responses={200: AlertSerializer})
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that somebody is on it: it is not told again."""
        alert = access.alert(self.user, int(pk), Role.RESPONDER)
        return self._told(services.acknowledge(alert=alert, by=self.user))

    @extend_schema(request=None, responses={200: AlertSerializer})
    @action(detail=True, methods=["post"])
    def unacknowledge(self, request: Request, pk: str) -> Response:
        """Take the acknowledgement back."""
        alert = access.alert(self.user, int(pk), Role.RESPONDER)
        return self._told(services.unacknowledge(alert=alert, by=self.user))

    @extend_schema(request=MarkSerializer, responses={200: AlertSerializer})
    @action(detail=True, methods=["post"])
    def mark(self, request: Request, pk: str) -> Response:
        """Say whether it was useful or noise, and why."""
        alert = access.alert(self.user, int(pk), Role.RESPONDER)
        sent = MarkSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        if "mark" in given:
            alert = services.mark(alert=alert, value=given["mark"], by=self.user)
        if "note" in given:
            alert = services.write_note(alert=alert, text=given["note"], by=self.user)
        return self._told(alert)

    @extend_schema(responses={200: ExplanationSerializer(many=True)})
    @action(detail=True, pagination_class=None, filterset_class=None)
    def explanation(self, request: Request, pk: str) -> Response:
        """What it means, in sentences made by code."""
        alert = access.alert(self.user, int(pk))
        return Response(ExplanationSerializer(explaining.explain(alert), many=True).data)

    def _told(self, alert: Alert) -> Response:
        return Response(self.get_serializer(alert).data)
