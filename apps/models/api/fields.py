from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import LARGEST_ID

LONGEST_NAME = 60
SHAPE = {
    "oneOf": [
        {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
        {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    ]
}


@extend_schema_field(SHAPE)
class NameOrId(serializers.Field[Any, Any, Any, Any]):
    """An environment by its name within the project, or by its id."""

    def to_internal_value(self, data: Any) -> str | int:
        if isinstance(data, str) and 0 < len(data) <= LONGEST_NAME:
            return data
        if isinstance(data, int) and not isinstance(data, bool) and 0 < data <= LARGEST_ID:
            return data
        raise serializers.ValidationError("The name or the id of an environment.")

    def to_representation(self, value: Any) -> Any:
        return value
