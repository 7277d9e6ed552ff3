from __future__ import annotations

from typing import Any

from rest_framework import serializers

LARGEST_ID = 2**63 - 1


class RecordId(serializers.IntegerField):
    """The id of a record, within what the database can compare."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST_ID, **kwargs})
