from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalPlainViewSet, PortalViewSet
from apps.core.errors import Invalid
from apps.docs import access, selectors, services
from apps.docs.api.serializers import (
    DocumentImportReportSerializer,
    DocumentImportSerializer,
    DocumentSourceSerializer,
    NewDocumentSourceSerializer,
)
from apps.docs.models import Source, SourceQuerySet
from apps.docs.services import Place, Report
from apps.projects import access as projects
from apps.projects.models import Project


class SourceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Source]):
    """Where documents come from."""

    serializer_class = DocumentSourceSerializer

    def get_queryset(self) -> SourceQuerySet:
        return selectors.sources(self.user)

    @extend_schema(request=NewDocumentSourceSerializer, responses={201: DocumentSourceSerializer})
    def create(self, request: Request) -> Response:
        """Take documents from a Git repository from now on."""
        sent = NewDocumentSourceSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        project = projects.project(self.user, values.pop("project"), Role.MAINTAINER)
        row = services.add_repository(project=project, place=Place(**values), by=self.user)
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={202: DocumentSourceSerializer})
    @action(detail=True, methods=["post"])
    def pull(self, request: Request, pk: str) -> Response:
        """Read the repository now; `read_at` and `report` say when that is done."""
        row = access.source(self.user, int(pk), Role.RESPONDER)
        services.request_pull(source=row)
        return Response(self.get_serializer(row).data, status=status.HTTP_202_ACCEPTED)


class ImportViewSet(PortalPlainViewSet):
    """Documents taken in at once."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": DocumentImportSerializer},
        responses={200: DocumentImportReportSerializer},
    )
    def create(self, request: Request) -> Response:
        """Take in a zip archive, or what is shipped; the answer says what became of each file."""
        sent = DocumentImportSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        project = projects.project(self.user, values["project"], Role.RESPONDER)
        report = self._taken(project, values)
        skipped = [{"path": path, "reason": reason} for path, reason in report.skipped]
        lists = {name: getattr(report, name) for name in report.__slots__}
        return Response(
            DocumentImportReportSerializer(cast(Any, {**lists, "skipped": skipped})).data
        )

    def _taken(self, project: Project, values: dict[str, Any]) -> Report:
        if values["kind"] == Source.Kind.SHIPPED:
            return services.import_shipped(project=project, by=self.user)
        if "file" not in values:
            raise Invalid(field="file", reason="send the zip archive as a form's file")
        return services.import_upload(
            project=project, kind=values["kind"], name=values["name"],
            archive=values["file"].file, by=self.user,
        )  # fmt: skip
