from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import ClassVar, cast

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalPlainViewSet
from apps.core.errors import NotFound
from apps.predictions import bodies, selectors, services, shown, sources
from apps.predictions.api.parsing import ArrowParser, NdjsonParser, ParquetParser, RawJSONParser
from apps.predictions.api.serializers import (
    OutcomeSerializer,
    RecordSerializer,
    RecordsSerializer,
    RowsSerializer,
    WantedSerializer,
    WindowSerializer,
)
from apps.predictions.models import Kind

FORMATS = (RawJSONParser, NdjsonParser, ArrowParser, ParquetParser)
BODIES = {
    bodies.JSON: RecordsSerializer,
    **dict.fromkeys(bodies.TABLES, OpenApiTypes.BINARY),
}
BY_ADDRESS = OpenApiParameter(
    "deployment", str, description="The deployment, where the body is no JSON."
)


class _AppendViewSet(PortalPlainViewSet):
    """Takes records of one deployment in."""

    kind: ClassVar[Kind]
    serializer_class = RecordsSerializer
    parser_classes = FORMATS

    def _append(self, request: Request) -> Response:
        sent = bodies.read(
            cast(bytes, request.data or b""),
            request.content_type or "",
            request.query_params.get("deployment", ""),
        )
        source = sources.resolve(self.user, sent.deployment, Role.CONTRIBUTOR)
        outcome = services.append_sent(source=source, kind=self.kind, sent=sent)
        return Response(OutcomeSerializer(asdict(outcome)).data)


class PredictionViewSet(_AppendViewSet):
    """The prediction log of a deployment."""

    kind = Kind.PREDICTION

    @extend_schema(request=BODIES, parameters=[BY_ADDRESS], responses={200: OutcomeSerializer})
    def create(self, request: Request) -> Response:
        """Log predictions that a server of the team's own made: `{id, time, inputs, outputs}`."""
        return self._append(request)

    @extend_schema(parameters=[WindowSerializer], responses={200: RowsSerializer})
    def list(self, request: Request) -> Response:
        """The predictions of a window, newest first, each with its ground truth where that is known."""
        asked = WindowSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        source = sources.resolve(self.user, wanted["deployment"], Role.VIEWER)
        until = wanted.get("until") or timezone.now() + timedelta(minutes=1)
        found = selectors.log_page(
            source.deployment_id, most=wanted["limit"], before=shown.cursor(wanted["before"]),
            since=wanted.get("since") or until - timedelta(days=1), until=until,
            version=wanted["version"],
        )  # fmt: skip
        more = shown.cursor_of(found[-1]) if len(found) == wanted["limit"] else None
        return Response(RowsSerializer({"next": more, "results": found}).data)

    @extend_schema(parameters=[WantedSerializer], responses={200: RecordSerializer})
    @action(detail=False)
    def record(self, request: Request) -> Response:
        """One prediction by its id, with every ground truth that was told of it."""
        asked = WantedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        source = sources.resolve(self.user, wanted["deployment"], Role.VIEWER)
        found = selectors.record(source.deployment_id, wanted["id"], wanted["at"])
        if found is None:
            raise NotFound(what="prediction")
        return Response(RecordSerializer(found).data)


class GroundTruthViewSet(_AppendViewSet):
    """What really happened, by prediction id; it may come late."""

    kind = Kind.TRUTH

    @extend_schema(request=BODIES, parameters=[BY_ADDRESS], responses={200: OutcomeSerializer})
    def create(self, request: Request) -> Response:
        """Join ground truth to predictions: `{id, time, truth}`."""
        return self._append(request)
