"""What the pages about the life of incidents show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from apps.core.access import Person, Role
from apps.core.typing import UserRequest
from apps.core.ui.charts import Chart, Series
from apps.incidents import selectors
from apps.incidents.life_forms import OtherForm, RoleForm, SeverityForm
from apps.incidents.models import Incident
from apps.incidents.statistics import Figures, figures
from apps.projects import selectors as projects
from apps.projects.models import Project

WEEKS = {"4": "4 weeks", "13": "13 weeks", "52": "52 weeks"}
HOUR = 3600.0


class StatisticsForm(forms.Form):
    """Of which project, over how long."""

    project = forms.ModelChoiceField(
        Project.objects.none(), to_field_name="slug", required=False, empty_label="Every project"
    )
    weeks = forms.ChoiceField(choices=list(WEEKS.items()), required=False)

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.VIEWER)


def manage(user: Person, row: Incident) -> dict[str, Any]:
    """The forms about one incident."""
    return {
        "incident": row,
        "severity_form": SeverityForm(initial={"severity": row.severity}),
        "role_form": RoleForm(incident=row),
        "merge_form": OtherForm(prefix=None, auto_id="merge_%s"),
        "relate_form": OtherForm(prefix=None, auto_id="relate_%s"),
        "assignments": row.assignments.select_related("user"),
    }


def life(user: Person, row: Incident) -> dict[str, Any]:
    """What gathered under an incident, who holds its roles, and its relations."""
    return {
        "involved": row.involved.select_related("alert"),
        "assignments": row.assignments.select_related("user"),
        "relations": selectors.related(user, row),
        "merged": selectors.incidents(user).filter(merged_into=row),
        "recurrences": row.recurrences.exclude(looked_at=None).select_related("again"),
    }


def statistics(request: UserRequest) -> dict[str, Any]:
    """The figures of a stretch, as charts with tables behind."""
    form = StatisticsForm(request.GET, user=request.user)
    given = form.cleaned_data if form.is_valid() else {}
    weeks = int(given.get("weeks") or 13)
    found = selectors.incidents(request.user)
    if given.get("project"):
        found = found.filter(project=given["project"])
    now = timezone.now()
    told = figures(found, now - timedelta(weeks=weeks), now)
    return {
        "form": form,
        "told": told,
        "charts": charts(told) if told.weeks else [],
        "acknowledge": spell(told.whole.acknowledge_seconds, "none was acknowledged"),
        "resolve": spell(told.whole.resolve_seconds, "none is resolved"),
        "again": None if told.again is None else round(100 * told.again),
        "keeps": projects.held(request.user, Role.MAINTAINER),
    }


def spell(seconds: float | None, none: str) -> str:
    """A time in its two largest units, such as `3 h 20 min`."""
    if seconds is None:
        return none
    minutes = max(1, round(seconds / 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (rest, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def charts(told: Figures) -> list[Chart]:
    """One chart of how many, one of how long."""
    times = [span.starts.timestamp() for span in told.weeks if span.starts]
    opened = Series("Opened", [float(span.opened) for span in told.weeks])
    return [
        Chart("Incidents opened by week", times, [opened], group="incidents"),
        Chart(
            "Mean hours by week",
            times,
            [
                Series("To acknowledge", [_hours(each.acknowledge_seconds) for each in told.weeks]),
                Series("To resolve", [_hours(each.resolve_seconds) for each in told.weeks]),
            ],
            unit="h",
            group="incidents",
        ),
    ]


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / HOUR
