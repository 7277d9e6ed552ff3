from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from apps.core.errors import PortalError
from apps.core.ui.refusable import RefusableForm
from apps.models.choices import RiskClass
from apps.models.errors import BadFilter
from apps.models.models import ModelVersion
from apps.models.search.grammar import read_filter
from apps.models.search.words import LONGEST
from apps.projects import selectors as projects
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


class WaiverForm(RefusableForm):
    """Why a gate may fail for one version, and until which day."""

    reason = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stands beside the failure, for ever.",
    )
    until = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}),
        label="Until the end of",
        help_text="At most 90 days ahead.",
    )

    @property
    def expires_at(self) -> datetime:
        """The last moment of the day, in the zone of whoever chose it, but within the longest waiver."""
        end = datetime.combine(self.cleaned_data["until"], time.max)
        return timezone.make_aware(end)

    def refuse(self, error: PortalError) -> None:
        """The day is what a person chose; the service speaks of the moment."""
        name, colon, rest = str(error).partition(": ")
        field = {"expires_at": "until", "reason": "reason"}.get(name) if colon else None
        self.add_error(field, rest[:1].upper() + rest[1:] if field else str(error))


class ProfileForm(RefusableForm):
    """What MLflow has no place for."""

    NAMES = forms.TextInput(attrs={"list": "holders", "autocomplete": "off"})

    purpose = forms.CharField(
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What its answers are used for, in a sentence or two.",
    )
    owner = forms.CharField(
        max_length=254,
        required=False,
        widget=NAMES,
        help_text="User name or mail address of who answers for it.",
    )
    deputy = forms.CharField(max_length=254, required=False, widget=NAMES, help_text="Stands in.")
    risk_class = forms.ChoiceField(
        required=False,
        choices=[("", "Not said"), *RiskClass.choices],
        help_text="How much harm a wrong answer can do.",
    )
    licence = forms.CharField(
        max_length=100,
        required=False,
        help_text="For example Apache-2.0, where the files say none.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for field in ("owner", "deputy"):
            try:
                name = cleaned.get(field, "")
                cleaned[field] = projects.account(name, field=field) if name else None
            except PortalError as error:
                self.refuse(error)
        return cleaned


class RetireForm(RefusableForm):
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody with a role in the project reads it.",
    )
    clean_up = forms.BooleanField(
        required=False,
        label="Remove the files afterwards",
        help_text="For good: MLflow forgets the version, and its files are deleted.",
    )


class CompareForm(forms.Form):
    """Two versions by their ids."""

    a = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    b = forms.IntegerField(min_value=1, max_value=2**63 - 1)


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
