"""The names and pages behind the ids that the ledger holds of this app."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.docs import selectors
from apps.ledger import subjects
from apps.ledger.subjects import Link


def _documents(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.documents(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.title, row.get_absolute_url()) for row in found}


subjects.link("docs.document", _documents)


def _sources(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.sources(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


subjects.link("docs.source", _sources)
