from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.parsing import StrictJSONParser
from apps.core.api.viewsets import PortalViewSet
from apps.deployments import access as deployments
from apps.monitoring import selectors, services
from apps.monitoring.api.filters import BaselineFilter
from apps.monitoring.api.serializers import BaselineSerializer, NewBaselineSerializer
from apps.monitoring.models import Baseline


class BaselineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Baseline]):
    """What the data of a deployment should look like."""

    parser_classes = [StrictJSONParser, MultiPartParser]
    serializer_class = BaselineSerializer
    filterset_class = BaselineFilter

    def get_queryset(self) -> QuerySet[Baseline]:
        return selectors.baselines(self.user)

    @extend_schema(request=NewBaselineSerializer, responses={201: BaselineSerializer})
    def create(self, request: Request) -> Response:
        """Profile training data that was posted, uploaded or logged with the run, or what was predicted from."""
        sent = NewBaselineSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        deployment = deployments.deployment(self.user, values["deployment"], Role.CONTRIBUTOR)
        baseline = services.baseline_from(deployment=deployment, sent=values, by=self.user)
        return Response(self.get_serializer(baseline).data, status=status.HTTP_201_CREATED)
