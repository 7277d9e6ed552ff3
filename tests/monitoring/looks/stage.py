"""A deployment whose log, gateways and clock the tests drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgpack

from apps.deployments.gateway import buckets
from apps.deployments.models import Deployment, Release, Tally
from apps.monitoring import services
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Monitor, Verdict
from apps.predictions.models import Batch, Kind
from apps.predictions.rows import Row
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Given = Mapping[str, Any]


class StageTestCase(PortalTestCase):
    """One live deployment, at a moment of its own."""

    deployment: Deployment

    def setUp(self) -> None:
        (version,) = model_with_versions(self.fraud, 1)
        self.deployment = served(version, self.staging, self.ada)
        Release.objects.update(live_at=START - timedelta(days=30))
        self.now = START
        self.logged = 0

    def watch(self, kind: str, **given: Any) -> Monitor:
        """A monitor of this kind on the deployment."""
        name = given.pop("name", str(kind))
        return services.create_monitor(
            deployment=self.deployment, kind=kind, name=name, by=self.max, **given
        )

    def log(
        self, rows: Sequence[Row], kind: Kind = Kind.PREDICTION, at: datetime | None = None
    ) -> None:
        """Rows as the log stores them."""
        times = [datetime.fromtimestamp(row.time, UTC) for row in rows]
        Batch.objects.create(
            project_id=self.deployment.project_id,
            deployment_id=self.deployment.pk,
            kind=kind,
            count=len(rows),
            payload=msgpack.packb([row.packed() for row in rows]),
            starts_at=min(times),
            ends_at=max(times),
            received_at=at or self.now,
        )

    def predict(self, inputs: Sequence[Given], outputs: Sequence[Given] = ()) -> list[str]:
        """Predictions, one each 0.1 s, ending now; answers their ids."""
        start = self.now.timestamp() - len(inputs) / 10
        keys = [f"r{self.logged + number}" for number in range(len(inputs))]
        self.logged += len(inputs)
        given = outputs or [{"prediction": 0}] * len(inputs)
        self.log(
            [
                Row(key, start + number / 10, dict(asked), dict(answered))
                for number, (key, asked, answered) in enumerate(
                    zip(keys, inputs, given, strict=True)
                )
            ]
        )
        return keys

    def truths(self, keys: Sequence[str], values: Sequence[Any]) -> None:
        """The truth of predictions, told now."""
        told = self.now.timestamp()
        self.log(
            [Row(key, told, truth=value) for key, value in zip(keys, values, strict=True)],
            Kind.TRUTH,
        )

    def asked(self, requests: int, *, failures: int = 0, ms: float = 10, at: datetime) -> None:
        """What a gateway counted at this moment."""
        seconds = buckets.empty()
        seconds[buckets.bucket(ms / 1000)] = requests
        Tally.objects.create(
            release=self.deployment.releases.get(),
            gateway="g",
            at=at,
            requests=requests,
            failures=failures,
            seconds=seconds,
        )

    def look(self, monitor: Monitor, **later: float) -> Verdict | None:
        """One look, so much later."""
        self.now += timedelta(**later)
        monitor = Monitor.objects.select_related("deployment", "baseline", "project").get(
            pk=monitor.pk
        )
        with self.captureOnCommitCallbacks(execute=True):
            return services.look(
                monitor=monitor, reading=Reading(self.deployment, self.now)
            ).verdict

    def state(self, monitor: Monitor) -> str:
        return Monitor.objects.get(pk=monitor.pk).state


def columns(of: Callable[[int], Given], count: int) -> list[Given]:
    """So many rows, each made from its number."""
    return [of(number) for number in range(count)]
