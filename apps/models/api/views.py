from __future__ import annotations

from django.db.models import Model
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.models import access, selectors, services
from apps.models.api import filters
from apps.models.api import serializers as shapes
from apps.models.models import (
    Dataset,
    Gate,
    ModelQuerySet,
    ModelVersion,
    ProjectRows,
    Promotion,
    PromotionQuerySet,
    RegisteredModel,
    VersionQuerySet,
)

GATE_EXAMPLE = OpenApiExample(
    "A metric floor",
    value={
        "model": 1,
        "environment": "prod",
        "kind": "metric_floor",
        "settings": {"metric": "accuracy", "floor": 0.9},
    },
    request_only=True,
)


@extend_schema(tags=["datasets"])
@extend_schema_view(
    list=extend_schema(summary="List data sets"),
    retrieve=extend_schema(summary="Read a data set"),
)
class DatasetViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Dataset]):
    """Data that runs read, newest first."""

    serializer_class = shapes.DatasetSerializer
    filterset_class = filters.DatasetFilter

    def get_queryset(self) -> ProjectRows[Dataset]:
        return selectors.datasets(self.user)


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List registered models"),
    retrieve=extend_schema(summary="Read a registered model"),
)
class ModelViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[RegisteredModel]
):
    """Registered models, newest first. They are registered through `/mlflow`."""

    serializer_class = shapes.ModelSerializer
    filterset_class = filters.ModelFilter

    def get_queryset(self) -> ModelQuerySet:
        return selectors.models(self.user)


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List model versions"),
    retrieve=extend_schema(summary="Read a model version"),
)
class VersionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[ModelVersion]):
    """Versions of registered models, newest first."""

    serializer_class = shapes.VersionSerializer
    filterset_class = filters.VersionFilter

    def get_queryset(self) -> VersionQuerySet:
        return selectors.versions(self.user)

    @extend_schema(
        summary="Ask for a promotion",
        request=shapes.PromoteSerializer,
        responses={202: shapes.PromotionSerializer},
    )
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, pk: str) -> Response:
        """Let a job check the gates; a protected environment then waits for another maintainer.

        Needs the contributor role. Follow it at `/approvals/<id>/`.
        """
        version = access.version(self.user, int(pk), Role.CONTRIBUTOR)
        wanted = shapes.PromoteSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        promotion = services.request_promotion(
            version=version,
            environment=access.environment(self.user, version.project, given["environment"]),
            by=self.user,
            note=given.get("note", ""),
        )
        shown = selectors.promotions(self.user).get(pk=promotion.pk)
        return Response(shapes.PromotionSerializer(shown).data, status.HTTP_202_ACCEPTED)


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List gates"), retrieve=extend_schema(summary="Read a gate")
)
class GateViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Gate]):
    """What versions must fulfil before they may enter an environment, newest first."""

    serializer_class = shapes.GateSerializer
    filterset_class = filters.GateFilter

    def get_queryset(self) -> ProjectRows[Gate]:
        return selectors.gates(self.user)

    @extend_schema(
        summary="Declare a gate",
        request=shapes.GateDraftSerializer,
        responses={201: shapes.GateSerializer},
        examples=[GATE_EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        """Ask every version of a model for something. Needs the maintainer role."""
        draft = shapes.GateDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        given = draft.validated_data
        model = access.model(self.user, given["model"], Role.MAINTAINER)
        gate = services.declare_gate(
            model=model,
            environment=access.environment(self.user, model.project, given["environment"]),
            kind=given["kind"],
            settings=given["settings"],
            by=self.user,
        )
        return Response(self.get_serializer(gate).data, status.HTTP_201_CREATED)

    @extend_schema(summary="Remove a gate", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Ask for it no more; what it said stays. Needs the maintainer role."""
        gate = access.gate(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(gate)
        services.remove_gate(gate=gate, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List promotions that wait"),
    retrieve=extend_schema(summary="Read a promotion"),
)
class ApprovalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Promotion]):
    """Promotions of versions into environments, newest first: those that wait, or of one `state`."""

    serializer_class = shapes.PromotionSerializer

    @property
    def filterset_class(self) -> type[filters.PromotionFilter] | None:
        return filters.PromotionFilter if self.action == "list" else None

    def get_queryset(self) -> PromotionQuerySet:
        return selectors.promotions(self.user)

    @extend_schema(
        summary="Approve a promotion",
        request=shapes.DecideSerializer,
        responses=shapes.PromotionSerializer,
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let it go on. Needs the maintainer role, and another person than who asked."""
        promotion = access.promotion(self.user, int(pk), Role.MAINTAINER)
        services.approve(promotion=promotion, by=self.user, note=self._note(request))
        return self._answer(promotion)

    @extend_schema(
        summary="Decline a promotion",
        request=shapes.DecideSerializer,
        responses=shapes.PromotionSerializer,
    )
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """End it. Needs the maintainer role, and another person than who asked."""
        promotion = access.promotion(self.user, int(pk), Role.MAINTAINER)
        services.decline(promotion=promotion, by=self.user, note=self._note(request))
        return self._answer(promotion)

    def _note(self, request: Request) -> str:
        given = shapes.DecideSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return str(given.validated_data.get("note", ""))

    def _answer(self, promotion: Model) -> Response:
        shown = self.get_queryset().get(pk=promotion.pk)
        return Response(self.get_serializer(shown).data)
