"""What the page shows: values that were written for it, and no row from which more could be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from apps.incidents.models import Publication, StatusPage
from apps.incidents.status.arranging import digest

KEPT = timedelta(days=90)
MOST = 50  # incidents that are over


@dataclass(frozen=True, slots=True)
class Said:
    """One update."""

    phase: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """A published incident, as stakeholders know it."""

    title: str
    effect: str
    components: list[str]
    since: datetime
    over_at: datetime | None
    updates: list[Said]


@dataclass(frozen=True, slots=True)
class Part:
    """A component and how it is."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole page."""

    title: str
    parts: list[Part]
    now: list[Trouble]
    before: list[Trouble]

    @property
    def state(self) -> str:
        """The worst of what goes on."""
        effects = {each.effect for each in self.now}
        return "outage" if "outage" in effects else "degraded" if effects else "operational"


def by_token(token: str) -> StatusPage | None:
    """The page behind a public address; a closed or older address opens nothing."""
    return StatusPage.objects.filter(token_digest=digest(token)).first()


def shown(page: StatusPage) -> Shown:
    """What stakeholders read now."""
    found = page.publications.prefetch_related("components", "updates")
    now = [_trouble(row) for row in found.filter(over_at=None)]
    lately = found.filter(over_at__gt=timezone.now() - KEPT)[:MOST]
    parts = [Part(each.name, _state(each.name, now)) for each in page.components.all()]
    return Shown(page.title, parts, now, [_trouble(row) for row in lately])


def _trouble(row: Publication) -> Trouble:
    return Trouble(
        title=row.title,
        effect=row.effect,
        components=[each.name for each in row.components.all()],
        since=row.published_at,
        over_at=row.over_at,
        updates=[Said(each.phase, each.text, each.at) for each in row.updates.all()],
    )


def _state(name: str, now: list[Trouble]) -> str:
    effects = {each.effect for each in now if name in each.components}
    return "outage" if "outage" in effects else "degraded" if effects else "operational"
