from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.monitoring import access, selectors, services
from apps.monitoring.api.filters import UpstreamFilter
from apps.monitoring.models import Upstream
from apps.projects import access as projects
from apps.projects.querysets import InProjectQuerySet


class UpstreamSerializer(serializers.ModelSerializer[Upstream]):
    project = serializers.CharField(source="project.slug")
    columns = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Upstream
        fields = ["id", "project", "name", "columns", "created_at"]


class UpstreamChangeSerializer(serializers.Serializer[Any]):
    """What a table is called, and the features that come from it."""

    name = serializers.CharField(max_length=180)
    columns = serializers.ListField(
        child=serializers.CharField(max_length=180), min_length=1, max_length=2000
    )


class NewUpstreamSerializer(UpstreamChangeSerializer):
    project = serializers.SlugField(max_length=60)


class UpstreamViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Upstream]):
    """The tables that features come from: what moves in the columns of one alone is one alert."""

    serializer_class = UpstreamSerializer
    filterset_class = UpstreamFilter

    def get_queryset(self) -> InProjectQuerySet[Upstream]:
        return selectors.upstreams(self.user)

    @extend_schema(request=NewUpstreamSerializer, responses={201: UpstreamSerializer})
    def create(self, request: Request) -> Response:
        """Name a table and what comes from it. Needs the maintainer role."""
        sent = NewUpstreamSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given: dict[str, Any] = {**sent.validated_data}
        project = projects.project(self.user, given.pop("project"), Role.MAINTAINER)
        upstream = services.create_upstream(project=project, by=self.user, **given)
        return Response(self.get_serializer(upstream).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=UpstreamChangeSerializer, responses={200: UpstreamSerializer})
    def update(self, request: Request, pk: str) -> Response:
        """Say anew what it is called and holds. Needs the maintainer role."""
        upstream = access.upstream(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(upstream)
        sent = UpstreamChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        changed = services.change_upstream(upstream=upstream, by=self.user, **sent.validated_data)
        return Response(self.get_serializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Forget it; its alerts stay. Needs the maintainer role."""
        upstream = access.upstream(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(upstream)
        services.remove_upstream(upstream=upstream, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
