"""What people enter about schedules, policies and how they are paged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone

from apps.accounts.models import User
from apps.core.access import Person, Role
from apps.core.ui.refusable import RefusableForm
from apps.incidents.models import ContactRule, Incident, Layer, Policy, Schedule
from apps.incidents.oncall import access, selectors
from apps.incidents.oncall.policies import Step, Wanted
from apps.incidents.oncall.schedules import Shape
from apps.integrations.models import Connection
from apps.projects import selectors as projects
from apps.projects.models import Project

LOCAL = "%Y-%m-%dT%H:%M"
CLOCK = forms.TimeInput({"type": "time"}, "%H:%M")
DAYS = tuple(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
MOST_STEPS = 12


class ProjectField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Projects by slug."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Project.objects.none(), to_field_name="slug", empty_label=None, **options)


class ScheduleForm(RefusableForm):
    name = forms.CharField(max_length=100, help_text="For example: primary.")
    zone = forms.CharField(
        max_length=60,
        label="Time zone",
        help_text="For example Europe/Berlin. Hand-overs keep to its clock.",
    )

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"].strip()
        if zone not in available_timezones():
            raise forms.ValidationError("Choose a zone such as Europe/Berlin.")
        return zone


class NewScheduleForm(ScheduleForm):
    project = ProjectField()
    field_order = ["project"]

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"zone": getattr(user, "time_zone", "UTC")})
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.MAINTAINER)


class LayerForm(RefusableForm):
    """One rotation; the people follow each other in the order of the lines."""

    name = forms.CharField(max_length=100, initial="weekly")
    people = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="User names, one per line, in order. Each needs the responder role.",
    )
    starts_on = forms.DateField(
        label="First hand-over",
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text="A rotation of weeks changes on its weekday.",
    )
    hand_over = forms.TimeField(label="At", widget=CLOCK, initial="09:00")
    length = forms.IntegerField(min_value=1, max_value=366, initial=1, label="Each is on for")
    unit = forms.ChoiceField(choices=Layer.Unit.choices, initial=Layer.Unit.WEEKS)
    weekdays = forms.TypedMultipleChoiceField(
        choices=DAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        label="Only on", help_text="None chosen: every day.",
    )  # fmt: skip
    opens = forms.TimeField(required=False, widget=CLOCK, label="Only from")
    closes = forms.TimeField(
        required=False, widget=CLOCK, label="Only until",
        help_text="One that ends before it begins goes over midnight.",
    )  # fmt: skip

    def __init__(self, *args: Any, schedule: Schedule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schedule = schedule
        names = ", ".join(
            person.username for person in selectors.responders_of(schedule.project)[:30]
        )
        self.fields["people"].help_text += f" Here: {names}." if names else ""

    def clean_people(self) -> list[User]:
        lines = [line.strip() for line in self.cleaned_data["people"].splitlines() if line.strip()]
        able = {
            person.username: person for person in selectors.responders_of(self.schedule.project)
        }
        if unknown := [line for line in lines if line not in able]:
            raise forms.ValidationError(
                f"Not a responder of the project: {', '.join(unknown)[:200]}."
            )
        return [able[line] for line in lines]

    @property
    def shape(self) -> Shape:
        return Shape(**self.cleaned_data)


def of_layer(layer: Layer, data: Any = None) -> LayerForm:
    """The form over a rotation as it is."""
    names = ("name", "starts_on", "hand_over", "length", "unit", "weekdays", "opens", "closes")
    now = {name: getattr(layer, name) for name in names}
    now["people"] = "\n".join(turn.user.username for turn in layer.turns.select_related("user"))
    return LayerForm(data, schedule=layer.schedule, initial=now)


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """People by user name."""

    def label_from_instance(self, obj: User) -> str:
        return f"{obj} ({obj.username})" if str(obj) != obj.username else obj.username


class OverrideForm(RefusableForm):
    """Times are those of the viewer's zone."""

    user = PersonField(User.objects.none(), label="Who", to_field_name="username", empty_label=None)
    starts_at = forms.DateTimeField(
        label="From", widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL)
    )
    ends_at = forms.DateTimeField(
        label="Until", widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL)
    )

    def __init__(self, *args: Any, schedule: Schedule, by: Person, **kwargs: Any) -> None:
        now = timezone.now().replace(second=0, microsecond=0)
        kwargs.setdefault(
            "initial", {"starts_at": now, "ends_at": now + timedelta(hours=8), "user": by.username}
        )
        super().__init__(*args, **kwargs)
        field = self.fields["user"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = selectors.responders_of(schedule.project)


class CalendarForm(RefusableForm):
    """A calendar by its address, or as a file."""

    name = forms.CharField(max_length=100, initial="calendar")
    address = forms.CharField(
        required=False, max_length=2000, help_text="Read every half hour. Kept as a secret."
    )
    file = forms.FileField(required=False, help_text="Or an .ics file, read once.")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("address")) == bool(given.get("file")):
            raise forms.ValidationError("Give an address or a file.")
        if (file := given.get("file")) and file.size > 2_000_000:
            raise forms.ValidationError("The file is larger than 2 MB.")
        return given

    @property
    def text(self) -> str:
        return str(self.cleaned_data["file"].read().decode(errors="replace"))


