from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.viewsets import PortalViewSet
from apps.core.errors import Invalid
from apps.deployments import access, configs, configurations, services
from apps.deployments.configurations import Stand
from apps.deployments.models import Configuration, Deployment

# OpenAPI 3.0 has no word for the open bounds of pydantic's own schema: the groups are named, their
# fields are judged by `configs.read`.
_GROUPS = {"type": "object", "additionalProperties": True}
_SHAPE = {
    "type": "object",
    "properties": {
        name: {"type": "integer"} if info.annotation is int else _GROUPS
        for name, info in configs.Config.model_fields.items()
    },
}


@extend_schema_field(_SHAPE)
class ConfigField(serializers.JSONField):
    """A whole configuration."""


class StandSerializer(serializers.Serializer[Any]):
    """The configuration in force."""

    number = serializers.IntegerField(help_text="0 are the defaults.")
    config = ConfigField()
    note = serializers.CharField(allow_blank=True)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Stand | Deployment) -> dict[str, Any]:
        stand = configurations.current(instance) if isinstance(instance, Deployment) else instance
        row = stand.row
        return {
            "number": stand.number,
            "config": stand.config.model_dump(mode="json"),
            "note": row.note if row else "",
            "by": row.by.username if row and row.by else None,
            "at": row.at if row else None,
        }


class WantedConfigurationSerializer(serializers.Serializer[Any]):
    """What is left out of `config` takes its default."""

    config = ConfigField()
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class ConfigurationViewSet(PortalViewSet[Deployment]):
    """How a deployment is configured. A change makes a new configuration; earlier ones stay."""

    serializer_class = StandSerializer
    pagination_class = None

    def get_queryset(self) -> QuerySet[Deployment]:
        return access.deployments(self.user)

    def retrieve(self, request: Request, slug: str) -> Response:
        """The configuration in force."""
        return Response(self.get_serializer(access.deployment(self.user, slug)).data)

    @extend_schema(request=WantedConfigurationSerializer, responses={200: StandSerializer})
    def update(self, request: Request, slug: str) -> Response:
        """Keep another configuration. Where it is the present one, nothing is stored."""
        row = access.releasable(self.user, slug)
        self.check_unchanged(row)
        sent = WantedConfigurationSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data["config"]
        if not isinstance(given, dict):
            raise Invalid(field="config", reason="send an object with the settings.")
        services.configure(
            deployment=row,
            config=configs.read(given),
            based_on=None,
            by=self.user,
            note=sent.validated_data["note"],
        )
        return Response(self.get_serializer(row).data)


class ConfigurationSerializer(serializers.ModelSerializer[Configuration]):
    config = ConfigField(source="body")
    by = serializers.CharField(source="by.username", allow_null=True)

    class Meta:
        model = Configuration
        fields = ["number", "config", "note", "by", "at"]


class HistoryViewSet(mixins.ListModelMixin, PortalViewSet[Configuration]):
    """Every configuration that somebody made of a deployment, newest first."""

    serializer_class = ConfigurationSerializer

    def get_queryset(self) -> QuerySet[Configuration]:
        if getattr(self, "swagger_fake_view", False):
            return Configuration.objects.none()
        return configurations.history(access.deployment(self.user, self.kwargs["slug"]))
