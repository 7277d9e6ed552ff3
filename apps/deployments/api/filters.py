from __future__ import annotations

import django_filters as filters

from apps.deployments.models import Deployment, Release


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
