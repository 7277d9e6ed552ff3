"""What goes in and what comes out of the connection resources. Secrets go in only."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from apps.integrations.base import secret_paths
from apps.integrations.catalog import CATALOG, Entry
from apps.integrations.models import Connection, InboundDelivery, OutboundDelivery
from apps.integrations.ports import InboundSource

SLUGS = [(slug, line.label) for slug, line in CATALOG.items()]
SECRETS_HELP = "By dotted path, as `secrets` of the connector names them; never read back."


class ConnectorSerializer(serializers.Serializer[Entry]):
    """A system that the portal can talk to."""

    slug = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field here, no option
    category = serializers.CharField()
    purpose = serializers.CharField()
    provides = serializers.SerializerMethodField(help_text="The needs it answers.")
    secrets = serializers.SerializerMethodField(help_text="Dotted paths of its secrets.")
    schema = serializers.SerializerMethodField(help_text="JSON Schema of its settings.")
    documentation = serializers.SerializerMethodField(help_text="Its page of the manual.")

    def get_provides(self, line: Entry) -> list[str]:
        return [port.__name__ for port in line.provides]

    def get_secrets(self, line: Entry) -> list[str]:
        return secret_paths(line.load().config_class)

    def get_schema(self, line: Entry) -> dict[str, Any]:
        return line.load().config_class.model_json_schema()

    def get_documentation(self, line: Entry) -> str:
        return reverse("integrations:documentation", args=[line.slug])


class CatalogSerializer(serializers.Serializer[Any]):
    """The whole catalog, on one page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ConnectorSerializer(many=True)


class ConnectionSerializer(serializers.ModelSerializer[Connection]):
    """A connection as its reader sees it; `values` only for those who may change it."""

    connector = serializers.CharField(source="slug", help_text="Slug of the connector.")
    project = serializers.SerializerMethodField(help_text="Slug; null where it is site-wide.")
    values = serializers.SerializerMethodField(help_text="Its settings; null where hidden.")
    hook_url = serializers.SerializerMethodField(help_text="Where a sender posts to, if any.")

    class Meta:
        model = Connection
        fields = [
            "id",
            "project",
            "connector",
            "name",
            "values",
            "secrets_set",
            "enabled",
            "state",
            "note",
            "checked_at",
            "hook_url",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_project(self, row: Connection) -> str | None:
        return row.project.slug if row.project else None

    def get_values(self, row: Connection) -> dict[str, Any] | None:
        values: dict[str, Any] = row.values
        return values if self.context["keeps"](row) else None

    def get_hook_url(self, row: Connection) -> str | None:
        if InboundSource not in row.entry.provides:
            return None
        path = reverse("integrations:hook", args=[row.pk])
        return str(self.context["request"].build_absolute_uri(path))


class MadeSerializer(ConnectionSerializer):
    """A new connection, with the secret that the portal made for it."""

    secret = serializers.CharField(
        read_only=True, allow_null=True, help_text="Shown in this answer and never again."
    )

    class Meta(ConnectionSerializer.Meta):
        fields = [*ConnectionSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class SecretsField(serializers.DictField):
    child = serializers.CharField(allow_null=True, max_length=20_000)


class ConnectionDraftSerializer(serializers.Serializer[Any]):
    """What connects a project, or without one the whole site, to a system."""

    connector = serializers.ChoiceField(SLUGS)
    project = serializers.SlugField(
        max_length=60, allow_null=True, default=None, help_text="Slug; null is site-wide."
    )
    name = serializers.CharField(max_length=100)
    values = serializers.DictField(default=dict, help_text="As `schema` of the connector says.")
    secrets = SecretsField(default=dict, help_text=SECRETS_HELP)


class ConnectionEditSerializer(serializers.Serializer[Any]):
    """What may change. `values` replaces all of them; a secret that is not named stays."""

    name = serializers.CharField(max_length=100, required=False)
    values = serializers.DictField(required=False, help_text="All values, not only new ones.")
    secrets = SecretsField(required=False, help_text=f"{SECRETS_HELP} null takes one out.")
    enabled = serializers.BooleanField(required=False)


class RotateSerializer(serializers.Serializer[Any]):
    """The new secret; without one the portal makes it."""

    secret = serializers.CharField(max_length=500, required=False, write_only=True)


class SecretSerializer(serializers.Serializer[Any]):
    """A secret, shown in this answer and never again."""

    secret = serializers.CharField()


class JobStartedSerializer(serializers.Serializer[Any]):
    """Work that has begun."""

    job = serializers.IntegerField()


class InboundDeliverySerializer(serializers.ModelSerializer[InboundDelivery]):
    """A request that arrived and was genuine."""

    connection = serializers.IntegerField(source="connection_id")

    class Meta:
        model = InboundDelivery
        fields = [
            "id",
            "connection",
            "delivery_id",
            "kind",
            "headers",
            "state",
            "error",
            "repeats",
            "received_at",
            "handled_at",
        ]
        read_only_fields = fields


class OutboundDeliverySerializer(serializers.ModelSerializer[OutboundDelivery]):
    """An event on its way to a receiver."""

    connection = serializers.IntegerField(source="connection_id")
    message_id = serializers.CharField(source="key", help_text="Its `webhook-id`.")

    class Meta:
        model = OutboundDelivery
        fields = [
            "id",
            "connection",
            "message_id",
            "kind",
            "payload",
            "state",
            "attempts",
            "next_attempt_at",
            "status",
            "response",
            "error",
            "happened_at",
            "created_at",
            "delivered_at",
        ]
        read_only_fields = fields
