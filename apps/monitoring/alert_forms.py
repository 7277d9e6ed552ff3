"""What people enter about alerts, silences and routes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from apps.core.access import Person, Role
from apps.core.errors import PortalError
from apps.core.ui.refusable import RefusableForm
from apps.integrations.models import Connection
from apps.monitoring import selectors, services
from apps.monitoring.alerting import matchers
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Alert, Notification, Route, Severity, Silence
from apps.projects import selectors as projects
from apps.projects.models import Project

LOCAL = "%Y-%m-%dT%H:%M"
ANY = ("", "Any")
HOW = 'One per line: deployment="churn", severity=~"critical|warning". All must hold.'


class AlertFilterForm(forms.Form):
    """Which alerts a list shows."""

    state = forms.ChoiceField(
        choices=(("", "Firing"), ("resolved", "Resolved"), ("all", "All")), required=False
    )
    severity = forms.ChoiceField(choices=(ANY, *Severity.choices), required=False)
    source = forms.ChoiceField(choices=(ANY, *Alert.Source.choices), required=False)
    silenced = forms.ChoiceField(
        choices=(ANY, ("yes", "Silenced"), ("no", "Not silenced")), required=False
    )
    mark = forms.ChoiceField(
        choices=(ANY, ("unmarked", "Not marked"), ("useful", "Useful"), ("noise", "Noise")),
        required=False,
    )
    deployment = forms.SlugField(required=False, max_length=60)
    monitor = forms.CharField(required=False, max_length=100)

    @property
    def wanted(self) -> dict[str, str]:
        """What is asked for; nothing where the form cannot be read."""
        return (
            {name: str(value) for name, value in self.cleaned_data.items()}
            if self.is_valid()
            else {}
        )


class AlertNoteForm(RefusableForm):
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class MatchersField(forms.CharField):
    """Matchers as Alertmanager writes them."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return matchers.checked(matchers.parse(text or ""))
        except PortalError as error:
            raise forms.ValidationError(str(error).partition(": ")[2]) from error

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise forms.ValidationError(str(self.error_messages["required"]), code="required")

    def run_validators(self, value: Any) -> None:
        """The text was checked when it was read."""


class SilenceForm(RefusableForm):
    """Times are those of the viewer's zone, and so is the clock of a repetition."""

    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    matchers = MatchersField(max_length=4000, help_text=HOW)
    starts_at = forms.DateTimeField(
        label="From", widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL)
    )
    ends_at = forms.DateTimeField(
        label="Until", widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL)
    )
    repeats = forms.ChoiceField(
        choices=Silence.Repeats.choices,
        required=False,
        help_text="One that repeats is a maintenance window, at the same time of day.",
    )
    until = forms.DateTimeField(
        label="Repeats until",
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL),
    )
    comment = forms.CharField(max_length=500, help_text="Why, for whoever wonders.")

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("starts_at", timezone.now())
        kwargs["initial"].setdefault("ends_at", timezone.now() + timedelta(hours=2))
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.RESPONDER)

    @property
    def stretch(self) -> services.Stretch:
        given = self.cleaned_data
        return services.Stretch(
            given["starts_at"],
            given["ends_at"],
            given["repeats"] or Silence.Repeats.NEVER,
            given["until"],
            timezone.get_current_timezone_name(),
        )


class ConnectionField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Connections by project, name and system."""

    def label_from_instance(self, obj: Connection) -> str:
        where = obj.project.name if obj.project else "the whole site"
        return f"{obj.name} ({obj.entry.label}, {where})"


class RouteChangeForm(RefusableForm):
    """What a route tells."""

    name = forms.CharField(max_length=100, initial="on call")
    severities = forms.MultipleChoiceField(
        choices=Severity.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all.",
    )
    matchers = MatchersField(
        max_length=4000, required=False, help_text=f"{HOW} Empty: every alert."
    )
    repeat_seconds = forms.IntegerField(
        min_value=0,
        max_value=7 * 86_400,
        initial=14_400,
        label="Seconds until it is told again",
        help_text="While it fires and nobody has acknowledged it. 0: it is told once.",
    )
    tell_resolved = forms.BooleanField(required=False, initial=True, label="Tell when it is over")
    enabled = forms.BooleanField(required=False, initial=True)

    @property
    def wanted(self) -> services.Wanted:
        given = self.cleaned_data
        return services.Wanted(
            name=given["name"],
            wanted=given["matchers"],
            severities=given["severities"],
            tell_resolved=given["tell_resolved"],
            repeat_seconds=given["repeat_seconds"],
            enabled=given["enabled"],
        )


class RouteForm(RouteChangeForm):
    """A new route: whose, and through what."""

    project: Any = forms.ModelChoiceField(
        Project.objects.none(), to_field_name="slug", empty_label=None
    )
    connection = ConnectionField(Connection.objects.none(), empty_label=None)
    field_order = ["project", "connection"]

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        project, connection = self.fields["project"], self.fields["connection"]
        assert isinstance(project, forms.ModelChoiceField)
        assert isinstance(connection, forms.ModelChoiceField)
        project.queryset = projects.held(user, Role.MAINTAINER)
        connection.queryset = selectors.tellers(user)


def of_route(route: Route, data: Any = None) -> RouteChangeForm:
    """The form over a route as it is."""
    names = ("name", "severities", "repeat_seconds", "tell_resolved", "enabled")
    now = {name: getattr(route, name) for name in names}
    return RouteChangeForm(
        data, initial={**now, "matchers": lines(matchers.unpacked(route.matchers))}
    )


def lines(some: list[Matcher]) -> str:
    """Matchers, one per line."""
    return "\n".join(map(str, some))


class NotificationFilterForm(forms.Form):
    """Which notifications a list shows."""

    state = forms.ChoiceField(choices=(("", "All"), *Notification.State.choices), required=False)
