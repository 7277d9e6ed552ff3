"""Rolling back and retraining from an incident's page, by right; one button to acknowledge."""

from __future__ import annotations

from django.utils import timezone

from apps.deployments.models import Release
from apps.incidents import runbooks, services
from apps.incidents.errors import PlanChanged
from apps.incidents.models import Incident
from apps.incidents.runbooks import remedies
from apps.integrations.models import Connection
from apps.ledger.models import Entry
from apps.models.models import Experiment, ModelVersion, Run
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene


class RemedyTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.place = self.deploy()
        self.row = self.open(self.place)
        self.page = self.row.get_absolute_url()

    def digest(self, name: str) -> str:  # type: ignore[override]  # of a remedy, not of a step
        return remedies.plan(self.max, self.row, name).digest

    def asked(self) -> Entry:
        return Entry.objects.get(verb="incidents.retraining_asked")

    def test_the_page_offers_what_the_person_may_do(self) -> None:
        seen = {
            self.max: ("Roll fraud-live back to fraud v1", "Ask for a new version of fraud"),
            self.cora: ("Ask for a new version of fraud",),
            self.rita: (),
            self.carol: (),
        }
        for user, offers in seen.items():
            self.client.force_login(user)
            answer = self.client.get(self.page)
            for words in seen[self.max]:
                count = 1 if words in offers else 0
                self.assertContains(answer, f">{words}</a>", count, msg_prefix=f"{user}")

    def test_rolling_back_shows_its_plan_and_is_done_once(self) -> None:
        self.client.force_login(self.max)
        page = self.client.get(f"{self.page}roll-back/")
        self.assertContains(page, "Neither a gate nor a freeze stops it")
        self.assertEqual(Release.objects.count(), 2)
        sent = {"plan": self.digest("roll_back")}
        for _ in range(2):
            self.client.post(f"{self.page}roll-back/", sent)
        made = Release.objects.get(number=3)
        self.assertEqual((made.version.number, made.requested_by), (1, self.max))
        entry = Entry.objects.get(verb="incidents.remedy_applied")
        self.assertEqual(entry.data["release"], made.pk)

    def test_another_plan_than_was_looked_at_is_not_run(self) -> None:
        digest = self.digest("roll_back")
        Release.objects.filter(number=2).update(state="superseded")
        version = ModelVersion.objects.create(project=self.fraud, model=self.place.model, number=3)
        Release.objects.create(
            deployment=self.place, version=version, number=3, state="live",
            requested_by=self.ada, live_at=timezone.now(),
        )  # fmt: skip
        self.client.force_login(self.max)
        with self.assertRaises(PlanChanged):
            runbooks.apply(incident=self.row, name="roll_back", digest=digest, by=self.max)
        self.client.post(f"{self.page}roll-back/", {"plan": digest})
        self.assertEqual(self.client.post(f"{self.page}roll-back/").status_code, 422)
        self.assertFalse(Release.objects.filter(state="queued").exists())

    def test_who_lacks_the_role_is_refused(self) -> None:
        sent = {"plan": self.digest("roll_back")}
        for user, status in ((self.rita, 302), (self.carol, 403), (self.bob, 404)):
            self.client.force_login(user)
            self.assertEqual(self.client.post(f"{self.page}roll-back/", sent).status_code, status)
        self.client.force_login(self.rita)
        self.assertContains(self.client.get(f"{self.page}roll-back/"), "You lack this role")
        self.assertFalse(Release.objects.filter(state="queued").exists())

    def test_retraining_is_asked_for_once_with_the_run_to_repeat(self) -> None:
        experiment = Experiment.objects.create(project=self.fraud, mlflow_id="1", name="fraud")
        run = Run.objects.create(
            project=self.fraud, experiment=experiment, mlflow_id="r" * 32, name="careful"
        )
        ModelVersion.objects.filter(number=2).update(run=run)
        self.client.force_login(self.cora)
        page = self.client.get(f"{self.page}retrain/")
        self.assertContains(page, "came from the run careful")
        self.assertContains(page, "somebody has to start the training")
        sent = {"plan": self.digest("retrain")}
        for _ in range(2):
            self.client.post(f"{self.page}retrain/", sent)
        self.assertEqual(self.asked().data["mlflow_run"], "r" * 32)
        self.assertEqual(self.asked().subject_id, str(self.row.pk))
        self.assertContains(self.client.get(f"{self.page}retrain/"), "was asked for already")
        self.assertNotContains(self.client.get(self.page), "Ask for a new version of fraud</a>")

    def test_the_plan_names_who_hears_of_it(self) -> None:
        for name, verbs in (("Airflow", "incidents.*"), ("Billing", "costs.*")):
            Connection.objects.create(
                project=self.fraud, slug="webhook_out", name=name,
                values={"url": "https://airflow.acme.org/hook", "verbs": [verbs]},
            )  # fmt: skip
        told = remedies.plan(self.max, self.row, "retrain").consequence
        self.assertIn("Airflow hears of it", told)
        self.assertNotIn("Billing", told)

    def test_nothing_is_offered_where_nothing_can_be_done(self) -> None:
        Release.objects.filter(state="live").update(state="superseded")
        self.assertEqual(remedies.offered(self.max, self.row), [])
        self.client.force_login(self.max)
        self.assertContains(self.client.get(f"{self.page}retrain/"), "serves nothing")
        bare = self.open()
        self.assertEqual(remedies.offered(self.max, bare), [])
        page = f"{bare.get_absolute_url()}roll-back/"
        self.assertContains(self.client.get(page), "name a deployment")
        services.resolve(incident=self.row, by=self.max, reason="Over.")
        self.row.refresh_from_db()
        self.assertEqual(remedies.offered(self.max, self.row), [])

    def test_there_is_one_button_to_acknowledge(self) -> None:
        self.client.force_login(self.rita)
        answer = self.client.get(self.page)
        self.assertContains(answer, f'action="{self.page}acknowledge/"', 1)


class ListTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.place = self.deploy()
        self.here = self.open(self.place)
        self.elsewhere = services.open_by_hand(
            project=self.fraud, title="Elsewhere", severity="low", by=self.ada
        )

    def state(self, row: Incident) -> str:
        return Incident.objects.get(pk=row.pk).state

    def test_it_is_filtered_by_deployment_severity_and_mine(self) -> None:
        self.client.force_login(self.rita)
        services.acknowledge(incident=self.here, by=self.rita)
        for asked in ("deployment=fraud-live", "severity=high", "who=me"):
            answer = self.client.get(f"/incidents/?{asked}")
            self.assertContains(answer, "Scores | drift", msg_prefix=asked)
            self.assertNotContains(answer, "Elsewhere", msg_prefix=asked)
        self.client.force_login(self.bob)
        self.assertNotContains(self.client.get("/incidents/"), "fraud-live")

    def test_those_that_are_ticked_are_acknowledged_where_one_may(self) -> None:
        keys = [self.here.pk, self.elsewhere.pk, "x", "9" * 30, 2**40]
        for user in (self.bob, self.carol):
            self.client.force_login(user)
            self.client.post("/incidents/acknowledge/", {"incident": keys})
            self.assertEqual(self.state(self.here), "triggered")
        services.mitigate(incident=self.elsewhere, by=self.ada)
        self.client.force_login(self.rita)
        answer = self.client.get("/incidents/")
        self.assertContains(answer, 'type="checkbox"', 1)
        answer = self.client.post("/incidents/acknowledge/", {"incident": keys}, follow=True)
        self.assertContains(answer, "1 incident is acknowledged.")
        self.assertEqual(self.state(self.here), "acknowledged")
        self.assertEqual(self.state(self.elsewhere), "mitigated")
        self.assertEqual(Entry.objects.filter(verb="incidents.acknowledged").count(), 1)

    def test_one_is_opened_by_hand_about_a_deployment(self) -> None:
        self.client.force_login(self.rita)
        self.assertContains(self.client.get("/incidents/new/"), "fraud-live")
        sent = {"project": "fraud", "title": "Slow", "severity": "low", "deployment": "fraud-live"}
        self.client.post("/incidents/new/", sent)
        made = Incident.objects.get(title="Slow")
        self.assertEqual(made.deployment, self.place)
        self.assertEqual(made.release and made.release.number, 2)

    def test_the_api_opens_one_about_a_deployment_of_its_project(self) -> None:
        client, address = self.api(self.rita), "/api/v1/incidents/"
        sent = {"project": "fraud", "title": "Slow", "deployment": "fraud-live"}
        answer = client.post(address, sent, "json")
        self.assertEqual((answer.status_code, answer.json()["deployment"]), (201, "fraud-live"))
        sent["deployment"] = "nowhere"
        self.assertEqual(client.post(address, sent, "json").status_code, 404)
