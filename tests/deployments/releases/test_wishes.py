"""What people ask of a release under way, one after another and at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from apps.core.errors import PortalError
from apps.deployments import services
from apps.deployments.errors import AlreadyAsked, Frozen, NotNow, ReleaseOver
from apps.deployments.models import Release
from apps.projects.models import FreezeWindow
from tests.base import PortalTransactionTestCase
from tests.deployments.releases.traffic import ReleaseTestCase
from tests.deployments.test_pages import model_with_versions


class WishTests(ReleaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.release = self.canary()

    def look(self) -> Release:
        services.look(self.release.pk)
        return self.fresh(self.release)

    def freeze(self, seconds: int) -> None:
        FreezeWindow.objects.create(
            environment=self.staging,
            starts_at=self.now,
            ends_at=self.now + timedelta(seconds=seconds),
            reason="sales",
        )

    def test_a_pause_holds_the_traffic_until_it_is_resumed(self) -> None:
        services.ask_pause(release=self.release, by=self.cora, reason="lunch")
        release = self.look()
        self.assertEqual((release.state, release.share, release.note), ("paused", 10, "lunch"))
        release = self.run_for(self.release, 60)
        self.assertEqual((release.state, release.step), ("paused", 0))
        with self.assertRaisesMessage(NotNow, "cannot be paused"):
            services.ask_pause(release=self.release, by=self.max)
        services.ask_resume(release=self.release, by=self.max)
        self.assertEqual(self.look().state, "moving")
        self.assertEqual(self.run_for(self.release, 300).state, "live")
        self.assertEqual(self.verbs().count("release_paused"), 1)
        self.assertEqual(self.verbs().count("release_resumed"), 1)

    def test_a_promoted_one_takes_all_the_traffic(self) -> None:
        services.ask_promote(release=self.release, by=self.max)
        self.assertEqual((self.look().state, self.served()), ("live", 2))
        with self.assertRaisesMessage(ReleaseOver, "it is live"):
            services.ask_abort(release=self.release, by=self.cora)

    def test_an_aborted_one_leaves_the_traffic_where_it_was(self) -> None:
        services.ask_abort(release=self.release, by=self.cora, reason="wrong version")
        with self.assertRaisesMessage(AlreadyAsked, "cora has just asked to abort churn-live #2"):
            services.ask_promote(release=self.release, by=self.max)
        release = self.look()
        self.assertEqual((release.state, release.note), ("aborted", "wrong version"))
        self.assertEqual((self.served(), release.share), (1, 0))
        for _ in range(2):
            self.assertEqual(self.look().state, "aborted")
        self.assertEqual(self.verbs().count("release_aborted"), 1)

    def test_a_queued_one_can_be_aborted_and_not_promoted(self) -> None:
        services.ask_abort(release=self.release, by=self.cora)
        self.look()
        queued = self.request(3)
        with self.assertRaisesMessage(NotNow, "not ready yet"):
            services.ask_promote(release=queued, by=self.max)
        services.ask_abort(release=queued, by=self.max)
        services.look(queued.pk)
        self.assertEqual(self.fresh(queued).state, "aborted")

    def test_a_freeze_pauses_it_and_its_end_lets_it_go_on(self) -> None:
        self.freeze(120)
        release = self.look()
        self.assertEqual(release.state, "paused")
        self.assertIn("frozen: sales", release.note)
        for ask in (services.ask_resume, services.ask_promote):
            with self.assertRaises(Frozen):
                ask(release=self.release, by=self.max)
        self.wait(121)
        self.assertEqual(self.look().state, "moving")

    def test_a_pause_of_a_person_outlasts_a_freeze(self) -> None:
        self.freeze(60)
        self.look()
        services.ask_pause(release=self.release, by=self.cora)
        self.wait(61)
        self.assertEqual(self.look().state, "paused")

    def test_a_freeze_does_not_hold_the_way_back(self) -> None:
        services.ask_promote(release=self.release, by=self.max)
        self.look()
        self.freeze(600)
        back = self.ready(services.roll_back(deployment=self.row, by=self.cora))
        self.assertEqual((back.state, self.served()), ("live", 1))

    def test_one_that_is_ready_in_a_freeze_waits_for_its_end(self) -> None:
        services.ask_abort(release=self.release, by=self.cora)
        self.look()
        third = self.request(3)
        self.freeze(3600)
        third = self.ready(third)
        self.assertEqual(third.state, "starting")
        self.assertIn("frozen: sales", third.note)
        self.wait(3601)
        services.look(third.pk)
        self.assertEqual(self.fresh(third).state, "live")

    def test_approval_waits_for_a_person_before_the_last_step(self) -> None:
        services.ask_abort(release=self.release, by=self.cora)
        self.look()
        release = self.ready(self.request(3, approval=True))
        self.assertEqual((release.state, release.share, self.served()), ("moving", 0, 1))
        services.look(release.pk)
        self.assertIn("promote it, or abort it", self.fresh(release).note)
        services.ask_promote(release=release, by=self.max)
        services.look(release.pk)
        self.assertEqual(self.served(), 3)


class AtOnceTests(PortalTransactionTestCase):
    """Two people press two buttons at the same moment, on connections of their own."""

    def test_one_wins_and_the_other_reads_why(self) -> None:
        versions = model_with_versions(self.fraud)
        row = services.create_deployment(
            environment=self.staging, model=versions[0].model, slug="churn-live", by=self.ada
        )
        release = services.request_release(deployment=row, version=versions[0], by=self.ada)
        Release.objects.filter(pk=release.pk).update(state="moving")
        told: list[str] = []
        gate = threading.Barrier(2)

        def press(ask: Callable[..., Release]) -> None:
            gate.wait(120)
            try:
                told.append(f"asked to {ask(release=release, by=self.ada).wish}")
            except PortalError as error:
                told.append(error.code)
            finally:
                connection.close()

        people = [
            threading.Thread(target=press, args=(ask,))
            for ask in (services.ask_abort, services.ask_promote)
        ]
        for person in people:
            person.start()
        for person in people:
            person.join(60)
        wish = Release.objects.get(pk=release.pk).wish
        self.assertCountEqual(told, [f"asked to {wish}", "already_asked"])
