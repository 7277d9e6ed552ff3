from __future__ import annotations

import django_filters as filters

from apps.docs.models import Document


class DocumentFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")
    kind = filters.ChoiceFilter(choices=Document.Kind.choices)
    state = filters.ChoiceFilter(choices=Document.State.choices)
    removed = filters.BooleanFilter(field_name="removed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Document
        fields: list[str] = []
