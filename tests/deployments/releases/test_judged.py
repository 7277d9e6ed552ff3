"""A canary under the judge: what is bad goes back by itself, what is good goes on by itself."""

from __future__ import annotations

from apps.deployments.models import Judgement, Release
from tests.deployments.releases.traffic import Behaviour, ReleaseTestCase


class JudgedTests(ReleaseTestCase):
    def assert_taken_back(self, release: Release, topic: str) -> None:
        self.assertEqual(release.state, "rolled_back", release.note)
        self.assertEqual(self.served(), 1)
        self.assertEqual(release.share, 0)
        self.assertFalse(release.replicas.filter(retired_at=None).exists())
        self.assertTrue(self.first.replicas.filter(retired_at=None).exists())
        judgement = Judgement.objects.latest("pk")
        self.assertEqual(judgement.verdict, "roll_back")
        self.assertTrue(judgement.reason.startswith(f"It is worse. {topic}:"), judgement.reason)
        self.assertEqual(judgement.reason, release.note)
        self.assertEqual(self.verbs().count("release_rolled_back"), 1)

    def test_a_good_version_is_live_after_all_steps(self) -> None:
        release = self.canary()
        self.assertEqual((release.state, release.share), ("moving", 10))
        release = self.run_for(release, 300)
        self.assertEqual((release.state, self.served()), ("live", 2))
        self.assertEqual(self.fresh(self.first).state, "superseded")
        self.assertEqual(self.verbs().count("traffic_moved"), 2)
        self.assertEqual(self.verbs()[-1], "released")

    def test_one_that_fails_is_taken_back(self) -> None:
        release = self.run_for(self.canary(), 300, v2=Behaviour(failing=0.2))
        self.assert_taken_back(release, "errors")

    def test_one_that_is_ten_times_slower_is_taken_back(self) -> None:
        release = self.run_for(self.canary(), 300, v2=Behaviour(seconds=0.2))
        self.assert_taken_back(release, "latency")

    def test_one_whose_scores_have_moved_is_taken_back(self) -> None:
        release = self.run_for(self.canary(), 300, v2=Behaviour(shift=0.3))
        self.assert_taken_back(release, "scores")

    def test_one_that_is_wrong_more_often_is_taken_back(self) -> None:
        release = self.run_for(self.canary(step_seconds=120), 600, v2=Behaviour(wrong=0.6))
        self.assert_taken_back(release, "quality")

    def test_moved_scores_are_let_pass_where_they_are_not_judged(self) -> None:
        release = self.canary(judge_scores=False)
        release = self.run_for(release, 300, v2=Behaviour(shift=0.3, wrong=0.1))
        self.assertEqual(release.state, "live", release.note)

    def test_a_little_slower_is_no_reason_to_go_back(self) -> None:
        release = self.run_for(self.canary(), 300, v2=Behaviour(seconds=0.0202))
        self.assertEqual(release.state, "live", release.note)

    def test_without_traffic_it_waits_and_fails_in_the_end(self) -> None:
        release = self.canary(most_seconds=600)
        release = self.run_for(release, 500, requests=0)
        self.assertEqual((release.state, release.step), ("moving", 0))
        self.assertIn("0 of 100", release.note)
        release = self.run_for(release, 200, requests=0)
        self.assertEqual((release.state, self.served()), ("failed", 1))
        self.assertIn("600 s", release.note)
        self.assertFalse(Judgement.objects.exists())

    def test_a_step_lasts_until_enough_was_seen(self) -> None:
        release = self.run_for(self.canary(least_requests=1000), 60, requests=20)
        self.assertEqual((release.state, release.step), ("moving", 0))
        self.assertIn("of 1000 in this step", release.note)

    def test_a_paused_one_that_turns_bad_is_taken_back_all_the_same(self) -> None:
        release = self.canary()
        Release.objects.filter(pk=release.pk).update(state="paused", wish="pause")
        release = self.run_for(release, 200, v2=Behaviour(failing=0.3))
        self.assert_taken_back(release, "errors")

    def test_a_shadow_that_is_worse_ends_and_a_good_one_waits_for_a_person(self) -> None:
        bad = self.ready(self.request(2, kind="shadow", step_seconds=30))
        self.assertTrue(bad.shadow)
        bad = self.run_for(bad, 300, requests=100, v2=Behaviour(seconds=0.3))
        self.assert_taken_back(bad, "latency")
        good = self.ready(self.request(3, kind="shadow", step_seconds=30, most_seconds=300))
        good = self.run_for(good, 200, requests=100)
        self.assertEqual((good.state, self.served()), ("moving", 1))
        self.assertIn("promote it, or abort it", good.note)
        good = self.run_for(good, 150, requests=100)
        self.assertEqual((good.state, self.served(), good.shadow), ("aborted", 1, False))
