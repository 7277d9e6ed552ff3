from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.viewsets import PortalPlainViewSet, PortalViewSet
from apps.deployments import access, selectors, served, services
from apps.deployments.api.filters import DeploymentFilter, ReleaseFilter
from apps.deployments.api.serializers import (
    DeploymentSerializer,
    MomentSerializer,
    NewDeploymentSerializer,
    NewReleaseSerializer,
    ReleaseSerializer,
    RollBackSerializer,
    ServedAtSerializer,
)
from apps.deployments.models import (
    Deployment,
    DeploymentQuerySet,
    Release,
    ReleaseQuerySet,
)


class DeploymentViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Deployment]
):
    """Where models are served."""

    serializer_class = DeploymentSerializer
    filterset_class = DeploymentFilter
    lookup_field = "slug"
    lookup_value_regex = "[a-z0-9-]{1,60}"

    def get_queryset(self) -> DeploymentQuerySet:
        return selectors.deployments(self.user)

    @extend_schema(request=NewDeploymentSerializer, responses={201: DeploymentSerializer})
    def create(self, request: Request) -> Response:
        """Name a place where one model is served."""
        wanted = NewDeploymentSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        place = access.new_place(
            self.user, values["project"], environment=values["environment"], model=values["model"]
        )
        deployment = services.create_deployment(
            environment=place.environment,
            model=place.model,
            slug=values["slug"],
            connection=access.target(self.user, place.environment.project, values["connection"]),
            by=self.user,
        )
        return Response(self.get_serializer(deployment).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RollBackSerializer, responses={202: ReleaseSerializer})
    @action(detail=True, methods=["post"], url_path="rollback")
    def rollback(self, request: Request, slug: str) -> Response:
        """Release the last good version again."""
        deployment = access.releasable(self.user, slug)
        sent = RollBackSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        release = services.roll_back(deployment=deployment, by=self.user, **sent.validated_data)
        return Response(ReleaseSerializer(release).data, status=status.HTTP_202_ACCEPTED)


class ReleaseViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Release]):
    """Attempts to serve a version, newest first."""

    serializer_class = ReleaseSerializer
    filterset_class = ReleaseFilter

    def get_queryset(self) -> ReleaseQuerySet:
        return selectors.releases(self.user)

    @extend_schema(request=NewReleaseSerializer, responses={202: ReleaseSerializer})
    def create(self, request: Request) -> Response:
        """Release a version; follow the job that is named in the answer."""
        wanted = NewReleaseSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        deployment = access.releasable(self.user, values["deployment"])
        release = services.request_release(
            deployment=deployment,
            version=access.version_of(deployment, values["version"]),
            by=self.user,
            reason=values["reason"],
        )
        return Response(self.get_serializer(release).data, status=status.HTTP_202_ACCEPTED)


class ServedViewSet(PortalPlainViewSet):
    """The time machine: what served at one moment, and which version held which alias then."""

    @extend_schema(parameters=[MomentSerializer], responses={200: ServedAtSerializer})
    def list(self, request: Request) -> Response:
        """Which versions served at `at`, approved by whom, from which run and dataset.

        A version that held an environment's alias while no release of it was live comes with `release: null`;
        a release whose version did not hold the alias comes with an empty `alias`.
        """
        asked = MomentSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        at = asked.validated_data.get("at") or timezone.now()
        found = served.served_at(self.user, at, asked.validated_data.get("environment"))
        return Response(ServedAtSerializer({"at": at, "models": found}).data)
