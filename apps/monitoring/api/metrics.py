from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.viewsets import PortalPlainViewSet
from apps.deployments import access as deployments
from apps.monitoring import dashboards, exposition, figures

SLUGS = "[-a-zA-Z0-9_]{1,60}"


class Whatever(BaseContentNegotiation):
    """A scraper asks for a format of its own; it gets the one there is."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return (renderers[0], renderers[0].media_type)


class MetricsViewSet(PortalPlainViewSet):
    """Figures of monitoring for Prometheus, with the token's rights."""

    content_negotiation_class = Whatever

    @extend_schema(
        operation_id="metrics_list",
        parameters=[
            OpenApiParameter("project", str, description="Slug of one project."),
            OpenApiParameter("deployment", str, description="Slug of one deployment."),
        ],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def list(self, request: Request) -> HttpResponse:
        """Values, alerts and budgets of every deployment that the token may see."""
        found = deployments.deployments(self.user).filter(retired_at__isnull=True)
        for name, field in (("project", "project__slug"), ("deployment", "slug")):
            if wanted := request.query_params.get(name, "").replace("\x00", ""):
                found = found.filter(**{field: wanted})
        body = exposition.text(figures.lines(found, timezone.now()))
        return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


class DashboardViewSet(PortalPlainViewSet):
    """Grafana dashboards, one for each deployment."""

    lookup_field = "slug"
    lookup_value_regex = SLUGS

    @extend_schema(
        operation_id="dashboards_retrieve",
        parameters=[OpenApiParameter("slug", str, OpenApiParameter.PATH)],
        responses={200: {"type": "object", "additionalProperties": True}},
    )
    def retrieve(self, request: Request, slug: str) -> Response:
        """The JSON model to import into Grafana."""
        return Response(dashboards.dashboard(deployments.deployment(self.user, slug)))
