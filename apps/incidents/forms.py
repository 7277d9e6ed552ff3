from __future__ import annotations

from typing import Any

from django import forms
from django.template.defaultfilters import filesizeformat

from apps.core.access import Person, Role
from apps.core.ui.refusable import RefusableForm
from apps.deployments import selectors as deployments
from apps.deployments.models import Deployment
from apps.incidents import selectors
from apps.incidents.models import Incident, Note
from apps.incidents.services import LARGEST_PICTURE, File
from apps.projects import selectors as projects
from apps.projects.models import Project


class IncidentFilterForm(forms.Form):
    """Which incidents a list shows."""

    STATES = (("", "Open"), ("all", "All"), *Incident.State.choices)

    state = forms.ChoiceField(choices=STATES, required=False)
    severity = forms.ChoiceField(
        choices=[("", "Any severity"), *Incident.Severity.choices], required=False
    )
    project = forms.ModelChoiceField(
        Project.objects.none(), to_field_name="slug", required=False, empty_label="Every project"
    )
    deployment = forms.ModelChoiceField(
        Deployment.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="Every deployment",
    )
    who = forms.ChoiceField(choices=[("", "Anybody's"), ("me", "Mine")], required=False)
    words = forms.CharField(max_length=200, required=False, label="Words in the title")

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.VIEWER)
        places = self.fields["deployment"]
        assert isinstance(places, forms.ModelChoiceField)
        places.queryset = selectors.places(user)


class NewIncidentForm(RefusableForm):
    project = forms.ModelChoiceField(Project.objects.none(), to_field_name="slug", empty_label=None)
    title = forms.CharField(max_length=300, help_text="What is wrong, in one line.")
    severity = forms.ChoiceField(choices=Incident.Severity.choices, initial=Incident.Severity.HIGH)
    deployment = forms.ModelChoiceField(
        Deployment.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="None, or not known yet",
        help_text="Where it shows: the evidence is gathered about it.",
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field, places = self.fields["project"], self.fields["deployment"]
        assert isinstance(field, forms.ModelChoiceField)
        assert isinstance(places, forms.ModelChoiceField)
        field.queryset = projects.held(user, Role.RESPONDER)
        places.queryset = deployments.found(user).visible_to(user, Role.RESPONDER)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        project, place = given.get("project"), given.get("deployment")
        if project and place and place.project_id != project.pk:
            self.add_error("deployment", f"It belongs to {place.project.name}.")
        return given


class ResolveForm(RefusableForm):
    reason = forms.CharField(max_length=500, help_text="Why it is over.")


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Any number of files, read; what they are is for the service to say."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[File]:
        files = [super(PicturesField, self).clean(each, initial) for each in data or []]
        return [File(file.name, file.read(LARGEST_PICTURE + 1)) for file in files]


class NewNoteForm(RefusableForm):
    text = forms.CharField(
        max_length=20_000, label="Note", widget=forms.Textarea(attrs={"rows": 3})
    )
    pictures = PicturesField(
        required=False,
        widget=SeveralFiles(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text="PNG, JPEG, WebP or GIF, at most 5 MB each.",
    )


class EditNoteForm(NewNoteForm):
    """A note of one's own, with the pictures that it has."""

    without = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Take out",
        help_text="Pictures that are not ticked stay.",
    )

    def __init__(self, *args: Any, note: Note, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].initial = note.text
        held = note.pictures.defer("content")
        if not held:
            del self.fields["without"]
            return
        field = self.fields["without"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [(each.pk, f"{each.name}, {filesizeformat(each.size)}") for each in held]


class PackForm(forms.Form):
    """Which of the packs is asked for; the newest without a number."""

    number = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
