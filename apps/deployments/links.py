"""The names and pages behind the ids that the ledger holds of this app."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.deployments import selectors
from apps.ledger import subjects
from apps.ledger.subjects import Link


def _deployments(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.deployments(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.slug, row.get_absolute_url()) for row in found}


def _releases(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.releases(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.deployment.get_absolute_url()) for row in found}


subjects.link("deployments.deployment", _deployments)
subjects.link("deployments.release", _releases)
