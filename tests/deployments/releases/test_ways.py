"""Every way through a release: strategies, the way back, time-outs, and workers that die on it."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from apps.core.jobs import Progress
from apps.core.jobs.runner import claim, work_on
from apps.core.models import Job
from apps.deployments import services
from apps.deployments.configs import Batching, Config, Strategy
from apps.deployments.errors import NothingToShadow
from apps.deployments.models import Configuration, Deployment, Release, Replica
from apps.deployments.routing import routes
from apps.models.models import ModelVersion
from tests.deployments.releases.traffic import Behaviour, ReleaseTestCase

BLUE_GREEN = {"kind": "blue_green", "step_seconds": 120}


class WayTests(ReleaseTestCase):
    def test_blue_green_keeps_the_old_ones_warm_and_the_way_back_needs_no_start(self) -> None:
        old = self.first.replicas.get()
        self.ready(self.request(2, **BLUE_GREEN))
        self.assertEqual(self.served(), 2)
        old.refresh_from_db()
        self.assertEqual(old.retired_at, self.now + timedelta(seconds=120))
        self.wait(60)
        back = services.roll_back(deployment=self.row, by=self.cora)
        services.look(back.pk)
        services.look(back.pk)
        self.assertEqual((self.fresh(back).state, self.served()), ("live", 1))
        old.refresh_from_db()
        self.assertEqual((old.release_id, old.retired_at, old.state), (back.pk, None, "ready"))
        self.assertEqual([target.replica_id for target in routes()[0].targets], [old.pk])

    def test_after_that_time_the_way_back_starts_anew(self) -> None:
        old = self.first.replicas.get()
        self.ready(self.request(2, **BLUE_GREEN))
        self.wait(121)
        back = services.roll_back(deployment=self.row, by=self.cora)
        services.look(back.pk)
        services.look(back.pk)
        self.assertEqual(self.fresh(back).state, "starting")
        self.assertNotEqual(back.replicas.get().pk, old.pk)

    def test_blue_green_goes_back_by_itself_where_it_fails(self) -> None:
        for _ in range(30):
            self.wait(5)
            self.traffic.send(self.now, 50, {})
        release = self.ready(self.request(2, **BLUE_GREEN))
        release = self.run_for(release, 110, requests=50, v2=Behaviour(failing=0.5))
        back = Release.objects.get(undoes=release)
        self.assertIn("It is worse. errors", back.reason)
        self.assertIsNone(back.requested_by)
        self.assertEqual(self.ready(back).state, "live")
        self.assertEqual((self.served(), self.fresh(release).state), (1, "rolled_back"))

    def test_blue_green_that_holds_is_over_after_its_time(self) -> None:
        for _ in range(30):
            self.wait(5)
            self.traffic.send(self.now, 50, {})
        release = self.ready(self.request(2, **BLUE_GREEN))
        release = self.run_for(release, 130, requests=50)
        self.assertTrue(services.look(release.pk).over)
        self.assertEqual((release.state, self.served()), ("live", 2))

    def test_a_rollback_of_a_rollback_leads_further_back(self) -> None:
        for number in (2, 3):
            self.live(number)
        for expected in (2, 1):
            self.ready(services.roll_back(deployment=self.row, by=self.cora))
            self.assertEqual(self.served(), expected)

    def test_the_first_release_of_a_canary_goes_all_at_once_and_a_shadow_is_refused(self) -> None:
        empty = services.create_deployment(
            environment=self.staging, model=self.versions[0].model, slug="empty", by=self.ada
        )
        self.assertEqual(self.planned(empty, kind="canary").strategy.kind, "all_at_once")
        with self.assertRaises(NothingToShadow):
            services.request_release(
                deployment=empty, version=self.versions[0], by=self.ada,
                strategy=Strategy(kind="shadow"),
            )  # fmt: skip

    def planned(self, row: Deployment, version: ModelVersion | None = None, **kind: object):
        return services.plan(row, version or self.versions[1], Strategy(**kind))

    def test_a_plan_says_what_changes_and_how_it_is_undone(self) -> None:
        Configuration.objects.create(
            deployment=self.row,
            number=1,
            body=Config(batching=Batching(most_rows=9)).model_dump(mode="json"),
        )
        plan = self.planned(self.row, kind="canary", steps=(5, 50))
        self.assertEqual([step.share for step in plan.steps], [5, 50, 100])
        self.assertIn("version 1 again within a second", plan.undo)
        changed = {change.name: (change.before, change.after) for change in plan.changes}
        self.assertEqual(changed["version"], ("churn v1", "churn v2"))
        self.assertEqual(changed["batching.most_rows"], ("256", "9"))
        self.assertEqual(plan.warnings, ())

    def test_it_waits_for_all_the_replicas(self) -> None:
        Configuration.objects.create(
            deployment=self.row, number=1, body=Config(replicas=3).model_dump(mode="json")
        )
        release = self.request(2)
        services.look(release.pk)
        self.assertEqual(release.replicas.count(), 3)
        for replica in list(release.replicas.all())[:2]:
            services.note_replica(replica.pk, state=Replica.State.READY, port=1, pid=1)
        services.look(release.pk)
        self.assertIn("2 of 3", self.fresh(release).note)
        self.assertEqual(self.ready(release).state, "live")

    def test_without_a_runner_it_fails_after_a_while(self) -> None:
        release = self.request(2)
        services.look(release.pk)
        self.wait(31 * 60)
        self.assertTrue(services.look(release.pk).failed)
        self.assertIn("Is the runner, or the target, there?", self.fresh(release).note)
        self.live(3)

    def test_a_version_that_is_deleted_meanwhile_ends_it(self) -> None:
        release = self.canary()
        ModelVersion.objects.filter(pk=release.version_id).update(deleted_at=self.now)
        services.look(release.pk)
        release = self.fresh(release)
        self.assertEqual((release.state, self.served()), ("failed", 1))
        self.assertIn("deleted", release.note)

    def test_a_model_server_that_fails_ends_it_with_the_reason(self) -> None:
        release = self.request(2)
        services.look(release.pk)
        services.note_replica(release.replicas.get().pk, state=Replica.State.FAILED, note="no disk")
        services.look(release.pk)
        self.assertIn("no disk", self.fresh(release).note)


class Killed(BaseException):
    """The worker is gone in the middle of the work, as kill -9 leaves it."""


class KilledTests(ReleaseTestCase):
    """The job is killed before and after each thing it does; taken up again it ends the same way."""

    SERVICES = ("start_replicas", "begin_moving", "next_step", "go_live")

    def drive(self, release: Release, kill_at: int) -> int:
        """Work until the release is over, killed once; how many chances there were to kill it."""
        chances = 0

        def maybe() -> None:
            nonlocal chances
            chances += 1
            if chances == kill_at:
                raise Killed

        def around(act):
            def acted(*args, **kwargs):
                maybe()
                done = act(*args, **kwargs)
                maybe()
                return done

            return acted

        driving = "apps.deployments.services.driving"
        with patch.object(Progress, "__call__", around(Progress.__call__)):
            patches = [
                patch(f"{driving}.{name}", around(getattr(services.driving, name)))
                for name in self.SERVICES
            ]
            for each in patches:
                each.start()
            try:
                self._drive(release)
            finally:
                for each in patches:
                    each.stop()
        return chances

    def _drive(self, release: Release) -> None:
        for _ in range(60):
            self.wait(10)
            self.traffic.send(self.now, 40, {})
            self._leg(release)
            waiting = release.replicas.exclude(state="ready").first()
            if waiting is not None:
                services.note_replica(waiting.pk, state=Replica.State.READY, port=1, pid=1)
            if self.fresh(release).state == "live":
                self._leg(release)
                return

    def _leg(self, release: Release) -> None:
        jobs = Job.objects.filter(pk=release.job_id)
        jobs.filter(state="queued").update(not_before=None)
        job = claim(release.job_id)
        if job is None:
            return
        try:
            work_on(job)
        except Killed:
            # What the sweep does once the lease has run out.
            jobs.update(state="queued", claim=None, lease_until=None, not_before=None)

    def test_it_always_comes_to_the_same_end(self) -> None:
        strategy = {"kind": "canary", "steps": (20, 50), "step_seconds": 5, "least_requests": 10}
        clean = self.request(2, **strategy)
        with patch.object(services.driving, "SOON", services.driving.AT_EASE):
            chances = self.drive(clean, kill_at=0)
            self.assertGreater(chances, 8)
            verbs = self.verbs()
            expected = verbs[verbs.index("release_requested", 3) :]
            for kill_at in range(1, chances + 1):
                before = len(self.verbs())
                release = self.request(2 + kill_at % 2, **strategy)
                self.drive(release, kill_at)
                self.assertEqual(self.fresh(release).state, "live", kill_at)
                self.assertEqual(self.verbs()[before:], expected, kill_at)
                self.assertEqual(Job.objects.get(pk=release.job_id).state, "done", kill_at)
