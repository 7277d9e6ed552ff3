"""What goes in and what comes out of profiles, facts and retirements."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.models.api.serializers import Texts
from apps.models.choices import RiskClass
from apps.models.models import VersionFacts

COLUMNS = {
    "type": "object",
    "description": "inputs, outputs and params, each a list of name and type.",
    "additionalProperties": {"type": "array", "items": {"type": "object"}},
}


@extend_schema_field(COLUMNS)
class Signature(serializers.JSONField):
    """Columns by part."""


class ProfileSerializer(serializers.Serializer[Any]):
    """What may change about a model; its name is MLflow's."""

    purpose = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    owner = serializers.CharField(
        max_length=254, required=False, allow_null=True, help_text="User name or mail address."
    )
    deputy = serializers.CharField(
        max_length=254, required=False, allow_null=True, help_text="User name or mail address."
    )
    risk_class = serializers.ChoiceField(RiskClass.choices, required=False, allow_blank=True)
    licence = serializers.CharField(
        max_length=100, required=False, allow_blank=True, help_text="Apache-2.0, for example."
    )


class RetireSerializer(serializers.Serializer[Any]):
    """Why something is taken out of use."""

    reason = serializers.CharField(max_length=500)
    clean_up = serializers.BooleanField(
        required=False, default=False, help_text="Remove its files afterwards, for good."
    )


class ModelFileSerializer(serializers.Serializer[Any]):
    """One file of a version."""

    path = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(allow_blank=True, help_text="Empty where it was too large.")


class RiskSerializer(serializers.Serializer[Any]):
    """Something known to be risky in a file."""

    file = serializers.CharField()
    what = serializers.CharField(help_text="The import or the requirement.")
    risk = serializers.CharField(help_text="runs code, unknown import, unpinned, foreign source, …")


class FactsSerializer(serializers.ModelSerializer[VersionFacts]):
    """What a version's files say."""

    version = serializers.IntegerField(source="version_id", help_text="Id of the model version.")
    signature = Signature()
    flavours = Texts()
    requirements = serializers.ListField(child=serializers.CharField())
    files = ModelFileSerializer(many=True)
    risks = RiskSerializer(many=True)

    class Meta:
        model = VersionFacts
        fields = [
            "version",
            "signature",
            "flavours",
            "requirements",
            "files",
            "size",
            "digest",
            "digest_whole",
            "licence",
            "risks",
            "trouble",
            "read_at",
        ]
        read_only_fields = fields
