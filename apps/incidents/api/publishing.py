"""An incident on the status page over REST: put there, and told how it goes on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework import status as answers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.incidents import access, status
from apps.incidents.models import Incident, Publication, Update

LARGEST = 2**63 - 1


class PublicationUpdateSerializer(serializers.ModelSerializer[Update]):
    by = serializers.CharField(source="by.username")

    class Meta:
        model = Update
        fields = ["phase", "text", "at", "by"]


class PublicationSerializer(serializers.ModelSerializer[Publication]):
    components = serializers.SlugRelatedField[Any](slug_field="name", many=True, read_only=True)
    published_by = serializers.CharField(source="published_by.username")
    updates = PublicationUpdateSerializer(many=True)

    class Meta:
        model = Publication
        fields = [
            "incident", "title", "effect", "components", "published_by", "published_at", "over_at",
            "updates",
        ]  # fmt: skip


class PublishSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, help_text="As stakeholders read it.")
    text = serializers.CharField(max_length=2000, help_text="The first update.")
    effect = serializers.ChoiceField(
        choices=Publication.Effect.choices, default=Publication.Effect.DEGRADED
    )
    components = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST),
        max_length=100,
        default=list,
        help_text="The ids of those that it touches.",
    )


class TellSerializer(serializers.Serializer[Any]):
    phase = serializers.ChoiceField(
        choices=Update.Phase.choices, help_text="`resolved` ends it on the page."
    )
    text = serializers.CharField(max_length=2000)


class PublishingActions(PortalViewSet[Incident]):
    """What stakeholders are told of an incident."""

    @extend_schema(responses={200: PublicationSerializer})
    @action(detail=True, pagination_class=None, filterset_class=None)
    def publication(self, request: Request, pk: str) -> Response:
        """What stands on the status page; 404 while nothing does."""
        incident = access.incident(self.user, int(pk))
        return Response(PublicationSerializer(access.publication(incident)).data)

    @extend_schema(request=PublishSerializer, responses={201: PublicationSerializer})
    @publication.mapping.post
    def publish(self, request: Request, pk: str) -> Response:
        """Put the incident on the project's status page, in words for stakeholders."""
        incident = access.incident(self.user, int(pk), Role.RESPONDER)
        page = access.status_page(self.user, incident.project.slug)
        sent = PublishSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        values["components"] = access.components(page, values["components"])
        made = status.publish(
            incident=incident, page=page, told=status.Told(**values), by=self.user
        )
        return Response(PublicationSerializer(made).data, status=answers.HTTP_201_CREATED)

    @extend_schema(request=TellSerializer, responses={201: PublicationSerializer})
    @action(detail=True, methods=["post"], url_path="publication/updates")
    def tell(self, request: Request, pk: str) -> Response:
        """Tell stakeholders how it goes on; after `resolved`, anything else opens it again."""
        incident = access.incident(self.user, int(pk), Role.RESPONDER)
        row = access.publication(incident)
        sent = TellSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        status.update(publication=row, by=self.user, **sent.validated_data)
        told = PublicationSerializer(access.publication(incident))
        return Response(told.data, status=answers.HTTP_201_CREATED)
