from __future__ import annotations

import django_filters as filters

from apps.demo.choices import Mode, StoryState
from apps.demo.models import Story


class StoryFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")
    mode = filters.ChoiceFilter(choices=Mode.choices)
    state = filters.ChoiceFilter(choices=StoryState.choices)

    class Meta:
        model = Story
        fields: list[str] = []
