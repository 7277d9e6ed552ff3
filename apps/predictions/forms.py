from __future__ import annotations

from django import forms

from apps.core.ui.refusable import RefusableForm
from apps.predictions.services.retaining import LONGEST_DAYS


class LogFilterForm(forms.Form):
    id = forms.CharField(max_length=80, required=False, label="Prediction id")
    version = forms.CharField(max_length=80, required=False)
    since = forms.DateTimeField(required=False, help_text="UTC, such as 2026-11-01 14:00.")
    until = forms.DateTimeField(required=False, help_text="UTC.")


class RetentionForm(RefusableForm):
    days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        label="Days to keep",
        help_text="Predictions, ground truth and what was set aside; empty: for ever.",
    )


class ErasureForm(RefusableForm):
    column = forms.CharField(
        max_length=220, help_text="id, or a column of the log such as inputs.customer_id."
    )
    values = forms.CharField(
        widget=forms.Textarea, max_length=100_000, help_text="One a line, as texts."
    )

    def clean_values(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["values"].splitlines() if line.strip()]
