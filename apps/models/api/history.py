"""Who moved which alias when, and what to do about a move that went around the portal."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.models import access, history, services
from apps.models.api.filters import AliasMoveFilter, OutOfBandFilter
from apps.models.choices import MoveKind, OutOfBandState
from apps.models.models import (
    AliasMove,
    ModelVersion,
    OutOfBandMove,
    OutOfBandQuerySet,
    ProjectRows,
)


class HeldVersionSerializer(serializers.Serializer[Any]):
    """A version by its id and its number."""

    id = serializers.IntegerField(source="pk")
    number = serializers.IntegerField()


class AliasMoveSerializer(serializers.ModelSerializer[AliasMove]):
    """One move of an alias or a stage."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    model = serializers.CharField(source="model.name", help_text="Name of the model.")
    kind = serializers.ChoiceField(MoveKind.choices)
    before = HeldVersionSerializer(allow_null=True, help_text="Null where it was new.")
    after = HeldVersionSerializer(allow_null=True, help_text="Null where it was taken away.")
    by = serializers.SerializerMethodField(
        help_text="User name; null where MLflow was told directly."
    )
    approved_by = serializers.SerializerMethodField(help_text="Who decided on its promotion.")
    why = serializers.CharField(help_text="What was said when it was asked for.")
    promotion = serializers.IntegerField(
        source="promotion_id", allow_null=True, help_text="Id of the promotion that moved it."
    )
    out_of_band = serializers.BooleanField(help_text="Whether it went around the portal.")
    out_of_band_id = serializers.SerializerMethodField(
        help_text="Where a guarded place moved: its record below /out-of-band/."
    )

    class Meta:
        model = AliasMove
        fields = [
            "id", "project", "model", "kind", "name", "before", "after", "at", "by", "approved_by",
            "why", "promotion", "out_of_band", "out_of_band_id",
        ]  # fmt: skip
        read_only_fields = fields

    def get_by(self, move: AliasMove) -> str | None:
        return move.by.username if move.by else None

    def get_approved_by(self, move: AliasMove) -> str | None:
        decision = getattr(move.promotion, "decision", None)
        return decision.by.username if decision else None

    def get_out_of_band_id(self, move: AliasMove) -> int | None:
        case: OutOfBandMove | None = getattr(move, "out_of_band_case", None)
        return case.pk if case else None


class OutOfBandSerializer(serializers.ModelSerializer[OutOfBandMove]):
    """A guarded alias or stage that moved without a promotion, and what was decided about it."""

    project = serializers.CharField(source="project.slug", help_text="Slug of the project.")
    model = serializers.CharField(source="model.name", help_text="Name of the model.")
    environment = serializers.CharField(source="environment.name", help_text="What it speaks for.")
    kind = serializers.ChoiceField(MoveKind.choices, source="move.kind")
    name = serializers.CharField(source="move.name", help_text="The alias or the stage.")
    before = HeldVersionSerializer(source="move.before", allow_null=True)
    after = HeldVersionSerializer(source="move.after", allow_null=True)
    rightful = serializers.SerializerMethodField(
        help_text="The version that a revert leads to; null where the alias did not exist."
    )
    came_from = serializers.CharField(help_text="The stage that a revert leads to.")
    state = serializers.ChoiceField(OutOfBandState.choices)
    moved_by = serializers.SerializerMethodField(help_text="User name, where it is known.")
    decided_by = serializers.SerializerMethodField(help_text="User name.")
    promotion = serializers.IntegerField(
        source="promotion_id", allow_null=True, help_text="The promotion of record."
    )

    class Meta:
        model = OutOfBandMove
        fields = [
            "id", "project", "model", "environment", "kind", "name", "before", "after", "rightful",
            "came_from", "state", "found_at", "moved_by", "decided_by", "decided_at", "ended_at",
            "reason", "trouble", "promotion",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(HeldVersionSerializer(allow_null=True))
    def get_rightful(self, case: OutOfBandMove) -> dict[str, Any] | None:
        version: ModelVersion | None = case.rightful
        return None if version is None else dict(HeldVersionSerializer(version).data)

    def get_moved_by(self, case: OutOfBandMove) -> str | None:
        return case.move.by.username if case.move.by else None

    def get_decided_by(self, case: OutOfBandMove) -> str | None:
        return case.decided_by.username if case.decided_by else None


class SettleSerializer(serializers.Serializer[Any]):
    """Why, for the record."""

    reason = serializers.CharField(max_length=500, help_text="Why, for the record.")


@extend_schema(tags=["models"])
@extend_schema_view(list=extend_schema(summary="List the moves of a model's aliases"))
class AliasMoveViewSet(mixins.ListModelMixin, PortalViewSet[AliasMove]):
    """Who moved which alias or stage of a model when, newest first."""

    serializer_class = AliasMoveSerializer
    filterset_class = AliasMoveFilter

    def get_queryset(self) -> ProjectRows[AliasMove]:
        found = history.moves(self.user)
        if getattr(self, "swagger_fake_view", False):
            return found
        return found.filter(model=access.model(self.user, int(self.kwargs["pk"])))


@extend_schema(tags=["models"])
@extend_schema_view(
    list=extend_schema(summary="List out-of-band moves"),
    retrieve=extend_schema(summary="Read an out-of-band move"),
)
class OutOfBandViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[OutOfBandMove]
):
    """Guarded aliases and stages that moved without a promotion, newest first."""

    serializer_class = OutOfBandSerializer

    @property
    def filterset_class(self) -> type[OutOfBandFilter] | None:
        return OutOfBandFilter if self.action == "list" else None

    def get_queryset(self) -> OutOfBandQuerySet:
        return history.out_of_band(self.user)

    @extend_schema(
        summary="Adopt an out-of-band move",
        request=SettleSerializer,
        responses={202: OutOfBandSerializer},
    )
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, pk: str) -> Response:
        """Take it as right: its gates are asked, then it is a promotion of record.

        Needs the maintainer role, and another person than who moved it, where that is known.
        """
        case = access.out_of_band(self.user, int(pk), Role.MAINTAINER)
        services.adopt(case=case, by=self.user, reason=self._reason(request))
        return self._answer(case)

    @extend_schema(
        summary="Revert an out-of-band move",
        request=SettleSerializer,
        responses={202: OutOfBandSerializer},
    )
    @action(detail=True, methods=["post"])
    def revert(self, request: Request, pk: str) -> Response:
        """Have the alias or stage go back where it belongs. Needs the maintainer role."""
        case = access.out_of_band(self.user, int(pk), Role.MAINTAINER)
        services.request_revert(case=case, by=self.user, reason=self._reason(request))
        return self._answer(case)

    def _reason(self, request: Request) -> str:
        given = SettleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return str(given.validated_data["reason"])

    def _answer(self, case: Model) -> Response:
        shown = self.get_queryset().get(pk=case.pk)
        return Response(self.get_serializer(shown).data, status.HTTP_202_ACCEPTED)
