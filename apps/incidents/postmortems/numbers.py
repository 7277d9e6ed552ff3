"""An incident in figures, from its own rows and the prediction log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from apps.incidents.models import Incident
from apps.predictions import selectors as predictions


@dataclass(frozen=True, slots=True)
class Numbers:
    """`None` is not known, and is written so."""

    began_at: datetime
    ended_at: datetime | None
    to_acknowledge: timedelta | None
    to_resolve: timedelta | None
    predictions: int | None


def of(incident: Incident) -> Numbers:
    """From the beginning of the breach, where an alert has its data window, until it was resolved."""
    verdict = incident.alert.verdict if incident.alert else None
    began = min(verdict.starts_at, incident.opened_at) if verdict else incident.opened_at
    return Numbers(
        began_at=began,
        ended_at=incident.resolved_at,
        to_acknowledge=_between(incident.opened_at, incident.acknowledged_at),
        to_resolve=_between(incident.opened_at, incident.resolved_at),
        predictions=_predictions(incident, began),
    )


def _between(start: datetime, end: datetime | None) -> timedelta | None:
    return end - start if end else None


def _predictions(incident: Incident, began: datetime) -> int | None:
    if incident.deployment_id is None:
        return None
    until = incident.resolved_at or timezone.now()
    return predictions.logged(incident.deployment_id, began, until)


def said(length: timedelta | None) -> str:
    """`2 h 05 min`, `40 s`; what is not known is said."""
    if length is None:
        return "not known"
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours = seconds // 60 % 60, seconds // 3600
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
