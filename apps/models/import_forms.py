from __future__ import annotations

from typing import Any

from django import forms

from apps.core.access import Person, Role
from apps.core.ui.refusable import RefusableForm
from apps.models.choices import ImportSource
from apps.models.hub.choose import Options
from apps.projects import selectors as projects
from apps.projects.models import Project

MOST_PATTERNS = 50


class Patterns(forms.CharField):
    """Patterns of file names, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2}), **kwargs
        )

    def clean(self, value: Any) -> list[str]:
        found = [line.strip() for line in str(super().clean(value)).splitlines() if line.strip()]
        if len(found) > MOST_PATTERNS:
            raise forms.ValidationError(f"At most {MOST_PATTERNS} patterns.")
        return found


class ImportForm(RefusableForm):
    """Which model to bring in, from where, and into which project."""

    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    source = forms.ChoiceField(
        choices=[
            (ImportSource.HUB, "Model hub (Hugging Face)"),
            (ImportSource.FOLDER, "Folder on the server"),
        ],
        label="From",
    )
    repo = forms.CharField(
        max_length=500,
        label="Repository or folder",
        help_text="owner/name on the hub; or a path below a folder that IMPORT_ROOTS allows.",
    )
    revision = forms.CharField(
        max_length=200,
        required=False,
        help_text="A branch, a tag or a commit; left empty, main. It is pinned to its commit.",
    )
    name = forms.CharField(
        max_length=256,
        required=False,
        label="Model name",
        help_text="Left empty, the last part of the repository.",
    )
    allow = Patterns(label="Only these files", help_text="For example *.json, one pattern a line.")
    deny = Patterns(label="Never these files", help_text="For example onnx/*, one pattern a line.")
    pickles = forms.BooleanField(
        required=False,
        label="Take pickles too",
        help_text="Loading a pickle runs the code in it. Only from somebody you trust.",
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.CONTRIBUTOR)

    @property
    def options(self) -> Options:
        given = self.cleaned_data
        return Options(tuple(given["allow"]), tuple(given["deny"]), given["pickles"])
