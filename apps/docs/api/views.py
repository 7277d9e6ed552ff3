from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role, require_site_admin
from apps.core.api.jobs import JobSerializer
from apps.core.api.viewsets import PortalViewSet
from apps.docs import access, search, selectors, services
from apps.docs.api.filters import DocumentFilter
from apps.docs.api.serializers import (
    ChangeSerializer,
    DocumentSerializer,
    HitsSerializer,
    NewDocumentSerializer,
    SearchSerializer,
)
from apps.docs.models import Document, DocumentQuerySet
from apps.docs.search import Query
from apps.projects import access as projects


class DocumentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Document]):
    """Runbooks, guides, cards, post-mortems and decisions."""

    serializer_class = DocumentSerializer
    filterset_class = DocumentFilter

    def get_queryset(self) -> DocumentQuerySet:
        return selectors.documents(self.user)

    @extend_schema(request=NewDocumentSerializer, responses={201: DocumentSerializer})
    def create(self, request: Request) -> Response:
        """Write a document."""
        sent = NewDocumentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        project = projects.project(self.user, values.pop("project"), Role.RESPONDER)
        document = services.write(project=project, by=self.user, **values)
        return Response(self.get_serializer(document).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ChangeSerializer, responses={200: DocumentSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Revise a document; what it said before stays as a revision."""
        document = access.document(self.user, int(pk), Role.RESPONDER)
        self.check_unchanged(document)
        sent = ChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        changed = services.revise(document=document, by=self.user, **sent.validated_data)
        return Response(self.get_serializer(changed).data)


class SearchViewSet(PortalViewSet[Document]):
    """One search over everything the caller may see."""

    serializer_class = HitsSerializer
    queryset = Document.objects.none()
    pagination_class = None
    filter_backends = ()

    @extend_schema(parameters=[SearchSerializer], responses={200: HitsSerializer})
    def list(self, request: Request) -> Response:
        """The best hits, best first; `document` is the page that a passage belongs to."""
        asked = SearchSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        where = {"project": values.get("project"), "tag": values.get("tag")}
        found = search.look(Query(self.user, values["q"], **where), values.get("kinds", ()))
        told = {
            "results": found.hits,
            "facets": found.facets,
            "suggestion": found.suggestion,
            "semantic": found.semantic,
        }
        return Response(HitsSerializer(cast(Any, told)).data)

    @extend_schema(request=None, responses={202: JobSerializer})
    @action(detail=False, methods=["post"])
    def reindex(self, request: Request) -> Response:
        """Cut and count every document anew, by a job; site admins only."""
        require_site_admin(self.user)
        job = services.ask_reindex(by=self.user)
        body = JobSerializer(job, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_202_ACCEPTED)
