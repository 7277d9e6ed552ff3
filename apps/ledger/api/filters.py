from __future__ import annotations

from django_filters import rest_framework as filters

from apps.core.api.filters import WordsFilter
from apps.ledger import selectors
from apps.ledger.forms import MOMENTS
from apps.ledger.models import Entry, EntryQuerySet
from apps.ledger.selectors import Wanted


class EntryFilter(filters.FilterSet):
    """The same filters as on the audit page."""

    q = WordsFilter(label="Words or beginnings of words in verb, subject and data.")
    actor = filters.CharFilter(max_length=150, label="Who did it: a user name or an id.")
    verb = filters.CharFilter(max_length=80, label="`projects.created`, or `projects` for all.")
    subject = filters.CharFilter(max_length=121, label="A kind, or `kind:id`.")
    project = filters.CharFilter(max_length=60, label="Slug of a project.")
    since = filters.IsoDateTimeFilter(validators=MOMENTS, label="Recorded then or later.")
    until = filters.IsoDateTimeFilter(validators=MOMENTS, label="Recorded before then.")

    class Meta:
        model = Entry
        fields: list[str] = []

    def filter_queryset(self, queryset: EntryQuerySet) -> EntryQuerySet:
        given = {name: value for name, value in self.form.cleaned_data.items() if value}
        return selectors.narrowed(queryset, self.request.user, Wanted(**given))
