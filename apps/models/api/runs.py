from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.rendering import QuickJSONRenderer
from apps.core.api.viewsets import PortalViewSet
from apps.models import selectors
from apps.models.api import filters
from apps.models.api import serializers as shapes
from apps.models.api.run_pages import RunPages
from apps.models.models import Run, RunQuerySet
from apps.models.records import records
from apps.models.search import listing


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
        runs = self.filter_queryset(self.get_queryset())
        assert isinstance(self.paginator, RunPages)
        projects = listing.projects_with_runs(self.user)
        assert isinstance(runs, RunQuerySet)
        ids, neighbours = self.paginator.piece(runs, request, projects)
        return Response({**neighbours, "results": records(runs, ids)})
