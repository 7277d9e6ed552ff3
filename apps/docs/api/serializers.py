from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.docs import search
from apps.docs.models import Document


class DocumentSerializer(serializers.ModelSerializer[Document]):
    project = serializers.CharField(source="project.slug")

    class Meta:
        model = Document
        fields = [
            "id", "project", "slug", "kind", "title", "body", "applies_to", "tags", "created_at",
            "updated_at",
        ]  # fmt: skip


class NewDocumentSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)
    kind = serializers.ChoiceField(choices=Document.Kind.choices)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    body = serializers.CharField(
        max_length=1_000_000, trim_whitespace=False, help_text="Markdown, front matter optional."
    )


class ChangeSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    body = serializers.CharField(max_length=1_000_000, trim_whitespace=False)


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
