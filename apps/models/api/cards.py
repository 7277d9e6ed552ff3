from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.fields import LARGEST_ID
from apps.core.api.viewsets import PortalView
from apps.models import access, downloads
from apps.models.cards import exports, whole
from apps.models.cards.whole import WholeCard

FORMATS = ["json", *sorted(exports.FORMATS)]
VERSION = OpenApiParameter(
    "version",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    description="Number of the version whose figures it shows; the newest where absent.",
)
FORMAT = OpenApiParameter(
    "format", str, enum=FORMATS, description="json, or a file: html, md or pdf."
)


class CardSerializer(serializers.Serializer[WholeCard]):
    """A model's card: generated from records, around what people wrote."""

    model = serializers.IntegerField(source="facts.model.pk", help_text="Id of the model.")
    version = serializers.SerializerMethodField(
        help_text="Number of the version whose figures it shows; null where there is none."
    )
    title = serializers.CharField()
    document = serializers.IntegerField(
        source="document.pk",
        allow_null=True,
        default=None,
        help_text="Id of the document that is its written part; edit that one.",
    )
    revision = serializers.IntegerField(source="revision.number", allow_null=True, default=None)
    lacking = serializers.ListField(
        child=serializers.CharField(), help_text="What a complete card would have besides."
    )
    markdown = serializers.CharField()
    html = serializers.CharField(help_text="The same as safe HTML.")

    def get_version(self, card: WholeCard) -> int | None:
        return card.facts.version.number if card.facts.version else None


class CardView(PortalView):
    """The card of one model."""

    @extend_schema(
        operation_id="models_card_retrieve",
        summary="Read or export a model's card",
        tags=["models"],
        parameters=[VERSION, FORMAT],
        responses={
            (200, "application/json"): CardSerializer,
            (200, "text/html"): OpenApiTypes.STR,
            (200, "text/markdown"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, pk: int, **kwargs: Any) -> HttpResponse:
        """What the records say, with what people wrote. `format` gives it as a file."""
        model = access.model(self.user, pk)
        version = access.numbered(model, request.query_params.get("version"))
        card = whole.card(model, version)
        form = request.query_params.get("format", "json")
        if form == "json":
            return Response(CardSerializer(card).data)
        return downloads.exported(exports.export(card, form, made_at=timezone.now()))
