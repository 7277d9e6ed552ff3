from __future__ import annotations

import django_filters as filters

from apps.incidents.models import (
    Action,
    Incident,
    Note,
    Override,
    Policy,
    PostMortem,
    Schedule,
    StatusPage,
    Step,
    Ticket,
    TicketConflict,
)


class IncidentFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")
    deployment = filters.CharFilter(field_name="deployment__slug")
    state = filters.ChoiceFilter(choices=Incident.State.choices)
    severity = filters.ChoiceFilter(choices=Incident.Severity.choices)

    class Meta:
        model = Incident
        fields: list[str] = []


class NoteFilter(filters.FilterSet):
    incident = filters.NumberFilter(field_name="incident_id", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = Note
        fields: list[str] = []


class PostMortemFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="incident__project__slug")
    incident = filters.NumberFilter(field_name="incident_id", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = PostMortem
        fields: list[str] = []


class StatusPageFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")

    class Meta:
        model = StatusPage
        fields: list[str] = []


class TicketFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="incident__project__slug")
    incident = filters.NumberFilter(field_name="incident_id", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = Ticket
        fields: list[str] = []


class TicketConflictFilter(filters.FilterSet):
    ticket = filters.NumberFilter(field_name="ticket_id", min_value=1, max_value=2**63 - 1)
    settled = filters.BooleanFilter(field_name="settled_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = TicketConflict
        fields: list[str] = []


class ScheduleFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")

    class Meta:
        model = Schedule
        fields: list[str] = []


class OverrideFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="schedule__project__slug")
    schedule = filters.NumberFilter(field_name="schedule_id", min_value=1, max_value=2**63 - 1)

    class Meta:
        model = Override
        fields: list[str] = []


class PolicyFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="project__slug")

    class Meta:
        model = Policy
        fields: list[str] = []


class StepFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="incident__project__slug")
    incident = filters.NumberFilter(field_name="incident_id", min_value=1, max_value=2**63 - 1)
    state = filters.ChoiceFilter(choices=Step.State.choices)

    class Meta:
        model = Step
        fields: list[str] = []


class IncidentActionFilter(filters.FilterSet):
    project = filters.CharFilter(field_name="incident__project__slug")
    incident = filters.NumberFilter(field_name="incident_id", min_value=1, max_value=2**63 - 1)
    owner = filters.CharFilter(field_name="owner__username")
    done = filters.BooleanFilter(field_name="done_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Action
        fields: list[str] = []
