from __future__ import annotations

from typing import Any

from django import forms

from apps.core import job_selectors
from apps.core.access import Person
from apps.core.job_selectors import Place, Wanted
from apps.core.models import Job

LARGEST = 2**63 - 1
ALL = ("", "All")


class JobFilterForm(forms.Form):
    """Which jobs to list; all of it stays in the address."""

    whose = forms.ChoiceField(
        label="Whose", choices=[("", "Mine"), ("all", "All I may see")], required=False
    )
    state = forms.ChoiceField(label="State", choices=[ALL, *Job.State.choices], required=False)
    kind = forms.ChoiceField(label="Kind", required=False)
    project = forms.ChoiceField(label="Project", required=False)

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places: dict[int, Place] = job_selectors.places(user)
        by_slug = [(place.slug, place.name) for place in self.places.values()]
        self._offer("project", by_slug)
        self._offer("kind", [(kind, kind) for kind in job_selectors.kinds()])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [ALL, *choices]

    @property
    def wanted(self) -> Wanted:
        """The filters that can be used."""
        self.is_valid()
        given = self.cleaned_data
        slug = given.get("project", "")
        ids = [place.id for place in self.places.values() if place.slug == slug]
        return Wanted(
            mine=given.get("whose") != "all",
            state=given.get("state", ""),
            kind=given.get("kind", ""),
            project_id=ids[0] if ids else None,
        )


class LinesForm(forms.Form):
    """Which stretch of a log to answer."""

    before = forms.IntegerField(required=False, min_value=1, max_value=LARGEST)
    after = forms.IntegerField(required=False, min_value=0, max_value=LARGEST)
