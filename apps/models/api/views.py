from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins

from apps.core.api.viewsets import PortalViewSet
from apps.models import selectors
from apps.models.api import filters
from apps.models.api import serializers as shapes
from apps.models.models import Dataset, ProjectRows


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
