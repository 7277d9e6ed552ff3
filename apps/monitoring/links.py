"""The names and pages behind the ids that the ledger holds of this app."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core.access import Person
from apps.ledger import subjects
from apps.ledger.subjects import Link
from apps.monitoring import selectors, selectors_objectives


def _monitors(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.monitors(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _baselines(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.baselines(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.deployment.get_absolute_url()) for row in found}


def _alerts(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.alerts(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.summary, row.get_absolute_url()) for row in found}


def _slos(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors_objectives.slos(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _silences(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.silences(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.comment, row.get_absolute_url()) for row in found}


def _routes(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.routes(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _upstreams(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.upstreams(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(row.name, row.get_absolute_url()) for row in found}


def _notifications(viewer: Person, ids: Sequence[str]) -> dict[str, Link]:
    found = selectors.notifications(viewer).filter(pk__in=ids)
    return {str(row.pk): Link(str(row), row.alert.get_absolute_url()) for row in found}


subjects.link("monitoring.monitor", _monitors)
subjects.link("monitoring.baseline", _baselines)
subjects.link("monitoring.alert", _alerts)
subjects.link("monitoring.silence", _silences)
subjects.link("monitoring.route", _routes)
subjects.link("monitoring.upstream", _upstreams)
subjects.link("monitoring.notification", _notifications)
subjects.link("monitoring.slo", _slos)
