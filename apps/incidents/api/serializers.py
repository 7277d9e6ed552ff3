from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import RecordId
from apps.incidents import selectors, services, timeline
from apps.incidents.models import Evidence, Incident, Note, Pack, Picture, Ticket, TicketConflict


class EvidenceSerializer(serializers.ModelSerializer[Evidence]):
    pack = serializers.IntegerField(source="pack.number")
    built_at = serializers.DateTimeField(source="pack.built_at")

    class Meta:
        model = Evidence
        fields = [
            "position", "kind", "subject_kind", "subject_id", "title", "text", "data", "url",
            "pack", "built_at",
        ]  # fmt: skip


class GathererStateSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    what = serializers.CharField()
    items = serializers.IntegerField()
    seconds = serializers.FloatField()
    trouble = serializers.CharField(allow_blank=True, help_text="Empty where it looked.")


class PackChoiceSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        help_text="Which pack; the newest without.",
    )


class PackSerializer(serializers.ModelSerializer[Pack]):
    states = GathererStateSerializer(many=True)

    class Meta:
        model = Pack
        fields = ["number", "reason", "seconds", "states", "digest", "built_at", "checked_at"]


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    project = serializers.CharField(source="incident.project.slug")
    connection = serializers.IntegerField(source="connection_id")

    class Meta:
        model = Ticket
        fields = [
            "id", "project", "incident", "connection", "key", "label", "url", "remote_status",
            "remote_priority", "remote_assignee", "remote_closed", "seen_at", "apart", "trouble",
            "failures", "next_try_at", "dead_at", "created_at",
        ]  # fmt: skip


class TicketConflictSerializer(serializers.ModelSerializer[TicketConflict]):
    class Meta:
        model = TicketConflict
        fields = ["id", "ticket", "field", "ours", "theirs", "found_at", "settled_at", "kept"]


class SettleConflictSerializer(serializers.Serializer[Any]):
    keep = serializers.ChoiceField(
        choices=[("ours", "The portal's"), ("theirs", "The ticket's")],
        help_text="Whose value counts.",
    )


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    project = serializers.CharField(source="project.slug")
    deployment = serializers.CharField(source="deployment.slug", allow_null=True, default=None)
    model = serializers.CharField(
        source="release.version.model.name", allow_null=True, default=None
    )
    version = serializers.IntegerField(
        source="release.version.number", allow_null=True, default=None
    )

    class Meta:
        model = Incident
        fields = [
            "id", "project", "number", "title", "severity", "state", "alert", "deployment",
            "release", "model", "version", "reason", "opened_at", "acknowledged_at", "mitigated_at",
            "resolved_at", "closed_at", "merged_into", "evidence_at",
        ]  # fmt: skip


class NewIncidentSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)
    title = serializers.CharField(max_length=300)
    severity = serializers.ChoiceField(
        choices=Incident.Severity.choices, default=Incident.Severity.HIGH
    )
    deployment = serializers.SlugField(
        max_length=60, required=False, help_text="Where it shows; one of the same project."
    )


class ResolveSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, help_text="Why it is over.")


class ChosenIncidentsSerializer(serializers.Serializer[Any]):
    incidents = serializers.ListField(
        child=RecordId(), allow_empty=False, max_length=selectors.MOST_CHOSEN
    )


class AcknowledgedSerializer(serializers.Serializer[Any]):
    acknowledged = serializers.IntegerField(help_text="How many nobody had taken up before.")


class PictureSerializer(serializers.ModelSerializer[Picture]):
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Picture
        fields = ["id", "name", "media_type", "size", "sha256", "url"]


class NoteSerializer(serializers.ModelSerializer[Note]):
    by = serializers.CharField(source="by.username", read_only=True)
    pictures = PictureSerializer(many=True, read_only=True)

    class Meta:
        model = Note
        fields = ["id", "incident", "text", "by", "at", "edited_at", "pictures"]
        read_only_fields = ["incident", "at", "edited_at"]


class PicturesField(serializers.ListField):
    """Files as a form brings them, read; what they are is for the service to say."""

    child = serializers.FileField(max_length=150)

    def __init__(self, **kwargs: Any) -> None:
        words = "PNG, JPEG, WebP or GIF, at most 5 MB each."
        super().__init__(required=False, default=list, help_text=words, **kwargs)

    def to_internal_value(self, data: Any) -> list[services.File]:
        files = super().to_internal_value(data)
        return [services.File(each.name, each.read(services.LARGEST_PICTURE + 1)) for each in files]


class PicturedNoteSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000)
    pictures = PicturesField()


class EditNoteSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000, required=False, help_text="As it is without.")
    without = serializers.ListField(
        child=RecordId(), required=False, default=list, help_text="Pictures to take out."
    )


class EditPicturedNoteSerializer(EditNoteSerializer):
    pictures = PicturesField()


class MomentSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=list(timeline.KINDS.items()))
    text = serializers.CharField()
    actor = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True, help_text="The record behind it.")
    detail = serializers.CharField(allow_blank=True, help_text="What was written or said.")
    pictures = serializers.SerializerMethodField(help_text="Addresses of a note's pictures.")

    def get_pictures(self, moment: timeline.Moment) -> list[str]:
        return [address for address, _ in moment.pictures]


class TimelineQuerySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=list(timeline.KINDS.items()), required=False)
    before = serializers.DateTimeField(
        required=False, help_text="Only what happened before; to read on from the oldest answered."
    )
    most = serializers.IntegerField(min_value=1, max_value=500, default=100)


class NewTicketSerializer(serializers.Serializer[Any]):
    incident = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    connection = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        required=False,
        help_text="A tracker or pager that the project may use; the project's first tracker without it.",
    )
