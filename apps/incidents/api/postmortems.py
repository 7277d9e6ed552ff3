"""Post-mortems: drafted from the record, written by people. Their actions are a resource of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.fields import RecordId
from apps.core.api.viewsets import PortalViewSet
from apps.docs import selectors as documents
from apps.docs import services as docs
from apps.docs.markdown import LONGEST
from apps.docs.models import Document
from apps.incidents import access, postmortems, selectors
from apps.incidents.api.filters import PostMortemFilter
from apps.incidents.models import PostMortem, PostMortemQuerySet
from apps.incidents.postmortems import exports, numbers
from apps.models import downloads

FORMAT = OpenApiParameter(
    "format", str, enum=sorted(exports.FORMATS), description="md where it is not said."
)


class PostMortemSerializer(serializers.ModelSerializer[PostMortem]):
    project = serializers.CharField(source="incident.project.slug")
    title = serializers.CharField(source="document.title")
    state = serializers.ChoiceField(source="document.state", choices=Document.State.choices)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = PostMortem
        fields = [
            "id", "project", "incident", "document", "title", "state", "created_by", "created_at",
        ]  # fmt: skip


class WrittenPostMortemSerializer(PostMortemSerializer):
    body = serializers.CharField(source="document.body")
    draft = serializers.SerializerMethodField(
        help_text="What waits beside the published text; null where nothing does."
    )

    class Meta(PostMortemSerializer.Meta):
        fields = [*PostMortemSerializer.Meta.fields, "body", "draft"]

    def get_draft(self, row: PostMortem) -> str | None:
        waiting = documents.draft_of(row.document)
        return waiting.body if waiting else None


class BeginPostMortemSerializer(serializers.Serializer[Any]):
    incident = RecordId()


class WritePostMortemSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    body = serializers.CharField(max_length=LONGEST, trim_whitespace=False, help_text="Markdown.")
    draft = serializers.BooleanField(default=True, help_text="Waits until it is published.")


class PostMortemFiguresSerializer(serializers.Serializer[Any]):
    began_at = serializers.DateTimeField(help_text="Of the alert's data window, where there is.")
    ended_at = serializers.DateTimeField(allow_null=True)
    acknowledge_seconds = serializers.SerializerMethodField()
    resolve_seconds = serializers.SerializerMethodField()
    predictions = serializers.IntegerField(
        allow_null=True, help_text="How many it touched; null where that is not known."
    )

    def get_acknowledge_seconds(self, found: numbers.Numbers) -> float | None:
        return _seconds(found.to_acknowledge)

    def get_resolve_seconds(self, found: numbers.Numbers) -> float | None:
        return _seconds(found.to_resolve)


def _seconds(length: timedelta | None) -> float | None:
    return length.total_seconds() if length is not None else None


class PostMortemViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[PostMortem]
):
    """The post-mortems of incidents, newest first."""

    filterset_class = PostMortemFilter

    def get_queryset(self) -> PostMortemQuerySet:
        return selectors.post_mortems(self.user)

    def get_serializer_class(self) -> type[PostMortemSerializer]:
        return PostMortemSerializer if self.action == "list" else WrittenPostMortemSerializer

    @extend_schema(request=BeginPostMortemSerializer, responses={201: WrittenPostMortemSerializer})
    def create(self, request: Request) -> Response:
        """Have one drafted from the record; begun twice, it is begun once, and what people wrote stays."""
        sent = BeginPostMortemSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        incident = access.incident(self.user, sent.validated_data["incident"], Role.RESPONDER)
        made = postmortems.begin(incident=incident, by=self.user)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=WritePostMortemSerializer, responses={200: WrittenPostMortemSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Write it; what it said before stays as a revision of its document."""
        row = access.post_mortem(self.user, int(pk), Role.RESPONDER)
        self.check_unchanged(row)
        sent = WritePostMortemSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        docs.revise(document=row.document, by=self.user, **sent.validated_data)
        return self._shown(row)

    @extend_schema(request=None, responses={200: WrittenPostMortemSerializer})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        """Let the newest draft be what it says."""
        row = access.post_mortem(self.user, int(pk), Role.RESPONDER)
        docs.publish(document=row.document, by=self.user)
        return self._shown(row)

    @extend_schema(responses={200: PostMortemFiguresSerializer})
    @action(detail=True, pagination_class=None, filterset_class=None)
    def figures(self, request: Request, pk: str) -> Response:
        """How long it took, and how many predictions it touched, as of now."""
        row = self.get_object()
        return Response(PostMortemFiguresSerializer(numbers.of(row.incident)).data)

    @extend_schema(
        parameters=[FORMAT],
        responses={
            (200, "text/markdown"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        },
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def file(self, request: Request, pk: str) -> HttpResponse:
        """The newest text with its actions as they stand, as a file."""
        form = request.query_params.get("format", "md")
        return downloads.exported(exports.export(self.get_object(), form, made_at=timezone.now()))

    def lock_for(self, record: PostMortem) -> Document:
        """The document holds the text."""
        return record.document

    def _shown(self, row: PostMortem) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data)
