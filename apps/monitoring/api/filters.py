from __future__ import annotations

import django_filters as filters

from apps.monitoring.models import Alert, Baseline, Monitor, Severity, Slo


class BaselineFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")
    deployment = filters.CharFilter(field_name="deployment__slug")

    class Meta:
        model = Baseline
        fields: list[str] = []


class MonitorFilter(BaselineFilter):
    state = filters.ChoiceFilter(choices=Monitor.State.choices)
    kind = filters.ChoiceFilter(choices=Monitor.Kind.choices)
    severity = filters.ChoiceFilter(choices=Severity.choices)

    class Meta:
        model = Monitor
        fields: list[str] = []


class AlertFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")
    deployment = filters.CharFilter(field_name="deployment__slug")
    state = filters.ChoiceFilter(choices=Alert.State.choices)

    class Meta:
        model = Alert
        fields: list[str] = []


class SloFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")
    deployment = filters.CharFilter(field_name="deployment__slug")
    state = filters.ChoiceFilter(choices=Slo.State.choices)

    class Meta:
        model = Slo
        fields: list[str] = []
