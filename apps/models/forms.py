from __future__ import annotations

from typing import Any

from django import forms

from apps.core.ui.refusable import RefusableForm
from apps.models.errors import BadFilter
from apps.models.models import ModelVersion, RegisteredModel
from apps.models.search.grammar import read_filter
from apps.models.search.words import LONGEST
from apps.projects.models import Environment, Project


class PromoteForm(forms.Form):
    environment = forms.ModelChoiceField(Environment.objects.none(), empty_label=None)
    note = forms.CharField(
        max_length=500, required=False, help_text="Why, for whoever decides on it."
    )

    def __init__(self, *args: Any, version: ModelVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_environments(self, version.project)


class DecideForm(forms.Form):
    verdict = forms.ChoiceField(choices=[("approve", "Approve"), ("decline", "Decline")])
    note = forms.CharField(max_length=2000, required=False)


class ReasonForm(RefusableForm):
    reason = forms.CharField(max_length=500, help_text="Why, for the record.")


class MetricFloorForm(forms.Form):
    environment = forms.ModelChoiceField(Environment.objects.none(), empty_label=None)
    metric = forms.CharField(max_length=250, help_text="A metric that its runs log.")
    floor = forms.FloatField(help_text="A version's run must reach this value.")

    def __init__(self, *args: Any, model: RegisteredModel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_environments(self, model.project)


class RunFilterForm(forms.Form):
    filter = forms.CharField(
        max_length=LONGEST,
        required=False,
        help_text="As in MLflow: metrics.accuracy > 0.9 and params.kind = 'forest'",
        widget=forms.TextInput(
            attrs={"spellcheck": "false", "autocapitalize": "none", "data-long": ""}
        ),
    )
    q = forms.CharField(max_length=200, required=False, label="Name")
    experiment = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    status = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any state"),
            ("FINISHED", "Finished"),
            ("RUNNING", "Running"),
            ("FAILED", "Failed"),
            ("KILLED", "Killed"),
        ],
    )

    def __init__(self, *args: Any, experiments: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Any experiment"), *((str(pk), name) for pk, name in experiments)]
        self.fields["experiment"].widget = forms.Select(choices=choices)

    def clean_filter(self) -> str:
        """The filter string, where it can be read."""
        text: str = self.cleaned_data["filter"]
        try:
            read_filter(text)
        except BadFilter as error:
            raise forms.ValidationError(str(error)) from error
        return text


class ModelFilterForm(forms.Form):
    q = forms.CharField(max_length=200, required=False, label="Name")


def _offer_environments(form: forms.Form, project: Project) -> None:
    field = form.fields["environment"]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = project.environments.all()
