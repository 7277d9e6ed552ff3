from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.fields import RecordId
from apps.core.api.viewsets import PortalView
from apps.models import access, homes, services
from apps.models.choices import MirrorChoice
from apps.models.homes import Living
from apps.projects import access as projects
from apps.projects.models import Project

EXAMPLE = OpenApiExample(
    "Another server", value={"connection": 7, "mirror": "rebuild"}, request_only=True
)


class HomeSerializer(serializers.Serializer[Living]):
    """The MLflow server that a project lives on."""

    project = serializers.CharField(source="project.slug")
    connection = serializers.IntegerField(
        source="connection_id",
        allow_null=True,
        help_text="Id of the connection that leads there; null on the site's own server.",
    )
    server = serializers.CharField(source="words", help_text="The server in few words.")
    workspaces = serializers.BooleanField(help_text="Whether it keeps projects apart.")
    chosen_at = serializers.DateTimeField(source="home.chosen_at", allow_null=True, default=None)
    healed_at = serializers.DateTimeField(
        source="mirror.healed_at",
        allow_null=True,
        default=None,
        help_text="When the portal was last level with it.",
    )
    trouble = serializers.CharField(
        source="mirror.trouble", default="", help_text="Why it has not been since."
    )


class ChooseHomeSerializer(serializers.Serializer[Any]):
    """Where the project shall live."""

    connection = RecordId(
        allow_null=True, help_text="Id of an MLflow connection; null: the site's own server."
    )
    mirror = serializers.ChoiceField(
        MirrorChoice.choices,
        required=False,
        help_text="What becomes of what the portal shows now; needed unless that is nothing.",
    )


@extend_schema(tags=["models"])
class HomeView(PortalView):
    """The MLflow server that a project lives on."""

    @extend_schema(
        operation_id="projects_mlflow_retrieve",
        summary="Read where a project's runs and models live",
        responses={200: HomeSerializer},
    )
    def get(self, request: Request, slug: str, **kwargs: Any) -> Response:
        """The server in few words, and how old what the portal shows of it is."""
        return self._answer(projects.project(self.user, slug))

    @extend_schema(
        operation_id="projects_mlflow_create",
        summary="Choose where a project's runs and models live",
        request=ChooseHomeSerializer,
        responses={200: HomeSerializer},
        examples=[EXAMPLE],
    )
    def post(self, request: Request, slug: str, **kwargs: Any) -> Response:
        """Let the project live on a connected server, or on the site's own. Needs the owner role."""
        project = projects.project(self.user, slug, Role.OWNER)
        sent = ChooseHomeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        chosen = access.home_connection(self.user, project, given["connection"])
        services.choose_home(
            project=project, connection=chosen, by=self.user, mirror=given.get("mirror", "")
        )
        return self._answer(project)

    def _answer(self, project: Project) -> Response:
        return Response(HomeSerializer(homes.of(self.user, project)).data)
