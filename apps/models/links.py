"""The names and pages behind the ids that the ledger holds of this app."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.ledger import subjects
from apps.ledger.subjects import Link
from apps.models import history, selectors


def _models(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.models(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _versions(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.versions(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


def _promotions(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.promotions(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


def _out_of_band(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = history.out_of_band(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


def _gates(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.gates(viewer).filter(pk__in=ids)
    return {
        str(row.pk): Link(f"{row.kind} of {row.model}", row.model.get_absolute_url())
        for row in found
    }


def _waivers(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.waivers(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.version.get_absolute_url()) for row in found}


subjects.link("models.registeredmodel", _models)
subjects.link("models.modelversion", _versions)
subjects.link("models.promotion", _promotions)
subjects.link("models.gate", _gates)


def _imports(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.imports(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.get_absolute_url()) for row in found}


subjects.link("models.modelimport", _imports)
subjects.link("models.outofbandmove", _out_of_band)
subjects.link("models.waiver", _waivers)
