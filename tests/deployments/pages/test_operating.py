"""Scale, restart, retire and reinstate: once, by whom it may, and with everything kept."""

from __future__ import annotations

from apps.deployments import configurations, routing, services
from apps.deployments.errors import DeploymentRetired, ReleaseInProgress
from apps.deployments.models import Release, Replica, ServedSpan
from tests.deployments.pages.base import Served
from tests.deployments.test_pages import release


class ScaleTests(Served):
    def scale(self, replicas: object) -> str:
        answer = self.client.post(f"{self.page}scale/", {"replicas": replicas}, follow=True)
        self.assertEqual(answer.status_code, 200)
        return answer.content.decode()

    def test_more_start_at_once_and_surplus_ones_drain(self) -> None:
        self.assertIn("It becomes 3 model servers", self.scale(3))
        self.assertEqual([row.state for row in self.replicas()], ["ready", "wanted", "wanted"])
        stand = configurations.current(self.row)
        self.assertEqual((stand.number, stand.config.replicas), (1, 3))
        kept = self.replicas()[2]
        services.note_replica(kept.pk, state=Replica.State.READY, port=2, pid=2)
        self.scale(2)
        self.assertEqual([row.state for row in self.replicas()], ["ready", "ready"])
        self.assertIn(kept, self.replicas())
        self.assertEqual(Replica.objects.exclude(retired_at=None).count(), 1)

    def test_the_second_click_changes_nothing(self) -> None:
        self.scale(2)
        self.assertIn("It already is 2 model servers", self.scale(2))
        self.assertEqual(len(self.replicas()), 2)
        self.assertEqual(self.recorded("configured"), 1)

    def test_a_number_that_does_not_fit_is_named(self) -> None:
        for wrong in (0, 51, "many", ""):
            self.assertIn("replicas: give a whole number from 1 to 50", self.scale(wrong))
        self.assertEqual(len(self.replicas()), 1)


class RestartTests(Served):
    def restart(self, **sent: object) -> str:
        answer = self.client.post(f"{self.page}restart/", sent, follow=True)
        return answer.content.decode()

    def test_every_model_server_is_asked_once(self) -> None:
        services.scale(deployment=self.row, replicas=3, by=self.ada)
        self.ready()
        self.assertIn("3 model servers restart, one after another", self.restart())
        self.assertTrue(all(row.restart_wanted for row in self.replicas()))
        self.assertIn("already restarting", self.restart())
        self.assertEqual(self.recorded("restart_requested"), 1)

    def test_one_of_them_alone(self) -> None:
        services.scale(deployment=self.row, replicas=2, by=self.ada)
        one, other = self.replicas()
        self.assertIn("It restarts.", self.restart(replica=one.pk))
        one.refresh_from_db()
        other.refresh_from_db()
        self.assertEqual((one.restart_wanted, other.restart_wanted), (True, False))
        self.assertIn("replica: name a model server", self.restart(replica="x"))

    def test_one_of_another_deployment_is_not_there(self) -> None:
        other = self.protected()
        replica = self.replicas()[0]
        self.client.force_login(self.ada)
        address = f"{other.get_absolute_url()}restart/"
        self.assertEqual(self.client.post(address, {"replica": replica.pk}).status_code, 404)
        self.assertContains(self.client.post(address, follow=True), "has no model server")


class RetireTests(Served):
    SENT = {"reason": "nobody calls it", "name": "churn-live"}

    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.max)
        self.address = f"{self.page}retire/"

    def test_it_answers_nobody_and_its_history_stays(self) -> None:
        self.assertContains(self.client.get(self.address), "churn v1 is live as release 1")
        self.assertRedirects(self.client.post(self.address, self.SENT), self.page)
        self.assertEqual(routing.routes(), [])
        self.assertEqual(self.replicas(), [])
        self.assertFalse(ServedSpan.objects.filter(until=None).exists())
        self.assertEqual(Release.objects.get().state, Release.State.SUPERSEDED)
        self.client.force_login(self.carol)
        page = self.client.get(self.page)
        self.assertContains(page, "This deployment is retired")
        self.assertContains(page, "Release 1")
        self.assertNotContains(self.client.get("/deployments/"), "churn-live")
        self.assertContains(self.client.get("/deployments/?state=retired"), "churn-live")

    def test_those_who_call_it_are_told_on_their_home_page(self) -> None:
        self.client.post(self.address, self.SENT)
        for user, times in ((self.carol, 1), (self.bob, 0)):
            self.client.force_login(user)
            self.assertContains(self.client.get("/"), "nobody calls it", count=times)

    def test_the_name_is_typed_and_the_reason_is_given(self) -> None:
        for change, name in (({"name": "churn"}, "name"), ({"reason": " "}, "reason")):
            answer = self.client.post(self.address, self.SENT | change)
            self.assertEqual(answer.status_code, 422)
            self.assertEqual(list(answer.context["form"].errors), [name])
        self.row.refresh_from_db()
        self.assertFalse(self.row.is_retired)

    def test_a_release_under_way_stands_against_it(self) -> None:
        services.request_release(deployment=self.row, version=self.second, by=self.ada)
        answer = self.client.post(self.address, self.SENT)
        self.assertContains(answer, "already releasing another version", status_code=422)
        with self.assertRaises(ReleaseInProgress):
            services.retire_deployment(deployment=self.row, reason="x", by=self.max)

    def test_a_retired_one_takes_nothing_new_until_it_is_reinstated(self) -> None:
        self.client.post(self.address, self.SENT)
        self.row.refresh_from_db()
        with self.assertRaises(DeploymentRetired):
            services.request_release(deployment=self.row, version=self.second, by=self.ada)
        with self.assertRaises(DeploymentRetired):
            services.scale(deployment=self.row, replicas=2, by=self.ada)
        self.assertContains(
            self.client.post(self.address, self.SENT), "is retired", status_code=422
        )
        self.assertRedirects(self.client.post(f"{self.page}reinstate/"), self.page)
        again = self.client.post(f"{self.page}reinstate/", follow=True)
        self.assertContains(again, "is not retired")
        self.row.refresh_from_db()
        release(self.row, self.second, self.ada)
        self.assertEqual(self.live.version, self.second)
        self.assertEqual(self.recorded("retired") + self.recorded("reinstated"), 2)

    def test_contributors_may_not(self) -> None:
        for user, status in ((self.cora, 403), (self.carol, 403), (self.bob, 404)):
            self.client.force_login(user)
            self.assertEqual(self.client.get(self.address).status_code, status)
            self.assertEqual(self.client.post(self.address, self.SENT).status_code, status)
            self.assertEqual(self.client.post(f"{self.page}reinstate/").status_code, status)


class RightsTests(Served):
    VERBS = ("scale", "restart", "release", "steer", "roll-back", "configuration")

    def test_who_may_only_look_changes_nothing(self) -> None:
        for user, status in ((self.carol, 403), (self.rita, 403), (self.bob, 404)):
            self.client.force_login(user)
            for verb in self.VERBS:
                answer = self.client.post(f"{self.page}{verb}/", {"replicas": 2})
                self.assertEqual(answer.status_code, status, verb)

    def test_in_a_protected_environment_contributors_only_look(self) -> None:
        page = self.protected().get_absolute_url()
        for verb in self.VERBS:
            self.assertEqual(self.client.post(f"{page}{verb}/").status_code, 403, verb)
        self.assertContains(self.client.get(page), "needs the maintainer role")
        self.client.force_login(self.max)
        self.assertContains(self.client.get(page), "Release a version")
