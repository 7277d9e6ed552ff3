"""Records of every kind in one answer, and what it costs."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.docs import search, services
from apps.docs.search import Query
from apps.incidents.models import Incident, Ticket
from apps.integrations.models import Connection
from apps.models.models import Experiment, Run
from apps.monitoring import services as monitoring
from apps.monitoring.models import Alert
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served

MOST_QUERIES = 12  # of a page; UI.md's number holds here too


class RecordTests(PortalTestCase):
    def setUp(self) -> None:
        """One record of each kind that is called zebra, and a page that speaks of it."""
        version, _ = model_with_versions(self.fraud, 2)
        version.model.name = "zebra"
        version.model.description = "Says whether a zebra is one."
        version.model.save()
        place = served(version, self.staging, self.ada, slug="zebra-live")
        monitor = monitoring.create_monitor(
            deployment=place, kind="traffic", name="zebra pace", by=self.max
        )
        alert = Alert.objects.create(
            project=self.fraud,
            deployment=place,
            monitor=monitor,
            name="ZebraSlow",
            summary="zebra is slow",
            fingerprint="z",
            fired_at=timezone.now(),
        )
        incident = Incident.objects.create(
            project=self.fraud, number=1, title="zebra down", alert=alert, severity="high"
        )
        jira = Connection.objects.create(
            project=self.fraud, slug="jira", name="zebra desk", values={}
        )
        Ticket.objects.create(incident=incident, connection=jira, correlation="z-1", key="ZEBRA-1")
        experiment = Experiment.objects.create(
            project=self.fraud, mlflow_id="7", name="zebra tries"
        )
        Run.objects.create(project=self.fraud, experiment=experiment, mlflow_id="a" * 32, name="")
        services.write(
            project=self.fraud, kind="runbook", body="# A zebra\n\nFeed it.", by=self.ada
        )

    def test_each_kind_is_found_under_its_name_with_its_page(self) -> None:
        answer = search.look(Query(self.carol, "zebra", most=100))
        for kind, title in (
            ("model", "zebra"),
            ("version", "zebra v1"),
            ("deployment", "zebra-live"),
            ("monitor", "zebra pace"),
            ("alert", "ZebraSlow"),
            ("incident", "zebra down"),
            ("ticket", "ZEBRA-1"),
            ("connection", "zebra desk"),
            ("run", "aaaaaaaa"),
        ):
            titles = [hit.title for hit in answer.hits if hit.kind == kind]
            self.assertIn(title, titles, kind)
        self.client.force_login(self.carol)
        for hit in answer.hits:
            self.assertEqual(self.client.get(hit.url.partition("#")[0]).status_code, 200, hit.url)
        self.assertEqual(search.look(Query(self.bob, "zebra")).hits, [])

    def test_what_is_said_of_it_stands_beside_it(self) -> None:
        answer = search.look(Query(self.carol, "zebra", most=100))
        said = {hit.kind: hit.snippet for hit in answer.hits}
        self.assertIn("traffic of ", said["monitor"])
        self.assertIn(" in staging", said["deployment"])
        self.assertIn("Jira", said["connection"])
        self.assertIn(" tries", said["run"])
        self.assertIn(" down", said["ticket"])

    def test_hits_of_every_kind_cost_no_more_queries(self) -> None:
        self.client.force_login(self.carol)
        for path in ("/docs/search/?q=zebra", "/api/v1/search/?q=zebra"):
            self.client.get(path)
            with CaptureQueriesContext(connection) as asked:
                answer = self.client.get(path)
            self.assertEqual(answer.status_code, 200)
            self.assertLessEqual(len(asked), MOST_QUERIES, [each["sql"][:90] for each in asked])
