"""The names and pages behind the ids that the ledger holds of this app."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.ledger import subjects
from apps.ledger.subjects import Link
from apps.predictions import selectors


def _erasures(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.erasures(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


subjects.link("predictions.erasure", _erasures)
