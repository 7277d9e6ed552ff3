"""The status page of a project: what stands on it, who can open it, and what stakeholders read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework import status as answers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.deployments import access as deployments
from apps.incidents import access, selectors, status
from apps.incidents.api.filters import StatusPageFilter
from apps.incidents.models import Component, Publication, StatusPage, StatusPageQuerySet, Update
from apps.incidents.status import reading
from apps.projects import access as projects

STATES = [("operational", "operational"), *Publication.Effect.choices]


class ComponentSerializer(serializers.ModelSerializer[Component]):
    deployment = serializers.CharField(source="deployment.slug")

    class Meta:
        model = Component
        fields = ["id", "name", "deployment"]


class StatusPageSerializer(serializers.ModelSerializer[StatusPage]):
    project = serializers.CharField(source="project.slug")
    components = ComponentSerializer(many=True)
    address_made_at = serializers.DateTimeField(
        source="token_made_at", help_text="Of the public address; null where there is none."
    )

    class Meta:
        model = StatusPage
        fields = ["project", "title", "components", "address_made_at", "created_at"]


class ArrangeStatusPageSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=120, help_text="What stakeholders call it.")


class NewComponentSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, help_text="As stakeholders know it.")
    deployment = serializers.SlugField(max_length=60, help_text="One of the same project.")


class PublicAddressSerializer(serializers.Serializer[Any]):
    address = serializers.CharField(help_text="In this answer and never again.")


class StatusUpdateSerializer(serializers.Serializer[Any]):
    phase = serializers.ChoiceField(choices=Update.Phase.choices)
    text = serializers.CharField()
    at = serializers.DateTimeField()


class StatusTroubleSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    effect = serializers.ChoiceField(choices=Publication.Effect.choices)
    components = serializers.ListField(child=serializers.CharField())
    since = serializers.DateTimeField()
    over_at = serializers.DateTimeField(allow_null=True)
    updates = StatusUpdateSerializer(many=True)


class StatusPartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)


class ShownStatusSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES, help_text="The worst of what goes on.")
    parts = StatusPartSerializer(many=True)
    now = StatusTroubleSerializer(many=True)
    before = StatusTroubleSerializer(many=True, help_text="What is over, for 90 days.")


class StatusPageViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[StatusPage]
):
    """What stakeholders of a project may read about its state."""

    serializer_class = StatusPageSerializer
    filterset_class = StatusPageFilter
    lookup_field = "project__slug"
    lookup_url_kwarg = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]{1,60}"

    def get_queryset(self) -> StatusPageQuerySet:
        return selectors.status_pages(self.user)

    @extend_schema(request=ArrangeStatusPageSerializer, responses={200: StatusPageSerializer})
    def update(self, request: Request, slug: str) -> Response:
        """Give the project a status page, or its page another title."""
        project = projects.project(self.user, slug, Role.MAINTAINER)
        if "If-Match" in request.headers:
            self.check_unchanged(self._mine(slug))
        sent = ArrangeStatusPageSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        status.arrange(project=project, by=self.user, **sent.validated_data)
        return self._arranged(slug)

    @extend_schema(request=NewComponentSerializer, responses={201: StatusPageSerializer})
    @action(detail=True, methods=["post"])
    def components(self, request: Request, slug: str) -> Response:
        """Show a deployment under a name that stakeholders know."""
        page = self._mine(slug)
        sent = NewComponentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        place = deployments.deployment(self.user, sent.validated_data["deployment"])
        status.add_component(
            page=page, name=sent.validated_data["name"], deployment=place, by=self.user
        )
        return self._arranged(slug, answers.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("pk", int, OpenApiParameter.PATH)], responses={204: None}
    )
    @action(detail=True, methods=["delete"], url_path="components/(?P<pk>[0-9]{1,18})")
    def remove_component(self, request: Request, slug: str, pk: str) -> Response:
        """Take a component off the page."""
        status.remove_component(page=self._mine(slug), pk=int(pk), by=self.user)
        return Response(status=answers.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={201: PublicAddressSerializer})
    @action(detail=True, methods=["post"])
    def address(self, request: Request, slug: str) -> Response:
        """Make a fresh public address, which opens the page without an account; the one before is dead at once."""
        token = status.rotate_address(page=self._mine(slug), by=self.user)
        made = f"{settings.PUBLIC_URL}{reverse('status', args=[token])}"
        return Response({"address": made}, status=answers.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    @address.mapping.delete
    def close_address(self, request: Request, slug: str) -> Response:
        """Let nobody open the page without an account; safe to repeat."""
        status.close_address(page=self._mine(slug), by=self.user)
        return Response(status=answers.HTTP_204_NO_CONTENT)

    @extend_schema(responses={200: ShownStatusSerializer})
    @action(detail=True, pagination_class=None, filterset_class=None)
    def shown(self, request: Request, slug: str) -> Response:
        """What stakeholders read: how each component is, what goes on, and what is over."""
        return Response(ShownStatusSerializer(reading.shown(self.get_object())).data)

    def _mine(self, slug: str) -> StatusPage:
        return access.status_page(self.user, slug, Role.MAINTAINER)

    def _arranged(self, slug: str, code: int = answers.HTTP_200_OK) -> Response:
        page = self.get_queryset().get(project__slug=slug)
        return Response(self.get_serializer(page).data, status=code)
