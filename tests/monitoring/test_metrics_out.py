"""Figures for others: only to whom they belong, in Prometheus' format, written where it is wanted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.jobs import run_job
from apps.core.models import Job
from apps.deployments.models import Deployment
from apps.integrations import services as integrations
from apps.monitoring import remote_write, tasks_metrics
from apps.monitoring.models import Alert, Measurement, Monitor, Slo
from apps.projects.models import Grant
from tests.base import PortalTestCase
from tests.core.loopback import always, loopback
from tests.deployments.test_pages import model_with_versions, served


class MetricsOutTests(PortalTestCase):
    deployment: Deployment

    def setUp(self) -> None:
        (version,) = model_with_versions(self.fraud, 1)
        self.deployment = served(version, self.staging, self.ada)
        self.monitor = Monitor.objects.create(
            project=self.fraud, deployment=self.deployment, name='a "drift"\n\\x', kind="metric"
        )
        now = timezone.now()
        for minutes, value in ((5, 0.25), (1, 0.5), (3000, 9.0)):
            Measurement.objects.create(
                monitor=self.monitor, at=now - timedelta(minutes=minutes), value=value
            )
        self.slo = Slo.objects.create(
            project=self.fraud, deployment=self.deployment, name="up", indicator="availability",
            objective=0.99, budget_left=-0.5, burn_rates={"1h": 2.0, "5m": None},
            created_by=self.ada,
        )  # fmt: skip

    def scraped(self, user: Any, query: str = "", **headers: str) -> dict[str, list[Any]]:
        answer = self.api(user).get(f"/api/v1/metrics/{query}", **headers)
        self.assertEqual(answer.status_code, 200)
        families = text_string_to_metric_families(answer.content.decode())
        return {family.name: family.samples for family in families}

    def test_each_figure_stands_there_once(self) -> None:
        Alert.objects.create(
            project=self.fraud, deployment=self.deployment, fingerprint="f", name="n", summary="s"
        )
        found = self.scraped(self.carol)
        (value,) = found["signalbox_monitor_value"]
        self.assertEqual((value.value, value.labels["monitor"]), (0.5, 'a "drift"\n\\x'))
        firing = {one.labels["severity"]: one.value for one in found["signalbox_alerts_firing"]}
        self.assertEqual(firing, {"critical": 0, "warning": 1, "info": 0})
        self.assertEqual(found["signalbox_slo_budget_left"][0].value, -0.5)
        self.assertEqual([one.labels["window"] for one in found["signalbox_slo_burn_rate"]], ["1h"])

    def test_a_project_is_not_shown_to_another(self) -> None:
        self.assertFalse(any(self.scraped(self.bob).values()))
        self.assertFalse(any(self.scraped(self.carol, "?deployment=other").values()))
        self.assertTrue(any(self.scraped(self.carol, "?project=fraud").values()))
        self.assertEqual(self.api(None).get("/api/v1/metrics/").status_code, 401)
        Grant.objects.create(project=self.other, user=self.ada, role=Role.VIEWER)
        narrowed = self.api(self.ada, project_ids=[self.other.pk]).get("/api/v1/metrics/")
        self.assertNotIn(b"churn-live", narrowed.content)

    def test_a_scraper_gets_it_whatever_it_accepts(self) -> None:
        for accepted in ("text/plain;version=0.0.4;q=0.5", "application/openmetrics-text", ""):
            self.assertTrue(any(self.scraped(self.carol, HTTP_ACCEPT=accepted).values()))

    def test_it_asks_a_fixed_number_of_times(self) -> None:
        api = self.api(self.carol)
        with CaptureQueriesContext(connection) as asked:
            api.get("/api/v1/metrics/")
        self.assertLessEqual(len(asked), 8)

    def test_a_dashboard_names_the_figures_that_there_are(self) -> None:
        made = self.api(self.carol).get("/api/v1/dashboards/churn-live/").json()
        exprs = [target["expr"] for panel in made["panels"] for target in panel["targets"]]
        self.assertIn('signalbox_slo_budget_left{project="fraud",deployment="churn-live"}', exprs)
        self.assertLessEqual(len(made["uid"]), 40)
        self.assertEqual(self.api(self.bob).get("/api/v1/dashboards/churn-live/").status_code, 404)

        self.client.force_login(self.carol)
        file = self.client.get("/monitoring/deployments/churn-live/dashboard/")
        self.assertIn("churn-live-grafana.json", file["Content-Disposition"])
        self.assertEqual(json.loads(file.content), made)
        self.client.force_login(self.bob)
        elsewhere = self.client.get("/monitoring/deployments/churn-live/dashboard/")
        self.assertEqual(elsewhere.status_code, 404)

    @override_settings(HTTP_ALLOW=["127.0.0.1"])
    def test_it_is_written_where_a_connection_wants_it(self) -> None:
        with loopback(always(204, b"")) as server:
            for project, write in ((self.fraud, True), (self.fraud, False), (self.other, True)):
                integrations.create_connection(
                    project=project, slug="prometheus", name=f"{project.slug} {write}",
                    values={"address": server.url, "write": write}, secrets={}, by=self.sam,
                )  # fmt: skip
            tasks_metrics.push_all_metrics()
            for job in Job.objects.filter(kind="monitoring.push_metrics").order_by("pk"):
                run_job(job.pk)
            self.assertEqual(len(remote_write.takers()), 2)
        written = [job.result["figures"] for job in Job.objects.filter(state=Job.State.DONE)]
        self.assertEqual(sorted(written), [0, 7])
        (one,) = [asked for asked in server.asked if asked.target == "/api/v1/write"]
        self.assertIn(b"churn-live", one.body)

    @override_settings(HTTP_ALLOW=["127.0.0.1"])
    def test_a_sink_that_refuses_is_said(self) -> None:
        with loopback(always(400, b"out of order sample")) as server:
            made = integrations.create_connection(
                project=self.fraud, slug="prometheus", name="p",
                values={"address": server.url, "write": True}, secrets={}, by=self.sam,
            )  # fmt: skip
            with self.assertRaisesMessage(PortalError, "out of order"):
                remote_write.push(made.connection.pk)
