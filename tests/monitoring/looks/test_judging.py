"""From looks to states: failures are shown and back off, a window is judged once whoever looks."""

from __future__ import annotations

import threading
from datetime import timedelta
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core import jobs
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.monitoring import hysteresis, services, tasks
from apps.monitoring.hysteresis import Standing
from apps.monitoring.levels import Level
from apps.monitoring.looks import Seen
from apps.monitoring.looks.reading import Reading
from apps.monitoring.models import Alert, Baseline, Measurement, Monitor, Verdict
from tests.base import PortalTransactionTestCase
from tests.deployments.test_pages import model_with_versions, served
from tests.monitoring.looks.stage import START, StageTestCase

Kind = Monitor.Kind
HOLD = timedelta(minutes=15)


def walked(*levels: Level | None, minutes: float = 1) -> list[str]:
    """What happens over a run of looks."""
    standing, told, at = Standing(), [], START
    for level in levels:
        step = hysteresis.after(standing, level, at, HOLD)
        standing = step.standing
        told.append("fires" if step.fires else "resolves" if step.resolves else "")
        at += timedelta(minutes=minutes)
    return told


def test_an_alert_ends_after_two_calm_windows() -> None:
    assert walked(Level.ACT, Level.IGNORE, Level.WATCH) == ["fires", "", "resolves"]
    assert walked(Level.ACT, Level.IGNORE, Level.ACT, Level.IGNORE) == ["fires", "", "", ""]
    assert walked(Level.ACT, Level.ACT, Level.ACT) == ["fires", "", ""]


def test_an_alert_ends_after_its_hold_whatever_is_seen() -> None:
    assert walked(Level.ACT, None, None, minutes=8) == ["fires", "", "resolves"]
    assert walked(Level.ACT, Level.TOO_FEW, Level.TOO_FEW, minutes=8) == ["fires", "", "resolves"]
    assert walked(Level.ACT, None, Level.ACT, None, minutes=8) == ["fires", "", "", ""]
    assert walked(None, Level.TOO_FEW, Level.IGNORE) == ["", "", ""]


def test_a_monitor_that_looks_seldom_is_held_for_two_looks() -> None:
    hour = timedelta(hours=1)
    assert hysteresis.hold_of(900, timedelta(minutes=1)) == HOLD
    acted = hysteresis.after(Standing(), Level.ACT, START, hysteresis.hold_of(900, hour))
    calm = hysteresis.after(
        acted.standing, Level.IGNORE, START + hour, hysteresis.hold_of(900, hour)
    )
    assert not calm.resolves


class FailingTests(StageTestCase):
    def failing(self) -> Monitor:
        """A custom metric without any connection to ask."""
        monitor = self.watch(Kind.METRIC, settings={"query": "up", "at_least": 1})
        Monitor.objects.filter(pk=monitor.pk).update(due_at=timezone.now())
        return monitor

    def test_it_says_why_and_backs_off(self) -> None:
        monitor = self.failing()
        waits = []
        with patch.object(timezone, "now", return_value=timezone.now()):
            for _ in range(8):
                tasks.look_at([monitor.pk])
                monitor.refresh_from_db()
                waits.append((monitor.due_at - timezone.now()).total_seconds())
        self.assertEqual((monitor.state, monitor.failures), ("failing", 8))
        self.assertIn("MetricSource", monitor.failure)
        self.assertEqual(sorted(waits), waits)
        self.assertEqual((waits[0], waits[-1]), (120, 3600))
        told = Entry.objects.filter(verb="monitoring.monitor_failed")
        self.assertEqual(told.count(), 1)

    def test_a_bug_in_one_look_does_not_blind_the_others(self) -> None:
        rows = [{"age": float(n)} for n in range(40)]
        baseline = services.baseline_from_rows(deployment=self.deployment, rows=rows, by=self.cora)
        broken, well = self.watch(Kind.INPUT_DRIFT, baseline=baseline), self.watch(Kind.STALENESS)
        Baseline.objects.update(profiles=[{"bent": 1}])
        self.predict(rows)
        tasks.look_at([broken.pk, well.pk])
        broken.refresh_from_db()
        self.assertIn("KeyError: 'type'", broken.failure)
        self.assertEqual(well.verdicts.count(), 1)
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(broken.get_absolute_url()), "It cannot look")

    def test_an_alert_stands_while_it_cannot_look(self) -> None:
        monitor = self.watch(Kind.ERRORS)
        self.asked(1000, failures=500, at=self.now - timedelta(minutes=2))
        self.look(monitor)
        services.note_failure(monitor=monitor, reason="away", at=self.now)
        self.assertEqual((self.state(monitor), Alert.objects.get().state), ("failing", "firing"))
        self.look(monitor, minutes=1)
        self.assertEqual((self.state(monitor), Alert.objects.count()), ("alerting", 1))

    def test_looking_on_demand_fails_with_a_result(self) -> None:
        monitor = self.failing()
        job = services.look_now(monitor=monitor, by=self.rita)
        jobs.run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual(
            (job.state, job.result), ("done", {"verdict": None, "rows": 0, "failed": True})
        )


