"""What gateways counted, as the judge and the pages read it."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from apps.deployments import services, tallies
from apps.deployments.gateway import buckets
from apps.deployments.models import Release, Tally
from tests.deployments.test_pages import release
from tests.models.test_history_moves import Registry


def counted(times: list[float]) -> list[int]:
    row = buckets.empty()
    for seconds in times:
        row[buckets.bucket(seconds)] += 1
    return row


class TallyTests(Registry):
    def setUp(self) -> None:
        super().setUp()
        place = services.create_deployment(
            environment=self.staging, model=self.model, slug="churn-live", by=self.ada
        )
        self.release: Release = release(place, self.version(1), self.ada)
        self.now = timezone.now()

    def count(self, requests: int, **more: object) -> tallies.Count:
        given: dict[str, object] = {"seconds": counted([0.01] * requests), **more}
        return tallies.Count(self.release.pk, requests=requests, **given)  # type: ignore[arg-type]

    def test_it_adds_up_stretches_and_gateways(self) -> None:
        tallies.record([self.count(10, failures=2)], gateway="one", at=self.now)
        tallies.record([self.count(5, refusals=1)], gateway="two", at=self.now)
        early = self.now - timedelta(minutes=5)
        tallies.record([self.count(100)], gateway="one", at=early)

        found = tallies.summary([self.release.pk, 999], early + timedelta(seconds=1), self.later())
        summary = found[self.release.pk]
        self.assertEqual((summary.requests, summary.failures, summary.refusals), (15, 2, 1))
        self.assertEqual(sum(summary.seconds), 15)
        self.assertEqual(found[999], tallies.Summary())
        self.assertIsNone(found[999].p50)

    def test_it_tells_copies_from_what_clients_asked(self) -> None:
        tallies.record([self.count(3, shadow=True), self.count(4)], gateway="one", at=self.now)

        for shadow, requests in ((True, 3), (False, 4), (None, 7)):
            found = tallies.summary([self.release.pk], self.now, self.later(), shadow=shadow)
            self.assertEqual(found[self.release.pk].requests, requests)

    def test_it_leaves_out_releases_that_are_gone(self) -> None:
        tallies.record([tallies.Count(999_999, requests=1)], gateway="one", at=self.now)
        self.assertFalse(Tally.objects.exists())

    def test_its_course_is_cut_into_parts(self) -> None:
        since = self.now - timedelta(minutes=10)
        for minute in (0, 4, 9):
            at = since + timedelta(minutes=minute, seconds=1)
            tallies.record([self.count(minute + 1)], gateway="one", at=at)

        parts = tallies.course([self.release.pk], since, self.now, parts=10)[self.release.pk]
        self.assertEqual([part.requests for part in parts], [1, 0, 0, 0, 5, 0, 0, 0, 0, 10])

    def test_it_forgets_what_is_old(self) -> None:
        tallies.record([self.count(1)], gateway="one", at=self.now - timedelta(days=40))
        tallies.record([self.count(1)], gateway="one", at=self.now)

        self.assertEqual(tallies.forget(at=self.now, older_than=timedelta(days=30)), 1)
        self.assertEqual(Tally.objects.count(), 1)

    def later(self):  # type: ignore[no-untyped-def]
        return self.now + timedelta(seconds=1)


def test_quantiles_are_right_to_the_width_of_a_bucket() -> None:
    dice = random.Random(7)
    times = sorted(dice.lognormvariate(-4, 1) for _ in range(5000))
    width = buckets.EDGES[1] / buckets.EDGES[0]
    for share in (0.01, 0.5, 0.95, 0.99, 1.0):
        exact = times[min(int(share * len(times)), len(times) - 1)]
        found = buckets.quantile(counted(times), share)
        assert found is not None
        assert exact / width <= found <= exact * width, share


def test_buckets_hold_every_time() -> None:
    assert buckets.bucket(0.0) == 0
    assert buckets.bucket(1e9) == len(buckets.EDGES)
    assert (buckets.EDGES[0], round(buckets.EDGES[-1], 6)) == (0.0002, 60.0)
    assert buckets.quantile(buckets.empty(), 0.5) is None
    assert buckets.added([[1, 2], counted([0.1])]) == counted([0.1])
    assert buckets.quantile(counted([1e9]), 0.5) == 60.0
