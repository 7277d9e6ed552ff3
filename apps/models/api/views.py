from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins

from apps.core.api.viewsets import PortalViewSet
from apps.models import selectors
from apps.models.api import filters
from apps.models.api import serializers as shapes
from apps.models.models import Dataset, ProjectRows, Run, RunQuerySet


@extend_schema(tags=["runs"])
@extend_schema_view(
    list=extend_schema(summary="List runs"), retrieve=extend_schema(summary="Read a run")
)
class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Run]):
    """Training runs, newest first. They are logged through `/mlflow` with MLflow's own client."""

    serializer_class = shapes.RunSerializer
    filterset_class = filters.RunFilter

    def get_queryset(self) -> RunQuerySet:
        return selectors.runs(self.user)


@extend_schema(tags=["datasets"])
@extend_schema_view(
    list=extend_schema(summary="List data sets"),
    retrieve=extend_schema(summary="Read a data set"),
)
class DatasetViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Dataset]):
    """Data that runs read, newest first."""

    serializer_class = shapes.DatasetSerializer
    filterset_class = filters.DatasetFilter

    def get_queryset(self) -> ProjectRows[Dataset]:
        return selectors.datasets(self.user)
