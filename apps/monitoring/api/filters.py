from __future__ import annotations

import django_filters as filters

from apps.monitoring.models import (
    Alert,
    Baseline,
    Monitor,
    Notification,
    Route,
    Severity,
    Silence,
    Slo,
    Upstream,
)


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
    severity = filters.ChoiceFilter(choices=Severity.choices)
    source = filters.ChoiceFilter(choices=Alert.Source.choices)
    mark = filters.ChoiceFilter(choices=[*Alert.Mark.choices[1:]])
    silenced = filters.BooleanFilter()

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


class SilenceFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")

    class Meta:
        model = Silence
        fields: list[str] = []


class RouteFilter(SilenceFilter):
    class Meta:
        model = Route
        fields: list[str] = []


class UpstreamFilter(SilenceFilter):
    class Meta:
        model = Upstream
        fields: list[str] = []


class NotificationFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="route__project__slug")
    state = filters.ChoiceFilter(choices=Notification.State.choices)

    class Meta:
        model = Notification
        fields: list[str] = []
