from __future__ import annotations

from typing import Any

from django.db.models import Model
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.models import access, gates, selectors, services
from apps.models.api import filters
from apps.models.api import gate_shapes as own
from apps.models.api import serializers as shapes
from apps.models.models import (
    Gate,
    ProjectRows,
    Promotion,
    PromotionQuerySet,
    Waiver,
    WaiverQuerySet,
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

    @extend_schema(summary="List the kinds of gates", responses=own.KindSerializer(many=True))
    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None)
    def kinds(self, request: Request) -> Response:
        """Every kind that can be declared, with the JSON schema of its settings."""
        listed = sorted(gates.KINDS.values(), key=lambda kind: kind.title)
        return Response(own.KindSerializer(listed, many=True).data)

    @extend_schema(
        methods=["GET"],
        summary="List a gate's waivers",
        responses=own.WaiverSerializer(many=True),
    )
    @extend_schema(
        methods=["POST"],
        summary="Waive a gate for one version",
        request=own.WaiverDraftSerializer,
        responses={201: own.WaiverSerializer},
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None)
    def waivers(self, request: Request, pk: str) -> Response:
        """Let the gate fail for one version until a moment, at most 90 days ahead.

        Needs the maintainer role, and another person than who asked for the promotion.
        """
        if request.method != "POST":
            return self._waivers_of(access.gate(self.user, int(pk)))
        gate = access.gate(self.user, int(pk), Role.MAINTAINER)
        draft = own.WaiverDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        given = draft.validated_data
        version = access.version(self.user, given.pop("version"))
        waiver = services.grant_waiver(gate=gate, version=version, by=self.user, **given)
        return Response(own.WaiverSerializer(waiver).data, status.HTTP_201_CREATED)

    def _waivers_of(self, gate: Gate) -> Response:
        found: Any = selectors.waivers(self.user).filter(gate=gate)
        page: Any = self.paginate_queryset(found)
        return self.get_paginated_response(own.WaiverSerializer(page, many=True).data)

    @extend_schema(summary="Remove a gate", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Ask for it no more; what it said stays. Needs the maintainer role."""
        gate = access.gate(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(gate)
        services.remove_gate(gate=gate, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List waivers"), retrieve=extend_schema(summary="Read a waiver")
)
class WaiverViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Waiver]):
    """Gates that were let pass for one version, past ones too, newest first."""

    serializer_class = own.WaiverSerializer
    filterset_class = filters.WaiverFilter

    def get_queryset(self) -> WaiverQuerySet:
        return selectors.waivers(self.user)

    @extend_schema(summary="Withdraw a waiver", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Let it hold no more; it stays on record. Needs the maintainer role."""
        waiver = access.waiver(self.user, int(pk), Role.MAINTAINER)
        self.check_unchanged(waiver)
        services.withdraw_waiver(waiver=waiver, by=self.user)
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
