from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from apps.predictions.rows import Row

MOST_RECORDS = 10_000


class RecordsSerializer(serializers.Serializer[Any]):
    """Each record is checked on its own: what does not fit is set aside with its reason."""

    deployment = serializers.SlugField(max_length=60)
    records = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MOST_RECORDS
    )


class SetAsideSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    set_aside = SetAsideSerializer(many=True)


class RowSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="key")
    time = serializers.SerializerMethodField()
    version = serializers.CharField()
    inputs = serializers.DictField()
    outputs = serializers.DictField()
    truth = serializers.JSONField(allow_null=True)

    def get_time(self, row: Row) -> datetime:
        return datetime.fromtimestamp(row.time, UTC)


class WindowSerializer(serializers.Serializer[Any]):
    """Which predictions to read; without a window, those of the last day."""

    deployment = serializers.SlugField(max_length=60)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)


class RowsSerializer(serializers.Serializer[Any]):
    results = RowSerializer(many=True)
