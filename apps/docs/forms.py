from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person, Role
from apps.core.ui.refusable import RefusableForm
from apps.docs import search
from apps.docs.markdown import LONGEST
from apps.docs.models import Document, Source
from apps.docs.starts import STARTS
from apps.projects import selectors as projects
from apps.projects.models import Project


class SearchForm(forms.Form):
    """The words somebody looks for, or which documents."""

    q = forms.CharField(
        max_length=1000,
        required=False,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Words, a feature, a name"}),
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Every kind"), *Document.Kind.choices])
    state = forms.ChoiceField(
        required=False,
        choices=[("", "Present"), ("draft", "Drafts"), ("removed", "Removed from their source")],
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
        self.fields["kind"].choices = [("", "Every kind"), *kinds]  # type: ignore[attr-defined]


class DocumentForm(RefusableForm):
    title = forms.CharField(
        max_length=200, required=False, help_text="Left empty, the first heading is the title."
    )
    body = forms.CharField(
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 24, "spellcheck": "true", "class": "mono", "data-preview": "body"}
        ),
        help_text=(
            "Markdown. Front matter between two lines of --- may name title, kind, owner, deputy, "
            "review_by, tags and applies_to."
        ),
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class NewDocumentForm(DocumentForm):
    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    kind = forms.ChoiceField(choices=Document.Kind.choices)
    field_order = ["project", "kind", "title", "body"]

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["seen"]
        _offer_projects(self, user, Role.RESPONDER)


class StartForm(forms.Form):
    """Which kind a new page is begun as."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in STARTS])


class CompareForm(forms.Form):
    """Two revisions."""

    before = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    after = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class AttachForm(RefusableForm):
    file = forms.FileField(
        label="File", help_text="Pictures, PDF, text, CSV, JSON, notebooks, zip: at most 10 MB."
    )


class UploadForm(RefusableForm):
    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    kind = forms.ChoiceField(
        label="What it holds",
        choices=[
            (Source.Kind.UPLOAD, "Markdown files"),
            (Source.Kind.CONFLUENCE, "A Confluence space, exported as HTML"),
        ],
    )
    name = forms.CharField(
        max_length=200,
        help_text="The next archive of the same name is the same source, later.",
    )
    file = forms.FileField(label="Zip archive", help_text="At most 100 MB.")

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_projects(self, user, Role.RESPONDER)


class ShippedForm(RefusableForm):
    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_projects(self, user, Role.RESPONDER)


class RepositoryForm(RefusableForm):
    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    url = forms.CharField(
        max_length=500, label="Address", help_text="Begins with https://, without a password."
    )
    name = forms.CharField(max_length=200, required=False)
    branch = forms.CharField(max_length=200, required=False, help_text="Empty: its default branch.")
    folder = forms.CharField(max_length=300, required=False, help_text="Empty: the whole of it.")
    token = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Reads the repository; to send edits back it must write. Kept encrypted.",
    )
    every_seconds = forms.IntegerField(
        min_value=60, max_value=7 * 86_400, initial=900, label="Pull every", help_text="Seconds."
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_projects(self, user, Role.MAINTAINER)


def _offer_projects(form: forms.Form, user: Person, role: Role) -> None:
    field = form.fields["project"]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = projects.held(user, role)
