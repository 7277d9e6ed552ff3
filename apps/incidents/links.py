"""The names and pages behind the ids that the ledger holds of this app."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.incidents import selectors
from apps.ledger import subjects
from apps.ledger.subjects import Link


def _incidents(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.incidents(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


subjects.link("incidents.incident", _incidents)
