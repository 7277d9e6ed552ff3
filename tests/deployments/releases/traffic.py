"""A deployment with traffic that is made up, on a clock that tests move by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import msgpack
import numpy as np
from django.utils import timezone

from apps.deployments import services, tallies
from apps.deployments.configs import Strategy
from apps.deployments.gateway.counts import Count
from apps.deployments.models import Deployment, Release, Replica
from apps.ledger.models import Entry
from apps.models.models import ModelVersion
from apps.predictions.models import Batch, Kind
from apps.predictions.rows import Row
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions

STRETCH = 5.0


@dataclass(frozen=True)
class Behaviour:
    """How a version answers: share of failures and of wrong answers, seconds, shift of its scores."""

    failing: float = 0.002
    seconds: float = 0.02
    shift: float = 0.0
    wrong: float = 0.1


GOOD = Behaviour()


class Traffic:
    """Requests of a deployment, shared out at random as the gateway does it."""

    def __init__(self, deployment: Deployment, seed: int) -> None:
        self.deployment = deployment
        self.random = np.random.default_rng(seed)
        self.sent = 0

    def send(self, at: datetime, requests: int, behaviours: dict[int, Behaviour]) -> None:
        """Requests of one stretch that ends at `at`; behaviours by version."""
        live = self.deployment.releases.live().select_related("version").first()
        under_way = self.deployment.releases.in_flight().select_related("version").first()
        share = under_way.share if under_way else 0
        new = int(self.random.binomial(requests, share / 100))
        if live is not None:
            self._answer(at, live, requests - new, behaviours)
        if under_way is not None and (new or under_way.shadow):
            self._answer(at, under_way, requests if under_way.shadow else new, behaviours)

    def _answer(
        self, at: datetime, release: Release, requests: int, behaviours: dict[int, Behaviour]
    ) -> None:
        how = behaviours.get(release.version.number, GOOD)
        times = how.seconds * np.exp(self.random.normal(0, 0.6, requests))
        found = np.searchsorted(tallies.EDGES, times)
        count = Count(
            release.pk,
            shadow=release.shadow,
            requests=requests,
            failures=int(self.random.binomial(requests, how.failing)),
            seconds=np.bincount(found, minlength=len(tallies.EDGES) + 1).tolist(),
        )
        tallies.record([count], gateway="g", at=at)
        self._log(at, release, how, requests)

    def _log(self, at: datetime, release: Release, how: Behaviour, requests: int) -> None:
        scores = self.random.beta(2, 5, requests) + how.shift
        wrong = self.random.random(requests) < how.wrong
        rows, truths = [], []
        for score, is_wrong in zip(scores, wrong, strict=True):
            self.sent += 1
            key = f"p{self.sent}"
            rows.append(Row(key, at.timestamp(), {}, {"prediction": float(score)}, "", release.pk))
            truths.append(Row(key, at.timestamp(), truth=float(score) + float(is_wrong)))
        self._store(Kind.EXCHANGE, at, rows)
        self._store(Kind.TRUTH, at, truths[::4])

    def _store(self, kind: Kind, at: datetime, rows: list[Row]) -> None:
        if rows:
            Batch.objects.create(
                project_id=self.deployment.project_id,
                deployment_id=self.deployment.pk,
                kind=kind,
                count=len(rows),
                payload=msgpack.packb([row.packed() for row in rows]),
                starts_at=at,
                ends_at=at,
                received_at=at,
            )


class ReleaseTestCase(PortalTestCase):
    """Version 1 is live; the clock stands still unless somebody moves it."""

    def setUp(self) -> None:
        super().setUp()
        self.now = timezone.now()
        self.enterContext(patch.object(timezone, "now", lambda: self.now))
        self.versions = model_with_versions(self.fraud, count=4)
        self.row = services.create_deployment(
            environment=self.staging, model=self.versions[0].model, slug="churn-live", by=self.ada
        )
        self.first = self.live(self.versions[0])
        self.traffic = Traffic(self.row, seed=1)

    def request(self, version: ModelVersion | int, **strategy: Any) -> Release:
        row = self.versions[version - 1] if isinstance(version, int) else version
        return services.request_release(
            deployment=self.row, version=row, by=self.cora, strategy=Strategy(**strategy)
        )

    def canary(self, version: int = 2, **strategy: Any) -> Release:
        """A canary whose traffic has begun to move."""
        given = {"kind": "canary", "steps": (10, 50), "step_seconds": 30, "least_requests": 100}
        return self.ready(self.request(version, **{**given, **strategy}))

    def live(self, version: ModelVersion | int) -> Release:
        return self.ready(self.request(version))

    def ready(self, release: Release) -> Release:
        """What the job and the runner do until the model servers are ready."""
        services.look(release.pk)
        for replica in release.replicas.filter(retired_at=None).exclude(state="ready"):
            services.note_replica(replica.pk, state=Replica.State.READY, port=1, pid=1)
        services.look(release.pk)
        return self.fresh(release)

    def fresh(self, release: Release) -> Release:
        return Release.objects.select_related("deployment__environment", "version").get(
            pk=release.pk
        )

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def run_for(
        self, release: Release, seconds: float, requests: int = 100, **versions: Behaviour
    ) -> Release:
        """Traffic and looks until the release is over or the time is up; `v2=Behaviour(…)`."""
        behaviours = {int(name[1:]): how for name, how in versions.items()}
        for _ in range(int(seconds / STRETCH)):
            self.wait(STRETCH)
            if requests:
                self.traffic.send(self.now, requests, behaviours)
            if services.look(release.pk).over:
                break
        return self.fresh(release)

    def verbs(self) -> list[str]:
        """What the ledger says of the deployment, oldest first."""
        found = Entry.objects.filter(subject_kind="deployments.deployment").order_by("pk")
        return [verb.removeprefix("deployments.") for verb in found.values_list("verb", flat=True)]

    def served(self) -> int:
        """The version that has the traffic."""
        return self.row.releases.live().select_related("version").get().version.number
