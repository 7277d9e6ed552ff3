from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    JudgementSerializer,
    MomentSerializer,
    NewDeploymentSerializer,
    NewReleaseSerializer,
    PlannedSerializer,
    PlanSerializer,
    ReasonSerializer,
    ReleaseSerializer,
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

    @extend_schema(request=ReasonSerializer, responses={202: ReleaseSerializer})
    @action(detail=True, methods=["post"], url_path="rollback")
    def rollback(self, request: Request, slug: str) -> Response:
        """Release the last good version again."""
        deployment = access.releasable(self.user, slug)
        sent = ReasonSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        release = services.roll_back(deployment=deployment, by=self.user, **sent.validated_data)
        return Response(ReleaseSerializer(release).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=PlannedSerializer, responses={200: PlanSerializer})
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, slug: str) -> Response:
        """What a release of the version would do: what changes, how the traffic moves, how to undo it.

        Nothing is changed.
        """
        deployment = access.deployment(self.user, slug)
        wanted = PlannedSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        version = access.version_of(deployment, values["version"])
        planned = services.plan(deployment, version, values.get("strategy"))
        return Response(PlanSerializer(planned).data)


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
            strategy=values.get("strategy"),
        )
        return Response(self.get_serializer(release).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={200: PlanSerializer})
    @action(detail=True, methods=["get"])
    def plan(self, request: Request, pk: str) -> Response:
        """The plan that the release follows, beside what is live now."""
        release = access.release(self.user, int(pk))
        strategy = selectors.strategy_of(release)
        return Response(
            PlanSerializer(services.plan(release.deployment, release.version, strategy)).data
        )

    @extend_schema(responses={200: JudgementSerializer(many=True)})
    @action(detail=True, methods=["get"], filterset_class=None)
    def judgements(self, request: Request, pk: str) -> Response:
        """What the judge found at each look, newest first."""
        found = access.release(self.user, int(pk)).judgements.all()
        page: Any = self.paginate_queryset(found)  # type: ignore[arg-type]
        return self.get_paginated_response(JudgementSerializer(page, many=True).data)

    @extend_schema(request=ReasonSerializer, responses={202: ReleaseSerializer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Ask that the traffic stays as it is; the judge goes on watching."""
        return self._ask(services.ask_pause, int(pk))

    @extend_schema(request=ReasonSerializer, responses={202: ReleaseSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Ask that a paused release goes on."""
        return self._ask(services.ask_resume, int(pk))

    @extend_schema(request=ReasonSerializer, responses={202: ReleaseSerializer})
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, pk: str) -> Response:
        """Ask that the release takes all the traffic now, whatever steps are left."""
        return self._ask(services.ask_promote, int(pk))

    @extend_schema(request=ReasonSerializer, responses={202: ReleaseSerializer})
    @action(detail=True, methods=["post"])
    def abort(self, request: Request, pk: str) -> Response:
        """Ask that the release ends and the traffic is where it was."""
        return self._ask(services.ask_abort, int(pk))

    def _ask(self, wish: Callable[..., Release], pk: int) -> Response:
        release = access.steerable(self.user, pk)
        sent = ReasonSerializer(data=self.request.data)
        sent.is_valid(raise_exception=True)
        asked = wish(release=release, by=self.user, **sent.validated_data)
        return Response(ReleaseSerializer(asked).data, status=status.HTTP_202_ACCEPTED)


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
