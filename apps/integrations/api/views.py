from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.viewsets import PortalPlainViewSet, PortalViewSet
from apps.core.errors import NotFound
from apps.integrations import access, selectors, services
from apps.integrations.api import filters
from apps.integrations.api import serializers as shapes
from apps.integrations.catalog import CATALOG
from apps.integrations.models import (
    Connection,
    ConnectionQuerySet,
    DeliveryQuerySet,
    InboundDelivery,
    OutboundDelivery,
)

SLUG = "[a-z0-9_]{1,40}"


@extend_schema(tags=["connectors"])
class ConnectorViewSet(PortalPlainViewSet):
    """The systems that the portal can talk to, with the settings each asks for."""

    lookup_field = "slug"
    lookup_value_regex = SLUG

    @extend_schema(
        operation_id="connectors_list",
        summary="List connectors",
        responses=shapes.CatalogSerializer,
    )
    def list(self, request: Request) -> Response:
        found = [shapes.ConnectorSerializer(CATALOG[slug]).data for slug in sorted(CATALOG)]
        return Response({"next": None, "previous": None, "results": found})

    @extend_schema(summary="Read a connector", responses=shapes.ConnectorSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        if slug not in CATALOG:
            raise NotFound(what="connector")
        return Response(shapes.ConnectorSerializer(CATALOG[slug]).data)


@extend_schema(tags=["connections"])
@extend_schema_view(
    list=extend_schema(summary="List connections"),
    retrieve=extend_schema(summary="Read a connection"),
)
class ConnectionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Connection]
):
    """The connections you may see, newest first. Secrets are never read back."""

    serializer_class = shapes.ConnectionSerializer
    filterset_class = filters.ConnectionFilter

    def get_queryset(self) -> ConnectionQuerySet:
        return selectors.connections(self.user)

    def get_serializer_context(self) -> dict[str, Any]:
        known: dict[int | None, bool] = {}

        def keeps(row: Connection) -> bool:
            if row.project_id not in known:
                known[row.project_id] = access.keeps(self.user, row)
            return known[row.project_id]

        return {**super().get_serializer_context(), "keeps": keeps}

    @extend_schema(
        summary="Add a connection",
        request=shapes.ConnectionDraftSerializer,
        responses={201: shapes.MadeSerializer},
    )
    def create(self, request: Request) -> Response:
        """Connect a project or the site. Needs the maintainer role, site-wide a site admin."""
        draft = shapes.ConnectionDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        wanted = draft.validated_data
        made = services.create_connection(
            project=access.scope(self.user, wanted["project"] or ""),
            slug=wanted["connector"],
            name=wanted["name"],
            values=wanted["values"],
            secrets=wanted["secrets"],
            by=self.user,
        )
        body = {**self.get_serializer(made.connection).data, "secret": made.secret}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Edit a connection",
        request=shapes.ConnectionEditSerializer,
        responses=shapes.ConnectionSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change name, values or secrets, enable or disable it. Needs the maintainer role."""
        row = access.connection_to_change(self.user, int(pk))
        self.check_unchanged(row)
        draft = shapes.ConnectionEditSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        wanted = dict(draft.validated_data)
        enabled = wanted.pop("enabled", None)
        if wanted:
            row = services.update_connection(connection=row, by=self.user, **wanted)
        if enabled is not None:
            row = services.set_enabled(connection=row, enabled=enabled, by=self.user)
        return Response(self.get_serializer(row).data)

    @extend_schema(summary="Remove a connection", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a connection with its secrets and deliveries. Needs the maintainer role."""
        row = access.connection_to_change(self.user, int(pk))
        self.check_unchanged(row)
        services.delete_connection(connection=row, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Test a connection", request=None, responses={202: shapes.JobStartedSerializer}
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Ask the other side, in a job, whether it answers; `state` and `note` then say so."""
        row = access.connection_to_change(self.user, int(pk))
        job = services.request_check(connection=row, by=self.user)
        return Response({"job": job.pk}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        summary="Rotate a secret",
        request=shapes.RotateSerializer,
        responses=shapes.SecretSerializer,
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """Put a new secret in use; the one before stays valid until it is retired."""
        row = access.connection_to_change(self.user, int(pk))
        draft = shapes.RotateSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        secret = services.rotate_secret(connection=row, by=self.user, **draft.validated_data)
        return Response({"secret": secret})

    @extend_schema(
        summary="Retire the previous secret", request=None, responses=shapes.ConnectionSerializer
    )
    @action(detail=True, methods=["post"], url_path="retire-secret")
    def retire_secret(self, request: Request, pk: str) -> Response:
        """Let the secret from before the last rotation count no longer."""
        row = access.connection_to_change(self.user, int(pk))
        services.retire_previous_secret(connection=row, by=self.user)
        return Response(self.get_serializer(access.connection(self.user, row.pk)).data)


@extend_schema(tags=["deliveries"])
@extend_schema_view(
    list=extend_schema(summary="List what arrived"),
    retrieve=extend_schema(summary="Read what arrived"),
)
class InboundDeliveryViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[InboundDelivery]
):
    """Requests that arrived at /hooks/ and were genuine, for those who keep the connection."""

    serializer_class = shapes.InboundDeliverySerializer
    filterset_class = filters.InboundDeliveryFilter

    def get_queryset(self) -> DeliveryQuerySet:
        return selectors.kept(selectors.inbound(self.user), self.user)

    @extend_schema(
        summary="Handle once more", request=None, responses=shapes.InboundDeliverySerializer
    )
    @action(detail=True, methods=["post"], url_path="handle-again")
    def handle_again(self, request: Request, pk: str) -> Response:
        """Tell the rooms that listen of it once more."""
        delivery = access.inbound(self.user, int(pk))
        services.handle_again(delivery=delivery, by=self.user)
        return Response(self.get_serializer(access.inbound(self.user, delivery.pk)).data)


@extend_schema(tags=["deliveries"])
@extend_schema_view(
    list=extend_schema(summary="List what is sent"),
    retrieve=extend_schema(summary="Read what is sent"),
)
class OutboundDeliveryViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[OutboundDelivery]
):
    """Events on their way to receivers, for those who keep the connection."""

    serializer_class = shapes.OutboundDeliverySerializer
    filterset_class = filters.OutboundDeliveryFilter

    def get_queryset(self) -> DeliveryQuerySet:
        return selectors.kept(selectors.outbound(self.user), self.user)

    @extend_schema(
        summary="Send once more", request=None, responses=shapes.OutboundDeliverySerializer
    )
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, pk: str) -> Response:
        """Send an event once more, under the same id."""
        delivery = access.outbound(self.user, int(pk))
        services.redeliver(delivery=delivery, by=self.user)
        return Response(self.get_serializer(access.outbound(self.user, delivery.pk)).data)