class SweepTests(StageTestCase):
    def test_a_deployment_is_read_once_for_all_its_monitors(self) -> None:
        self.predict([{"a": float(n)} for n in range(300)])
        monitors = [
            self.watch(Kind.PREDICTION_DRIFT, name=f"m{n}", window_rows=50 + n) for n in range(6)
        ]
        with CaptureQueriesContext(connection) as queries:
            tasks.look_at([monitor.pk for monitor in monitors])
        reads = [q for q in queries if "FROM predictions_batch" in q["sql"]]
        self.assertEqual(len(reads), 1)
        self.assertEqual(Verdict.objects.count(), 6)
        self.assertEqual(Job.objects.filter(kind__startswith="monitoring").count(), 0)

    def test_due_monitors_are_claimed_once_with_their_neighbours(self) -> None:
        now = timezone.now()
        due, soon, later = (self.watch(Kind.TRAFFIC, name=name) for name in "abc")
        for monitor, seconds in ((due, -1), (soon, 5), (later, 40)):
            at = now + timedelta(seconds=seconds)
            Monitor.objects.filter(pk=monitor.pk).update(due_at=at)
        claimed = services.claim_due(at=now)
        self.assertEqual(
            {key: sorted(ids) for key, ids in claimed.items()},
            {self.deployment.pk: [due.pk, soon.pk]},
        )
        self.assertEqual(services.claim_due(at=now), {})
        services.pause_monitor(monitor=later, by=self.max)
        self.assertEqual(services.together(monitor_ids=[later.pk]), [])

    def test_old_looks_grow_coarser_and_those_of_alerts_stay(self) -> None:
        monitor = self.watch(Kind.ERRORS)
        self.asked(1000, failures=500, at=self.now - timedelta(minutes=2))
        told = self.look(monitor)
        assert told is not None
        for minute in range(120):
            at = self.now + timedelta(minutes=minute)
            Verdict.objects.create(
                monitor=monitor,
                level="ignore",
                rows=1,
                starts_at=at,
                ends_at=at,
                findings=[],
                at=at,
            )
            Measurement.objects.update_or_create(
                monitor=monitor, part="", at=at, defaults={"value": 1.0}
            )
        services.thin_out(at=self.now + timedelta(days=1))
        self.assertEqual(Verdict.objects.count(), 121)
        services.thin_out(at=self.now + timedelta(days=8))
        self.assertEqual((Verdict.objects.count(), Measurement.objects.count()), (3, 2))
        services.thin_out(at=self.now + timedelta(days=500))
        self.assertEqual(list(Verdict.objects.all()), [told])


class RaceTests(PortalTransactionTestCase):
    def test_two_workers_judge_one_window_once(self) -> None:
        (version,) = model_with_versions(self.fraud, 1)
        place = served(version, self.staging, self.ada)
        monitor = services.create_monitor(
            deployment=place, kind=Kind.ERRORS, name="errors", by=self.max
        )
        seen = Seen(Level.ACT, 100, START, START, "bad", [], [])
        gate = threading.Barrier(4)

        def judge() -> None:
            gate.wait()
            services.judge(monitor=monitor, seen=seen, at=START)
            connection.close()

        workers = [threading.Thread(target=judge) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual((Verdict.objects.count(), Alert.objects.count()), (1, 1))

    def test_two_sweeps_claim_each_monitor_once(self) -> None:
        (version,) = model_with_versions(self.fraud, 1)
        place = served(version, self.staging, self.ada)
        for number in range(40):
            services.create_monitor(
                deployment=place, kind=Kind.ERRORS, name=f"m{number}", by=self.max
            )
        now, claimed = timezone.now(), []

        def claim() -> None:
            claimed.extend(pk for ids in services.claim_due(at=now).values() for pk in ids)
            connection.close()

        workers = [threading.Thread(target=claim) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(len(claimed), 40)
        self.assertEqual(len(set(claimed)), 40)


class ReadingTests(StageTestCase):
    def test_rows_are_read_once_for_the_furthest_reach(self) -> None:
        self.predict([{}] * 50)
        reading = Reading(self.deployment, self.now)
        with self.assertNumQueries(1):
            self.assertEqual(len(reading.rows(self.now - timedelta(hours=2))), 50)
            self.assertEqual(len(reading.rows(self.now - timedelta(seconds=2))), 20)
