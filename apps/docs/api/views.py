from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role, require_site_admin
from apps.core.api.jobs import JobSerializer
from apps.core.api.viewsets import PortalViewSet
from apps.docs import access, search, selectors, services, vitality
from apps.docs.api.filters import DocumentFilter
from apps.docs.api.serializers import (
    AttachmentSerializer,
    ChangeSerializer,
    DocumentSerializer,
    HitsSerializer,
    NewAttachmentSerializer,
    NewDocumentSerializer,
    RestoreRevisionSerializer,
    RevisionSerializer,
    SearchSerializer,
)
from apps.docs.models import Document, DocumentQuerySet
from apps.docs.search import Query
from apps.projects import access as projects

MOST_REVISIONS = 100


class DocumentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Document]):
    """Runbooks, guides, cards, post-mortems and decisions."""

    serializer_class = DocumentSerializer
    filterset_class = DocumentFilter

    def get_queryset(self) -> DocumentQuerySet:
        return vitality.with_links(selectors.documents(self.user)).select_related("deputy")

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

    @extend_schema(responses={200: RevisionSerializer(many=True)}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def revisions(self, request: Request, pk: str) -> Response:
        """What the document said, newest first; the newest hundred."""
        document = access.document(self.user, int(pk))
        rows = document.revisions.select_related("by")[:MOST_REVISIONS]
        return Response(RevisionSerializer(rows, many=True).data)

    @extend_schema(request=RestoreRevisionSerializer, responses={200: DocumentSerializer})
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Let the document say again what a revision said."""
        document = access.document(self.user, int(pk), Role.RESPONDER)
        sent = RestoreRevisionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        revision = access.revision(document, sent.validated_data["revision"])
        changed = services.restore(document=document, revision=revision, by=self.user)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=None, responses={200: DocumentSerializer})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        """Let the newest draft be what the document says."""
        document = access.document(self.user, int(pk), Role.RESPONDER)
        changed = services.publish(document=document, by=self.user)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=None, responses={200: DocumentSerializer})
    @action(detail=True, methods=["post"], url_path="bring-back")
    def bring_back(self, request: Request, pk: str) -> Response:
        """Keep a document that its source has dropped."""
        document = access.document(self.user, int(pk), Role.RESPONDER)
        changed = services.bring_back(document=document, by=self.user)
        return Response(self.get_serializer(changed).data)

    @extend_schema(responses={200: AttachmentSerializer(many=True)}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def attachments(self, request: Request, pk: str) -> Response:
        """The files beside the document; `/docs/<id>/files/<name>` is their content."""
        document = access.document(self.user, int(pk))
        return Response(AttachmentSerializer(document.attachments.defer("content"), many=True).data)

    @extend_schema(
        request={"multipart/form-data": NewAttachmentSerializer},
        responses={201: AttachmentSerializer},
    )
    @attachments.mapping.post
    def attach(self, request: Request, pk: str) -> Response:
        """Put a file beside the document."""
        document = access.document(self.user, int(pk), Role.RESPONDER)
        sent = NewAttachmentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        content = file.read(services.LARGEST_ATTACHMENT + 1)
        row = services.attach(document=document, name=file.name, content=content, by=self.user)
        return Response(AttachmentSerializer(row).data, status=status.HTTP_201_CREATED)

    def get_parsers(self) -> list[Any]:
        """A file comes as a form; everything else is JSON."""
        return [*super().get_parsers(), MultiPartParser()]


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
