from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.integrations import access as integrations
from apps.monitoring import access, selectors, services
from apps.monitoring.api.filters import NotificationFilter, RouteFilter
from apps.monitoring.api.silences import MatcherSerializer, read_matchers
from apps.monitoring.models import Notification, NotificationQuerySet, Route, Severity
from apps.projects import access as projects
from apps.projects.querysets import InProjectQuerySet


class RouteSerializer(serializers.ModelSerializer[Route]):
    project = serializers.CharField(source="project.slug")
    matchers = MatcherSerializer(many=True)
    severities = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Route
        fields = [
            "id", "project", "connection", "name", "matchers", "severities", "tell_resolved", "repeat_seconds",
            "enabled", "created_at",
        ]  # fmt: skip


class RouteChangeSerializer(serializers.Serializer[Any]):
    """What a route tells; every field that is left out is its default."""

    name = serializers.CharField(max_length=100)
    matchers = MatcherSerializer(many=True, default=list)
    severities = serializers.ListField(
        child=serializers.ChoiceField(Severity.choices), default=list
    )
    tell_resolved = serializers.BooleanField(default=True)
    repeat_seconds = serializers.IntegerField(min_value=0, max_value=604_800, default=14_400)
    enabled = serializers.BooleanField(default=True)

    def wanted(self) -> services.Wanted:
        given = self.validated_data
        return services.Wanted(
            name=given["name"],
            wanted=read_matchers(given["matchers"]),
            severities=given["severities"],
            tell_resolved=given["tell_resolved"],
            repeat_seconds=given["repeat_seconds"],
            enabled=given["enabled"],
        )


class NewRouteSerializer(RouteChangeSerializer):
    project = serializers.SlugField(max_length=60)
    connection = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    project = serializers.CharField(source="route.project.slug")

    class Meta:
        model = Notification
        fields = [
            "id", "project", "alert", "route", "event", "state", "attempts", "due_at", "error", "created_at",
            "sent_at",
        ]  # fmt: skip


class RouteViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Route]):
    """Which alerts are told through which connection."""

    serializer_class = RouteSerializer
    filterset_class = RouteFilter

    def get_queryset(self) -> InProjectQuerySet[Route]:
        return selectors.routes(self.user)

    @extend_schema(request=NewRouteSerializer, responses={201: RouteSerializer})
    def create(self, request: Request) -> Response:
        """Tell alerts of a project through one of its connections."""
        sent = NewRouteSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        route = services.create_route(
            project=projects.project(self.user, given["project"], Role.MAINTAINER),
            connection=integrations.connection(self.user, given["connection"]),
            wanted=sent.wanted(),
            by=self.user,
        )
        return Response(self.get_serializer(route).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RouteChangeSerializer, responses={200: RouteSerializer})
    def update(self, request: Request, pk: str) -> Response:
        """Change what a route tells."""
        route = access.route(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(route)
        sent = RouteChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        changed = services.change_route(route=route, wanted=sent.wanted(), by=self.user)
        return Response(self.get_serializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a route away, with its log."""
        route = access.route(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(route)
        services.remove_route(route=route, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Send a notice that says that it is a test; the receiver's refusal is the answer."""
        route = access.route(self.user, int(pk), Role.MAINTAINER)
        services.test_route(route=route, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class NotificationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Notification]
):
    """What was told, what waits, and what was given up; newest first."""

    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter

    def get_queryset(self) -> NotificationQuerySet:
        return selectors.notifications(self.user)

    @extend_schema(request=None, responses={200: NotificationSerializer})
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, pk: str) -> Response:
        """Send it once more, now."""
        row = access.notification(self.user, int(pk), Role.MAINTAINER)
        services.redeliver(notification=row, by=self.user)
        row.refresh_from_db()
        return Response(self.get_serializer(row).data)
