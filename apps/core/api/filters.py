"""Query parameters that refuse what they do not understand, instead of ignoring it."""

from __future__ import annotations

from typing import Any

from django import forms
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from apps.core.api.fields import LARGEST_ID

YES_NO = (("true", "true"), ("false", "false"))
LONGEST_WORDS = 200


@extend_schema_field(OpenApiTypes.INT64)
class RecordIdFilter(filters.Filter):
    """The id of a record."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"min_value": 1, "max_value": LARGEST_ID, **kwargs})


@extend_schema_field(OpenApiTypes.BOOL)
class YesNoFilter(filters.TypedChoiceFilter):
    """`true` or `false`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = {"choices": YES_NO, "coerce": lambda value: value == "true", **kwargs}
        super().__init__(*args, **given)


class WordsFilter(filters.CharFilter):
    """Words to look for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": LONGEST_WORDS, **kwargs})
