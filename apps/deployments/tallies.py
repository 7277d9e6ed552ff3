"""What gateways counted: written by them every few seconds, read by the judge and the pages.

An answer counts once, for the release that gave it. `failures` are answers of 500 and above and
calls without an answer, also such as another replica then made good; `refusals` are answers of 400 to 499.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, Sum, Value
from django.db.models.functions import Extract, Floor

from apps.deployments.gateway import buckets
from apps.deployments.gateway.buckets import EDGES
from apps.deployments.gateway.counts import Count
from apps.deployments.models import Release, Tally

__all__ = ["EDGES", "Count", "Summary", "course", "forget", "merged", "record", "summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one release over a stretch of time."""

    requests: int = 0
    failures: int = 0
    refusals: int = 0
    # Answers per bucket of `EDGES`, and a last one for what took longer.
    seconds: list[int] = field(default_factory=buckets.empty)

    def quantile(self, share: float) -> float | None:
        """The time in seconds that this share of the answers did not exceed."""
        return buckets.quantile(self.seconds, share)

    @property
    def p50(self) -> float | None:
        return self.quantile(0.5)

    @property
    def p99(self) -> float | None:
        return self.quantile(0.99)

    @property
    def failing(self) -> float:
        """The share of failures; 0 where nothing was asked."""
        return self.failures / self.requests if self.requests else 0.0


def hourly(deployment_ids: Sequence[int], *, since: datetime, hours: int) -> dict[int, list[int]]:
    """The requests of each deployment in each hour since then, shadow traffic left out; zeros where none came."""
    counted = {pk: [0] * hours for pk in deployment_ids}
    found = Tally.objects.filter(
        release__deployment_id__in=deployment_ids, at__gte=since, shadow=False
    )
    hour = Floor(Extract(F("at") - Value(since), "epoch") / 3600)
    rows = found.order_by().annotate(hour=hour).values_list("release__deployment_id", "hour")
    for pk, place, requests in rows.annotate(asked=Sum("requests")):
        counted[pk][min(int(place), hours - 1)] += requests
    return counted


def record(counts: Iterable[Count], *, gateway: str, at: datetime) -> None:
    """Store what one gateway counted in the stretch that ended at `at`."""
    given = list(counts)
    # A release may have been deleted with its deployment while it was still answering.
    there = set(
        Release.objects.filter(pk__in={count.release_id for count in given}).values_list(
            "pk", flat=True
        )
    )
    Tally.objects.bulk_create(
        Tally(
            release_id=count.release_id,
            gateway=gateway[:40],
            at=at,
            shadow=count.shadow,
            requests=count.requests,
            failures=count.failures,
            refusals=count.refusals,
            seconds=count.seconds,
        )
        for count in given
        if count.release_id in there
    )


def summary(
    release_ids: Iterable[int], since: datetime, until: datetime, *, shadow: bool | None = None
) -> dict[int, Summary]:
    """What each release did in `since <= at < until`, one entry for each id that was given.

    `shadow` narrows to copies (`True`) or to what clients asked (`False`).
    """
    rows: dict[int, list[Tally]] = {pk: [] for pk in release_ids}
    for tally in _between(rows, since, until, shadow):
        rows[tally.release_id].append(tally)
    return {pk: _sum(found) for pk, found in rows.items()}


def course(
    release_ids: Iterable[int], since: datetime, until: datetime, *, parts: int = 60
) -> dict[int, list[Summary]]:
    """The same, cut into parts of equal length: what a chart draws."""
    rows: dict[int, dict[int, list[Tally]]] = {pk: defaultdict(list) for pk in release_ids}
    length = (until - since) / parts
    for tally in _between(rows, since, until, None):
        rows[tally.release_id][min(int((tally.at - since) / length), parts - 1)].append(tally)
    return {pk: [_sum(found[part]) for part in range(parts)] for pk, found in rows.items()}


def merged(summaries: Iterable[Summary]) -> Summary:
    """Several summaries as one, such as those of all releases of a deployment."""
    found = list(summaries)
    return Summary(
        requests=sum(each.requests for each in found),
        failures=sum(each.failures for each in found),
        refusals=sum(each.refusals for each in found),
        seconds=buckets.added(each.seconds for each in found),
    )


def forget(*, at: datetime, older_than: timedelta) -> int:
    """Delete what is older; answers how many rows."""
    deleted, _ = Tally.objects.filter(at__lt=at - older_than).delete()
    return deleted


def _between(
    release_ids: Iterable[int], since: datetime, until: datetime, shadow: bool | None
) -> Iterable[Tally]:
    found = Tally.objects.filter(release_id__in=list(release_ids), at__gte=since, at__lt=until)
    return found if shadow is None else found.filter(shadow=shadow)


def _sum(rows: Sequence[Tally]) -> Summary:
    return Summary(
        requests=sum(row.requests for row in rows),
        failures=sum(row.failures for row in rows),
        refusals=sum(row.refusals for row in rows),
        seconds=buckets.added(row.seconds for row in rows),
    )
