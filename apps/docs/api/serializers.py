from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.docs import search, vitality
from apps.docs.markdown import LONGEST
from apps.docs.models import Attachment, Document, Revision, Source


class DocumentSerializer(serializers.ModelSerializer[Document]):
    project = serializers.CharField(source="project.slug")
    owner = serializers.CharField(source="owner_name", help_text="As the front matter names them.")
    deputy = serializers.CharField(source="deputy.username", allow_null=True, default=None)
    stale = serializers.SerializerMethodField(help_text="Why it is stale; empty where it is not.")

    class Meta:
        model = Document
        fields = [
            "id", "project", "slug", "kind", "state", "title", "body", "applies_to", "tags",
            "owner", "deputy", "review_by", "path", "removed_at", "stale", "created_at",
            "updated_at",
        ]  # fmt: skip

    def get_stale(self, row: Document) -> list[str]:
        return vitality.stale_reasons(row)


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    by = serializers.CharField(source="by.username")

    class Meta:
        model = Revision
        fields = ["id", "number", "title", "body", "published", "by", "at"]


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    class Meta:
        model = Attachment
        fields = ["id", "name", "media_type", "size", "sha256", "at"]


class NewAttachmentSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(max_length=150)


class RestoreRevisionSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class DocumentSourceSerializer(serializers.ModelSerializer[Source]):
    project = serializers.CharField(source="project.slug")

    class Meta:
        model = Source
        fields = [
            "id", "project", "kind", "name", "url", "branch", "folder", "cursor", "read_at",
            "failure", "report", "created_at",
        ]  # fmt: skip


class NewDocumentSourceSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)
    url = serializers.CharField(max_length=500, help_text="Begins with https://.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    branch = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    folder = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    token = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", write_only=True
    )
    every_seconds = serializers.IntegerField(min_value=60, max_value=604_800, default=900)


class DocumentImportSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)
    kind = serializers.ChoiceField(choices=["upload", "confluence", "shipped"])
    name = serializers.CharField(
        max_length=200, default="Upload", help_text="The same name is the same source, later."
    )
    file = serializers.FileField(
        required=False, help_text="A zip archive; none for what is shipped."
    )


class SkippedFileSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    reason = serializers.CharField()


class DocumentImportReportSerializer(serializers.Serializer[Any]):
    written = serializers.ListField(child=serializers.CharField())
    revised = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    skipped = SkippedFileSerializer(many=True)


class NewDocumentSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)
    kind = serializers.ChoiceField(choices=Document.Kind.choices)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    body = serializers.CharField(
        max_length=LONGEST, trim_whitespace=False, help_text="Markdown, front matter optional."
    )
    draft = serializers.BooleanField(default=False, help_text="Not found and not cited.")


class ChangeSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    body = serializers.CharField(max_length=LONGEST, trim_whitespace=False)
    draft = serializers.BooleanField(default=False, help_text="Waits until it is published.")


class HitSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.IntegerField()
    document = serializers.IntegerField(allow_null=True)
    title = serializers.CharField()
    snippet = serializers.CharField(allow_blank=True)
    score = serializers.FloatField()
    url = serializers.CharField()


class HitsSerializer(serializers.Serializer[Any]):
    results = HitSerializer(many=True)
    facets = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="How many pages have one of the words, by `kind` and by `project`.",
    )
    suggestion = serializers.CharField(
        allow_blank=True, help_text="The query with words that exist, where some do not."
    )
    semantic = serializers.BooleanField(help_text="Whether meaning was compared, not words alone.")


class SearchSerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        allow_blank=True, max_length=100_000, help_text="The first 1000 characters are read."
    )
    project = serializers.SlugField(max_length=60, required=False)
    tag = serializers.CharField(max_length=100, required=False)
    kinds = serializers.CharField(
        max_length=200, required=False, help_text="Kinds of results, separated by commas."
    )

    def validate_kinds(self, value: str) -> set[str]:
        wanted = {kind.strip() for kind in value.split(",") if kind.strip()}
        if unknown := wanted - set(search.kinds()):
            known = ", ".join(search.kinds())
            raise serializers.ValidationError(f"{', '.join(sorted(unknown))}: one of {known}")
        return wanted
