from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.ledger.choices import Fault
from apps.ledger.models import Entry, Verification
from apps.ledger.selectors import ChainState

FAULTS = [("", ""), *((fault.value, fault.value) for fault in Fault)]


class HexField(serializers.CharField):
    """Bytes as hexadecimal digits."""

    def to_representation(self, value: Any) -> str:
        return bytes(value).hex()


class EntrySerializer(serializers.ModelSerializer[Entry]):
    """One change of state, with its place in the chain once it is sealed."""

    actor = serializers.IntegerField(
        source="actor_id", allow_null=True, help_text="Id of who did it; null is the portal."
    )
    token = serializers.IntegerField(
        source="token_id", allow_null=True, help_text="Id of the API token that was used, if any."
    )
    project = serializers.CharField(
        allow_null=True, help_text="Slug of the project; null for what concerns the whole portal."
    )
    data = serializers.DictField(  # type: ignore[assignment]  # a field of this name
        help_text="A changed field is `[before, after]`."
    )
    position = serializers.IntegerField(
        allow_null=True, help_text="Place in the chain; null until it is sealed."
    )
    hash = HexField(allow_null=True, help_text="SHA-256 in hexadecimal digits.")

    class Meta:
        model = Entry
        fields = [
            "id",
            "at",
            "actor",
            "token",
            "verb",
            "subject_kind",
            "subject_id",
            "project",
            "data",
            "request_id",
            "position",
            "hash",
        ]
        read_only_fields = fields


class VerificationSerializer(serializers.ModelSerializer[Verification]):
    """What one walk along the chain found."""

    ok = serializers.BooleanField()
    head = HexField(help_text="Hash at `position`.")
    fault = serializers.ChoiceField(FAULTS, help_text="Empty where the chain holds.")

    class Meta:
        model = Verification
        fields = [
            "ok",
            "at",
            "rows",
            "position",
            "head",
            "seconds",
            "fault",
            "broken_position",
            "broken_entry_id",
            "sentence",
        ]
        read_only_fields = fields


class ChainStateSerializer(serializers.Serializer[ChainState]):
    """Where the chain stands now, and what the last verification said."""

    position = serializers.IntegerField(help_text="The last sealed position.")
    head = serializers.CharField(help_text="The hash there.")
    unsealed = serializers.IntegerField(help_text="Entries that wait for their seal.")
    checked = VerificationSerializer(allow_null=True)
