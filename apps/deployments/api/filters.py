from __future__ import annotations

from typing import Any

import django_filters as filters

from apps.deployments.models import Deployment, Mismatch, Release


class DeploymentFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")
    environment = filters.CharFilter(field_name="environment__name")

    class Meta:
        model = Deployment
        fields: list[str] = []


class ReleaseFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="deployment__project__slug")
    deployment = filters.CharFilter(field_name="deployment__slug")
    state = filters.ChoiceFilter(choices=Release.State.choices)

    class Meta:
        model = Release
        fields: list[str] = []


class MismatchFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="deployment__project__slug")
    deployment = filters.CharFilter(field_name="deployment__slug")
    kind = filters.ChoiceFilter(choices=Mismatch.Kind.choices)
    open = filters.BooleanFilter(
        method="filter_open", label="Whether it is undecided and still there"
    )

    class Meta:
        model = Mismatch
        fields: list[str] = []

    def filter_open(self, rows: Any, name: str, value: bool) -> Any:
        over = Mismatch.End.OPEN
        return rows.filter(end=over) if value else rows.exclude(end=over)
