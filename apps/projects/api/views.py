from __future__ import annotations

from django.db.models import Model
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.projects import access, selectors, services
from apps.projects.api import filters
from apps.projects.api import serializers as shapes
from apps.projects.models import (
    Environment,
    EnvironmentQuerySet,
    FreezeWindow,
    FreezeWindowQuerySet,
    Grant,
    GrantQuerySet,
    Project,
    ProjectQuerySet,
)

PROJECT_EXAMPLE = OpenApiExample(
    "A project", value={"name": "Fraud detection", "slug": "fraud"}, request_only=True
)
MEMBER_EXAMPLE = OpenApiExample(
    "A person", value={"user": "ada", "role": "maintainer"}, request_only=True
)


@extend_schema(tags=["projects"])
@extend_schema_view(
    list=extend_schema(summary="List projects"),
    retrieve=extend_schema(summary="Read a project"),
)
class ProjectViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Project]):
    """The projects you may see, newest first."""

    serializer_class = shapes.ProjectSerializer
    filterset_class = filters.ProjectFilter
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]{1,60}"

    def get_queryset(self) -> ProjectQuerySet:
        return selectors.projects(self.user, archived=None)

    @extend_schema(
        summary="Create a project",
        request=shapes.ProjectDraftSerializer,
        responses={201: shapes.ProjectSerializer},
        examples=[PROJECT_EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        """Open a project with the environments dev, staging and prod. You own it."""
        access.require_creator(self.user)
        draft = shapes.ProjectDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        project = services.create_project(by=self.user, **draft.validated_data)
        return self._answer(project, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Edit a project",
        request=shapes.ProjectEditSerializer,
        responses=shapes.ProjectSerializer,
    )
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change name, purpose or criticality. Needs the owner role; the slug stays."""
        project = self._mine(slug)
        self.check_unchanged(project)
        wanted = shapes.ProjectEditSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        return self._answer(
            services.edit_project(project=project, by=self.user, **wanted.validated_data)
        )

    @extend_schema(summary="Archive a project", responses={204: None})
    def destroy(self, request: Request, slug: str) -> Response:
        """Put a project out of sight. It stays readable, and `unarchive` brings it back."""
        project = self._mine(slug)
        self.check_unchanged(project)
        services.archive_project(project=project, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Bring an archived project back", request=None, responses=shapes.ProjectSerializer
    )
    @action(detail=True, methods=["post"])
    def unarchive(self, request: Request, slug: str) -> Response:
        """Let an archived project take changes again."""
        return self._answer(services.unarchive_project(project=self._mine(slug), by=self.user))

    @extend_schema(
        summary="Hand a project over",
        request=shapes.HandOverSerializer,
        responses=shapes.ProjectSerializer,
    )
    @action(detail=True, methods=["post"], url_path="hand-over")
    def hand_over(self, request: Request, slug: str) -> Response:
        """Make somebody else the owner. You keep the owner role until it is taken from you."""
        project = self._mine(slug)
        wanted = shapes.HandOverSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        owner = selectors.account(wanted.validated_data["owner"], field="owner")
        return self._answer(services.hand_over(project=project, to=owner, by=self.user))

    @extend_schema(
        summary="Name the deputy",
        request=shapes.DeputySerializer,
        responses=shapes.ProjectSerializer,
    )
    @action(detail=True, methods=["post"])
    def deputy(self, request: Request, slug: str) -> Response:
        """Say who stands in for the owner: a maintainer or owner of the project, or nobody."""
        project = self._mine(slug)
        wanted = shapes.DeputySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        name = wanted.validated_data["deputy"]
        deputy = None if name is None else selectors.account(name, field="deputy")
        return self._answer(services.name_deputy(project=project, deputy=deputy, by=self.user))

    def _mine(self, slug: str) -> Project:
        """The project, where the caller is an owner, as this resource shows it."""
        access.project(self.user, slug, Role.OWNER)
        return self.get_queryset().get(slug=slug)

    def _answer(self, project: Project, code: int = status.HTTP_200_OK) -> Response:
        shown = self.get_queryset().get(pk=project.pk)
        return Response(self.get_serializer(shown).data, status=code)


@extend_schema(tags=["members"])
@extend_schema_view(
    list=extend_schema(summary="List a project's members"),
    retrieve=extend_schema(summary="Read a member"),
)
class MemberViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Grant]):
    """Who holds which role in one project. Owners change it."""

    serializer_class = shapes.MemberSerializer

    def get_queryset(self) -> GrantQuerySet:
        return selectors.grants(self.user, self.kwargs.get("project_slug", ""))

    def list(self, request: Request, *args: str, **kwargs: str) -> Response:
        access.project(self.user, kwargs["project_slug"])
        return super().list(request)

    @extend_schema(
        summary="Add a member",
        request=shapes.MemberDraftSerializer,
        responses={201: shapes.MemberSerializer},
        examples=[MEMBER_EXAMPLE],
    )
    def create(self, request: Request, project_slug: str) -> Response:
        """Give a person or a team a role. Needs the owner role."""
        project = access.project(self.user, project_slug, Role.OWNER)
        draft = shapes.MemberDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        grant = services.grant_role(
            project=project,
            holder=selectors.holder(**draft.holder),
            role=draft.validated_data["role"],
            by=self.user,
        )
        return Response(self.get_serializer(grant).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Change a member's role",
        request=shapes.RoleSerializer,
        responses=shapes.MemberSerializer,
    )
    def partial_update(self, request: Request, project_slug: str, pk: str) -> Response:
        """Give a holder another role. Needs the owner role; the project's owner keeps theirs."""
        grant = access.grant(self.user, project_slug, int(pk), Role.OWNER)
        self.check_unchanged(grant)
        wanted = shapes.RoleSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = services.change_role(
            grant=grant, role=wanted.validated_data["role"], by=self.user
        )
        return Response(self.get_serializer(changed).data)

    @extend_schema(summary="Remove a member", responses={204: None})
    def destroy(self, request: Request, project_slug: str, pk: str) -> Response:
        """Take a role away. Needs the owner role; the project's owner and deputy stay."""
        grant = access.grant(self.user, project_slug, int(pk), Role.OWNER)
        self.check_unchanged(grant)
        services.revoke_role(grant=grant, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def lock_for(self, record: Grant) -> Model:
        return record.project


@extend_schema(tags=["environments"])
@extend_schema_view(
    list=extend_schema(summary="List environments"),
    retrieve=extend_schema(summary="Read an environment"),
)
class EnvironmentViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Environment]
):
    """The places model versions run in."""

    serializer_class = shapes.EnvironmentSerializer
    filterset_class = filters.EnvironmentFilter

    def get_queryset(self) -> EnvironmentQuerySet:
        return selectors.environments(self.user)

    @extend_schema(
        summary="Add an environment",
        request=shapes.EnvironmentDraftSerializer,
        responses={201: shapes.EnvironmentSerializer},
    )
    def create(self, request: Request) -> Response:
        """Add a place that versions can run in. Needs the maintainer role."""
        draft = shapes.EnvironmentDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        wanted = draft.validated_data
        project = access.project(self.user, wanted.pop("project"), Role.MAINTAINER)
        environment = services.add_environment(project=project, by=self.user, **wanted)
        return Response(self.get_serializer(environment).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Edit an environment",
        request=shapes.EnvironmentEditSerializer,
        responses=shapes.EnvironmentSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change name, kind or protection. Needs the maintainer role."""
        environment = access.environment(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(environment)
        wanted = shapes.EnvironmentEditSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = services.edit_environment(
            environment=environment, by=self.user, **wanted.validated_data
        )
        return Response(self.get_serializer(changed).data)

    @extend_schema(summary="Remove an environment", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove an environment that nothing uses, and its freezes. Needs the owner role."""
        environment = access.environment(self.user, int(pk), Role.OWNER)
        self.check_unchanged(environment)
        services.remove_environment(environment=environment, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def lock_for(self, record: Environment) -> Model:
        return record.project


@extend_schema(tags=["freeze-windows"])
@extend_schema_view(
    list=extend_schema(summary="List freeze windows"),
    retrieve=extend_schema(summary="Read a freeze window"),
)
class FreezeWindowViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[FreezeWindow]
):
    """Stretches of time in which nothing is released to an environment, past ones too."""

    serializer_class = shapes.FreezeWindowSerializer
    filterset_class = filters.FreezeWindowFilter

    def get_queryset(self) -> FreezeWindowQuerySet:
        return selectors.freezes(self.user)

    @extend_schema(
        summary="Plan a freeze window",
        request=shapes.FreezeWindowDraftSerializer,
        responses={201: shapes.FreezeWindowSerializer},
    )
    def create(self, request: Request) -> Response:
        """Keep releases out of an environment. Needs the maintainer role."""
        draft = shapes.FreezeWindowDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        wanted = draft.validated_data
        place = access.environment(self.user, wanted.pop("environment"), Role.MAINTAINER)
        window = services.plan_freeze(environment=place, by=self.user, **wanted)
        return Response(self.get_serializer(window).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Edit a freeze window",
        request=shapes.FreezeWindowEditSerializer,
        responses=shapes.FreezeWindowSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Move a window that is not over, or give another reason. Needs the maintainer role."""
        window = access.freeze(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(window)
        wanted = shapes.FreezeWindowEditSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = services.edit_freeze(window=window, by=self.user, **wanted.validated_data)
        return Response(self.get_serializer(changed).data)

    @extend_schema(summary="End a freeze window", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """End it now. What has begun stays on record with its true end, the rest is removed."""
        window = access.freeze(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(window)
        services.end_freeze(window=window, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def lock_for(self, record: FreezeWindow) -> Model:
        return record.environment.project
