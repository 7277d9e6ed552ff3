from __future__ import annotations

from rest_framework import mixins

from apps.core.api.viewsets import PortalViewSet
from apps.monitoring import selectors
from apps.monitoring.api.filters import AlertFilter
from apps.monitoring.api.serializers import AlertSerializer
from apps.monitoring.models import Alert, AlertQuerySet


class AlertViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Alert]):
    """What monitors say needs an act, newest first."""

    serializer_class = AlertSerializer
    filterset_class = AlertFilter

    def get_queryset(self) -> AlertQuerySet:
        return selectors.alerts(self.user)
