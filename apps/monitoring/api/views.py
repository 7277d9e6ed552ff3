from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.jobs import JobSerializer
from apps.core.api.parsing import StrictJSONParser
from apps.core.api.viewsets import PortalViewSet
from apps.deployments import access as deployments
from apps.monitoring import access, selectors, services
from apps.monitoring.api.filters import BaselineFilter, MonitorFilter
from apps.monitoring.api.serializers import (
    BaselineSerializer,
    MonitorSerializer,
    NewBaselineSerializer,
    NewMonitorSerializer,
    VerdictSerializer,
)
from apps.monitoring.models import Baseline, Monitor, MonitorQuerySet


class BaselineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Baseline]):
    """What the data of a deployment should look like."""

    parser_classes = [StrictJSONParser, MultiPartParser]
    serializer_class = BaselineSerializer
    filterset_class = BaselineFilter

    def get_queryset(self) -> QuerySet[Baseline]:
        return selectors.baselines(self.user)

    @extend_schema(request=NewBaselineSerializer, responses={201: BaselineSerializer})
    def create(self, request: Request) -> Response:
        """Profile posted rows, an uploaded file, or training inputs that the run logged."""
        sent = NewBaselineSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        deployment = deployments.deployment(self.user, values["deployment"], Role.CONTRIBUTOR)
        baseline = services.baseline_from(deployment=deployment, sent=values, by=self.user)
        return Response(self.get_serializer(baseline).data, status=status.HTTP_201_CREATED)


class MonitorViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Monitor]):
    """What watches a deployment."""

    serializer_class = MonitorSerializer
    filterset_class = MonitorFilter

    def get_queryset(self) -> MonitorQuerySet:
        return selectors.monitors(self.user)

    @extend_schema(request=NewMonitorSerializer, responses={201: MonitorSerializer})
    def create(self, request: Request) -> Response:
        """Watch a deployment's inputs against a baseline."""
        sent = NewMonitorSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        baseline = access.baseline(self.user, values.pop("baseline"), Role.MAINTAINER)
        monitor = services.create_monitor(baseline=baseline, by=self.user, **values)
        return Response(self.get_serializer(monitor).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def evaluate(self, request: Request, pk: str) -> Response:
        """Look now instead of at the next interval."""
        monitor = access.monitor(self.user, int(pk), Role.RESPONDER)
        job = services.look_now(monitor=monitor, by=self.user)
        body = JobSerializer(job, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={200: VerdictSerializer(many=True)})
    @action(detail=True, pagination_class=None)
    def verdicts(self, request: Request, pk: str) -> Response:
        """The newest verdicts of one monitor."""
        monitor = access.monitor(self.user, int(pk))
        return Response(VerdictSerializer(monitor.verdicts.all()[:100], many=True).data)