class PolicyForm(RefusableForm):
    """A policy with its steps; a step without targets is none."""

    name = forms.CharField(max_length=100, initial="default")
    severity = forms.ChoiceField(
        choices=[("", "every other"), *Incident.Severity.choices],
        required=False,
        label="For severity",
    )
    repeats = forms.IntegerField(min_value=0, max_value=9, initial=2, label="Times it is repeated")
    repeat_minutes = forms.IntegerField(
        min_value=1, max_value=1440, initial=15, label="Minutes until it is repeated"
    )

    def __init__(
        self, *args: Any, user: Person, project: Project, steps: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.project = user, project
        self.steps = range(1, min(steps, MOST_STEPS) + 1)
        choices = list(_targets(user, project))
        for number in self.steps:
            self.fields[f"after_{number}"] = forms.IntegerField(
                min_value=0, max_value=1440, initial=0 if number == 1 else 5,
                label=f"Step {number}: minutes after {'the opening' if number == 1 else 'the step before'}",
            )  # fmt: skip
            self.fields[f"targets_{number}"] = forms.MultipleChoiceField(
                choices=choices, required=False, widget=forms.CheckboxSelectMultiple,
                label=f"Step {number}: pages",
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not any(given.get(f"targets_{number}") for number in self.steps):
            raise forms.ValidationError("Choose whom the first step pages.")
        return given

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            name=given["name"],
            severity=given["severity"],
            repeats=given["repeats"],
            repeat_minutes=given["repeat_minutes"],
            steps=[
                Step(given[f"after_{number}"], [self._target(one) for one in chosen])
                for number in self.steps
                if (chosen := given[f"targets_{number}"])
            ],
        )

    def _target(self, chosen: str) -> Schedule | User | Connection:
        kind, _, key = chosen.partition(":")
        return access.target(self.user, self.project, kind, key)


def _targets(user: Person, project: Project) -> Iterable[tuple[str, str]]:
    for schedule in selectors.schedules(user).filter(project=project):
        yield f"schedule:{schedule.pk}", f"who is on call at {schedule.name}"
    for connection in selectors.targets(user, project):
        yield f"connection:{connection.pk}", f"{connection.name} ({connection.entry.label})"
    for person in selectors.responders_of(project):
        yield f"person:{person.username}", str(person)


def of_policy(policy: Policy, user: Person, data: Any = None) -> PolicyForm:
    """The form over a policy as it is, with two steps to spare."""
    names = ("name", "severity", "repeats", "repeat_minutes")
    now: dict[str, Any] = {name: getattr(policy, name) for name in names}
    rungs = list(policy.rungs.all())
    for number, rung in enumerate(rungs, start=1):
        now[f"after_{number}"] = rung.after_minutes
        now[f"targets_{number}"] = [_key(target) for target in rung.targets.all()]
    return PolicyForm(data, user=user, project=policy.project, steps=len(rungs) + 2, initial=now)


def _key(target: Any) -> str:
    if target.schedule_id:
        return f"schedule:{target.schedule_id}"
    if target.connection_id:
        return f"connection:{target.connection_id}"
    return f"person:{target.user.username}"


class ChooseProjectForm(forms.Form):
    project = ProjectField()

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.MAINTAINER)


class ContactRuleForm(RefusableForm):
    way = forms.ChoiceField(choices=ContactRule.Way.choices)
    connection = forms.ModelChoiceField(
        Connection.objects.none(), required=False, empty_label="none",
        help_text="For the way “a connection”: ntfy, Slack, Teams, a webhook.",
    )  # fmt: skip
    after_minutes = forms.IntegerField(
        min_value=0, max_value=1440, initial=0, label="Minutes after the page"
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = selectors.tellers(user)


class QuietForm(RefusableForm):
    begins = forms.TimeField(required=False, widget=CLOCK, label="From")
    ends = forms.TimeField(
        required=False, widget=CLOCK, label="Until",
        help_text="By the clock of your zone. Mail still comes, and what is critical comes at once.",
    )  # fmt: skip


class MonthForm(forms.Form):
    """Which month a calendar shows."""

    month = forms.RegexField(r"^20\d\d-(0[1-9]|1[0-2])$", required=False)

    def first(self, today: datetime) -> datetime:
        """The first day of the month that is asked for."""
        text = self.cleaned_data.get("month") if self.is_valid() else ""
        if not text:
            return today.replace(day=1)
        return today.replace(year=int(text[:4]), month=int(text[5:]), day=1)
