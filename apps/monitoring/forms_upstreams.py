"""What people enter about upstream tables."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person, Role
from apps.core.ui.refusable import RefusableForm
from apps.monitoring.models import Upstream
from apps.projects import selectors as projects
from apps.projects.models import Project


class UpstreamChangeForm(RefusableForm):
    """What a table is called, and what comes from it."""

    name = forms.CharField(max_length=180, help_text="As people call it, such as warehouse.orders.")
    columns = forms.CharField(
        label="Features",
        max_length=400_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="One per line, as the model's inputs are named.",
    )

    def clean_columns(self) -> list[str]:
        """The names, line by line."""
        return str(self.cleaned_data["columns"]).splitlines()


class UpstreamForm(UpstreamChangeForm):
    """A new table: whose, and what comes from it."""

    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    field_order = ["project"]

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.MAINTAINER)


def of_upstream(upstream: Upstream, data: Any = None) -> UpstreamChangeForm:
    """The form over a table as it is."""
    now = {"name": upstream.name, "columns": "\n".join(upstream.columns)}
    return UpstreamChangeForm(data, initial=now)
