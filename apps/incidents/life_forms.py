"""Forms about the life of an incident."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.core.ui.refusable import RefusableForm
from apps.incidents.models import Assignment, Incident
from apps.incidents.oncall import selectors as on_call


class ReasonForm(RefusableForm):
    reason = forms.CharField(max_length=500, help_text="Why it is not over.")


class SeverityForm(RefusableForm):
    severity = forms.ChoiceField(choices=Incident.Severity.choices)


class RoleForm(RefusableForm):
    part = forms.ChoiceField(choices=Assignment.Part.choices, label="Role")
    user = forms.ModelChoiceField(
        User.objects.none(), to_field_name="username", required=False, empty_label="Nobody"
    )

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["user"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = on_call.responders_of(incident.project)


class OtherForm(RefusableForm):
    """Another incident of the same project, by its number."""

    number = forms.IntegerField(min_value=1, max_value=2**31 - 1, help_text="Such as 12.")


class RateForm(RefusableForm):
    per_hour = forms.DecimalField(min_value=0, max_digits=12, decimal_places=2)
    currency = forms.RegexField(r"^[A-Za-z]{3}$", initial="EUR", help_text="Such as EUR or USD.")
