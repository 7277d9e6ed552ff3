"""Objectives: minutes are counted once, budgets burn by the formula, alerts come and go."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.deployments import tallies
from apps.deployments.gateway import buckets
from apps.deployments.models import Deployment, Release, Tally
from apps.incidents.models import Incident
from apps.ledger.models import Entry
from apps.models import gates
from apps.models.gates import Candidate
from apps.monitoring import services
from apps.monitoring.models import Alert, Measurement, Monitor, Slo, SloBucket
from apps.monitoring.objectives import burning, counting
from apps.monitoring.services import Promise
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AVAILABLE = Promise(name="up", indicator="availability", objective=0.99, window_days=7)


class ObjectiveTestCase(PortalTestCase):
    deployment: Deployment
    release: Release

    def setUp(self) -> None:
        (version,) = model_with_versions(self.fraud, 1)
        self.deployment = served(version, self.staging, self.ada)
        self.release = self.deployment.releases.get()

    def promised(self, promise: Promise = AVAILABLE) -> Slo:
        return services.create_slo(deployment=self.deployment, promise=promise, by=self.max)

    def asked(self, at: datetime, requests: int, failures: int = 0, **more: Any) -> None:
        Tally.objects.create(
            release=self.release, gateway="g", at=at, requests=requests, failures=failures, **more
        )

    def counted(self, slo: Slo, now: datetime = NOW) -> Slo:
        """Count until nothing is left to catch up."""
        for _ in range(12):
            services.measure(slo_id=slo.pk, now=now)
        slo.refresh_from_db()
        return slo

    def every_minute(self, minutes: int, failures: int, until: datetime = NOW) -> None:
        for each in range(1, minutes + 1):
            self.asked(until - timedelta(minutes=each), 100, failures)


class CountingTests(ObjectiveTestCase):
    def test_a_minute_is_counted_once_however_often_it_is_looked_at(self) -> None:
        slo = self.promised()
        self.every_minute(30, failures=1)
        self.counted(slo)
        buckets = SloBucket.objects.order_by("starts_at").values_list("starts_at", "good", "all")
        first = list(buckets.all())
        self.counted(slo)
        self.assertEqual(list(buckets.all()), first)
        self.assertEqual(sum(all_ for *_, all_ in first), 29 * 100 if len(first) == 29 else 3000)

    def test_what_is_told_late_still_counts(self) -> None:
        slo = self.counted(self.promised())
        self.asked(NOW - timedelta(minutes=8), 50)
        self.counted(slo, NOW + timedelta(minutes=1))
        self.assertEqual(SloBucket.objects.get().all, 50)

    def test_copies_do_not_count(self) -> None:
        slo = self.promised()
        self.asked(NOW - timedelta(minutes=5), 50, 50, shadow=True)
        self.assertEqual(self.counted(slo).state, "unknown")

    def test_latency_cuts_a_bucket_by_the_logarithm_of_time(self) -> None:
        counts = buckets.empty()
        counts[10] = 100
        low, high = tallies.EDGES[9], tallies.EDGES[10]
        self.assertEqual(counting.within_time(counts, high), 100)
        self.assertEqual(counting.within_time(counts, low), 0)
        self.assertAlmostEqual(counting.within_time(counts, math.sqrt(low * high)), 50)
        self.assertEqual(counting.within_time(counts, 1e9), 100)
        self.assertEqual(counting.within_time([], 1.0), 0)

    def test_a_slow_deployment_misses_its_latency(self) -> None:
        seconds = buckets.empty()
        seconds[buckets.bucket(0.01)], seconds[buckets.bucket(5.0)] = 90, 10
        self.asked(NOW - timedelta(minutes=3), 100, seconds=seconds)
        fast = Promise(name="fast", indicator="latency", objective=0.5, settings={"under_ms": 200})
        slo = self.counted(self.promised(fast))
        self.assertAlmostEqual(slo.budget_left or 0, 1 - 0.1 / 0.5)

    def test_measurements_are_moments(self) -> None:
        monitor = Monitor.objects.create(
            project=self.fraud, deployment=self.deployment, name="auc", kind="performance"
        )
        for each, value in enumerate((0.9, 0.8, 0.95, 0.7)):
            at = NOW - timedelta(minutes=5 * each + 5)
            Measurement.objects.create(monitor=monitor, at=at, value=value)
            Measurement.objects.create(monitor=monitor, at=at, value=0.0, part="women")
        good = Promise(
            name="auc",
            indicator="quality",
            objective=0.75,
            settings={"at_least": 0.8},
            monitor=monitor,
        )
        slo = self.counted(self.promised(good))
        self.assertAlmostEqual(slo.budget_left or 0, 0.0)
        self.assertEqual(slo.state, "spent")

    def test_old_minutes_are_forgotten(self) -> None:
        slo = self.promised()
        for days in (1, 7, 9, 40):
            SloBucket.objects.create(slo=slo, starts_at=NOW - timedelta(days=days), good=1, all=1)
        self.assertEqual(services.forget_buckets(now=NOW), 2)


class BurningTests(ObjectiveTestCase):
    def test_rates_and_budget_follow_the_formula(self) -> None:
        slo = self.promised()
        self.every_minute(59, failures=2)
        self.counted(slo)
        self.assertAlmostEqual(slo.burn_rates["1h"], 2.0)
        self.assertAlmostEqual(slo.budget_left or 0, -1.0)
        self.assertEqual(slo.state, "spent")

    def test_it_fires_where_both_windows_burn_and_ends_with_the_short_one(self) -> None:
        slo = self.promised()
        SloBucket.objects.create(  # a quiet week, so that the budget lasts
            slo=slo, starts_at=NOW - timedelta(days=5), good=10_000_000, all=10_000_000
        )
        self.every_minute(59, failures=20)
        self.counted(slo)
        firing = Alert.objects.firing().filter(slo=slo)
        self.assertEqual(
            sorted(firing.values_list("fingerprint", flat=True)),
            [f"slo:{slo.pk}:{speed}" for speed in ("fast", "medium", "slow")],
        )
        self.assertEqual(slo.state, "burning")
        self.assertIn("times too fast over 1h", firing.get(fingerprint__endswith="fast").summary)
        self.counted(slo)
        self.assertEqual(Alert.objects.filter(slo=slo).count(), 3)

        later = NOW + timedelta(minutes=7)
        self.every_minute(6, failures=0, until=later)
        self.counted(slo, later)
        self.assertFalse(firing.filter(fingerprint__endswith="fast").exists())
        told = Entry.objects.filter(subject_kind="monitoring.alert")
        verbs = set(told.values_list("verb", flat=True))
        self.assertLessEqual({"monitoring.alert_fired", "monitoring.alert_resolved"}, verbs)

    def test_few_requests_are_no_news(self) -> None:
        slo = self.promised()
        self.asked(NOW - timedelta(minutes=3), 1, 1)
        self.counted(slo)
        self.assertFalse(Alert.objects.exists())

    def test_nothing_burns_while_the_past_is_caught_up(self) -> None:
        slo = self.promised()
        long_ago = NOW - timedelta(days=4)
        self.every_minute(59, failures=50, until=long_ago)
        self.counted(slo)
        self.assertFalse(Alert.objects.filter(fingerprint__endswith="fast").exists())
        self.assertEqual(slo.state, "spent")

    def test_the_limit_itself_is_reached(self) -> None:
        stretch = burning.Stretch(good=100 - 14.4, all=100)
        found = burning.Standing(0.99, stretch, dict.fromkeys(burning.LENGTHS, stretch))
        self.assertTrue(found.burns(burning.SPEEDS[0], 10))
        self.assertFalse(found.calm(burning.SPEEDS[0]))

    def test_silence_neither_fires_nor_ends_what_burns(self) -> None:
        bad, none = burning.Stretch(0, 100), burning.Stretch(0, 0)
        parts = {**dict.fromkeys(burning.LENGTHS, bad), "5m": none}
        found = burning.Standing(0.99, bad, parts)
        self.assertFalse(found.burns(burning.SPEEDS[0], 10))
        self.assertFalse(found.calm(burning.SPEEDS[0]))

    def test_a_spent_budget_closes_the_gate(self) -> None:
        candidate = Candidate(self.release.version, self.staging)
        kind = gates.KINDS["budget"]
        judged = lambda **given: kind.check(candidate, kind.settings(**given))  # noqa: E731
        self.assertTrue(judged().passed)
        self.assertFalse(judged(objective_needed=True).passed)
        slo = self.promised()
        Slo.objects.filter(pk=slo.pk).update(budget_left=0.2, state="met")
        self.assertTrue(judged().passed)
        self.assertFalse(judged(at_least=0.3).passed)
        Slo.objects.filter(pk=slo.pk).update(budget_left=-0.1, state="spent")
        self.assertIn("up on churn-live has -10% of its budget left", judged().sentence)
        Slo.objects.filter(pk=slo.pk).update(enabled=False)
        self.assertTrue(judged().passed)


class PromiseTests(ObjectiveTestCase):
    def test_what_does_not_fit_names_its_field(self) -> None:
        for promise, field in (
            (Promise("a", "latency", 0.9), "under_ms"),
            (Promise("a", "latency", 0.9, settings={"under_ms": -1}), "under_ms"),
            (Promise("a", "availability", 0.9, settings={"under_ms": 1}), "under_ms"),
            (Promise("a", "availability", 1.0), "objective"),
            (Promise("a", "availability", 0.9, window_days=400), "window_days"),
            (Promise("a", "quality", 0.9, settings={"at_least": 1}), "monitor"),
            (Promise("a", "quality", 0.9), "settings"),
            (Promise("a", "beauty", 0.9), "indicator"),
        ):
            with pytest.raises(Invalid, match=f"^{field}:"):
                self.promised(promise)

    def test_another_measure_begins_a_new_count(self) -> None:
        slo = self.promised()
        self.every_minute(5, failures=1)
        self.counted(slo)
        services.change_slo(
            slo=slo, promise=Promise("up", "availability", 0.9, window_days=7), by=self.max
        )
        self.assertTrue(slo.buckets.exists())
        faster = Promise("up", "latency", 0.9, settings={"under_ms": 100})
        services.change_slo(slo=slo, promise=faster, by=self.max)
        slo.refresh_from_db()
        self.assertEqual((slo.state, slo.buckets.count(), slo.counted_until), ("unknown", 0, None))

    def test_removing_it_ends_its_alerts(self) -> None:
        slo = self.promised()
        self.every_minute(59, failures=50)
        self.counted(slo)
        self.assertTrue(Alert.objects.firing().exists())
        services.remove_slo(slo=slo, by=self.max)
        services.remove_slo(slo=slo, by=self.max)
        self.assertFalse(Alert.objects.firing().exists())
        self.assertTrue(Alert.objects.filter(slo=None, name="up").exists())
        self.assertEqual(Entry.objects.filter(verb="monitoring.slo_removed").count(), 1)

    def test_it_goes_with_its_monitor_and_leaves_the_incident_that_it_opened(self) -> None:
        monitor = services.create_monitor(
            deployment=self.deployment, kind=Monitor.Kind.ERRORS, name="errors", by=self.max
        )
        slo = self.promised()
        Slo.objects.filter(pk=slo.pk).update(monitor=monitor)
        self.every_minute(59, failures=50)
        with self.captureOnCommitCallbacks(execute=True):
            self.counted(slo)
        incident = Incident.objects.get(alert__slo=slo)
        services.remove_monitor(monitor=monitor, by=self.max)
        self.assertFalse(Slo.objects.exists())
        incident.refresh_from_db()
        assert incident.alert is not None
        self.assertEqual(incident.alert.state, Alert.State.RESOLVED)
        self.assertEqual(Entry.objects.filter(verb="monitoring.slo_removed").count(), 1)
