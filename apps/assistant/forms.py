from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person, Role
from apps.projects import selectors as projects
from apps.projects.models import Project

EXAMPLE = "Why did the newest incident open, and what served then?"


class QuestionForm(forms.Form):
    """A question; `page_kind` and `page_id` name the record that the asker has before them."""

    question = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": EXAMPLE}),
    )
    project = forms.ModelChoiceField(
        Project.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="Every project I may see",
    )
    page_kind = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    page_id = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.VIEWER)

    @property
    def page(self) -> dict[str, str]:
        """The record on the page, as a question names it."""
        kind, key = self.cleaned_data["page_kind"], self.cleaned_data["page_id"]
        return {"kind": kind, "id": key} if kind and key else {}
