"""The model servers and the load on them: what else is seen where serving itself is in trouble."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from apps.deployments import selectors as deployments
from apps.deployments import tallies
from apps.incidents.pack.breaches import Breach
from apps.incidents.pack.case import Case
from apps.incidents.pack.items import Item
from apps.incidents.pack.registry import Gatherer, register

HOUR = timedelta(hours=1)
FEWEST = 100  # requests of the hour before, to speak of a rise
RISEN = 2.0
MOST_REPLICAS = 20


@dataclass(frozen=True, slots=True)
class Load:
    """Requests per minute in the window that broke, and in the hour before it."""

    before: float
    during: float

    @property
    def ratio(self) -> float:
        return self.during / self.before if self.before else 0.0

    @property
    def risen(self) -> bool:
        return self.ratio >= RISEN


def load(case: Case) -> Load | None:
    """How much was asked, as gateways counted; `None` where too little was to say."""
    if case.breach != Breach.SERVING or case.deployment is None:
        return None
    onset, ids = case.onset, [row.pk for row in case.releases]
    since, until = onset.earliest, max(onset.latest, onset.earliest + timedelta(minutes=1))
    found = tallies.summary(ids, since - HOUR, since, shadow=False)
    earlier = tallies.merged(found.values()).requests
    during = tallies.merged(tallies.summary(ids, since, until, shadow=False).values()).requests
    if earlier < FEWEST:
        return None
    return Load(earlier / 60, during * 60 / (until - since).total_seconds())


def _gather(case: Case) -> Iterator[Item]:
    if case.deployment is None or case.breach not in {Breach.SERVING, Breach.STATE, Breach.VOLUME}:
        return
    yield from _load(case)
    yield from _replicas(case)


def _load(case: Case) -> Iterator[Item]:
    found, place = case.once(load), case.deployment
    if found is None or place is None:
        return
    yield Item(
        "serving", "deployments.deployment", str(place.pk),
        f"Requests were {found.ratio:.1f} times those of the hour before",
        f"{place.slug} was asked {found.during:.0f} times a minute when it broke, and {found.before:.0f} times "
        f"a minute in the hour before.",
        place.get_absolute_url(), {"before": found.before, "during": found.during},
    )  # fmt: skip


def _replicas(case: Case) -> Iterator[Item]:
    place = case.deployment
    assert place is not None
    rows = list(deployments.replicas(place)[:MOST_REPLICAS])
    troubled = [row for row in rows if row.restarts or row.state == "failed"]
    if not troubled:
        return
    restarts = sum(row.restarts for row in troubled)
    notes = "; ".join(dict.fromkeys(row.note for row in troubled if row.note))
    yield Item(
        "serving", "deployments.deployment", str(place.pk),
        f"{len(troubled)} of {len(rows)} model servers restarted or failed",
        f"{len(troubled)} of {len(rows)} model servers of {place.slug} restarted or failed, "
        f"{restarts} restarts in all.{f' They said: {notes[:500]}.' if notes else ''}",
        place.get_absolute_url(), {"restarts": restarts, "servers": len(rows)},
    )  # fmt: skip


register(Gatherer("serving", "The model servers", _gather))
