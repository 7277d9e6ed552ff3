from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import access_jobs
from apps.core.access import Role
from apps.core.api.jobs import JobSerializer
from apps.core.api.viewsets import PortalViewSet
from apps.deployments import access as deployments
from apps.monitoring import access, selectors, services
from apps.monitoring.api.filters import MonitorFilter
from apps.monitoring.api.monitor_shapes import (
    BacktestSerializer,
    MeasurementSerializer,
    MonitorEditSerializer,
    MonitorKindSerializer,
    MonitorSerializer,
    NewMonitorSerializer,
    UseSerializer,
    VerdictSerializer,
    WatchSerializer,
)
from apps.monitoring.looks import KINDS
from apps.monitoring.models import Monitor, MonitorQuerySet

MOST_VERDICTS, MOST_POINTS = 100, 1000
DAYS = 7


class MonitorViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Monitor]):
    """What watches a deployment."""

    serializer_class = MonitorSerializer
    filterset_class = MonitorFilter

    def get_queryset(self) -> MonitorQuerySet:
        return selectors.monitors(self.user)

    @extend_schema(request=NewMonitorSerializer, responses={201: MonitorSerializer})
    def create(self, request: Request) -> Response:
        """Watch a deployment. Needs the maintainer role; a kind's settings have defaults."""
        sent = NewMonitorSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = self._found(sent.validated_data)
        if slug := values.pop("deployment", None):
            values["deployment"] = deployments.deployment(self.user, slug, Role.MAINTAINER)
        monitor = services.create_monitor(by=self.user, **values)
        return Response(self.get_serializer(monitor).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=MonitorEditSerializer, responses=MonitorSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change settings, severity, runbook, window or pace. Needs the maintainer role."""
        monitor = access.monitor(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(monitor)
        sent = MonitorEditSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        changes = self._found(sent.validated_data)
        changed = services.change_monitor(monitor=monitor, changes=changes, by=self.user)
        return Response(self.get_serializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a monitor, its looks and objectives over it; its alerts stay. Needs the maintainer role."""
        monitor = access.monitor(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(monitor)
        services.remove_monitor(monitor=monitor, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=MonitorSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Look no more; what fires is over. Needs the maintainer role."""
        monitor = access.monitor(self.user, int(pk), Role.MAINTAINER)
        paused = services.pause_monitor(monitor=monitor, by=self.user)
        return Response(self.get_serializer(paused).data)

    @extend_schema(request=None, responses=MonitorSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Look again. Needs the maintainer role."""
        monitor = access.monitor(self.user, int(pk), Role.MAINTAINER)
        resumed = services.resume_monitor(monitor=monitor, by=self.user)
        return Response(self.get_serializer(resumed).data)

    @extend_schema(request=None, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def evaluate(self, request: Request, pk: str) -> Response:
        """Look now instead of at the next interval."""
        monitor = access.monitor(self.user, int(pk), Role.RESPONDER)
        return self._job(services.look_now(monitor=monitor, by=self.user))

    @extend_schema(request=BacktestSerializer, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def backtest(self, request: Request, pk: str) -> Response:
        """Replay a setting, and the present one, on what was logged; the job's result says what would have fired."""
        monitor = access.monitor(self.user, int(pk), Role.RESPONDER)
        sent = BacktestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        wanted: dict[str, Any] = {**sent.validated_data}
        until = wanted.pop("until", None) or timezone.now()
        since = wanted.pop("since", None) or until - timedelta(days=DAYS)
        job = services.ask_backtest(
            monitor=monitor, wanted=wanted, stretch=(since, until), by=self.user
        )
        return self._job(job)

    @extend_schema(request=UseSerializer, responses=MonitorSerializer)
    @action(detail=True, methods=["post"])
    def use(self, request: Request, pk: str) -> Response:
        """Take over the setting that a back-test has tried. Needs the maintainer role."""
        monitor = access.monitor(self.user, int(pk), Role.MAINTAINER)
        sent = UseSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        job = access_jobs.job(self.user, sent.validated_data["job"])
        changed = services.use_setting(monitor=monitor, job=job, by=self.user)
        return Response(self.get_serializer(changed).data)

    @extend_schema(responses={200: VerdictSerializer(many=True)})
    @action(detail=True, pagination_class=None)
    def verdicts(self, request: Request, pk: str) -> Response:
        """The newest verdicts of one monitor."""
        monitor = access.monitor(self.user, int(pk))
        newest = monitor.verdicts.all()[:MOST_VERDICTS]
        return Response(VerdictSerializer(newest, many=True).data)

    @extend_schema(responses={200: MeasurementSerializer(many=True)})
    @action(detail=True, pagination_class=None)
    def measurements(self, request: Request, pk: str) -> Response:
        """The newest points of the monitor's series, oldest first."""
        monitor = access.monitor(self.user, int(pk))
        newest = list(monitor.measurements.order_by("-at")[:MOST_POINTS])[::-1]
        return Response(MeasurementSerializer(newest, many=True).data)

    @extend_schema(request=WatchSerializer, responses={200: MonitorSerializer(many=True)})
    @action(detail=False, methods=["post"], pagination_class=None)
    def watch(self, request: Request) -> Response:
        """Create the monitors that make sense for a deployment and are missing; answers the new ones."""
        sent = WatchSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        slug = sent.validated_data["deployment"]
        place = deployments.deployment(self.user, slug, Role.MAINTAINER)
        made = services.watch_deployment(deployment=place, by=self.user)
        return Response(self.get_serializer(made, many=True).data)

    @extend_schema(responses={200: MonitorKindSerializer(many=True)})
    @action(detail=False, pagination_class=None, filterset_class=None)
    def kinds(self, request: Request) -> Response:
        """Every kind of monitor: its method with its source, and the JSON Schema of its settings."""
        return Response(MonitorKindSerializer(list(KINDS.values()), many=True).data)

    def _found(self, sent: dict[str, Any]) -> dict[str, Any]:
        """What was sent, with rows in place of ids, as far as the person may use them."""
        values = {**sent}
        if values.get("baseline"):
            values["baseline"] = access.baseline(self.user, values["baseline"], Role.MAINTAINER)
        if values.get("runbook"):
            values["runbook"] = access.runbook(self.user, values["runbook"])
        return values

    def _job(self, job: Any) -> Response:
        body = JobSerializer(job, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_202_ACCEPTED)
