from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from apps.core.access import Person
from apps.ledger import selectors
from apps.ledger.export import Extent
from apps.ledger.selectors import Known, Wanted

WORDS = ("q", "actor", "verb", "subject", "project")
FIRST, LAST = date(1970, 1, 1), date(2200, 1, 1)
DAYS = [MinValueValidator(FIRST), MaxValueValidator(LAST)]
MOMENTS = [
    MinValueValidator(datetime.combine(FIRST, time(), UTC)),
    MaxValueValidator(datetime.combine(LAST, time(), UTC)),
]


class AuditForm(forms.Form):
    """What to look for in the ledger."""

    q = forms.CharField(
        label="Words", max_length=200, required=False, widget=forms.TextInput({"type": "search"})
    )
    actor = forms.CharField(label="Who", max_length=150, required=False)
    verb = forms.ChoiceField(label="What", required=False)
    subject = forms.CharField(
        label="Subject",
        max_length=121,
        required=False,
        widget=forms.TextInput({"placeholder": "projects.project:7"}),
    )
    project = forms.ChoiceField(label="Project", required=False)
    since = forms.DateField(
        label="From", required=False, validators=DAYS, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, validators=DAYS, widget=forms.DateInput({"type": "date"})
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.projects = selectors.projects(user)
        choices_of = {"verb": _verb_choices(), "project": _project_choices(self.projects)}
        for name, choices in choices_of.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", "All"), *choices]

    @property
    def wanted(self) -> Wanted:
        """The filters that can be used; both days count as whole days where the viewer is."""
        self.is_valid()
        given = self.cleaned_data
        words = {name: given.get(name, "") for name in WORDS}
        return Wanted(**words, since=_start(given.get("since")), until=_end(given.get("until")))

    @property
    def extent(self) -> Extent:
        """The part of the filters that an export follows."""
        wanted = self.wanted
        slug = wanted.project
        project_id = selectors.project_id(self.user, slug) if slug else None
        return Extent(wanted.since, wanted.until, project_id)


def _verb_choices() -> list[Any]:
    apps: dict[str, list[tuple[str, str]]] = {}
    for verb in selectors.verbs():
        app, _, done = verb.partition(".")
        apps.setdefault(app, [(app, f"All of {app}")]).append((verb, done.replace("_", " ")))
    return list(apps.items())


def _project_choices(projects: Sequence[Known]) -> list[tuple[str, str]]:
    return [(slug, name) for _, slug, name in projects]


def _start(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def _end(day: date | None) -> datetime | None:
    return _start(day + timedelta(days=1)) if day else None
