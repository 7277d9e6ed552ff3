from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person, Role
from apps.core.ui.refusable import RefusableForm
from apps.docs import search
from apps.docs.models import Document
from apps.projects import selectors as projects
from apps.projects.models import Project

LONGEST = 1_000_000


class SearchForm(forms.Form):
    """The words somebody looks for."""

    q = forms.CharField(
        max_length=1000,
        required=False,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Words, a feature, a name"}),
    )


class EverythingForm(SearchForm):
    """The words, and where to look for them."""

    kind = forms.ChoiceField(required=False)
    project = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    tag = forms.CharField(max_length=100, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].max_length = None  # type: ignore[attr-defined]
        kinds = [(kind, kind.replace("-", " ")) for kind in search.kinds()]
        self.fields["kind"].choices = [("", "any kind"), *kinds]  # type: ignore[attr-defined]


class DocumentForm(RefusableForm):
    title = forms.CharField(
        max_length=200, required=False, help_text="Left empty, the first heading is the title."
    )
    body = forms.CharField(
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "true"}),
        help_text="Markdown. Front matter between two lines of --- may name tags and applies_to.",
    )


class NewDocumentForm(DocumentForm):
    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    kind = forms.ChoiceField(choices=Document.Kind.choices)
    field_order = ["project", "kind", "title", "body"]

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.RESPONDER)
