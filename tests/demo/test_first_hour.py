"""The first hour: each step is checked off by the records, and the list can be put away."""

from __future__ import annotations

from django.utils import timezone

from apps.assistant.models import Provider
from apps.demo import first_hour
from apps.demo.models import Feed, FirstHour
from apps.docs import services as docs
from apps.integrations.models import Connection
from apps.ledger.models import Entry
from apps.models.models import Experiment, Run
from apps.projects.models import Project
from apps.projects.services import create_project
from tests.base import PortalTestCase


class FirstHourTests(PortalTestCase):
    def setUp(self) -> None:
        self.client.force_login(self.bob)

    def done(self) -> list[str]:
        return [step.title for step in first_hour.steps(self.bob) if step.done]

    def test_nothing_is_done_for_somebody_without_a_project(self) -> None:
        Project.objects.all().delete()
        self.assertEqual(self.done(), [])
        page = self.client.get("/")
        self.assertContains(page, "Your first hour")
        self.assertContains(page, 'data-done="no"', count=6)

    def test_each_step_is_checked_off_by_its_record(self) -> None:
        self.assertEqual(self.done(), ["Create a project"])
        experiment = Experiment.objects.create(project=self.other, mlflow_id="1", name="e")
        Run.objects.create(project=self.other, experiment=experiment, mlflow_id="r", name="r")
        self.assertEqual(self.done()[1:], ["Connect your MLflow"])
        docs.write(project=self.other, kind="runbook", body="# Mine\n\nLook.", by=self.bob)
        self.assertEqual(self.done()[2:], ["Import your runbooks"])
        jira = Connection.objects.create(project=self.other, slug="jira", name="Jira")
        self.assertEqual(len(self.done()), 3, "entered and never checked is not connected")
        Connection.objects.filter(pk=jira.pk).update(state=Connection.State.CONNECTED)
        self.assertEqual(self.done()[3:], ["Connect Jira"])
        Provider.objects.create(
            project=self.other, name="o", kind="ollama", base_url="http://o", model="m",
            checked_at=timezone.now(),
        )  # fmt: skip
        self.assertEqual(self.done()[4:], ["Connect Ollama"])
        self.other.grants.create(user=self.ada, role=10)
        self.assertEqual(self.done()[5:], ["Invite somebody"])
        self.assertNotContains(self.client.get("/"), "Your first hour")

    def test_no_step_leads_where_the_person_may_not_go(self) -> None:
        self.client.force_login(self.carol)
        for step in first_hour.steps(self.carol):
            self.assertEqual(self.client.get(step.url).status_code, 200, step.title)

    def test_shipped_runbooks_and_the_demo_do_not_count(self) -> None:
        docs.import_shipped(project=self.other, by=self.bob)
        self.assertTrue(self.other.documents.filter(kind="runbook").exists())
        self.assertEqual(self.done(), ["Create a project"])
        Feed.objects.create(project=self.other, world="tumour-screening")
        self.assertEqual(self.done(), [])

    def test_other_peoples_records_check_nothing_off(self) -> None:
        Connection.objects.create(
            project=self.fraud, slug="jira", name="Jira", state=Connection.State.CONNECTED
        )
        create_project(name="Ada's other", slug="adas", by=self.ada)
        self.assertEqual(self.done(), ["Create a project"])

    def test_it_is_put_away_and_brought_back_by_each_person_alone(self) -> None:
        for _ in range(2):
            self.assertRedirects(self.client.post("/demo/first-hour/hide/"), "/")
        self.assertNotContains(self.client.get("/"), "Your first hour")
        self.assertContains(self.client.get("/demo/first-hour/"), "Show them on the home page")
        self.client.force_login(self.ada)
        self.assertContains(self.client.get("/"), "Your first hour")
        self.client.force_login(self.bob)
        for _ in range(2):
            self.assertRedirects(self.client.post("/demo/first-hour/show/"), "/")
        self.assertContains(self.client.get("/"), "Your first hour")
        self.assertFalse(FirstHour.objects.exists())
        told = Entry.objects.filter(verb__startswith="demo.first_hour").order_by("id")
        verbs = [entry.verb for entry in told]
        self.assertEqual(verbs, ["demo.first_hour_hidden", "demo.first_hour_shown"])

    def test_the_steps_cost_two_queries(self) -> None:
        with self.assertNumQueries(2):
            first_hour.steps(self.bob)
