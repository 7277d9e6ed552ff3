from __future__ import annotations

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.ui.refusable import RefusableForm
from apps.projects import selectors
from apps.projects.models import Environment, Project

LOCAL = "%Y-%m-%dT%H:%M"


class ProjectForm(RefusableForm):
    name = forms.CharField(max_length=100)
    purpose = forms.CharField(
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What its models are for, in a sentence or two.",
    )
    criticality = forms.ChoiceField(
        choices=Project.Criticality.choices,
        initial=Project.Criticality.NORMAL,
        help_text="How bad it is when its models are wrong or away.",
    )


class NewProjectForm(ProjectForm):
    slug = forms.SlugField(
        max_length=60,
        required=False,
        help_text="Its place in addresses. It never changes; left empty it is made from the name.",
    )
    field_order = ["name", "slug", "purpose", "criticality"]


class MemberForm(RefusableForm):
    """A role for a person or for a team."""

    KINDS = (("user", "Person"), ("team", "Team"))

    kind = forms.ChoiceField(choices=KINDS, initial="user", label="Who")
    holder = forms.CharField(
        max_length=254,
        label="Name",
        help_text="User name or mail address of a person; name of a team.",
        widget=forms.TextInput(attrs={"list": "holders", "autocomplete": "off"}),
    )
    role = forms.TypedChoiceField(
        choices=Role.choices,
        coerce=lambda value: Role(int(value)),
        initial=Role.CONTRIBUTOR.value,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            find = selectors.account if cleaned["kind"] == "user" else selectors.team
            try:
                cleaned["holder"] = find(cleaned["holder"], field="holder")
            except PortalError as error:
                self.refuse(error)
        return cleaned


class RoleForm(RefusableForm):
    role = forms.TypedChoiceField(choices=Role.choices, coerce=lambda value: Role(int(value)))


class EnvironmentForm(RefusableForm):
    name = forms.SlugField(max_length=60, help_text="Letters, digits and hyphens: prod-eu.")
    kind = forms.ChoiceField(choices=Environment.Kind.choices)
    protected = forms.BooleanField(
        required=False, label="Only maintainers release here", help_text="Wise for production."
    )


class FreezeForm(RefusableForm):
    """Times are those of the viewer's zone."""

    starts_at = forms.DateTimeField(
        label="From", widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL)
    )
    ends_at = forms.DateTimeField(
        label="Until", widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL)
    )
    reason = forms.CharField(max_length=200, help_text="Shown to whoever tries to release.")


class AccountForm(RefusableForm):
    """Names one person."""

    account: User | None = None

    def find(self, field: str) -> None:
        """Put the account that a field names into `account`."""
        name = self.cleaned_data.get(field)
        if not name:
            return
        try:
            self.account = selectors.account(name, field=field)
        except PortalError as error:
            self.refuse(error)


class HandOverForm(AccountForm):
    owner = forms.CharField(
        max_length=254,
        label="New owner",
        help_text="User name or mail address.",
        widget=forms.TextInput(attrs={"list": "holders", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any] | None:
        self.find("owner")
        return self.cleaned_data


class DeputyForm(AccountForm):
    deputy = forms.CharField(
        max_length=254,
        required=False,
        help_text="A maintainer or owner of the project; empty for nobody.",
        widget=forms.TextInput(attrs={"list": "holders", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any] | None:
        self.find("deputy")
        return self.cleaned_data


class ProjectFilterForm(forms.Form):
    """The filters over the list of projects."""

    KINDS = (("", "Active"), ("archived", "Archived"))

    q = forms.CharField(
        max_length=200,
        required=False,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name or purpose"}),
    )
    state = forms.ChoiceField(choices=KINDS, required=False)
