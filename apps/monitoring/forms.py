from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person
from apps.core.ui.refusable import RefusableForm
from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.monitoring import selectors
from apps.monitoring.models import Baseline

MOST_EVERY = 86_400  # seconds


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
    baseline = BaselineChoiceField(Baseline.objects.none(), empty_label=None)
    name = forms.CharField(max_length=100, initial="input drift")
    window_rows = forms.IntegerField(
        min_value=30,
        max_value=100_000,
        initial=200,
        label="Rows per look",
        help_text="How many of the newest predictions are compared with the baseline.",
    )
    every_seconds = forms.IntegerField(
        min_value=1, max_value=MOST_EVERY, initial=60, label="Seconds between looks"
    )

    def __init__(self, *args: Any, deployment: Deployment, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["baseline"]
        assert isinstance(field, BaselineChoiceField)
        known = selectors.baselines(user).filter(deployment=deployment)
        field.queryset = known.order_by("-pk")
