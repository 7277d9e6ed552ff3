from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from apps.core.access import Person
from apps.core.ui.refusable import RefusableForm
from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.docs.models import Document
from apps.monitoring import selectors, setting_fields
from apps.monitoring.looks import KINDS, Kind, kinds
from apps.monitoring.models import Baseline, Monitor, Severity

MOST_EVERY = 86_400  # seconds
MOST_HOLD = 604_800
HOLD = 900


class ChooseForm(forms.Form):
    """Which deployment to watch."""

    deployment = forms.ModelChoiceField(
        Deployment.objects.none(), to_field_name="slug", empty_label=None
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["deployment"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = deployments.deployments(user).order_by("slug")


class BaselineForm(RefusableForm):
    artifact = forms.RegexField(
        r"^[\w./-]{1,300}\.(csv|parquet)$",
        label="Artifact of the run",
        help_text="Path of the training inputs that the live version's run logged: "
        "a .csv or .parquet file, such as training/inputs.csv.",
    )


class BaselineChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Baselines by size, source and time."""

    def label_from_instance(self, obj: Baseline) -> str:
        return f"{obj.rows} rows, {obj.get_source_display()}, {obj.created_at:%F %H:%M} UTC"


class MonitorForm(RefusableForm):
    """A monitor of one kind: what all have, and the kind's own settings."""

    name = forms.CharField(max_length=100)
    baseline = BaselineChoiceField(Baseline.objects.none(), empty_label=None)
    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.WARNING, required=False)
    runbook = forms.ModelChoiceField(
        Document.objects.none(),
        required=False,
        empty_label="None",
        help_text="What to do when it fires. A critical monitor needs one.",
    )
    window_rows = forms.IntegerField(
        min_value=30,
        max_value=100_000,
        initial=200,
        label="Rows per look",
        help_text="How many of the newest predictions a look compares.",
    )
    every_seconds = forms.IntegerField(
        min_value=1, max_value=MOST_EVERY, initial=60, label="Seconds between looks"
    )
    hold_seconds = forms.IntegerField(
        min_value=1,
        max_value=MOST_HOLD,
        initial=900,
        required=False,
        label="Hold, in seconds",
        help_text="Without a look that says act for so long, its alert is over.",
    )
    as_of = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, deployment: Deployment, user: Person, kind: Kind, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.looks = kind
        self.fields["name"].initial = kind.kind.label
        self._offer(deployment, user)
        if not kind.needs_baseline:
            del self.fields["baseline"]
        self.fields["kind"] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=kind.kind.value
        )
        self.fields.update(setting_fields.fields(kind.settings))
        defaults = {
            setting_fields.PREFIX + name: info.default
            for name, info in kind.settings.model_fields.items()
            if not info.is_required() and info.default_factory is None
        }
        self.initial = {**defaults, **self.initial}

    def _offer(self, deployment: Deployment, user: Person) -> None:
        baseline, runbook = self.fields["baseline"], self.fields["runbook"]
        assert isinstance(baseline, BaselineChoiceField)
        assert isinstance(runbook, forms.ModelChoiceField)
        known = selectors.baselines(user).filter(deployment=deployment)
        baseline.queryset = known.order_by("-pk")
        runbook.queryset = selectors.runbooks(user, deployment)

    def clean_as_of(self) -> datetime | None:
        """When the person read the monitor."""
        text = self.cleaned_data["as_of"]
        try:
            return datetime.fromisoformat(text) if text else None
        except ValueError as error:
            raise forms.ValidationError("Read the page again.") from error

    def clean(self) -> dict[str, Any]:
        """The kind's settings stand together under `settings`."""
        cleaned = super().clean() or self.cleaned_data
        plain = {k: v for k, v in cleaned.items() if not k.startswith(setting_fields.PREFIX)}
        plain.pop("kind", None)
        plain["severity"] = plain.get("severity") or Severity.WARNING
        plain["hold_seconds"] = plain.get("hold_seconds") or HOLD
        return plain | {"settings": setting_fields.given(self.looks.settings, cleaned)}


class KindForm(forms.Form):
    """Which kind of monitor."""

    kind = forms.ChoiceField(label="Kind of monitor")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.kind.value, each.kind.label.capitalize()) for each in KINDS.values()]


class MonitorFilterForm(forms.Form):
    """Which monitors the list shows."""

    q = forms.CharField(max_length=100, required=False, label="Name")
    state = forms.ChoiceField(choices=[("", "Any"), *Monitor.State.choices], required=False)
    kind = forms.ChoiceField(choices=[("", "Any"), *Monitor.Kind.choices], required=False)


class BacktestForm(RefusableForm):
    """Which setting is replayed, and over how many days."""

    days = forms.IntegerField(min_value=1, max_value=92, initial=7, label="Days back from now")
    window_rows = MonitorForm.base_fields["window_rows"]
    hold_seconds = MonitorForm.base_fields["hold_seconds"]

    def __init__(self, *args: Any, monitor: Monitor, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.looks = kind
        self.initial = {
            "window_rows": monitor.window_rows,
            "hold_seconds": monitor.hold_seconds,
            **setting_fields.initial(kinds.settings_of(monitor)),
        }
        self.fields.update(setting_fields.fields(kind.settings))

    def clean(self) -> dict[str, Any]:
        """The setting that is tried stands under `wanted`."""
        cleaned = super().clean() or self.cleaned_data
        settings = setting_fields.given(self.looks.settings, cleaned)
        plain = {
            name: cleaned[name] for name in ("window_rows", "hold_seconds") if cleaned.get(name)
        }
        return {"days": cleaned.get("days"), "wanted": {**plain, "settings": settings}}
