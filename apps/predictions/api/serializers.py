from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from apps.predictions.models import Erasure, SetAside
from apps.predictions.rows import Row
from apps.predictions.shown import payload_of

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
    version = serializers.CharField(required=False, default="", max_length=80)
    before = serializers.CharField(
        required=False, default="", max_length=200, help_text="`next` of the page before."
    )
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=100)


class RowsSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="Send it as `before`.")
    results = RowSerializer(many=True)


class WantedSerializer(serializers.Serializer[Any]):
    """One prediction; with its time, in seconds, it is found faster."""

    deployment = serializers.SlugField(max_length=60)
    id = serializers.CharField(max_length=80)
    at = serializers.CharField(required=False, default="", max_length=40)


class ToldSerializer(serializers.Serializer[Any]):
    time = serializers.SerializerMethodField()
    truth = serializers.JSONField(allow_null=True)

    def get_time(self, row: Row) -> datetime:
        return datetime.fromtimestamp(row.time, UTC)


class RecordSerializer(serializers.Serializer[Any]):
    """A prediction, and what was told of it, oldest first."""

    prediction = RowSerializer(source="row")
    history = ToldSerializer(many=True)


class DeploymentSerializer(serializers.Serializer[Any]):
    deployment = serializers.SlugField(max_length=60)


class ChosenSerializer(DeploymentSerializer):
    """Records that were set aside; without `ids` all of the deployment's."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        min_length=1,
        max_length=10_000,
    )


class KeptSerializer(serializers.ModelSerializer[SetAside]):
    record = serializers.SerializerMethodField()

    class Meta:
        model = SetAside
        fields = ["id", "kind", "key", "reason", "at", "record"]

    def get_record(self, row: SetAside) -> Any:
        return payload_of(row)


class DiscardedSerializer(serializers.Serializer[Any]):
    discarded = serializers.IntegerField()


class RetentionSerializer(serializers.Serializer[Any]):
    """For how many days a project keeps its predictions; null: for ever."""

    project = serializers.SlugField(source="project.slug", max_length=60)
    days = serializers.IntegerField(min_value=1, max_value=36_500, allow_null=True)


class ErasureSerializer(serializers.ModelSerializer[Erasure]):
    project = serializers.CharField(source="project.slug")

    class Meta:
        model = Erasure
        fields = [
            "id", "project", "deployment", "column", "subject_digest", "state", "predictions",
            "truths", "set_aside", "parts", "requested_at", "finished_at", "job_id",
        ]  # fmt: skip


class NewErasureSerializer(DeploymentSerializer):
    """The rows whose column has one of these values; values are compared as texts."""

    column = serializers.CharField(
        max_length=220, help_text="`id`, or a column of the log such as `inputs.customer_id`."
    )
    values = serializers.ListField(
        child=serializers.CharField(max_length=1000), min_length=1, max_length=1000
    )
