from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.rendering import QuickJSONRenderer
from apps.core.api.viewsets import PortalViewSet
from apps.core.errors import Invalid, NotFound
from apps.models import access, metric_history, run_files, selectors
from apps.models.api import filters
from apps.models.api import serializers as shapes
from apps.models.api.run_pages import RunPages
from apps.models.models import Run, RunQuerySet
from apps.models.records import records
from apps.models.search import listing

KEY = OpenApiParameter("key", str, required=True, description="The metric's name.")
PATH = OpenApiParameter("path", str, description="A folder of the run; its root where absent.")


@extend_schema(tags=["runs"])
@extend_schema_view(
    list=extend_schema(summary="List runs"), retrieve=extend_schema(summary="Read a run")
)
class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Run]):
    """Training runs, newest first or by `order_by`. They are logged through `/mlflow` with MLflow's own client."""

    serializer_class = shapes.RunSerializer
    filterset_class = filters.RunFilter
    pagination_class = RunPages
    renderer_classes = [QuickJSONRenderer]

    def get_queryset(self) -> RunQuerySet:
        return selectors.runs(self.user)

    def list(self, request: Request) -> Response:
        projects = listing.projects_with_runs(self.user)
        runs = self.filter_queryset(selectors.runs_within(projects))
        assert isinstance(self.paginator, RunPages)
        assert isinstance(runs, RunQuerySet)
        ids, neighbours = self.paginator.piece(runs, request, projects)
        return Response({**neighbours, "results": records(ids)})

    @extend_schema(
        summary="Read the history of a metric",
        parameters=[KEY],
        responses=shapes.HistorySerializer,
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def metrics(self, request: Request, pk: str) -> Response:
        """Every point that MLflow has of one metric; evenly picked where there are thousands."""
        run = access.run(self.user, int(pk))
        key = request.query_params.get("key", "")
        if not key or "\x00" in key:
            raise Invalid(field="key", reason="the name of a metric of the run")
        if key not in run.metrics:
            raise NotFound(what="metric")
        points = metric_history.history([run], key)[run.pk]
        return Response(shapes.HistorySerializer({"key": key, "points": points}).data)

    @extend_schema(
        summary="List artifacts",
        parameters=[PATH],
        responses=shapes.ArtifactsSerializer,
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def artifacts(self, request: Request, pk: str) -> Response:
        """The files in one folder of the run. `/mlflow` gives their contents to MLflow's client."""
        run = access.run(self.user, int(pk))
        path = run_files.checked(request.query_params.get("path", ""))
        file = run_files.found(run, path)
        files = run_files.listed(run, path) if file.is_dir else [file]
        return Response(shapes.ArtifactsSerializer({"path": path, "files": files}).data)
