"""Differences between what a deployment should run and what it runs, and what to do about them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.viewsets import PortalViewSet
from apps.deployments import access, selectors_mismatches, services
from apps.deployments.api.filters import MismatchFilter
from apps.deployments.models import Mismatch


class MismatchSerializer(serializers.ModelSerializer[Mismatch]):
    """A difference between wanted and found; `end` is empty while it is open."""

    deployment = serializers.CharField(source="deployment.slug", help_text="Slug.")
    project = serializers.CharField(source="deployment.project.slug", help_text="Slug.")
    ended_by = serializers.SerializerMethodField(
        help_text="User name of who adopted it or asked for the revert."
    )

    class Meta:
        model = Mismatch
        fields = [
            "id", "deployment", "project", "kind", "wanted", "found", "since", "seen_at", "end",
            "ended_at", "ended_by",
        ]  # fmt: skip
        read_only_fields = fields

    def get_ended_by(self, row: Mismatch) -> str | None:
        return row.ended_by.username if row.ended_by else None


class DecisionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


@extend_schema_view(
    list=extend_schema(summary="List mismatches"),
    retrieve=extend_schema(summary="Read a mismatch"),
)
class MismatchViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Mismatch]):
    """Where a deployment does not run what was wanted, newest first."""

    serializer_class = MismatchSerializer

    @property
    def filterset_class(self) -> type[MismatchFilter] | None:
        return MismatchFilter if self.action == "list" else None

    def get_queryset(self) -> QuerySet[Mismatch]:
        return selectors_mismatches.mismatches(self.user)

    @extend_schema(
        summary="Adopt a mismatch",
        request=DecisionSerializer,
        responses={200: MismatchSerializer},
    )
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, pk: str) -> Response:
        """Take what was found as wanted: as a new configuration, or by a release of that version."""
        row = access.mismatch_to_settle(self.user, int(pk))
        services.adopt_mismatch(mismatch=row, by=self.user, reason=self._reason(request))
        return self._answer(row, status.HTTP_200_OK)

    @extend_schema(
        summary="Revert a mismatch",
        request=DecisionSerializer,
        responses={202: MismatchSerializer},
    )
    @action(detail=True, methods=["post"])
    def revert(self, request: Request, pk: str) -> Response:
        """Have what was wanted come back. A job tells the target; the mismatch ends once it took it."""
        row = access.mismatch_to_settle(self.user, int(pk))
        services.revert_mismatch(mismatch=row, by=self.user, reason=self._reason(request))
        return self._answer(row, status.HTTP_202_ACCEPTED)

    def _reason(self, request: Request) -> str:
        given = DecisionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return str(given.validated_data["reason"])

    def _answer(self, row: Mismatch, code: int) -> Response:
        shown = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(shown).data, code)
