"""What was set aside, how long predictions are kept, and what was erased."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.predictions import access, selectors, services, shown, sources
from apps.predictions.api.serializers import (
    ChosenSerializer,
    DeploymentSerializer,
    DiscardedSerializer,
    ErasureSerializer,
    KeptSerializer,
    NewErasureSerializer,
    OutcomeSerializer,
    RetentionSerializer,
)
from apps.predictions.models import Erasure, Retention, SetAside
from apps.predictions.sources import Source
from apps.projects import access as projects


class SetAsideViewSet(mixins.ListModelMixin, PortalViewSet[SetAside]):
    """Records that do not fit, each with its reason."""

    serializer_class = KeptSerializer

    def get_queryset(self) -> QuerySet[SetAside]:
        found = selectors.set_asides(self.user)
        if slug := self.request.query_params.get("deployment"):
            source = sources.resolve(self.user, slug, Role.VIEWER)
            return found.filter(deployment_id=source.deployment_id)
        return found

    @extend_schema(parameters=[DeploymentSerializer])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What is set aside, of one deployment or of all you may see, newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(
        parameters=[DeploymentSerializer],
        responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY},
    )
    @action(detail=False, pagination_class=None)
    def download(self, request: Request) -> StreamingHttpResponse:
        """All of one deployment as NDJSON: what was sent, and why it is not in the log."""
        source, _ = self._chosen(request.query_params, DeploymentSerializer, Role.VIEWER)
        lines = shown.lines_of_set_aside(selectors.set_aside(source.deployment_id).iterator(1000))
        return StreamingHttpResponse(lines, content_type="application/x-ndjson")

    @extend_schema(request=ChosenSerializer, responses={200: OutcomeSerializer})
    @action(detail=False, methods=["post"])
    def replay(self, request: Request) -> Response:
        """Take records in once more, after the signature was mended; what still does not fit stays."""
        source, sent = self._chosen(request.data, ChosenSerializer, Role.CONTRIBUTOR)
        done = services.replay(source=source, ids=sent.get("ids"), by=self.user)
        return Response(OutcomeSerializer(asdict(done)).data)

    @extend_schema(request=ChosenSerializer, responses={200: DiscardedSerializer})
    @action(detail=False, methods=["post"])
    def discard(self, request: Request) -> Response:
        """Delete records."""
        source, sent = self._chosen(request.data, ChosenSerializer, Role.CONTRIBUTOR)
        count = services.discard_set_aside(source=source, ids=sent.get("ids"), by=self.user)
        return Response(DiscardedSerializer({"discarded": count}).data)

    def _chosen(
        self, given: Any, shape: type[Serializer[Any]], role: Role
    ) -> tuple[Source, dict[str, Any]]:
        sent = shape(data=given)
        sent.is_valid(raise_exception=True)
        source = sources.resolve(self.user, sent.validated_data["deployment"], role)
        return source, sent.validated_data


class RetentionViewSet(mixins.ListModelMixin, PortalViewSet[Retention]):
    """For how long projects keep their predictions."""

    serializer_class = RetentionSerializer

    def get_queryset(self) -> QuerySet[Retention]:
        return selectors.retentions(self.user)

    @extend_schema(request=RetentionSerializer, responses={200: RetentionSerializer})
    def create(self, request: Request) -> Response:
        """Keep a project's predictions for so many days, from the next sweep; null: for ever."""
        sent = RetentionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        project = projects.project(self.user, values["project"]["slug"], Role.OWNER)
        services.keep_for(project=project, days=values["days"], by=self.user)
        return Response({"project": project.slug, "days": values["days"]})


class ErasureViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Erasure]):
    """Subjects that were taken out of the log."""

    serializer_class = ErasureSerializer

    def get_queryset(self) -> QuerySet[Erasure]:
        return selectors.erasures(self.user)

    @extend_schema(request=NewErasureSerializer, responses={202: ErasureSerializer})
    def create(self, request: Request) -> Response:
        """Erase every prediction whose column has one of these values, with its ground truth."""
        sent = NewErasureSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        source = sources.resolve(self.user, values.pop("deployment"), Role.MAINTAINER)
        row = services.request_erasure(source=source, by=self.user, **values)
        return Response(self.get_serializer(row).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    @action(detail=True)
    def certificate(self, request: Request, pk: str) -> Response:
        """What was done, when and for whom, with hashes before and after, without the subject."""
        return Response(shown.certificate_of(access.erasure(self.user, int(pk))))
