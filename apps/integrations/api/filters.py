from __future__ import annotations

from django_filters import rest_framework as filters

from apps.core.api.filters import RecordIdFilter, YesNoFilter
from apps.integrations.models import (
    Connection,
    ConnectionQuerySet,
    InboundDelivery,
    OutboundDelivery,
)


class ConnectionFilter(filters.FilterSet):
    project = filters.CharFilter("project__slug", max_length=60, label="Slug of a project.")
    connector = filters.CharFilter("slug", max_length=40, label="Slug of a connector.")
    site_wide = YesNoFilter(method="of_site", label="Only site-wide ones, or only others.")

    class Meta:
        model = Connection
        fields = ["state"]

    def of_site(self, rows: ConnectionQuerySet, name: str, wanted: bool) -> ConnectionQuerySet:
        return rows.filter(project__isnull=wanted)


class InboundDeliveryFilter(filters.FilterSet):
    connection = RecordIdFilter("connection_id", label="Id of a connection.")

    class Meta:
        model = InboundDelivery
        fields = ["state"]


class OutboundDeliveryFilter(filters.FilterSet):
    connection = RecordIdFilter("connection_id", label="Id of a connection.")

    class Meta:
        model = OutboundDelivery
        fields = ["state"]
