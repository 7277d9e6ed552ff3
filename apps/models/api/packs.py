from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.jobs import JobSerializer
from apps.core.api.viewsets import PortalView
from apps.core.errors import NotFound
from apps.models import access, downloads, services
from apps.models.packs import selectors


@extend_schema(tags=["models"])
class EvidenceView(PortalView):
    """The signed evidence about one model version."""

    @extend_schema(
        operation_id="model_versions_evidence_retrieve",
        summary="Download the newest evidence pack",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """The newest pack of the version as a file; 404 while none was made."""
        version = access.version(self.user, pk)
        row = selectors.newest(self.user, version)
        if row is None:
            raise NotFound(what="evidence pack yet; POST here has one made")
        return downloads.pack(row)

    @extend_schema(
        operation_id="model_versions_evidence_create",
        summary="Pack the evidence",
        request=None,
        responses={202: JobSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Have a new pack made. Needs the responder role. The job's result names the pack."""
        version = access.version(self.user, pk, Role.RESPONDER)
        job = services.request_evidence(version=version, by=self.user)
        body = JobSerializer(job, context={"request": request}).data
        return Response(body, status.HTTP_202_ACCEPTED)
