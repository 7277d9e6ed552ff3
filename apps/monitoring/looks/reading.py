"""What the monitors of one deployment read at one moment: each part is read once for all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

from apps.deployments import tallies
from apps.deployments.models import Deployment, Release
from apps.deployments.tallies import Summary
from apps.predictions import selectors as predictions
from apps.predictions.rows import Row


class Reading:
    """The prediction log, the gateways' counts and the releases of a deployment, as of `at`."""

    def __init__(
        self, deployment: Deployment, at: datetime, *, most: int = 0, reach: timedelta | None = None
    ) -> None:
        """`most` newest rows and `reach` back are what somebody will ask for: the first read takes them all."""
        self.deployment = deployment
        self.at = at
        self._expected = most
        self._reach = reach or timedelta(0)
        self._newest: list[Row] = []
        self._most = 0
        self._rows: list[Row] = []
        self._since: datetime | None = None

    @property
    def minute(self) -> datetime:
        """The last whole minute: what looks by the clock judge up to."""
        return self.at.replace(second=0, microsecond=0)

    def newest(self, most: int) -> list[Row]:
        """At most so many of the newest rows, oldest first; truth is not joined."""
        if most > self._most:
            self._most = max(most, self._expected)
            self._newest = predictions.newest(self.deployment.pk, self._most)[::-1]
        return self._newest[-most:]

    def rows(self, since: datetime) -> list[Row]:
        """The rows from `since` on, oldest first, each with its truth where known."""
        if self._since is None or since < self._since:
            self._since = min(since, self.at - self._reach)
            self._rows = predictions.rows(self.deployment.pk, since=self._since, until=self.at)
        return self._rows[bisect_left(self._rows, since.timestamp(), key=_time) :]

    def counted(self, since: datetime, until: datetime) -> Summary:
        """What clients asked of the deployment in `since <= t < until`, as gateways counted it."""
        found = tallies.summary([row.pk for row in self._releases], since, until, shadow=False)
        return tallies.merged(found.values())

    def logged(self, since: datetime, until: datetime) -> int:
        """How many predictions were logged in `since <= t < until`."""
        return predictions.logged(self.deployment.pk, since, until)

    def set_aside(self, since: datetime, until: datetime) -> int:
        """How many rows could not be read in `since <= t < until`."""
        return predictions.set_aside_between(self.deployment.pk, since, until)

    @property
    def last(self) -> datetime | None:
        """The moment of the newest prediction."""
        return predictions.last(self.deployment.pk)

    @property
    def live(self) -> Release | None:
        """The release that answered at this moment."""
        went = [row for row in self._releases if row.live_at and row.live_at <= self.at]
        return max(went, key=lambda row: row.live_at or row.requested_at, default=None)

    @cached_property
    def _releases(self) -> list[Release]:
        return list(self.deployment.releases.select_related("version"))


class History(Reading):
    """The same, moved through the past: what a back-test reads. Rows are read once, for all moments.

    Ground truth is joined as it is known today, also where it came after the moment.
    """

    def __init__(self, deployment: Deployment, since: datetime, until: datetime) -> None:
        super().__init__(deployment, until)
        self._all = predictions.rows(deployment.pk, since=since, until=until)
        self._times = [row.time for row in self._all]
        self._seen = len(self._all)

    def move(self, at: datetime) -> None:
        """Stand at this moment: what came later is not there."""
        self.at = at
        self._seen = bisect_left(self._times, at.timestamp())

    def newest(self, most: int) -> list[Row]:
        """At most so many of the newest rows before this moment, oldest first."""
        return self._all[max(0, self._seen - most) : self._seen]

    def rows(self, since: datetime) -> list[Row]:
        """The rows from `since` to this moment, oldest first."""
        return self._all[bisect_left(self._times, since.timestamp()) : self._seen]

    @property
    def last(self) -> datetime | None:
        """The moment of the newest prediction before this moment."""
        return datetime.fromtimestamp(self._times[self._seen - 1], UTC) if self._seen else None


def span(rows: Sequence[Row]) -> tuple[datetime, datetime]:
    """The first and the last moment of rows that are in order."""
    return datetime.fromtimestamp(rows[0].time, UTC), datetime.fromtimestamp(rows[-1].time, UTC)


def before(at: datetime, **length: float) -> datetime:
    """So long before."""
    return at - timedelta(**length)


def _time(row: Row) -> float:
    return row.time
